"""SSH, spoken by asyncssh: key exchange and authentication are real, no login is ever accepted."""

import asyncio
import contextlib
import socket

import asyncssh

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_CHUNK_BYTES = 16 * 1024
_LOGIN_TIMEOUT_S = 20.0
# asyncssh offers these only to who names them: a group of 1024 bits, CBC ciphers, MACs of 96 bits.
_WEAK_KEX = ("diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1")
_WEAK_CIPHERS = ("aes128-cbc", "3des-cbc")
_WEAK_MACS = ("hmac-sha1", "hmac-md5")


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
    for end in (ours, theirs):
        end.setblocking(False)
    with ours, theirs:
        server = asyncio.ensure_future(_run_asyncssh(theirs, station))
        inward = asyncio.ensure_future(_carry_in(client, ours))
        outward = asyncio.ensure_future(_carry_out(client, ours))
        try:
            await asyncio.wait((inward, outward), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (server, inward, outward):
                task.cancel()
            await asyncio.gather(server, inward, outward, return_exceptions=True)


async def _run_asyncssh(sock: socket.socket, station: Station) -> None:
    service = station.service
    weak = service.weak_suites
    with contextlib.suppress(asyncssh.Error, OSError):
        connection = await asyncssh.run_server(
            sock,
            config=None,
            server_factory=lambda: _ClosedDoor(password_login=service.password_login),
            server_host_keys=[station.ssh_key],
            server_version=service.banner or (),
            login_timeout=_LOGIN_TIMEOUT_S,
            kbdint_auth=False,
            kex_algs=_WEAK_KEX if weak else (),
            encryption_algs=_WEAK_CIPHERS if weak else (),
            mac_algs=_WEAK_MACS if weak else (),
            allow_pty=False,
            agent_forwarding=False,
        )
        try:
            await connection.wait_closed()
        finally:
            connection.abort()


async def _carry_in(client: Conversation, ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(ours, await client.read_some(_CHUNK_BYTES))


async def _carry_out(client: Conversation, ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(ours, _CHUNK_BYTES):
        await client.send(data)
