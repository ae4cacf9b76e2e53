"""What a service may know while it speaks: its host, its options, the time and its keys."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncssh

from cyberposture.clock import Clock
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.tls import server_context


@dataclass(frozen=True)
class Station:
    """One service at its host, with all that it needs ready before the first client comes."""

    host: Host
    service: Service
    clock: Clock
    ssh_key: asyncssh.SSHKey
    tls: ssl.SSLContext | None = None


Speaker = Callable[[Conversation, Station], Awaitable[None]]
"""Serves one TCP connection to its end."""
Answerer = Callable[[bytes, Station], bytes | None]
"""Returns the answer to one datagram, or None for silence."""


def make_station(
    host: Host,
    service: Service,
    *,
    certificates: Certificates,
    ssh_key: asyncssh.SSHKey,
    clock: Clock,
) -> Station:
    """Return the station of one service, its certificate issued and loaded where it needs one."""
    tls = None
    if service.needs_certificate:
        # Suites without forward secrecy are RSA key exchange, so they need an RSA certificate.
        issued = certificates.issue(
            service.certificate,
            host.names,
            host.address,
            key="rsa" if service.weak_suites else "ec",
        )
        tls = server_context(issued, service)
    return Station(host=host, service=service, clock=clock, ssh_key=ssh_key, tls=tls)
