"""Makes the readable codes of things that nobody names; they tell nothing and are not guessable."""

import secrets

_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""Digits and letters that are not mistaken for one another on the telephone."""


def new_code(prefix: str) -> str:
    """Return a fresh code such as `f-k3j9-2m4p-x7qr`: 58 bits of chance after the prefix."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    return "-".join((prefix, *groups))
