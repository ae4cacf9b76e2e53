"""What a file of nmap says is what the parser says, no more and no less."""

import io
from pathlib import Path

import nmap
import pytest

from cyberposture.errors import InvalidInput
from cyberposture.model.observations import HostFact
from cyberposture.scanning.reading.parse import parse, parse_door, parse_door_text, read_requested

SAMPLES = {
    "1_host_ping.xml": 1,
    "1_hosts.xml": 1,
    "all_excluded.xml": 0,
    "discovery_only.xml": 3,
    "duplicate_target.xml": 1,
    "extra_ports.xml": 1,
    "full_sudo5.xml": 256,
    "fullscan.xml": 256,
    "mixed_family_v4_dropped.xml": 1,
    "resumed_3_of_3.xml": 3,
    "timedout_no_ports.xml": 1,
    "truncated_1_of_3.xml": 1,
    "unresolved_name.xml": 0,
}
"""Hosts in each file, every address counted once."""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<!-- a scan for a test -->
<nmaprun scanner="nmap" args="nmap -n -sT" start="1795322156" version="7.93">
"""
TCP_1_TO_100 = '<scaninfo type="connect" protocol="tcp" numservices="100" services="1-100"/>\n'
UDP_1_TO_10 = '<scaninfo type="udp" protocol="udp" numservices="10" services="1-10"/>\n'
FOOT = """<runstats><finished time="1795322160" exit="success"/>
<hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""


def make_host(inside: str, address: str = "127.0.0.1") -> str:
    return (
        '<host starttime="1795322157" endtime="1795322159"><status state="up" reason="user-set"/>'
        f'<address addr="{address}" addrtype="ipv4"/><ports>{inside}</ports></host>\n'
    )


def make_port(number: int, state: str = "open", inside: str = "", protocol: str = "tcp") -> str:
    return (
        f'<port protocol="{protocol}" portid="{number}">'
        f'<state state="{state}" reason="syn-ack"/>{inside}</port>'
    )


def read(*parts: str, requested: list[str] | None = None):
    return parse(io.BytesIO((HEAD + "".join(parts)).encode()), requested)


