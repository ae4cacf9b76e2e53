"""No bytes make the parser crash, lie, fetch, or swell; what is not nmap XML is refused."""

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyberposture.errors import InvalidInput
from cyberposture.scanning.reading.nmap_xml import HostStream
from cyberposture.scanning.reading.parse import ParsedScan, parse

SAMPLES = [
    "1_host_ping.xml",
    "1_hosts.xml",
    "all_excluded.xml",
    "discovery_only.xml",
    "duplicate_target.xml",
    "extra_ports.xml",
    "full_sudo5.xml",
    "fullscan.xml",
    "mixed_family_v4_dropped.xml",
    "resumed_3_of_3.xml",
    "timedout_no_ports.xml",
    "truncated_1_of_3.xml",
    "unresolved_name.xml",
]
HOST = (
    b'<host><status state="up"/><address addr="127.0.0.%d" addrtype="ipv4"/><ports>'
    b'<extraports state="closed" count="98"><extrareasons reason="resets" count="98"/></extraports>'
    b'<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/>'
    b'<service name="ssh" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh</cpe></service>'
    b'<script id="ssh-hostkey" output="2048 aa"><table><elem key="bits">2048</elem></table>'
    b'</script></port><port protocol="tcp" portid="80"><state state="filtered"/></port>'
    b"</ports></host>\n"
)
WHOLE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n'
    b'<nmaprun scanner="nmap" args="nmap" start="1795322156" version="7.93">\n'
    b'<scaninfo type="connect" protocol="tcp" numservices="100" services="1-100"/>\n'
    + b"".join(HOST % number for number in (1, 2, 3))
    + b'<runstats><finished time="1795322160" exit="success"/>'
    b'<hosts up="3" down="0" total="3"/></runstats>\n</nmaprun>\n'
)


def read(data: bytes) -> ParsedScan:
    return parse(io.BytesIO(data))


def refusal_of(data: bytes) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read(data)
    return str(refusal.value)


def cuts(length: int) -> list[int]:
    """Return where to cut: everywhere in small files, else near both ends and now and then."""
    near = {*range(min(length, 900)), *range(max(0, length - 40), length)}
    return sorted(near | set(range(0, length, 1 if length < 2_500 else 499)))


def assert_prefixes_are_honest(data: bytes) -> None:
    whole = {host.address: host for host in read(data).hosts}
    for cut in cuts(len(data)):
        prefix = data[:cut]
        try:
            scan = read(prefix)
        except InvalidInput:
            assert b"<nmaprun" not in prefix or b">" not in prefix.split(b"<nmaprun", 1)[1]
            continue
        assert scan.complete == (b"</nmaprun>" in prefix), cut
        assert scan.complete or scan.warnings
        assert {host.address for host in scan.hosts} <= set(whole)
        assert len(scan.hosts) <= prefix.count(b"</host>")


def test_every_beginning_of_a_file_is_read_as_far_as_it_goes():
    assert_prefixes_are_honest(WHOLE)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_beginning_of_a_recorded_file_is_read_as_far_as_it_goes(name, shared):
    assert_prefixes_are_honest((shared / "samples" / "nmap" / name).read_bytes())


def test_a_host_that_is_cut_in_the_middle_is_not_reported():
    end_of_second = WHOLE.index(b"</host>", WHOLE.index(b"</host>") + 1)
    scan = read(WHOLE[: end_of_second + len(b"</hos")])
    assert [host.address for host in scan.hosts] == ["127.0.0.1"]
    assert not scan.complete
    assert scan.warnings == ("input:6: the file is cut here, before its end",)


def test_a_file_that_is_damaged_in_the_middle_counts_up_to_there():
    scan = read(WHOLE.replace(b'"127.0.0.3"', b'"127.0.0.3'))
    assert [host.address for host in scan.hosts] == ["127.0.0.1", "127.0.0.2"]
    assert not scan.complete
    assert "input:7: the file is damaged here" in scan.warnings[0]


@pytest.mark.parametrize("tail", [b"\0\0\0\0", WHOLE, b"<nmaprun/>", b"garbage", b"<!-- x"])
def test_a_file_that_goes_on_after_its_end_does_not_end_properly(tail):
    scan = read(WHOLE + tail)
    assert len(scan.hosts) == 3
    assert not scan.complete


