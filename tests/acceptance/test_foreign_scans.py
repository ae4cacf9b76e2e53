"""Scans that others made: judged as far as they go, and never a pass for what was not looked at.

What a file covers is read here once more, by other code than the product's.
"""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

CONCLUSIVE = ("open", "closed", "filtered")
Endpoints = set[tuple[str, int]]

NMAP_4 = """<?xml version="1.0" ?>
<!-- nmap 4.20 scan -->
<nmaprun scanner="nmap" args="nmap -sT -p 21-23,80 -oX - 127.83.0.1" start="1165000000"
 startstr="Fri Dec  1 19:06:40 2006" version="4.20" xmloutputversion="1.01">
<scaninfo type="connect" protocol="tcp" numservices="4" services="21-23,80" />
<verbose level="0" /> <debugging level="0" />
<host><status state="up" />
<address addr="127.83.0.1" addrtype="ipv4" />
<ports><extraports state="closed" count="3" />
<port protocol="tcp" portid="23"><state state="open" />
<service name="telnet" method="table" conf="3" /></port>
</ports></host>
<runstats><finished time="1165000002" timestr="Fri Dec  1 19:06:42 2006"/>
<hosts up="1" down="0" total="1" /></runstats></nmaprun>
"""

NMAP_5 = """<?xml version="1.0"?>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<nmaprun scanner="nmap" args="nmap -sS -p 21,22,23 127.83.0.1" start="1265000000"
 version="5.21" xmloutputversion="1.03">
<scaninfo type="syn" protocol="tcp" numservices="3" services="21-23"/>
<host starttime="1265000000" endtime="1265000001"><status state="up" reason="localhost-response"/>
<address addr="127.83.0.1" addrtype="ipv4"/>
<hostnames></hostnames>
<ports><extraports state="filtered" count="1"><extrareasons reason="no-responses" count="1"/>
</extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/>
<service name="ssh" method="table" conf="3"/></port>
<port protocol="tcp" portid="23"><state state="closed" reason="reset" reason_ttl="64"/>
<service name="telnet" method="table" conf="3"/></port>
</ports></host>
<runstats><finished time="1265000001" elapsed="1.00"/><hosts up="1" down="0" total="1"/>
</runstats></nmaprun>
"""

NMAP_6 = """<?xml version="1.0"?>
<!DOCTYPE nmaprun PUBLIC "-//IDN nmap.org//DTD Nmap XML 1.04//EN" "nmap.dtd">
<nmaprun scanner="nmap" args="nmap -sT -p 1-1000 127.83.0.1 127.83.0.2" start="1465000000"
 version="6.47" xmloutputversion="1.04">
<scaninfo type="connect" protocol="tcp" numservices="1000" services="1-1000"/>
<host starttime="1465000000" endtime="1465000005" timedout="true">
<status state="up" reason="user-set" reason_ttl="0"/><address addr="127.83.0.1" addrtype="ipv4"/>
</host>
<host starttime="1465000000" endtime="1465000005"><status state="up" reason="user-set"/>
<address addr="127.83.0.2" addrtype="ipv4"/>
<ports>
<extraports state="closed" count="900"><extrareasons reason="resets" count="900"/></extraports>
<extraports state="filtered" count="99"><extrareasons reason="no-reply" count="99"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="0"/></port>
</ports></host>
<runstats><finished time="1465000005" elapsed="5.00" exit="success"/>
<hosts up="2" down="0" total="2"/></runstats></nmaprun>
"""

NMAP_7 = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -n -Pn -sT -sU -p T:21-23,U:161 127.83.0.1-2"
 start="1765000000" version="7.94" xmloutputversion="1.05">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
