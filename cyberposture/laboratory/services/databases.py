"""MySQL and PostgreSQL up to the login, which is always refused."""

import secrets
import struct

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_MYSQL_VERSION = "8.0.99-laboratory"
_MYSQL_ABILITIES = 0x0008_A20D
"""Source: MySQL protocol documentation, "Capabilities Flags": long password, long flag,
connect with database, protocol 4.1, transactions, secure connection, plugin authentication."""
_MYSQL_TLS, _MYSQL_TLS_REQUEST_BYTES = 0x0800, 32
_LARGEST_MESSAGE_BYTES = 64 * 1024

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102
_PROTOCOL_3 = 3


async def speak_mysql(client: Conversation, station: Station) -> None:
    """Greet in protocol version 10, read the login, refuse it."""
    challenge = secrets.token_hex(10).encode()
    abilities = _MYSQL_ABILITIES | (_MYSQL_TLS if station.tls is not None else 0)
    version = (station.service.banner or _MYSQL_VERSION).encode()
    greeting = (
        bytes((10,))
        + version
        + b"\0"
        + struct.pack("<I", 0x00_51_52_53)
        + challenge[:8]
        + b"\0"
        + struct.pack("<HBHH", abilities & 0xFFFF, 33, 2, abilities >> 16)
        + bytes((len(challenge) + 1,))
        + bytes(10)
        + challenge[8:]
        + b"\0mysql_native_password\0"
    )
    await client.send(_mysql_packet(0, greeting))
    size, number = struct.unpack("<IB", await _mysql_head(client))
    if station.tls is not None and size == _MYSQL_TLS_REQUEST_BYTES:
        await client.read_exactly(size)
        await client.start_tls(station.tls)
        size, number = struct.unpack("<IB", await _mysql_head(client))
    if size > _LARGEST_MESSAGE_BYTES:
        raise EOFError("no MySQL login")
    await client.read_exactly(size)
    refusal = b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied for this user"
    await client.send(_mysql_packet((number + 1) % 256, refusal))


async def _mysql_head(client: Conversation) -> bytes:
    head = await client.read_exactly(4)
    return head[:3] + b"\0" + head[3:]


def _mysql_packet(number: int, body: bytes) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes((number,)) + body


async def speak_postgresql(client: Conversation, station: Station) -> None:
    """Take a start-up message, ask for an MD5 password, refuse it."""
    while True:
        size, code = struct.unpack(">II", await client.read_exactly(8))
        if not 8 <= size <= _LARGEST_MESSAGE_BYTES or code == _CANCEL_REQUEST:
            return
        if code not in (_SSL_REQUEST, _GSS_REQUEST):
            break
        if code == _SSL_REQUEST and station.tls is not None and not client.is_encrypted:
            await client.start_tls(station.tls, b"S")
        else:
            await client.send(b"N")
    await client.read_exactly(size - 8)
    major, minor = code >> 16, code & 0xFFFF
    if major != _PROTOCOL_3:
        complaint = f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0"
        await client.send(_postgresql_error("0A000", complaint))
        return
    await client.send(b"R" + struct.pack(">II", 12, 5) + secrets.token_bytes(4))
    kind, size = struct.unpack(">cI", await client.read_exactly(5))
    if kind != b"p" or not 4 <= size <= _LARGEST_MESSAGE_BYTES:
        return
    await client.read_exactly(size - 4)
    await client.send(_postgresql_error("28P01", "password authentication failed"))


def _postgresql_error(code: str, message: str) -> bytes:
    fields = (b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + message.encode())
    body = b"".join(field + b"\0" for field in fields) + b"\0"
    return b"E" + struct.pack(">I", len(body) + 4) + body
