"""Tables of others are read strictly and bit by bit: every fault has its place, nothing is lost."""

import gzip
import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyberposture.errors import InvalidInput
from cyberposture.exchange.intel import json_stream
from cyberposture.exchange.intel.opened import opened
from cyberposture.exchange.intel.rows import Told
from cyberposture.exchange.intel.tables import looks_like_json, read_rows

KEV = {
    "title": "a list",
    "catalogVersion": "2026.11.18",
    "dateReleased": "2026-11-18T10:00:00.0000Z",
    "count": 2,
    "vulnerabilities": [
        {"cveID": f"CVE-2026-000{n}", "vendorProject": "A", "product": "Größe", "dateAdded":
         "2026-01-01", "dueDate": "2026-01-22", "vulnerabilityName": "N", "notes": "ignored"}
        for n in (1, 2)
    ],
}  # fmt: skip
NVD = {
    "resultsPerPage": 1, "startIndex": 0, "totalResults": 1, "format": "NVD_CVE",
    "version": "2.0", "timestamp": "2026-11-18T10:00:00.123",
    "vulnerabilities": [
        {"cve": {"id": "CVE-2026-0001", "vulnStatus": "Analyzed", "descriptions": [],
                 "configurations": [{"operator": "AND", "nodes": [
                     {"operator": "OR", "negate": False, "cpeMatch": [
                         {"vulnerable": True, "matchCriteriaId": "X",
                          "criteria": r"cpe:2.3:a:a\:b:c\+\+:*:*:*:*:*:*:*:*",
                          "versionStartIncluding": "1.0", "versionEndExcluding": "2.0"}]},
                     {"operator": "OR", "cpeMatch": [
                         {"vulnerable": False,
                          "criteria": "cpe:2.3:o:x:y:*:*:*:*:*:*:*:*"}]}]}]}}],
}  # fmt: skip
RPKI = {
    "metadata": {"generated": 1763424000, "generatedTime": "2025-11-18T00:00:00Z"},
    "roas": [{"asn": "AS64500", "prefix": "39.32.0.0/16", "maxLength": 20, "ta": "apnic"}],
}
SUPPORT = {
    "as_of": "2026-11-01",
    "products": [
        {"product": "cpe:/a:apache:http_server", "branch": "2.2", "ends_on": "2018-01-01",
         "source": "the maker's page"}
    ],
}  # fmt: skip


def read(path: Path, kind: Any) -> tuple[list[Any], Told, str]:
    told, is_json = Told(), looks_like_json(path)
    with opened(path) as source:
        rows = list(read_rows(kind, source, told, is_json=is_json))
        digest, _ = source.finish()
    return rows, told, digest


def write(folder: Path, document: Any, name: str = "table") -> Path:
    path = folder / name
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    path.write_bytes(text.encode())
    return path


def faults(folder: Path, document: Any, kind: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(write(folder, document), kind)
    return [str(fault) for fault in caught.value.faults]


def changed(document: Any, path: list[Any], value: Any) -> Any:
    copy = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


@pytest.mark.parametrize("kind", ["kev", "nvd", "rpki", "support"])
def test_a_table_is_read_whole_with_its_date(tmp_path, kind):
    document = {"kev": KEV, "nvd": NVD, "rpki": RPKI, "support": SUPPORT}[kind]
    rows, told, digest = read(write(tmp_path, document), kind)
    assert len(rows) == {"kev": 2}.get(kind, 1)
    assert told.as_of is not None and told.as_of.tzinfo is not None
    assert digest == hashlib.sha256((tmp_path / "table").read_bytes()).hexdigest()


def test_nothing_that_tells_whom_a_flaw_concerns_is_lost(tmp_path):
    ((flaw,), told, _) = read(write(tmp_path, NVD), "nvd")
    (configuration,) = flaw.configurations
    above, below = configuration.nodes
    assert (configuration.operator, told.total) == ("AND", 1)
    (match,) = above.matches
    assert (match.start_including, match.end_excluding, match.end_including) == ("1.0", "2.0", None)
    assert below.matches[0].vulnerable is False


def test_a_packed_table_is_read_as_it_lies_there(tmp_path):
    path = tmp_path / "kev.json.gz"
    path.write_bytes(gzip.compress(json.dumps(KEV).encode()))
    rows, _, digest = read(path, "kev")
    assert len(rows) == 2
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match=r"kev\.json\.gz: its gzip packing"):
        read(path, "kev")


