"""DNS over UDP and TCP, from zones given in master-file form; it asks no other server."""

import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.hosts import Zone
from cyberposture.laboratory.services.zones import Held, hold
from cyberposture.laboratory.station import Station

_HEAD_BYTES = 12
_CLASSIC_UDP_BYTES = 512
_MOST_ALIASES = 8
_VERSION_NAME = dns.name.from_text("version.bind.")


def answer_dns(datagram: bytes, station: Station) -> bytes | None:
    """Return the answer to one datagram, cut short with its flag set where it does not fit."""
    query = _read_query(datagram)
    if query is None:
        return _format_error(datagram)
    answer = _answer(query, station)
    if answer is None:
        return None
    room = max(query.payload, _CLASSIC_UDP_BYTES) if query.edns >= 0 else _CLASSIC_UDP_BYTES
    return answer.to_wire(max_size=room, prefer_truncation=True)


async def speak_dns(client: Conversation, station: Station) -> None:
    """Answer queries over TCP; whole zones only where transfers are allowed."""
    while True:
        (size,) = struct.unpack(">H", await client.read_exactly(2))
        wire = await client.read_exactly(size)
        query = _read_query(wire)
        if query is None:
            answer = _format_error(wire)
        elif query.question and query.question[0].rdtype == dns.rdatatype.AXFR:
            answer = _transfer(query, station).to_wire(max_size=65_535)
        else:
            message = _answer(query, station)
            answer = None if message is None else message.to_wire(max_size=65_535)
        if answer is not None:
            await client.send(struct.pack(">H", len(answer)) + answer)


def _read_query(wire: bytes) -> dns.message.Message | None:
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    return None if query.flags & dns.flags.QR else query


def _format_error(wire: bytes) -> bytes | None:
    if len(wire) < _HEAD_BYTES or wire[2] & 0x80:
        return None
    return wire[:2] + bytes((0x80 | wire[2] & 0x79, dns.rcode.FORMERR)) + bytes(8)


def _answer(query: dns.message.Message, station: Station) -> dns.message.Message | None:
    service = station.service
    answer = dns.message.make_response(query, recursion_available=service.recursion)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        answer.set_rcode(dns.rcode.NOTIMP)
        return answer
    question = query.question[0]
    if question.rdclass == dns.rdataclass.CH:
        return _tell_version(answer, question, station)
    zone = _zone_of(question.name, station)
    if zone is None:
        # A resolver that may not reach the world fails; a server that is no resolver refuses.
        answer.set_rcode(dns.rcode.SERVFAIL if service.recursion else dns.rcode.REFUSED)
    elif zone.outcome == "silent":
        return None
    elif zone.outcome != "answer":
        answer.set_rcode(dns.rcode.from_text(zone.outcome.upper()))
    else:
        if zone.authoritative:
            answer.flags |= dns.flags.AA
        _fill(answer, query, zone, station)
    return answer


def _tell_version(
    answer: dns.message.Message, question: dns.rrset.RRset, station: Station
) -> dns.message.Message:
    version = station.service.banner
    if version is None or question.name != _VERSION_NAME:
        answer.set_rcode(dns.rcode.REFUSED)
        return answer
    text = version.replace("\\", "\\\\").replace('"', '\\"')
    answer.answer.append(dns.rrset.from_text(_VERSION_NAME, 0, "CH", "TXT", f'"{text}"'))
    return answer


def _zone_of(name: dns.name.Name, station: Station) -> Zone | None:
    service = station.service
    known = [
        (dns.name.from_text(zone.origin), zone)
        for zone in service.zones
        if zone.authoritative or service.recursion
    ]
    fitting = [(origin, zone) for origin, zone in known if name.is_subdomain(origin)]
    return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None


def _fill(
    answer: dns.message.Message, query: dns.message.Message, zone: Zone, station: Station
) -> None:
    """Answer from a zone, and a resolver follows aliases into the other zones that it knows.

    A resolver checks signatures: it vouches for those that hold, and fails where they do not,
    unless it is asked not to check.
    """
    name, kind = query.question[0].name, query.question[0].rdtype
    wants_signatures = bool(query.ednsflags & dns.flags.DO)
    if station.service.recursion and zone.signed != "no" and not query.flags & dns.flags.CD:
        if zone.signed != "yes":
            answer.set_rcode(dns.rcode.SERVFAIL)
            return
        if wants_signatures or query.flags & dns.flags.AD:
            answer.flags |= dns.flags.AD
    for _ in range(_MOST_ALIASES):
        held = hold(zone)
        if kind == dns.rdatatype.DS and held.anchor is not None and held.anchor.name == name:
            answer.answer.append(held.anchor)
            return
        if _put(answer, held, name, kind, wants_signatures):
            return
        alias = held.data.get_rrset(name, dns.rdatatype.CNAME)
        if alias is None:
            break
        _put(answer, held, name, dns.rdatatype.CNAME, wants_signatures)
        name = alias[0].target
        if not name.is_subdomain(dns.name.from_text(zone.origin)):
            further = _zone_of(name, station) if station.service.recursion else None
            if further is None:
                return
            zone = further
    _deny(answer, hold(zone).data, name)


def _put(
    answer: dns.message.Message,
    held: Held,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    wants_signatures: bool,
) -> bool:
    """Put the records of a kind into the answer, signatures too where wanted; tell if any."""
    if kind == dns.rdatatype.ANY:
        node = held.data.get_node(name)
        for rdataset in node or ():
            answer.answer.append(dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)))
        return node is not None
    found = held.data.get_rrset(name, kind)
    if found is None:
        return False
    answer.answer.append(found)
    signatures = held.data.get_rrset(name, dns.rdatatype.RRSIG, kind)
    if wants_signatures and signatures is not None:
        answer.answer.append(signatures)
    return True


def _deny(answer: dns.message.Message, data: dns.zone.Zone, name: dns.name.Name) -> None:
    start_of_authority = data.get_rrset(data.origin or dns.name.root, dns.rdatatype.SOA)
    if start_of_authority is not None:
        answer.authority.append(start_of_authority)
    if not any(known.is_subdomain(name) for known in data):
        answer.set_rcode(dns.rcode.NXDOMAIN)


def _transfer(query: dns.message.Message, station: Station) -> dns.message.Message:
    answer = dns.message.make_response(query)
    name = query.question[0].name
    zone = _zone_of(name, station)
    if zone is None or not station.service.transfers or dns.name.from_text(zone.origin) != name:
        answer.set_rcode(dns.rcode.REFUSED)
        return answer
    held = hold(zone).data
    start = held.get_rrset(name, dns.rdatatype.SOA)
    if start is None:
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer
    answer.flags |= dns.flags.AA
    records = [
        dns.rrset.from_rdata_list(owner, rdataset.ttl, list(rdataset))
        for owner, rdataset in held.iterate_rdatasets()
        if rdataset.rdtype != dns.rdatatype.SOA
    ]
    answer.answer.extend([start, *records, start])
    return answer