@pytest.mark.parametrize("tail", [b"", b"\n\n", b"<!-- bye -->", b"<?bye?>"])
def test_blanks_and_comments_after_the_end_do_no_harm(tail):
    assert read(WHOLE + tail).complete


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"\n\n<nmaprun", 3),
        (b"   \n\n", 3),
        (b"Starting Nmap 7.93\n22/tcp open ssh\n", 1),
        (b"\x1f\x8b\x08\x00 a gzip file", 1),
        (b"\x00" * 100, 1),
        (b"\xff\xfe\xfd", 1),
        (b'{"complete": true}', 1),
        (b"<?xml version='1.0'?>\n\n<html><host/></html>", 1),
        (b"<?xml version='1.0'?>\n<!-- only a comment -->\n", 3),
        (b"<nmaprun", 1),
        (b"<NMAPRUN/>", 1),
        (b"<x:nmaprun/>", 1),
        (b"<?xml version='1.0' encoding='utf-7'?><nmaprun/>", 1),
        (b"<?xml version='1.0' encoding='no-such'?><nmaprun/>", 1),
    ],
)
def test_what_is_not_nmap_xml_is_refused_with_its_line(data, line):
    assert refusal_of(data).startswith(f"input:{line}: ")


def test_a_refusal_names_the_file(tmp_path):
    path = tmp_path / "notes.xml"
    path.write_text("<notes>\n</notes>\n")
    with pytest.raises(InvalidInput) as refusal:
        parse(path)
    assert refusal.value.faults[0].where == f"{path}:1"
    assert "<notes>" in refusal.value.faults[0].what


def test_utf_16_is_refused_where_the_file_says_utf_8():
    assert "input:1" in refusal_of(WHOLE.decode().encode("utf-16"))


LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">\n' % (number, b"&l%d;" % (number - 1) * 10) for number in range(1, 10)
)


@pytest.mark.parametrize(
    "declaration",
    [
        b'[<!ENTITY l0 "ha">\n' + LAUGHS + b"]",
        b'[<!ENTITY word "x">]',
        b'[<!ENTITY file SYSTEM "file:///etc/hostname">]',
        b'[<!ENTITY page SYSTEM "http://127.0.0.1:9/x">]',
        b'[<!ENTITY % all SYSTEM "http://127.0.0.1:9/x.dtd"> %all;]',
        b'[<!ATTLIST host timedout CDATA "true">]',
        b"[<!ELEMENT nmaprun ANY>]",
        b'SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY a "b">]',
        b"[]",
    ],
)
def test_declarations_are_refused_at_their_line(declaration):
    data = WHOLE.replace(b"<!DOCTYPE nmaprun>", b"<!DOCTYPE nmaprun " + declaration + b">")
    assert "input:2: the document type declares" in refusal_of(data)


def test_declarations_are_refused_behind_a_long_comment():
    comment = b"<!-- " + b"x" * 100_000 + b" -->\n"
    data = WHOLE.replace(b"<!DOCTYPE nmaprun>", comment + b'<!DOCTYPE nmaprun [<!ENTITY a "b">]>')
    assert "input:3: the document type declares" in refusal_of(data)


@pytest.mark.parametrize("kind", [b"SYSTEM", b'PUBLIC "-//nmap//DTD"'])
def test_a_document_type_that_names_a_file_elsewhere_is_read_without_fetching_it(kind):
    named = b"<!DOCTYPE nmaprun " + kind + b' "http://127.0.0.1:9/nmap.dtd">'
    assert len(read(WHOLE.replace(b"<!DOCTYPE nmaprun>", named)).hosts) == 3


def test_an_entity_that_nobody_declared_ends_the_reading():
    scan = read(WHOLE.replace(b"2048 aa", b"&lol;", 1))
    assert scan.hosts == ()
    assert not scan.complete


def test_nesting_up_to_64_elements_is_read():
    nest = b"<a>" * 62 + b"</a>" * 62
    assert len(read(WHOLE.replace(b"<host>", b"<host>" + nest, 1)).hosts) == 3


@pytest.mark.parametrize("depth", [63, 1_000, 1_000_000])
def test_nesting_deeper_than_64_elements_is_refused(depth):
    nest = b"<a>" * depth + b"</a>" * depth
    assert "nested deeper than 64" in refusal_of(WHOLE.replace(b"<host>", b"<host>" + nest, 1))


def test_nested_script_tables_up_to_the_limit_are_read():
    nest = b"<table>" * 56 + b"</table>" * 56
    scan = read(WHOLE.replace(b"<table>", nest + b"<table>", 1))
    assert scan.hosts[0].ports[0].scripts[0].tables[0] is not None


TEN_MB = 10 * 1024 * 1024


@pytest.mark.parametrize(
    "big",
    [
        b'<host comment="' + b"x" * TEN_MB + b'">',
        b"<host><!--" + b"x" * TEN_MB + b"-->",
        b"<host><?pi " + b"x" * TEN_MB + b"?>",
        b"<host>" + b"x" * TEN_MB,
        b"<host><" + b"x" * TEN_MB + b"/>",
    ],
    ids=["attribute", "comment", "instruction", "text", "name"],
)
def test_a_single_piece_of_ten_megabytes_is_refused(big):
    assert "longer than 4194304 bytes" in refusal_of(WHOLE.replace(b"<host>", big, 1))