@pytest.mark.parametrize("kind", ["kev", "nvd", "rpki", "support"])
def test_a_table_that_is_cut_anywhere_is_refused_with_its_place(tmp_path, kind):
    document = {"kev": KEV, "nvd": NVD, "rpki": RPKI, "support": SUPPORT}[kind]
    data = json.dumps(document, ensure_ascii=False).encode()
    path = tmp_path / "cut.json"
    for length in {*range(1, len(data), 5), *range(len(data) - 40, len(data))}:
        path.write_bytes(data[:length])
        with pytest.raises(InvalidInput) as caught:
            read(path, kind)
        assert all(fault.where.startswith("cut.json") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("document", "kind", "where"),
    [
        (changed(KEV, ["count"], 3), "kev", "$.count: the file says 3 and holds 2"),
        (changed(KEV, ["count"], "2"), "kev", "$.count"),
        (changed(KEV, ["dateReleased"], None), "kev", "$.dateReleased"),
        (changed(KEV, ["dateReleased"], "soon"), "kev", "$.dateReleased"),
        (changed(KEV, ["vulnerabilities"], None), "kev", "$.vulnerabilities: missing"),
        (changed(KEV, ["vulnerabilities"], {}), "kev", "$.vulnerabilities: not JSON"),
        (changed(KEV, ["vulnerabilities", 1, "cveID"], "CVE-1"), "kev", "[1].cveID"),
        (changed(KEV, ["vulnerabilities", 1, "cveID"], "CVE-2026-0001"), "kev", "[1]: CVE-2026"),
        (changed(KEV, ["vulnerabilities", 0, "dueDate"], "2026-13-01"), "kev", "[0].dueDate"),
        (changed(KEV, ["vulnerabilities", 0, "product"], 7), "kev", "[0].product"),
        (changed(NVD, ["version"], "1.1"), "nvd", "$.version"),
        (changed(NVD, ["format"], None), "nvd", "$.format: missing"),
        (changed(NVD, ["resultsPerPage"], 2), "nvd", "$.resultsPerPage"),
        (changed(NVD, ["vulnerabilities", 0, "cve", "id"], None), "nvd", "[0].cve.id"),
        (
            changed(NVD, ["vulnerabilities", 0, "cve", "configurations", 0, "nodes", 0, "cpeMatch",
                          0, "criteria"], "openssh"),
            "nvd", "[0].cve.configurations[0].nodes[0].cpeMatch[0].criteria",
        ),
        (
            changed(NVD, ["vulnerabilities", 0, "cve", "configurations", 0, "nodes", 0, "cpeMatch",
                          0, "versionUpTo"], "3"),
            "nvd", "cpeMatch[0].versionUpTo",
        ),
        (
            changed(NVD, ["vulnerabilities", 0, "cve", "configurations", 0, "nodes", 0, "operator"],
                    "XOR"),
            "nvd", "nodes[0].operator",
        ),
        (changed(RPKI, ["roas", 0, "maxLength"], 15), "rpki", "roas[0].maxLength"),
        (changed(RPKI, ["roas", 0, "maxLength"], True), "rpki", "roas[0].maxLength"),
        (changed(RPKI, ["roas", 0, "prefix"], "39.32.0.1/16"), "rpki", "roas[0].prefix"),
        (changed(RPKI, ["roas", 0, "asn"], "AS4294967296"), "rpki", "roas[0].asn"),
        (changed(RPKI, ["roas", 0, "asn"], None), "rpki", "roas[0]: missing: asn"),
        (changed(RPKI, ["metadata", "vrps"], 9), "rpki", "the file says 9"),
        (changed(SUPPORT, ["products", 0, "product"], "apache"), "support", "vendor:product"),
        (changed(SUPPORT, ["products", 0, "branch"], "2.x"), "support", "products[0]: branch"),
        (changed(SUPPORT, ["products", 0, "note"], "x"), "support", "products[0].note"),
        (changed(SUPPORT, ["author"], "x"), "support", "$.author"),
    ],
)  # fmt: skip
def test_each_fault_has_its_json_path(tmp_path, document, kind, where):
    assert any(where in fault for fault in faults(tmp_path, document, kind))


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{", "{}", '{"vulnerabilities": [1, 2]}', '{"vulnerabilities": [}', "[" * 100_000,
        '{"vulnerabilities": [' + "[" * 200_000, '{"vulnerabilities": [{"a": NaN}]}',
        '{"count": 1, "count": 1, "vulnerabilities": []}', '{"vulnerabilities": [{"a":1,"a":2}]}',
        '{"vulnerabilities": []} x', '{"vulnerabilities": [],}', '{"vulnerabilities": [{}],,}',
        '{"x" 1, "vulnerabilities": []}', '{"x": 1' + "0" * 6000 + ', "vulnerabilities": []}',
        '{1: 2}', '{"vulnerabilities": [{"a": "\x01"}]}', '{"vulnerabilities": [{"a": "\\q"}]}',
    ],
)  # fmt: skip
def test_hostile_json_is_refused_with_its_place(tmp_path, text):
    for fault in faults(tmp_path, text, "kev"):
        assert fault.startswith("table: ")


