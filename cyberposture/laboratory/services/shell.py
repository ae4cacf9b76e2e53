"""SSH, spoken by asyncssh: key exchange and authentication are real, no login is ever accepted."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass

import asyncssh

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.hosts import Service
from cyberposture.laboratory.station import Station

_CHUNK_BYTES = 16 * 1024
_LOGIN_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class _Algorithms:
    kex_algs: tuple[str, ...]
    encryption_algs: tuple[str, ...]
    mac_algs: tuple[str, ...]


_KEPT = _Algorithms(
    ("curve25519-sha256", "curve25519-sha256@libssh.org", "diffie-hellman-group16-sha512"),
    ("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"),
    ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256"),
)
_OUTDATED = _Algorithms(
    ("diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"),
    ("aes128-cbc", "3des-cbc"),
    ("hmac-sha1", "hmac-md5"),
)


class _ClosedDoor(asyncssh.SSHServer):
    """Offers the methods that the service asks for and accepts none."""

    def __init__(self, *, password_login: bool) -> None:
        self._password_login = password_login

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return self._password_login

    def validate_password(self, username: str, password: str) -> bool:
        return False


async def speak_ssh(client: Conversation, station: Station) -> None:
    """Hand the connection to asyncssh through a socket pair, so that it is counted and bounded."""
    ours, theirs = socket.socketpair()
    for side in (ours, theirs):
        side.setblocking(False)
    with ours, theirs:
        tasks = [
            asyncio.ensure_future(work)
            for work in (
                _carry_in(client, ours),
                _carry_out(client, ours, station.service),
                _run_asyncssh(theirs, station),
            )
        ]
        try:
            await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            # The client's leaving or a failed connection is how conversations end.
            if isinstance(outcome, Exception) and not isinstance(outcome, EOFError | OSError):
                raise outcome


async def _run_asyncssh(sock: socket.socket, station: Station) -> None:
    service = station.service
    offer = _OUTDATED if service.weak_suites else _KEPT
    with contextlib.suppress(asyncssh.Error, OSError):
        connection = await asyncssh.run_server(
            sock,
            config=None,
            server_factory=lambda: _ClosedDoor(password_login=service.password_login),
            server_host_keys=[station.ssh_key],
            server_version=service.banner or (),
            login_timeout=_LOGIN_TIMEOUT_S,
            kbdint_auth=False,
            kex_algs=offer.kex_algs,
            encryption_algs=offer.encryption_algs,
            mac_algs=offer.mac_algs,
            compression_algs=("none",),
            allow_pty=False,
            agent_forwarding=False,
        )
        try:
            await connection.wait_closed()
        finally:
            if not connection.is_closed():
                connection.abort()


async def _carry_in(client: Conversation, ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(ours, await client.read_some(_CHUNK_BYTES))


async def _carry_out(client: Conversation, ours: socket.socket, service: Service) -> None:
    """Carry on what asyncssh says; to offer protocol 1 as well is a word of its greeting.

    Source: RFC 4253, section 5.1: such servers call themselves 1.99.
    """
    loop = asyncio.get_running_loop()
    if service.version_one:
        greeting = await loop.sock_recv(ours, _CHUNK_BYTES)
        await client.send(greeting.replace(b"SSH-2.0-", b"SSH-1.99-", 1))
    while data := await loop.sock_recv(ours, _CHUNK_BYTES):
        await client.send(data)