def test_a_long_script_output_is_read():
    scan = read(WHOLE.replace(b"2048 aa", b"y" * 1_000_000, 1))
    assert len(scan.hosts[0].ports[0].scripts[0].output) == 1_000_000


def test_a_host_without_end_is_refused():
    class Endless(io.RawIOBase):
        """Gives the beginning of a file and then the same elements for ever."""

        def __init__(self) -> None:
            self.parts = iter([WHOLE.split(b"</ports>")[0]])

        def read(self, _size: int = -1) -> bytes:
            return next(self.parts, b"<a/>" * 4_000)

    with pytest.raises(InvalidInput, match="larger than any real one"):
        parse(Endless())


def test_wrong_utf_8_ends_the_reading_at_its_line():
    scan = read(WHOLE.replace(b"2048 aa", b"\xff\xfe\xc3\x28", 1))
    assert scan.hosts == ()
    assert "input:5: the file is damaged here" in scan.warnings[0]


def test_a_nul_ends_the_reading_at_its_line():
    scan = read(WHOLE.replace(b'"127.0.0.2"', b'"127.0\0.0.2"'))
    assert [host.address for host in scan.hosts] == ["127.0.0.1"]
    assert "input:6: the file is damaged here" in scan.warnings[0]


def test_text_beyond_ascii_is_kept():
    scan = read(WHOLE.replace(b"2048 aa", "قراقرم \u2603".encode(), 1))
    assert scan.hosts[0].ports[0].scripts[0].output == "قراقرم \u2603"


def test_absurd_numbers_are_taken_for_none():
    data = WHOLE.replace(b'"1795322156"', b'"' + b"9" * 5_000 + b'"').replace(b'"98"', b'"-1"')
    scan = read(data.replace(b"<host>", b'<host starttime="1e9" endtime="253402300800">'))
    assert scan.started_at is None
    assert scan.hosts[0].started_at is None
    assert scan.hosts[0].ended_at is None
    assert scan.hosts[0].extra == ()


def test_a_file_may_be_far_larger_than_any_single_piece_of_it():
    foot = WHOLE[WHOLE.rindex(b"</host>") + len(b"</host>") :]
    noise = b'<taskprogress task="Connect Scan" percent="1.00"/>\n' * 100_000
    scan = read(WHOLE.removesuffix(foot) + noise + foot)
    assert len(noise) > 4 * 1024 * 1024
    assert (len(scan.hosts), scan.complete) == (3, True)


class Many(io.RawIOBase):
    """A file of many hosts that is made while it is read."""

    def __init__(self, hosts: int) -> None:
        head, _, rest = WHOLE.partition(b"<host>")
        foot = rest.rpartition(b"</host>")[2]
        ports = b"".join(
            b'<port protocol="tcp" portid="%d"><state state="open"/></port>' % port
            for port in range(1, 11)
        )
        host = b'<host><address addr="10.%d.%d.%d"/><ports>' + ports + b"</ports></host>\n"
        numbers = ((number >> 16, number >> 8 & 255, number & 255) for number in range(hosts))
        self.parts = iter([head, *(host % number for number in numbers), foot])

    def read(self, _size: int = -1) -> bytes:
        return next(self.parts, b"")


def peak_of(hosts: int) -> int:
    """Return the most bytes that were held while streaming so many hosts."""
    source = Many(hosts)
    tracemalloc.start()
    try:
        assert sum(1 for _ in HostStream(source)) == hosts
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_hosts():
    peak_of(10)
    assert peak_of(1_000) < peak_of(100) + 100_000


def mutate(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, replacement in changes:
        start = place % (len(data) + 1)
        data = data[:start] + replacement + data[start + length :]
    return data


PIECES = st.sampled_from(
    [
        b"<",
        b">",
        b"/>",
        b"</host>",
        b"<host>",
        b"<ports>",
        b"</nmaprun>",
        b"&",
        b'"',
        b"\0",
        b"\xff",
    ]
) | st.binary(max_size=6)
CHANGES = st.lists(
    st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), PIECES), min_size=1, max_size=6
)


@settings(max_examples=200, deadline=None)
@given(CHANGES)
def test_mutated_bytes_give_a_scan_or_a_refusal(changes):
    data = mutate(WHOLE, changes)
    try:
        scan = read(data)
    except InvalidInput as refusal:
        assert refusal.faults[0].where.startswith("input:")
    else:
        assert scan.complete == (not any("the file is" in text for text in scan.warnings))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_the_root_give_a_scan(data):
    assert isinstance(read(b"<nmaprun>" + data), ParsedScan)


def test_a_path_and_a_stream_give_the_same(tmp_path):
    path = tmp_path / "scan.xml"
    path.write_bytes(WHOLE)
    assert parse(path) == parse(str(path)) == read(WHOLE)
    assert isinstance(path, Path)