def read_host(*parts: str):
    scan = read(*parts, FOOT)
    assert len(scan.hosts) == 1
    return scan.hosts[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_recorded_file_is_read(name, shared):
    scan = parse(shared / "samples" / "nmap" / name)
    assert len(scan.hosts) == SAMPLES[name]
    assert scan.complete == (name != "truncated_1_of_3.xml")
    assert scan.version


def test_the_run_is_described():
    scan = read(TCP_1_TO_100, make_host(""), FOOT)
    assert (scan.scanner, scan.version, scan.args) == ("nmap", "7.93", "nmap -n -sT")
    assert (scan.exit, scan.complete, scan.addresses) == ("success", True, 1)
    assert scan.started_at.isoformat() == "2026-11-22T04:35:56+00:00"
    assert (scan.ended_at - scan.started_at).seconds == 4
    assert scan.tested == {"tcp": ((1, 100),)}
    assert scan.warnings == ()
    host = scan.hosts[0]
    assert (host.ended_at - host.started_at).seconds == 2


def test_everything_that_nmap_tells_of_a_port_is_kept():
    service = (
        '<service name="http" product="nginx" version="1.24.0" extrainfo="Ubuntu" tunnel="ssl" '
        'method="probed" conf="10"><cpe>cpe:/a:igor_sysoev:nginx:1.24.0</cpe>'
        "<cpe>cpe:/o:linux:linux_kernel</cpe></service>"
    )
    port = read_host(make_host(make_port(8443, inside=service))).ports[0]
    assert (port.protocol, port.port, port.state, port.reason) == ("tcp", 8443, "open", "syn-ack")
    assert port.service == "ssl/http"
    assert (port.product, port.version, port.extra_info) == ("nginx", "1.24.0", "Ubuntu")
    assert port.method == "probed"
    assert port.cpe == ("cpe:/a:igor_sysoev:nginx:1.24.0", "cpe:/o:linux:linux_kernel")


def test_script_tables_become_plain_values():
    script = (
        '<script id="ssl-cert" output="Subject: &#xa;x &lt; y">'
        '<table key="subject"><elem key="commonName">a.example</elem></table>'
        '<table key="names"><elem>a.example</elem><elem>b.example</elem></table>'
        '<table key="mixed"><elem key="bits">2048</elem><elem>rsa</elem></table>'
        '<table key="empty"/><elem key="pem"/></script>'
    )
    bare = '<script id="banner" output="220 ready"/>'
    first, second = read_host(make_host(make_port(443, inside=script + bare))).ports[0].scripts
    assert first.output == "Subject: \nx < y"
    assert first.tables == {
        "subject": {"commonName": "a.example"},
        "names": ["a.example", "b.example"],
        "mixed": [{"bits": "2048"}, "rsa"],
        "empty": [],
        "pem": "",
    }
    assert (second.output, second.tables) == ("220 ready", None)


def test_scripts_of_the_host_are_kept_apart_from_those_of_its_ports():
    inside = make_port(445, inside='<script id="banner" output="x"/>')
    host = make_host(inside).replace(
        "</host>", '<hostscript><script id="smb-mode" output="signing"/></hostscript></host>'
    )
    found = read_host(host)
    assert [script.id for script in found.scripts] == ["smb-mode"]
    assert [script.id for script in found.ports[0].scripts] == ["banner"]


def test_a_state_that_nobody_knows_is_unknown():
    assert read_host(make_host(make_port(80, "ajar"))).ports[0].state == "unknown"


@pytest.mark.parametrize(
    "port",
    [
        make_port(65536),
        make_port(-1),
        make_port(99999999),
        make_port(1, protocol="carrier-pigeon"),
        '<port protocol="tcp" portid="http"/>',
        '<port protocol="tcp" portid="1_0"/>',
        "<port/>",
    ],
)
def test_what_is_no_port_is_left_out_with_a_warning(port):
    scan = read(make_host(port + make_port(22)), FOOT)
    assert [port.port for port in scan.hosts[0].ports] == [22]
    assert len(scan.warnings) == 1
    assert "127.0.0.1" in scan.warnings[0]


def test_warnings_are_bounded():
    assert len(read(make_host("<port/>" * 5_000), FOOT).warnings) == 100


def test_named_ranges_are_taken_from_nmap():
    extra = (
        '<extraports state="filtered" count="3"><extrareasons reason="no-response" count="2" '
        'proto="tcp" ports="5-6"/><extrareasons reason="admin-prohibited" count="1" proto="tcp" '
        'ports="8"/></extraports><extraports state="closed" count="2"><extrareasons count="2" '
        'reason="conn-refused" proto="tcp" ports="1-2"/></extraports>'
    )
    filtered, closed = read_host(TCP_1_TO_100, make_host(extra)).extra
    assert (filtered.state, filtered.count, filtered.ranges) == ("filtered", 3, ((5, 6), (8, 8)))
    assert (closed.state, closed.count, closed.ranges) == ("closed", 2, ((1, 2),))


def test_a_remainder_over_two_protocols_is_told_apart():
    extra = (
        '<extraports state="closed" count="5"><extrareasons reason="conn-refused" count="3" '
        'proto="tcp" ports="1-3"/><extrareasons reason="port-unreach" count="2" proto="udp" '
        'ports="9-10"/></extraports>'
    )
    tcp, udp = read_host(TCP_1_TO_100, UDP_1_TO_10, make_host(extra)).extra
    assert (tcp.protocol, tcp.count, tcp.ranges) == ("tcp", 3, ((1, 3),))
    assert (udp.protocol, udp.count, udp.ranges) == ("udp", 2, ((9, 10),))


def test_a_single_remainder_without_ranges_is_what_was_tested_less_what_is_named():
    ports = make_port(22) + make_port(80, "filtered") + '<extraports state="closed" count="98"/>'
    (extra,) = read_host(TCP_1_TO_100, make_host(ports)).extra
    assert extra.ranges == ((1, 21), (23, 79), (81, 100))


def test_a_remainder_whose_count_does_not_agree_has_no_ranges():
    told = (
        '<extraports state="closed" count="7"><extrareasons reason="resets" count="3" '
        'proto="tcp" ports="1-3"/></extraports>'
    )
    (extra,) = read_host(TCP_1_TO_100, make_host(told)).extra
    assert (extra.count, extra.ranges) == (7, None)


def test_a_mixed_remainder_without_ranges_stays_untold(shared):
    (host,) = parse(shared / "samples" / "nmap" / "extra_ports.xml").hosts
    assert [(group.state, group.count, group.ranges) for group in host.extra] == [
        ("closed", 65509, None),
        ("unknown", 10, None),
    ]
    assert len(host.ports) == 16


def test_addresses_are_spelled_canonically():
    spelled = "2001:DB8:0:0:0:0:0:1"
    host = make_host("", spelled).replace("ipv4", "ipv6")
    assert read_host(host).address == "2001:db8::1"


def test_a_host_with_a_hardware_address_only_goes_by_that():
    host = make_host("", "02:42:ac:1c:01:03").replace("ipv4", "mac")
    assert read_host(host).address == "02:42:AC:1C:01:03"


def test_an_address_of_the_network_outweighs_the_hardware_address():
    mac = '<address addr="02:42:AC:1C:01:03" addrtype="mac"/>'
    host = make_host("").replace("<address", mac + "<address")
    assert read_host(host).address == "127.0.0.1"


@pytest.mark.parametrize("address", ["", "localhost", "127.0.0.01", "fe80::1%eth0", "300.1.1.1"])
def test_a_host_without_a_usable_address_is_left_out(address):
    scan = read(make_host(make_port(22), address), FOOT)
    assert scan.hosts == ()
    assert len(scan.warnings) == 1


def test_a_host_hint_is_no_host():
    hint = '<hosthint><status state="up"/><address addr="127.0.0.9" addrtype="ipv4"/></hosthint>'
    assert [host.address for host in read(hint, make_host(""), FOOT).hosts] == ["127.0.0.1"]


def test_an_unknown_word_for_the_exit_is_no_success():
    assert read(FOOT.replace("success", "perhaps")).exit == "error"


def test_requested_addresses_that_did_not_come_back_are_listed_once_in_order():
    requested = ["127.0.0.9", "127.0.0.1", "::1", "127.0.0.9", "0:0:0:0:0:0:0:1"]
    assert read(make_host(""), FOOT, requested=requested).not_reported == ("127.0.0.9", "::1")


def test_a_requested_text_that_is_no_address_is_refused_with_its_place():
    with pytest.raises(InvalidInput) as refusal:
        read(FOOT, requested=["127.0.0.1", "localhost"])
    assert [fault.where for fault in refusal.value.faults] == ["requested[1]"]


def test_requested_addresses_are_read_one_a_line(tmp_path):
    path = tmp_path / "requested.txt"
    path.write_text("# the web servers\n127.0.0.1\n\n  ::0001  \n127.0.0.1\n")
    assert read_requested(path) == ("127.0.0.1", "::1")


def test_every_wrong_line_of_the_requested_is_named(tmp_path):
    path = tmp_path / "requested.txt"
    path.write_text("127.0.0.1\n127.0.0.0/24\nname.example\n")
    with pytest.raises(InvalidInput) as refusal:
        read_requested(path)
    assert [fault.where for fault in refusal.value.faults] == [f"{path}:2", f"{path}:3"]


def test_a_list_of_requested_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "requested.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match=r"requested\.txt"):
        read_requested(path)


def test_a_file_that_is_not_there_is_refused_by_its_name():
    with pytest.raises(InvalidInput, match=r"no-such-scan\.xml: cannot be read"):
        parse(Path("no-such-scan.xml"))


def test_a_stream_that_was_given_stays_open():
    stream = io.BytesIO((HEAD + FOOT).encode())
    parse(stream)
    assert not stream.closed


def test_the_door_has_the_shape_that_is_promised():
    script = '<script id="banner" output="220 ready"/>'
    service = '<service name="ftp" method="table"/>'
    extra = '<extraports state="closed" count="99"/>'
    text = HEAD + TCP_1_TO_100 + make_host(make_port(21, inside=service + script) + extra) + FOOT
    assert parse_door(io.BytesIO(text.encode()), ["127.0.0.1", "127.0.0.2"]) == {
        "complete": True,
        "hosts": [
            {
                "address": "127.0.0.1",
                "state": "up",
                "timed_out": False,
                "ports": [
                    {
                        "protocol": "tcp",
                        "port": 21,
                        "state": "open",
                        "reason": "syn-ack",
                        "service": "ftp",
                        "product": None,
                        "version": None,
                        "extra_info": None,
                        "method": "table",
                        "cpe": [],
                        "scripts": [{"id": "banner", "output": "220 ready", "tables": None}],
                    }
                ],
                "extra": [
                    {
                        "protocol": "tcp",
                        "state": "closed",
                        "count": 99,
                        "ranges": [[1, 20], [22, 100]],
                    }
                ],
                "scripts": [],
                "started_at": "2026-11-22T04:35:57+00:00",
                "ended_at": "2026-11-22T04:35:59+00:00",
            }
        ],
        "not_reported": ["127.0.0.2"],
    }


def test_the_door_says_that_nothing_was_reported():
    document = {"complete": True, "hosts": [], "not_reported": ["127.0.0.1"]}
    assert parse_door(io.BytesIO((HEAD + FOOT).encode()), ["127.0.0.1"]) == document


def test_the_door_gives_no_text_before_a_refusal():
    with pytest.raises(InvalidInput):
        next(parse_door_text(io.BytesIO(b"<nmaprun><host>" + b"<a>" * 100)))


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"truncated_1_of_3.xml"}))
def test_python_nmap_finds_the_same_ports_where_it_loses_none(name, shared):
    path = shared / "samples" / "nmap" / name
    told = nmap.PortScanner().analyse_nmap_xml_scan(path.read_text())["scan"]
    theirs = {
        address: {port: entry["state"] for port, entry in host.get("tcp", {}).items()}
        for address, host in told.items()
    }
    ours = {host.address: {p.port: p.state for p in host.ports} for host in parse(path).hosts}
    assert ours == theirs


@pytest.mark.parametrize("name", SAMPLES)
def test_the_door_and_the_parser_tell_the_same(name, shared):
    path = shared / "samples" / "nmap" / name
    scan, document = parse(path), parse_door(path)
    assert document["complete"] == scan.complete
    assert [HostFact.model_validate(told) for told in document["hosts"]] == list(scan.hosts)
