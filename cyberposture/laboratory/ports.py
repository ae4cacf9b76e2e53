"""Ports as planned and ports as bound: who is not root gets the low ones moved up."""

import socket

from cyberposture.errors import WrongUsage

FIRST_FREE_PORT = 1024
"""Source: IETF RFC 6335, section 6: 0 to 1023 are the System Ports."""
UNPRIVILEGED_OFFSET = 10_000


def needed_port_offset() -> int:
    """Return what to add to ports under 1024 here: 0 where they may be bound, else 10,000.

    It tries to bind port 1 of 127.0.0.1, because privilege comes in several ways (root, a
    capability, a kernel setting) and only the attempt knows them all.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        try:
            attempt.bind(("127.0.0.1", 1))
        except PermissionError:
            return UNPRIVILEGED_OFFSET
        except OSError:
            # Somebody else holds the port: permission was not what was missing.
            return 0
    return 0


def moved(port: int, offset: int) -> int:
    """Return the port that is really bound for the planned one.

    Raises:
        WrongUsage: the offset leads out of the range of unprivileged ports.
    """
    if offset and not FIRST_FREE_PORT <= offset <= 65535 - FIRST_FREE_PORT:
        raise WrongUsage(f"a port offset is 0 or from {FIRST_FREE_PORT} to 64511, not {offset}")
    return port + offset if port < FIRST_FREE_PORT else port
