"""A program on loopback that receives events, as a test tells it to answer."""

import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What was received; `answers` are given one by one, then 204."""

    port: int = 0
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hangs: threading.Event | None = None
    """Where it is there, nobody is answered before it is set."""

    def events(self) -> list[dict[str, Any]]:
        """Return every body that came, read."""
        return [json.loads(body) for _, body in self.taken]


def is_signed(secret: str, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """Judge a delivery as the documentation tells receivers to, in their own words."""
    moment = headers["Cyberposture-Timestamp"]
    if abs(now - int(moment)) > 300:
        return False
    due = hmac.digest(secret.encode(), moment.encode() + b"." + body, "sha256").hex()
    return hmac.compare_digest(f"v1={due}", headers["Cyberposture-Signature"])


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a free port of loopback while the block runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            receiver.taken.append((dict(self.headers), body))
            if receiver.hangs is not None:
                receiver.hangs.wait(20)
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.hangs is not None:
            receiver.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()