<scaninfo type="udp" protocol="udp" numservices="1" services="161"/>
<host starttime="1765000000" endtime="1765000001"><status state="up" reason="user-set"/>
<address addr="127.83.0.1" addrtype="ipv4"/><hostnames/>
<ports><extraports state="closed" count="2">
<extrareasons reason="conn-refused" count="2" proto="tcp" ports="21,23"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="0"/></port>
<port protocol="udp" portid="161"><state state="open|filtered" reason="no-response"/></port>
</ports></host>
<host starttime="1765000000" endtime="1765000001"><status state="up" reason="user-set"/>
<address addr="127.83.0.2" addrtype="ipv4"/><hostnames/>
<ports><extraports state="closed" count="3">
<extrareasons reason="conn-refused" count="3" proto="tcp" ports="21-23"/></extraports>
<port protocol="udp" portid="161"><state state="closed" reason="port-unreach"/></port>
</ports></host>
<runstats><finished time="1765000001" elapsed="1.00" exit="success"/>
<hosts up="2" down="0" total="2"/></runstats></nmaprun>
"""

ONLY_OPEN = """<?xml version="1.0" encoding="UTF-8"?>
<nmaprun scanner="nmap" args="nmap --open -sT -p 21-23 127.83.0.1" start="1765000000"
 version="7.94" xmloutputversion="1.05">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
<host><status state="up" reason="user-set"/><address addr="127.83.0.1" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port></ports></host>
<runstats><finished time="1765000001" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""

MASSCAN = """<?xml version="1.0"?>
<!-- masscan v1.0 scan -->
<nmaprun scanner="masscan" start="1665000000" version="1.0-BETA"  xmloutputversion="1.03">
<scaninfo type="syn" protocol="tcp" />
<host endtime="1665000001"><address addr="127.83.0.1" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/>
</port></ports></host>
<host endtime="1665000001"><address addr="127.83.0.1" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="80"><state state="open" reason="syn-ack" reason_ttl="64"/>
</port></ports></host>
<runstats>
<finished time="1665000012" timestr="2022-10-05 20:00:12" elapsed="12" />
<hosts up="1" down="0" total="1" />
</runstats>
</nmaprun>
"""

CUT = NMAP_7[: NMAP_7.rindex("</ports>")]

FRONT, BACK = "127.83.0.1", "127.83.0.2"
FTP = ("cleartext.no-plain-ftp", 21)
TELNET = ("cleartext.no-telnet-or-r-login", 23)
SSH = ("remote-access.ssh-not-on-the-internet", 22)
SNMP = ("exposure.snmp-closed-to-the-internet", 161)
OWN = {
    "nmap 4": (NMAP_4, {(FRONT, *FTP), (FRONT, *SSH)}),
    "nmap 5": (NMAP_5, {(FRONT, *FTP), (FRONT, *TELNET)}),
    "nmap 6": (NMAP_6, set()),
    "nmap 7": (
        NMAP_7,
        {(FRONT, *FTP), (FRONT, *TELNET), *((BACK, *one) for one in (FTP, TELNET, SSH, SNMP))},
    ),
    "nmap 7, cut": (CUT, {(FRONT, *FTP), (FRONT, *TELNET)}),
    "nmap 7, told to keep closed ports to itself": (ONLY_OPEN, set()),
    "masscan": (MASSCAN, set()),
}
"""Each scan, and every pass that it bears out: address, check, port."""


