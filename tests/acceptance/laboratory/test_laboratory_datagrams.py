"""SNMP, NTP and DNS in the laboratory."""

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from cyberposture.laboratory.hosts import Service, Zone
from cyberposture.laboratory.services import ber

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

ZONE = Zone(
    origin="mountain-ministry.example",
    records="""
@      3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300
@      3600 IN NS  ns1
@      3600 IN MX  10 mail
@      3600 IN TXT "v=spf1 -all"
_dmarc 3600 IN TXT "v=DMARC1; p=reject"
ns1    3600 IN A   127.78.1.1
www    3600 IN CNAME ns1
""",
)


def snmp_request(tag: int, oid: tuple[int, ...], *, version: int, community: bytes) -> bytes:
    binding = ber.pack(ber.SEQUENCE, ber.pack_object_id(oid), ber.pack(ber.NULL))
    pdu = ber.pack(
        tag,
        ber.pack_integer(4711),
        ber.pack_integer(0),
        ber.pack_integer(0),
        ber.pack(ber.SEQUENCE, binding),
    )
    head = ber.pack_integer(version), ber.pack(ber.OCTETS, community)
    return ber.pack(ber.SEQUENCE, *head, pdu)


SYSTEM = (1, 3, 6, 1, 2, 1, 1)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("tag", "oid"), [(0xA0, (*SYSTEM, 1, 0)), (0xA1, SYSTEM)])
def test_snmp_tells_what_the_system_is(serve, version, tag, oid):
    snmp = Service(kind="snmp", port=161, banner="Valley Router 7")
    with serve(snmp) as served:
        answer = served.ask(161, snmp_request(tag, oid, version=version, community=b"public"))
    assert answer is not None
    assert answer.endswith(b"Valley Router 7")


def test_snmp_is_silent_in_another_community_and_on_garbage(serve):
    snmp = Service(kind="snmp", port=161, community="not-so-public")
    with serve(snmp) as served:
        request = snmp_request(0xA0, (*SYSTEM, 1, 0), version=0, community=b"public")
        assert served.ask(161, request, 0.3) is None
        assert served.ask(161, b"\x30\x84\xff\xff\xff\xff", 0.3) is None
        assert served.counters(161).connections == 2


def test_ntp_answers_a_client_and_nothing_else(serve):
    with serve(Service(kind="ntp", port=123)) as served:
        answer = served.ask(123, b"\x23" + bytes(39) + b"moment!!")
        assert answer is not None
        assert (answer[0], answer[1], len(answer)) == (0x24, 2, 48)
        assert answer[24:32] == b"moment!!"
        monlist = b"\x17\x00\x03\x2a" + bytes(44)
        assert served.ask(123, monlist, 0.3) is None


def lookup(served, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    speak = dns.query.tcp if tcp else dns.query.udp
    return speak(query, served.address, served.timeout_s, served.port(53))


@pytest.mark.parametrize("tcp", [False, True])
def test_dns_answers_from_its_zones_with_authority(serve, tcp):
    with serve(Service(kind="dns", port=53, zones=(ZONE,))) as served:
        dmarc = lookup(served, "_dmarc.mountain-ministry.example", "TXT", tcp=tcp)
        alias = lookup(served, "www.mountain-ministry.example", "A", tcp=tcp)
        nothing = lookup(served, "ns1.mountain-ministry.example", "AAAA", tcp=tcp)
        absent = lookup(served, "nobody.mountain-ministry.example", "A", tcp=tcp)
    assert "p=reject" in dmarc.answer[0].to_text()
    assert dmarc.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in alias.answer] == [dns.rdatatype.CNAME, dns.rdatatype.A]
    assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])
    assert absent.rcode() == dns.rcode.NXDOMAIN
    assert absent.authority[0].rdtype == dns.rdatatype.SOA


def test_dns_refuses_recursion_unless_it_is_open(serve):
    outside = Zone(origin="outside.example", records="@ 60 IN A 127.78.1.9", authoritative=False)
    closed = Service(kind="dns", port=53, zones=(ZONE, outside))
    with serve(closed) as served:
        refused = lookup(served, "outside.example", "A")
    with serve(closed.model_copy(update={"recursion": True})) as served:
        answered = lookup(served, "outside.example", "A")
        unknown = lookup(served, "elsewhere.example", "A")
    assert refused.rcode() == dns.rcode.REFUSED
    assert not refused.flags & dns.flags.RA
    assert answered.answer
    assert answered.flags & dns.flags.RA
    assert not answered.flags & dns.flags.AA
    assert unknown.rcode() == dns.rcode.SERVFAIL


def test_dns_zone_may_fail_in_a_chosen_way(serve):
    failing = ZONE.model_copy(update={"outcome": "servfail"})
    silent = Zone(origin="silent.example", records="@ 60 IN A 127.0.0.1", outcome="silent")
    with serve(Service(kind="dns", port=53, zones=(failing, silent))) as served:
        failed = lookup(served, "mountain-ministry.example", "MX")
        with pytest.raises(dns.exception.Timeout):
            query = dns.message.make_query("silent.example", "A")
            dns.query.udp(query, served.address, 0.3, served.port(53))
    assert failed.rcode() == dns.rcode.SERVFAIL


def test_dns_hands_out_whole_zones_only_where_transfers_are_allowed(serve):
    def transfer(served) -> dns.zone.Zone:
        parts = dns.query.xfr(
            served.address,
            ZONE.origin,
            port=served.port(53),
            timeout=served.timeout_s,
            relativize=False,
        )
        return dns.zone.from_xfr(parts, relativize=False)

    with serve(Service(kind="dns", port=53, zones=(ZONE,), transfers=True)) as served:
        assert len(list(transfer(served).nodes)) == 4
    with (
        serve(Service(kind="dns", port=53, zones=(ZONE,))) as served,
        pytest.raises(dns.query.TransferError),
    ):
        transfer(served)


def test_long_dns_answer_is_cut_short_over_udp_and_whole_over_tcp(serve):
    records = "\n".join(f'@ 60 IN TXT "{n:03}{"x" * 100}"' for n in range(20))
    zone = Zone(origin="long.example", records=records)
    with serve(Service(kind="dns", port=53, zones=(zone,))) as served:
        assert lookup(served, "long.example", "TXT").flags & dns.flags.TC
        assert len(lookup(served, "long.example", "TXT", tcp=True).answer[0]) == 20
