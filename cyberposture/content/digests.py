"""The canonical bytes of a value, and the digest over them, under which content is known."""

import hashlib
from typing import Any

import rfc8785
from pydantic import BaseModel


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a model or a plain value."""
    plain = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
    return rfc8785.dumps(plain)


def digest(value: Any) -> str:
    """Return the SHA-256 digest, in hexadecimal, of the value's canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()
