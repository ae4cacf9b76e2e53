"""SNMP v1 and v2c over a small table of system facts, and NTP: one datagram, one answer."""

import struct
from bisect import bisect_right

from cyberposture.laboratory.services import ber
from cyberposture.laboratory.station import Station

_GET, _GET_NEXT, _RESPONSE = 0xA0, 0xA1, 0xA2
_TIME_TICKS = 0x43
_NO_SUCH_OBJECT, _END_OF_VIEW = 0x80, 0x82
_NO_SUCH_NAME = 2
_V1, _V2C = 0, 1
_SYSTEM = (1, 3, 6, 1, 2, 1, 1)
_DESCRIPTION = "Merbold Switch 24, software 3.1.7"

_NTP_BYTES = 48
_NTP_CLIENT, _NTP_SERVER, _NTP_CONTROL, _NTP_PRIVATE = 3, 4, 6, 7
_NTP_EPOCH_OFFSET_S = 2_208_988_800
"""Source: IETF RFC 5905, section 6, figure 4: seconds from 1900 to 1970."""

Oid = tuple[int, ...]


def answer_snmp(datagram: bytes, station: Station) -> bytes | None:
    """Return the response to a get or get-next in the right community, otherwise silence."""
    try:
        version, community, pdu_tag, pdu = _read_message(datagram)
        if version not in (_V1, _V2C) or community != station.service.community.encode():
            return None
        if pdu_tag not in (_GET, _GET_NEXT):
            return None
        (_, request), _, _, (_, bindings) = list(ber.elements(pdu))
        asked = [_read_binding(content) for _, content in ber.elements(bindings)]
    except ValueError:
        # What is no SNMP message gets no answer, as the protocol has it.
        return None
    error, body = _look_up(asked, version=version, after=pdu_tag == _GET_NEXT, station=station)
    response = ber.pack(
        _RESPONSE,
        ber.pack(ber.INTEGER, request),
        ber.pack_integer(_NO_SUCH_NAME if error else 0),
        ber.pack_integer(error),
        ber.pack(ber.SEQUENCE, bindings if error else body),
    )
    head = ber.pack_integer(version), ber.pack(ber.OCTETS, community)
    return ber.pack(ber.SEQUENCE, *head, response)


def _read_message(datagram: bytes) -> tuple[int, bytes, int, bytes]:
    _, message, _ = ber.unpack(datagram)
    (_, version), (_, community), (pdu_tag, pdu) = list(ber.elements(message))
    return ber.integer(version), community, pdu_tag, pdu


def _read_binding(content: bytes) -> Oid:
    _, name, _ = ber.unpack(content)
    return ber.object_id(name)


def _look_up(asked: list[Oid], *, version: int, after: bool, station: Station) -> tuple[int, bytes]:
    table = _table(station)
    order = sorted(table)
    body = b""
    for place, name in enumerate(asked, start=1):
        found: Oid | None = name if name in table else None
        if after:
            position = bisect_right(order, name)
            found = order[position] if position < len(order) else None
        if found is None and version == _V1:
            return place, b""
        missing = ber.pack(_END_OF_VIEW if after else _NO_SUCH_OBJECT)
        value = missing if found is None else table[found]
        body += ber.pack(ber.SEQUENCE, ber.pack_object_id(found or name), value)
    return 0, body


def _table(station: Station) -> dict[Oid, bytes]:
    texts = {
        1: station.service.banner or _DESCRIPTION,
        4: "Operations desk",
        5: station.host.name,
        6: "Machine room",
    }
    table: dict[Oid, bytes] = {
        (*_SYSTEM, n, 0): ber.pack(ber.OCTETS, text.encode()) for n, text in texts.items()
    }
    table[(*_SYSTEM, 2, 0)] = ber.pack_object_id((1, 3, 6, 1, 4, 1, 99999, 1))
    table[(*_SYSTEM, 3, 0)] = ber.pack_integer(8_640_000, _TIME_TICKS)
    return table


def answer_ntp(datagram: bytes, station: Station) -> bytes | None:
    """Return the time as a secondary server of stratum 2.

    Control and private modes get nothing, unless access is open: then a few words as old servers
    gave them.
    """
    mode = datagram[0] & 7 if datagram else 0
    if mode in (_NTP_CONTROL, _NTP_PRIVATE):
        return _answer_mode(mode, datagram) if station.service.open_access else None
    if len(datagram) < _NTP_BYTES or mode != _NTP_CLIENT:
        return None
    version = datagram[0] >> 3 & 7
    if not 3 <= version <= 4:
        return None
    service = station.service
    moment = station.clock().timestamp() + service.offset_s + _NTP_EPOCH_OFFSET_S
    now = struct.pack(">II", int(moment), int(moment % 1 * 2**32))
    leap, stratum = (0, 2) if service.in_step else (3, 16)
    head = struct.pack(">BBbb", leap << 6 | version << 3 | _NTP_SERVER, stratum, 6, -20)
    distance = struct.pack(">II4s", 1 << 8, 1 << 8, bytes((127, 0, 0, 1)))
    return head + distance + now + datagram[40:48] + now + now


def _answer_mode(mode: int, datagram: bytes) -> bytes | None:
    """Return variables (mode 6) or one entry of the list of clients (mode 7)."""
    if mode == _NTP_CONTROL and len(datagram) >= 12:
        text = b'version="ntpd 4.2.6p5", processor="x86_64", stratum=2'
        head = bytes((datagram[0], 0x80 | datagram[1] & 0x1F)) + datagram[2:4] + bytes(6)
        return head + struct.pack(">H", len(text)) + text + bytes(-len(text) % 4)
    if mode == _NTP_PRIVATE and len(datagram) >= 8:
        entry = bytes(72)
        return bytes((0x97, 0, datagram[2], datagram[3])) + struct.pack(">HH", 1, 72) + entry
    return None
