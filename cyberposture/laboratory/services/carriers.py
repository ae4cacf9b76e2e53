"""What machines say to machines: signalling of a mobile core, its tunnels, brokers, management."""

import struct

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_LARGEST_MESSAGE_BYTES = 16 * 1024
_HEAD_BYTES = 20
_CAPABILITIES, _REQUEST = 257, 0x80
_RESULT_CODE, _UNKNOWN_PEER = 268, 3010
_MANDATORY = 0x40


async def speak_diameter(client: Conversation, station: Station) -> None:
    """Answer the greeting of a peer that nobody knows. Source: RFC 6733, sections 3 and 5.3."""
    head = await client.read_exactly(_HEAD_BYTES)
    size, command = int.from_bytes(head[1:4], "big"), int.from_bytes(head[5:8], "big")
    if head[0] != 1 or not _HEAD_BYTES <= size <= _LARGEST_MESSAGE_BYTES:
        return
    await client.read_exactly(size - _HEAD_BYTES)
    if command != _CAPABILITIES or not head[4] & _REQUEST:
        return
    result = struct.pack(">II", _RESULT_CODE, _MANDATORY << 24 | 12) + struct.pack(
        ">I", _UNKNOWN_PEER
    )
    length = (_HEAD_BYTES + len(result)).to_bytes(3, "big")
    await client.send(head[:1] + length + b"\0" + head[5:] + result)


async def speak_amqp(client: Conversation, station: Station) -> None:
    """Name the version that is spoken to whoever asks for another one, and close.

    Source: AMQP 0-9-1, section 4.2.2.
    """
    await client.read_exactly(8)
    await client.send(b"AMQP\0\0\x09\x01")


async def hold_still(client: Conversation, station: Station) -> None:
    """Take a connection as a controller does that says nothing to strangers; bytes are counted."""
    while True:
        await client.read_some(_LARGEST_MESSAGE_BYTES)


async def speak_rtsp(client: Conversation, station: Station) -> None:
    """Tell which methods a camera knows; it shows its picture to nobody. Source: RFC 2326, 10.1."""
    request = (await client.read_until(b"\r\n\r\n", _LARGEST_MESSAGE_BYTES)).decode("latin-1")
    lines = request.split("\r\n")
    number = next((x.partition(":")[2].strip() for x in lines if x.lower().startswith("cseq")), "1")
    status = "200 OK" if lines[0].startswith("OPTIONS ") else "401 Unauthorized"
    await client.send_lines(
        f"RTSP/1.0 {status}", f"CSeq: {number[:10]}", "Public: OPTIONS, DESCRIBE, SETUP, PLAY", ""
    )


def answer_gtp(datagram: bytes, station: Station) -> bytes | None:
    """Return the echo of a mobile core's gateway. Source: 3GPP TS 29.060, section 7.2.2."""
    if len(datagram) < 8 or datagram[0] >> 5 != 1 or datagram[1] != 1:
        return None
    sequence = datagram[8:10] if len(datagram) >= 10 else b"\0\0"
    return b"\x32\x02\0\x06\0\0\0\0" + sequence + b"\0\0" + b"\x0e\x01"


def answer_ipmi(datagram: bytes, station: Station) -> bytes | None:
    """Return a presence pong, or the ways to log in. Source: IPMI 2.0, sections 13 and 22.13."""
    if datagram[:4] == b"\x06\0\xff\x06" and datagram[8:9] == b"\x80":
        return (
            b"\x06\0\xff\x06\0\0\x11\xbe\x40"
            + datagram[9:10]
            + b"\0\x10"
            + bytes((0, 0, 0x11, 0xBE, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0))
        )
    if datagram[:4] == b"\x06\0\xff\x07" and len(datagram) >= 23:
        body = bytes((0x81, 0x1C, 0x63, 0x20, 0, 0x38, 0, 1, 0x97, 0x04, 0x03, 0, 0, 0, 0))
        check = (-sum(body[3:])) & 0xFF
        return b"\x06\0\xff\x07" + bytes(9) + b"\x10" + body + bytes((check,))
    return None
