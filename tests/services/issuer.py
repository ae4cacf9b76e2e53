"""A little OpenID Connect provider on loopback: it lets in whom the test names.

Source: OpenID Connect Core 1.0, section 3.1; OpenID Connect Discovery 1.0, section 4; RFC 7636.
"""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "posture", "a secret of both houses"


class Issuer:
    """The provider: who comes, what is said of them, and what was asked."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.foreign_key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.subject, self.says = "subject-1", dict[str, Any]()
        self.signs_with = self.key
        self.codes: dict[str, dict[str, str]] = {}
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._tell(owner.answer(self.path))

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
                self._tell(owner.exchange(form, self.headers.get("Authorization", "")))

            def _tell(self, told: tuple[int, dict[str, Any]]) -> None:
                body = json.dumps(told[1]).encode()
                self.send_response(told[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """End the server."""
        self.server.shutdown()
        self._thread.join(timeout=10)
        self.server.server_close()

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return what the provider says of itself."""
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.address, "jwks_uri": f"{self.address}/keys",
                "authorization_endpoint": f"{self.address}/authorise",
                "token_endpoint": f"{self.address}/token",
            }  # fmt: skip
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return 404, {}

    def visit(self, address: str) -> dict[str, str]:
        """Sign somebody in where a browser was sent to; return what it brings back."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        code = hashlib.sha256(urlencode(asked).encode()).hexdigest()
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "redirect_uri": asked["redirect_uri"]}

    def exchange(self, form: dict[str, str], proof: str) -> tuple[int, dict[str, Any]]:
        """Return an ID token for a code, to the client that can show its secret and verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or asked["code_challenge"] != challenge or proof != expected:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "sub": self.subject, "iat": now,
                  "exp": now + 300, "nonce": asked["nonce"], **self.says}  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signs_with)
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}
