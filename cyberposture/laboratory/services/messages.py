"""MQTT up to the connection's acknowledgement; nothing is published and nothing delivered."""

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_CONNECT, _SUBSCRIBE, _PING, _DISCONNECT = 1, 8, 12, 14
_ACCEPTED, _NOT_AUTHORISED = 0, 5
_LARGEST_PACKET_BYTES = 64 * 1024


async def speak_mqtt(client: Conversation, station: Station) -> None:
    """Acknowledge a connection, or refuse it where access is not open; refuse subscriptions."""
    kind, _ = await _read_packet(client)
    if kind != _CONNECT:
        return
    code = _ACCEPTED if station.service.open_access else _NOT_AUTHORISED
    await client.send(bytes((0x20, 2, 0, code)))
    while code == _ACCEPTED:
        kind, body = await _read_packet(client)
        if kind == _PING:
            await client.send(b"\xd0\0")
        elif kind == _SUBSCRIBE:
            await client.send(b"\x90\x03" + body[:2] + b"\x80")
        elif kind == _DISCONNECT:
            return


async def _read_packet(client: Conversation) -> tuple[int, bytes]:
    (first,) = await client.read_exactly(1)
    size = 0
    for shift in (0, 7, 14, 21):
        (byte,) = await client.read_exactly(1)
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    if size > _LARGEST_PACKET_BYTES:
        raise EOFError("no MQTT packet of a sensible size")
    return first >> 4, await client.read_exactly(size)
