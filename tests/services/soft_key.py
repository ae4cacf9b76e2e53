"""A security key made of software, which answers browsers as a real one does.

Source: Web Authentication Level 2, sections 6.1, 6.5 and 8.7.
"""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40


def plain(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class SoftKey:
    """One key for one place."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.id = secrets.token_bytes(16)
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.count = 0

    def _about(self, host: str, flags: int) -> bytes:
        self.count += 1
        digest = hashlib.sha256(host.encode()).digest()
        return digest + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told).encode()

    def create(self, options_json: str) -> str:
        """Return what `navigator.credentials.create` gives back, as JSON."""
        options = json.loads(options_json)
        numbers = self._private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big")}  # fmt: skip
        flags = _PRESENT | _VERIFIED | _HAS_KEY
        about = self._about(options["rp"]["id"], flags) + bytes(16)
        about += len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        said = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about})
        client = self._client("webauthn.create", options)
        answer = {"clientDataJSON": plain(client), "attestationObject": plain(said)}
        return self._told(answer)

    def get(self, options_json: str) -> str:
        """Return what `navigator.credentials.get` gives back, as JSON."""
        options = json.loads(options_json)
        about = self._about(options["rpId"], _PRESENT | _VERIFIED)
        client = self._client("webauthn.get", options)
        signed = self._private.sign(about + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._told({"clientDataJSON": plain(client), "authenticatorData": plain(about),
                           "signature": plain(signed), "userHandle": None})  # fmt: skip

    def _told(self, answer: dict[str, Any]) -> str:
        return json.dumps({"id": plain(self.id), "rawId": plain(self.id), "type": "public-key",
                           "response": answer, "clientExtensionResults": {}})  # fmt: skip
