"""Mail servers on loopback for tests: a whole one, and one that follows a script."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

READY, BYE = "220 mail.hill.example ESMTP", "221 bye"


@dataclass
class Received:
    """What a server took: whom from and to, and the mail."""

    sender: str
    recipient: str
    mail: EmailMessage
    data: bytes
    is_protected: bool

    @property
    def text(self) -> str:
        """The body with the line ends of this house."""
        return str(self.mail.get_content()).replace("\r\n", "\n")


@dataclass
class Handler:
    """Takes mail, unless `answers` says otherwise for a recipient: answers to give one by one."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[Received] = field(default_factory=list)
    sessions: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _: Any):
        """Take a recipient, or give the next answer that was laid ready for it."""
        waiting = self.answers.get(address, [])
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take the mail."""
        mail = message_from_bytes(envelope.content, policy=policy.SMTP)
        (recipient,) = envelope.rcpt_tos
        is_protected = isinstance(server.transport.get_extra_info("ssl_object"), ssl.SSLObject)
        self.taken.append(
            Received(envelope.mail_from, recipient, mail, envelope.content, is_protected)
        )
        return f"250 2.0.0 Ok: queued as {len(self.taken)}"


class _Controller(Controller):
    """Serves on a free port, with STARTTLS and a password where they are given."""

    options: dict[str, Any]

    def factory(self) -> SMTP:
        """Return a server for one connection."""
        self.handler.sessions += 1
        return SMTP(self.handler, **self.options)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def mail_server(
    handler: Handler, *, tls: ssl.SSLContext | None = None, implicit: bool = False,
    password: tuple[str, str] | None = None,
) -> Iterator[int]:  # fmt: skip
    """Serve mail on a free port of loopback while the block runs."""

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == password, handled=False)

    controller = _Controller(
        handler, hostname="127.0.0.1", port=_free_port(),
        ssl_context=tls if implicit else None,
    )  # fmt: skip
    controller.options = {"hostname": "mail.hill.example"}
    if tls is not None and not implicit:
        controller.options |= {"tls_context": tls, "require_starttls": True}
    if password is not None:
        controller.options |= {"authenticator": knows, "auth_required": True}
        # Of protection from the first byte this server knows nothing itself.
        controller.options |= {"auth_require_tls": not implicit}
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


Script = Callable[[socket.socket, Callable[[], str]], None]
"""What a scripted server does with one connection; the second argument reads a line."""


@contextmanager
def scripted(script: Script) -> Iterator[int]:
    """Run a script for every connection to a free port of loopback while the block runs."""
    ended = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    threads: list[threading.Thread] = []

    def serve_one(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            stream = connection.makefile("rb")
            try:
                script(connection, lambda: stream.readline().decode().strip())
            except OSError:
                return

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=serve_one, args=(connection,)))
            threads[-1].start()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield server.getsockname()[1]
    finally:
        ended.set()
        serving.join()
        server.close()
        for thread in threads:
            thread.join(10)


def say(connection: socket.socket, *lines: str) -> None:
    """Send lines as a server does."""
    connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