def test_text_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "table"
    path.write_bytes(json.dumps(KEV, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read(path, "kev")
    path.write_bytes(b"prefix,asn\n39.32.0.0/16,64500\n\xff,1\n")
    with pytest.raises(InvalidInput, match=r"table:3: not UTF-8"):
        read(path, "origins")


def test_an_item_beyond_any_sense_is_refused_and_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "MAX_ITEM", 3_000_000)
    path = write(tmp_path, '{"vulnerabilities": [{"a": "' + "x" * 30_000_000)
    tracemalloc.start()
    with pytest.raises(InvalidInput, match=r"\[0\]: longer than"):
        read(path, "kev")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25_000_000


def test_a_large_table_is_never_held_as_a_whole(tmp_path):
    path, text = tmp_path / "table", "words " * 800
    with path.open("w") as out:
        out.write('{"resultsPerPage":3000,"format":"NVD_CVE","version":"2.0",'
                  '"timestamp":"2026-11-18T10:00:00","vulnerabilities":[')  # fmt: skip
        for number in range(3_000):
            entry = {"cve": {"id": f"CVE-2026-{10_000 + number}", "descriptions": text}}
            out.write(("," if number else "") + json.dumps(entry))
        out.write("]}")
    assert path.stat().st_size > 14_000_000
    told, count = Told(), 0
    tracemalloc.start()
    with opened(path) as source:
        for _ in read_rows("nvd", source, told, is_json=True):
            count += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 8_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_wherever_the_file_is_torn_between_two_reads_it_reads_alike(tmp_path, pieces):
    class Torn:
        name = "torn"

        def __init__(self, data: bytes) -> None:
            self.data, self.turn = data, 0

        def read(self, _size: int) -> bytes:
            size = pieces[self.turn % len(pieces)]
            self.turn += 1
            taken, self.data = self.data[:size], self.data[size:]
            return taken

    torn = Torn(json.dumps(KEV, ensure_ascii=False).encode())
    items = dict(json_stream.read_stream(torn, "vulnerabilities"))
    assert [items[f"$.vulnerabilities[{n}]"] for n in (0, 1)] == KEV["vulnerabilities"]
    assert items["$.count"] == 2


def test_routinator_and_rpki_client_are_read_alike(tmp_path):
    (one,), _, _ = read(write(tmp_path, RPKI), "rpki")
    other = changed(RPKI, ["roas", 0, "asn"], 64500) | {
        "metadata": {"buildtime": "2025-11-18T00:00:00Z", "vrps": 1}, "aspas": [],
    }  # fmt: skip
    rows, told, _ = read(write(tmp_path, other), "rpki")
    assert rows == [one]
    text = (
        "ASN,IP Prefix,Max Length,Trust Anchor,Expires\nAS64500,39.32.0.0/16,20,apnic,1763424000\n"
    )
    assert read(write(tmp_path, text), "rpki")[0] == [one]
    assert told.as_of is not None and told.as_of.year == 2025


@pytest.mark.parametrize(
    ("kind", "text", "where"),
    [
        ("rpki", "ASN,IP Prefix,Max Length\nAS1,39.32.0.0/16,33\n", "table:2"),
        ("rpki", "ASN,IP Prefix,Max Length\nAS1,39.32.0.0/16\n", "table:2: 2 cells"),
        ("rpki", "ASN,Prefix\n", "table:1: unknown heading"),
        ("origins", "prefix,asn\n39.32.0.0/16,-1\n", "table:2: asn"),
        ("origins", "prefix,prefix\n", "table:1"),
        ("origins", "", "table:1: an empty file"),
        ("origins", "prefix\n", "missing heading: asn"),
        ("origins", 'prefix,asn\n"39.32.0.0/16,1\n', "table:2"),
        ("origins", "prefix,asn\n" + "x" * 200_000 + ",1\n", "table:2"),
        ("locations", "cidr,country,asn\n39.32.0.0/16,Pakistan,1\n", "table:2: country"),
        ("locations", "cidr,country\nnowhere,PK\n", "table:2: cidr"),
        ("support", "product,ends_on,source\na:b,soon,x\n", "table:2.ends_on"),
        ("support", "product,ends_on,source\na:b,2026-01-01,\n", "table:2.source"),
        ("support", "product,branch,ends_on,source\na:b,1,2026-01-01,x\na:b,1,2027-01-01,x\n",
         "table:3: the same branch"),
        ("kev", "a,b\n1,2\n", "comes as JSON"),
        ("origins", "{}", "comes as CSV"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line(tmp_path, kind, text, where):
    assert any(where in fault for fault in faults(tmp_path, text, kind))


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(InvalidInput, match="nothing-here"):
        read(tmp_path / "nothing-here", "kev")
