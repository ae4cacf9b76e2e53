"""Files of old nmap and of masscan are read too, without a crash and without losing a port."""

import io

import pytest
from view_samples import states_of

from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import ParsedScan, parse
from cyberposture.scanning.reading.states import State

NMAP_4 = """<?xml version="1.0" ?>
<?xml-stylesheet href="/usr/share/nmap/nmap.xsl" type="text/xsl"?>
<!-- a scan in the manner of version 4 -->
<nmaprun scanner="nmap" args="nmap -oX a.xml 127.0.0.1-2" start="1200000000" version="4.53" >
<scaninfo type="connect" protocol="tcp" numservices="20" services="1-20" />
<verbose level="0" />
<debugging level="0" />
<host><status state="up" />
<address addr="127.0.0.1" addrtype="ipv4" />
<hostnames><hostname name="one.example" type="PTR" /></hostnames>
<ports><extraports state="closed" count="18" />
<port protocol="tcp" portid="7"><state state="open" /><service name="echo" method="table" /></port>
<port protocol="tcp" portid="13"><state state="filtered" /></port>
</ports>
</host>
<host><status state="down" />
<address addr="127.0.0.2" addrtype="ipv4" />
</host>
<runstats><finished time="1200000009" timestr="then"/><hosts up="1" down="1" total="2" />
<!-- done -->
</runstats></nmaprun>
"""

NMAP_5_TWO_PROTOCOLS = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -sSU" start="1300000000" version="5.00">
<scaninfo type="syn" protocol="tcp" numservices="10" services="1-10"/>
<scaninfo type="udp" protocol="udp" numservices="5" services="51-55"/>
<host><status state="up" reason="reset"/><address addr="127.0.0.1" addrtype="ipv4"/>
<ports><extraports state="closed" count="14"><extrareasons reason="resets" count="9"/>
<extrareasons reason="port-unreaches" count="5"/></extraports>
<port protocol="tcp" portid="9"><state state="open" reason="syn-ack" reason_ttl="64"/></port>
</ports></host>
<runstats><finished time="1300000001"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>
"""

MASSCAN = """<?xml version="1.0"?>
<!-- masscan v1.0 scan -->
<nmaprun scanner="masscan" start="1400000000" version="1.0-BETA" xmloutputversion="1.03">
<scaninfo type="syn" protocol="tcp" />
<host endtime="1400000001"><address addr="127.0.0.1" addrtype="ipv4"/><ports><port protocol="tcp" \
portid="80"><state state="open" reason="syn-ack" reason_ttl="54"/></port></ports></host>
<host endtime="1400000002"><address addr="127.0.0.2" addrtype="ipv4"/><ports><port protocol="tcp" \
portid="22"><state state="open" reason="syn-ack" reason_ttl="54"/></port></ports></host>
<host endtime="1400000003"><address addr="127.0.0.1" addrtype="ipv4"/><ports><port protocol="tcp" \
portid="443"><state state="open" reason="syn-ack" reason_ttl="54"/></port></ports></host>
<host endtime="1400000004"><address addr="127.0.0.1" addrtype="ipv4"/><ports><port protocol="tcp" \
portid="80"><state state="open" reason="response" reason_ttl="54"/><service name="http" \
banner="HTTP/1.1 200 OK"></service></port></ports></host>
<runstats>
<finished time="1400000009" timestr="2014-05-13 16:53:29" elapsed="9" />
<hosts up="2" down="0" total="2" />
</runstats>
</nmaprun>
"""


def read(text: str, requested: list[str] | None = None) -> ParsedScan:
    return parse(io.BytesIO(text.encode()), requested)


def test_version_4_is_complete_though_it_names_no_exit():
    scan = read(NMAP_4)
    assert (scan.version, scan.exit, scan.complete) == ("4.53", None, True)
    first, second = scan.hosts
    assert [(port.port, port.state, port.method) for port in first.ports] == [
        (7, "open", "table"),
        (13, "filtered", None),
    ]
    assert first.extra[0].ranges == ((1, 6), (8, 12), (14, 20))
    assert second.state == "down"


def test_version_4_without_statistics_is_complete_at_its_end():
    before, _, after = NMAP_4.partition("<runstats>")
    scan = read(before + after.partition("</runstats>")[2])
    assert (scan.complete, scan.exit, scan.addresses) == (True, None, None)


def test_a_remainder_over_two_protocols_is_placed_if_everything_is_accounted_for():
    (host,) = read(NMAP_5_TWO_PROTOCOLS).hosts
    assert [(group.protocol, group.count, group.ranges) for group in host.extra] == [
        ("tcp", 9, ((1, 8), (10, 10))),
        ("udp", 5, ((51, 55),)),
    ]


def test_a_remainder_over_two_protocols_that_does_not_add_up_is_of_any_protocol():
    (host,) = read(NMAP_5_TWO_PROTOCOLS.replace('count="14"', 'count="13"')).hosts
    assert [(group.protocol, group.count, group.ranges) for group in host.extra] == [
        ("any", 13, None)
    ]


def test_masscan_hosts_are_gathered_by_address():
    scan = read(MASSCAN)
    assert (scan.scanner, scan.complete, scan.exit) == ("masscan", True, None)
    assert {host.address: [port.port for port in host.ports] for host in scan.hosts} == {
        "127.0.0.1": [80, 443],
        "127.0.0.2": [22],
    }
    assert all(host.state == "up" for host in scan.hosts)
    assert scan.hosts[0].ports[0].service == "http"


def test_masscan_does_not_say_what_it_tested():
    scan = read(MASSCAN)
    assert scan.tested is None
    fact = next(read_facts(scan, technique="tcp-ports"))
    assert states_of(fact, 443, 25) == [State.OPEN, State.NOT_TESTED]


def test_masscan_that_names_its_ports_is_believed():
    scan = read(MASSCAN.replace('protocol="tcp" />', 'protocol="tcp" services="22,80,443"/>', 1))
    assert scan.tested == {"tcp": ((22, 22), (80, 80), (443, 443))}
    fact = next(read_facts(scan, technique="tcp-ports"))
    assert states_of(fact, 443, 22, 25) == [State.OPEN, State.INCONCLUSIVE, State.NOT_TESTED]


@pytest.mark.parametrize("missing", ["</nmaprun>\n", "</runstats>\n</nmaprun>\n"])
def test_masscan_without_its_closing_tag_is_cut_and_keeps_every_port(missing):
    scan = read(MASSCAN.removesuffix(missing), ["127.0.0.1", "127.0.0.3"])
    assert not scan.complete
    assert sum(len(host.ports) for host in scan.hosts) == 3
    assert [fact.outcome for fact in read_facts(scan, technique="tcp-ports")] == [
        "answered",
        "answered",
        "not-tested",
    ]


def test_masscan_with_many_ports_of_one_address_loses_none():
    head, host, tail = MASSCAN.partition('<host endtime="1400000001">')
    record = host + tail.partition("</host>\n")[0] + "</host>\n"
    foot = tail[tail.index("<runstats>") :]
    records = (record.replace('"80"', f'"{number}"') for number in range(1, 3_001))
    (found,) = read(head + "".join(records) + foot).hosts
    assert [port.port for port in found.ports] == list(range(1, 3_001))
