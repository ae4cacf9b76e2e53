"""The one way to write a value as JSON, after RFC 8785, and the digest over it."""

import hashlib
import json
from math import isfinite
from typing import Any

Json = dict[str, Any]
"""A JSON object."""


def canonical(value: Any) -> bytes:
    """Return the one way to write a value as JSON: keys sorted, no spaces, numbers as in RFC 8785.

    Raises:
        ValueError: it is no plain JSON.
    """
    return _written(value).encode("utf-8")


def _written(value: Any) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            if abs(value) >= 2**53:
                raise ValueError("a whole number beyond 2^53")
            return str(value)
        case float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(_written(one) for one in value) + "]"
        case dict():
            keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
            return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"
    raise ValueError(f"no plain JSON: {type(value).__name__}")


def _number(value: float) -> str:
    """Return a number as ECMAScript writes it. Source: RFC 8785, section 3.2.2.3."""
    if not isfinite(value):
        raise ValueError("no number")
    if value == 0:
        return "0"
    digits, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = digits.partition(".")
    all_digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(all_digits))
    shown, sign = all_digits.rstrip("0"), "-" if value < 0 else ""
    if 0 < point <= 21:
        padded = shown.ljust(point, "0")
        return sign + padded[:point] + ("." + padded[point:] if padded[point:] else "")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{shown}"
    power = f"e{point - 1:+d}"
    return sign + shown[0] + ("." + shown[1:] if shown[1:] else "") + power


def digest_of(value: Any) -> str:
    """Return the SHA-256 over the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()
