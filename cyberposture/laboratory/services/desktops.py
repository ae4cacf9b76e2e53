"""VNC and remote desktop up to the point where somebody would log in."""

import secrets
import struct

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_NO_LOGIN, _VNC_PASSWORD = 1, 2
_NEGOTIATION_RESPONSE, _NEGOTIATION_FAILURE = 2, 3
_STANDARD_SECURITY, _NETWORK_LEVEL = 0, 2
_ONLY_STANDARD_SECURITY, _NETWORK_LEVEL_REQUIRED = 2, 5
_CONNECTION_REQUEST, _CONNECTION_CONFIRM = 0xE0, 0xD0
_LARGEST_MESSAGE_BYTES = 16 * 1024


async def speak_vnc(client: Conversation, station: Station) -> None:
    """Agree on RFB 3.8 and a way to log in, then refuse; with open access it asks for nothing."""
    await client.send(b"RFB 003.008\n")
    await client.read_exactly(12)
    way = _NO_LOGIN if station.service.open_access else _VNC_PASSWORD
    await client.send(bytes((1, way)))
    (chosen,) = await client.read_exactly(1)
    if chosen != way:
        return
    if way == _VNC_PASSWORD:
        await client.send(secrets.token_bytes(16))
        await client.read_exactly(16)
    reason = b"This screen shows nothing"
    await client.send(struct.pack(">II", 1, len(reason)) + reason)


async def speak_rdp(client: Conversation, station: Station) -> None:
    """Confirm the X.224 connection and say whether a login must come before the screen."""
    version, _, size = struct.unpack(">BBH", await client.read_exactly(4))
    if version != 3 or not 11 <= size <= _LARGEST_MESSAGE_BYTES:
        return
    request = await client.read_exactly(size - 4)
    if request[1] != _CONNECTION_REQUEST:
        return
    # The last eight bytes of a newer client's request list the protections that it knows.
    negotiates = len(request) >= 15 and request[-8] == 1 and request[-6] == 8
    body = _negotiation(struct.unpack("<I", request[-4:])[0], station) if negotiates else b""
    confirm = struct.pack(">BBHHB", len(body) + 6, _CONNECTION_CONFIRM, 0, 0x1234, 0)
    await client.send(struct.pack(">BBH", 3, 0, len(confirm) + len(body) + 4) + confirm + body)


def _negotiation(known: int, station: Station) -> bytes:
    if station.service.network_level:
        if known & _NETWORK_LEVEL:
            return struct.pack("<BBHI", _NEGOTIATION_RESPONSE, 0x1F, 8, _NETWORK_LEVEL)
        return struct.pack("<BBHI", _NEGOTIATION_FAILURE, 0, 8, _NETWORK_LEVEL_REQUIRED)
    if known == _STANDARD_SECURITY:
        return struct.pack("<BBHI", _NEGOTIATION_RESPONSE, 0, 8, _STANDARD_SECURITY)
    return struct.pack("<BBHI", _NEGOTIATION_FAILURE, 0, 8, _ONLY_STANDARD_SECURITY)
