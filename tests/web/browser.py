"""Asks the portal in process, without a socket: one request in, one answer out."""

import asyncio
import json as json_
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    set_cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Browser:
    """Speaks to an application as a web server does, and follows nothing by itself."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End the loop that the requests ran in."""
        self._runner.close()

    def ask(
        self,
        method: str,
        address: str,
        *,
        form: dict[str, Any] | None = None,
        json: Any = None,
        file: tuple[str, bytes] | None = None,
        cookies: dict[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """Send one request and return its answer; a file (name and bytes) comes after the form."""
        body = b"" if form is None else urlencode(form, doseq=True).encode()
        if json is not None:
            body = json_.dumps(json).encode()
            headers.setdefault("content-type", "application/json")
        kind = "application/x-www-form-urlencoded"
        if file is not None:
            body, kind = _with_file(form or {}, *file)
        sent = {"host": "portal.example", "content-length": str(len(body)), **headers}
        if form is not None or file is not None:
            sent["content-type"] = kind
        if cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return self._runner.run(self._exchange(method, address, sent, body))

    async def _exchange(
        self, method: str, address: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        parts = urlsplit(address)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("portal.example", 80),
        }
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start = next(one for one in sent if one["type"] == "http.response.start")
        pairs = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
        return Answer(
            start["status"],
            dict(pairs),
            tuple(value for name, value in pairs if name == "set-cookie"),
            b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body"),
        )


def _with_file(form: dict[str, str], name: str, data: bytes) -> tuple[bytes, str]:
    """Return a form with a file as a browser sends it, and its type."""
    line = b"--between-the-parts"
    parts = [
        line + f'\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in form.items()
    ]
    told = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'\r\nContent-Disposition: form-data; name="file"; filename="{told}"\r\n'
    body = b"".join(parts) + line + head.encode() + b"Content-Type: text/html\r\n\r\n" + data
    return body + b"\r\n" + line + b"--\r\n", "multipart/form-data; boundary=between-the-parts"