def numbers(services: str) -> set[int]:
    """Return the ports of a list such as `21-23,80`."""
    found: set[int] = set()
    for part in filter(None, services.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def elements(path: Path) -> Iterator[Any]:
    """Yield each element that ends before the file does."""
    parser = ElementTree.XMLPullParser(["end"])
    with suppress(ElementTree.ParseError):
        parser.feed(path.read_text())
    for _, element in parser.read_events():
        yield element


def settled(host: Any, asked: dict[str, set[int]]) -> Endpoints:
    """Return the ports of a host of which the file says whether they are open, closed, filtered."""
    if host.get("timedout") == "true":
        return set()
    ports = [(port.get("protocol"), int(port.get("portid")), port) for port in host.iter("port")]
    sure = {
        (protocol, number)
        for protocol, number, port in ports
        if port.find("state").get("state") in CONCLUSIVE
    }
    for protocol, numbered in asked.items():
        rest = numbered - {number for proto, number, _ in ports if proto == protocol}
        groups = [
            group for group in host.iter("extraports") if int(group.get("count")) == len(rest)
        ]
        if rest and len(groups) == 1 and groups[0].get("state") in CONCLUSIVE:
            sure |= {(protocol, number) for number in rest}
    return sure


def covered(path: Path) -> dict[str, Endpoints]:
    """Return what a file settles, by address."""
    asked: dict[str, set[int]] = {}
    found: dict[str, Endpoints] = {}
    for element in elements(path):
        if element.tag == "scaninfo":
            asked[element.get("protocol")] = numbers(element.get("services", ""))
        elif element.tag == "host":
            address = element.find("address").get("addr")
            found.setdefault(address, set()).update(settled(element, asked))
    return found


@dataclass(frozen=True)
class Judged:
    """A file, the command that judged it, and its document."""

    path: Path
    done: Any
    document: dict[str, Any]

    def passes(self) -> list[dict[str, Any]]:
        return [row for row in self.document["verdicts"] if row["verdict"] == "pass"]


def judge(office: Any, path: Path, *more: object) -> Judged:
    done = office.run("scan", "judge", path, "--json", *more)
    assert done.code == 0, done.err
    return Judged(path, done, done.document)


def require_borne_out(judged: Judged) -> None:
    """Compare each pass, row by row, with what the file settles."""
    settled_here = covered(judged.path)
    for row in judged.passes():
        endpoints = settled_here.get(row["address"], set())
        if row["port"] is None:
            assert endpoints, row
        else:
            assert (row["protocol"], row["port"]) in endpoints, row


@pytest.fixture(scope="module")
def own(furnished, two_at_a_time, tmp_path_factory) -> dict[str, Judged]:
    office = furnished.copied_to(tmp_path_factory.mktemp("foreign") / "office")
    paths = [office.write(f"{name}.xml", text) for name, (text, _) in OWN.items()]
    return dict(zip(OWN, two_at_a_time(lambda path: judge(office, path), paths), strict=True))


@pytest.mark.parametrize("name", OWN)
def test_scans_of_all_ages_pass_exactly_what_they_looked_at(own, name):
    judged = own[name]
    require_borne_out(judged)
    found = {(row["address"], row["check"], row["port"]) for row in judged.passes()}
    assert found == OWN[name][1]
    assert judged.document["complete"] is (name != "nmap 7, cut")


def test_every_scan_that_others_made_is_judged_and_passes_nothing_unseen(
    furnished, two_at_a_time, shared
):
    paths = sorted((shared / "samples" / "nmap").glob("*.xml"))
    if not paths:
        pytest.skip("no folder ../shared/samples/nmap beside the checkout")
    judged = two_at_a_time(lambda path: judge(furnished, path), paths)
    for one in judged:
        require_borne_out(one)
    assert sum(len(one.passes()) for one in judged) > 50


@pytest.mark.parametrize(
    ("name", "verdict"), [("nmap 7", "inconclusive"), ("nmap 7, cut", "not-tested")]
)
def test_host_that_did_not_come_back_is_never_clean(office, name, verdict):
    scan = office.write("scan.xml", OWN[name][0])
    asked = office.write("asked.txt", f"{FRONT}\n127.83.0.9\n")
    document = judge(office, scan, "--requested", asked).document
    assert document["not_reported"] == ["127.83.0.9"]
    verdicts = {row["verdict"] for row in document["verdicts"] if row["address"] == "127.83.0.9"}
    assert verdicts == {verdict}


def test_hosts_out_of_scope_are_left_out_of_an_imported_scan(office):
    now = int(time.time())
    recent = NMAP_7.replace("1765000000", str(now - 60)).replace("1765000001", str(now - 59))
    inside = office.write("inside.xml", recent.replace(FRONT, office.front))
    take_in = ("scan", "import", "--institution", "hill-office", "--authorisation", "A-1")
    done = office.do(*take_in, inside, "--json").document
    assert done["refused"] == [BACK]
    kept = json.loads(office.ask("select plan from scans")[0][0])
    assert kept["targets"] == [office.front]
    outside = office.run(*take_in, office.write("outside.xml", recent))
    assert (outside.code, outside.err.partition(":")[0]) == (4, "out-of-scope")
