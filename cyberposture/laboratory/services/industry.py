"""Modbus/TCP as a small controller speaks it: it identifies itself and refuses everything else.

It takes one segment for one request and does not check the protocol field, like the frail devices
that it stands for. What it was sent is counted by the listener: the proof that a scan spared it.
"""

import struct

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_LARGEST_REQUEST_BYTES = 260
_HEAD_BYTES = 8
_REPORT_SERVER_ID, _ENCAPSULATED, _READ_DEVICE_ID = 0x11, 0x2B, 0x0E
_ILLEGAL_FUNCTION = 1
_BASIC_IDENTITY = ("Fictional Works", "LC-7", "1.04")


async def speak_modbus(client: Conversation, station: Station) -> None:
    """Answer each request: device identification and server id, else an exception."""
    pending = b""
    while True:
        pending += await client.read_some(_LARGEST_REQUEST_BYTES)
        if len(pending) < _HEAD_BYTES:
            continue
        transaction, protocol, _, unit, function = struct.unpack(">HHHBB", pending[:_HEAD_BYTES])
        answer = _answer(function, pending[_HEAD_BYTES:], station)
        pending = b""
        head = struct.pack(">HHHB", transaction, protocol, len(answer) + 1, unit)
        await client.send(head + answer)


def _answer(function: int, data: bytes, station: Station) -> bytes:
    vendor, product, revision = _BASIC_IDENTITY
    product = station.service.banner or product
    if function == _REPORT_SERVER_ID:
        name = f"{vendor} {product}".encode()[:200]
        return bytes((function, len(name) + 2, 1)) + name + b"\xff"
    if function == _ENCAPSULATED and data[:1] == bytes((_READ_DEVICE_ID,)) and len(data) >= 3:
        objects = [text.encode()[:60] for text in (vendor, product, revision)]
        listed = b"".join(bytes((i, len(text))) + text for i, text in enumerate(objects))
        return bytes((function, _READ_DEVICE_ID, data[1], 1, 0, 0, len(objects))) + listed
    return bytes((function | 0x80, _ILLEGAL_FUNCTION))
