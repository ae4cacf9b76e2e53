"""Rows and pasted lines of declarations: what they say, what is wrong with them, and where."""

import pytest

from cyberposture.errors import InvalidInput
from cyberposture.exchange.declared_rows import (
    TypedRow,
    assets_of,
    changes_between,
    digest_of,
    read_lines,
    row_of,
)
from cyberposture.model.institutions import Asset, ServicePort

HOST = Asset(
    id="front", kind="host", addresses=("192.0.2.1",), names=("www.hill.example",),
    services=(ServicePort(port=443),), zone="dmz", kept_in=("PK",), title="Front",
)  # fmt: skip
ZONE = Asset(id="dmz", kind="zone")


def faults(call):
    with pytest.raises(InvalidInput) as caught:
        call()
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_pasted_lines_say_what_they_are_or_are_told_by_their_look():
    rows = read_lines(
        "host 192.0.2.1 www.hill.example tcp/443 | Front page\n"
        "\n192.0.2.2, 2001:db8::7\nDOMAIN hill.example\n@hill.example s1 s2\n192.0.2.0/24\n"
    )
    found = {asset.id: asset for asset in assets_of(rows, ())}
    assert found["host-192-0-2-1"].names == ("www.hill.example",)
    assert found["host-192-0-2-1"].services == (ServicePort(port=443),)
    assert found["host-192-0-2-1"].title == "Front page"
    assert found["host-192-0-2-2"].addresses == ("192.0.2.2", "2001:db8::7")
    assert found["domain-hill-example"].names == ("hill.example",)
    assert found["mail-domain-hill-example"].selectors == ("s1", "s2")
    assert found["prefix-192-0-2-0-24"].prefixes == ("192.0.2.0/24",)


def test_each_line_that_cannot_be_read_has_its_fault():
    said = faults(lambda: read_lines("host 192.0.2.1\nwww.hill.example\nhill\n@"))
    assert [where for where, _ in said] == ["line 2", "line 3", "line 4"]
    rows = read_lines("host 192.0.2.256\nhost 192.0.2.1 tcp/99999\n192.0.2.1/24")
    said = faults(lambda: assets_of(rows, ()))
    assert [where for where, _ in said] == ["line 1", "line 2", "line 3"]
    assert not any("column" in what for _, what in said)


def test_too_many_lines_are_refused():
    assert faults(lambda: read_lines("192.0.2.1\n" * 501))[0][0] == "line 501"


def test_what_a_row_cannot_say_stays_as_it_was():
    row = row_of(HOST, "row 1")
    assert (row.what, row.details) == ("192.0.2.1 www.hill.example", "tcp/443")
    assert assets_of([row, row_of(ZONE)], [HOST, ZONE]) == (HOST, ZONE)
    moved = TypedRow("row 1", "front", "host", "192.0.2.9", "tcp/443 udp/53", "Front")
    (now, _) = assets_of([moved, row_of(ZONE)], [HOST, ZONE])
    assert (now.addresses, now.names) == (("192.0.2.9",), ())
    assert (now.zone, now.kept_in) == ("dmz", ("PK",))


def test_what_stands_there_already_is_not_declared_twice():
    rows = [row_of(HOST, "row 1"), *read_lines("host 192.0.2.1 www.hill.example"),
            TypedRow("row 2", "", "host")]  # fmt: skip
    bare = HOST.model_copy(update={"zone": None})
    assert [one.id for one in assets_of(rows, [bare])] == ["front"]


def test_two_new_things_never_share_an_id():
    rows = [TypedRow("row 1", "", "supplier", title="Ämter"),
            TypedRow("row 2", "", "supplier", title="…"),
            TypedRow("row 3", "", "supplier", title="!")]  # fmt: skip
    ids = [one.id for one in assets_of(rows, ())]
    assert len(set(ids)) == 3


def test_a_row_that_says_too_little_has_its_fault_and_an_empty_one_has_none():
    rows = [TypedRow("row 4", "", "host", title="nothing"), TypedRow("row 5", "", "domain"),
            TypedRow("row 6", "x", "prefix"), TypedRow("row 7", "", "host")]  # fmt: skip
    assert [where for where, _ in faults(lambda: assets_of(rows, ()))] == ["row 4", "row 6"]


def test_difference_tells_before_and_after_and_its_digest_follows_it():
    other = HOST.model_copy(update={"title": "Entrance"})
    found = changes_between([HOST, ZONE], [other])
    assert [(one.id, one.before is None, one.after is None) for one in found] == [
        ("dmz", False, True), ("front", False, False),
    ]  # fmt: skip
    assert found[1].after.title == "Entrance"
    assert changes_between([HOST], [HOST]) == []
    assert digest_of([HOST, ZONE]) == digest_of([ZONE, HOST]) != digest_of([other, ZONE])
