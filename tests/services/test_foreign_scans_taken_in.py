"""A scan that others made comes in under a letter of its time, without the hosts outside of it."""

import hashlib
import re
from datetime import datetime, timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.observations import Fact
from cyberposture.services import files
from cyberposture.services.proof import audit
from cyberposture.services.scans import taking_in as scan_import
from cyberposture.services.scans import views as scan_views
from cyberposture.store.facts import list_facts

IN, OUT = "127.59.7.1", "127.59.8.1"
HOST = """<host starttime="{time}" endtime="{time}"><status state="up" reason="user-set"/>
<address addr="{address}" addrtype="ipv4"/><hostnames><hostname name="h-{address}"/></hostnames>
<ports><extraports state="closed" count="2"/>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port></ports></host>
"""
FILE = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -sT -p 21-23" {start} version="7.94">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
<hosthint><status state="up"/><address addr="{hint}" addrtype="ipv4"/></hosthint>
{hosts}<postscript><script id="x" output="seen {hint}"/></postscript>
<runstats><finished {end} exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""


def made(at: datetime | None, *addresses: str) -> str:
    """Return a file of others about these addresses, made at this moment."""
    when = int(at.timestamp()) if at is not None else None
    hosts = "".join(HOST.format(address=one, time=when) for one in addresses)
    return FILE.format(
        hosts=re.sub(r' (start|end)time="None"', "", hosts),
        hint=addresses[-1],
        start="" if when is None else f'start="{when}"',
        end="" if when is None else f'time="{when}"',
    )


def seen_in(office, record) -> list[Fact]:
    """Return what a file itself says, without what the register knows besides."""
    with office.register.reading() as connection:
        facts = [kept.fact for kept in list_facts(connection, scan_id=record.id)]
    return [fact for fact in facts if fact.technique == scan_import.TECHNIQUE]


@pytest.fixture
def letter(office) -> str:
    """A letter that allows one network, from yesterday on."""
    office.institution()
    office.declare("hill-office", IN)
    return office.authorise("hill-office", "127.59.7.0/24")


@pytest.fixture
def take_in(office, letter):
    """Take a file in under the letter."""

    def run(text: str, **options):
        path = office.write("foreign.xml", text)
        return scan_import.import_scan(office.register, path, "hill-office", letter, **options)

    return run


def test_host_outside_is_refused_by_name_and_nothing_else_of_it_is_kept(office, take_in):
    text = made(office.clock() - timedelta(hours=1), IN, OUT)
    record, refused = take_in(text)
    assert refused == [OUT]
    facts = seen_in(office, record)
    assert {fact.address for fact in facts} == {IN}
    raw = office.folder / "raw.xml"
    (artefact,) = {fact.artefact for fact in facts}
    files.write_file(office.register, "hill-office", artefact, raw)
    kept = raw.read_bytes()
    assert hashlib.sha256(kept).hexdigest() == artefact == record.plan["artefact_sha256"]
    assert IN.encode() in kept
    assert OUT.encode() not in kept
    (entry,) = audit.read_entries(office.register, kind="scan-imported")
    assert entry.data["file_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert entry.data["refused"] == [OUT]
    assert record.plan["refused"] == [{"target": OUT, "port": None, "reason": "special-range"}]


def test_file_whose_hosts_all_lie_inside_is_kept_as_it_came(office, take_in):
    text = made(office.clock() - timedelta(hours=1), IN)
    record, _ = take_in(text)
    assert record.plan["artefact_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_times_of_the_file_count(office, take_in):
    moment = (office.clock() - timedelta(hours=1)).replace(microsecond=0)
    record, _ = take_in(made(moment, IN))
    (fact,) = seen_in(office, record)
    assert (fact.started_at, fact.ended_at) == (moment, moment)


@pytest.mark.parametrize(
    ("hours", "reason"), [(-48, "not-yet-valid"), (24 * 400, "expired")], ids=["before", "after"]
)
def test_file_from_another_time_than_its_letter_is_refused(office, take_in, hours, reason):
    moment = office.clock() + timedelta(hours=hours)
    office.clock.forward(days=500)
    with pytest.raises(NotAuthorised) as refusal:
        take_in(made(moment, IN))
    assert refusal.value.reason == reason
    assert scan_views.list_scans(office.register) == []


def test_file_counts_that_was_made_before_its_letter_ended(office, take_in, letter):
    moment = office.clock() - timedelta(hours=1)
    office.clock.forward(days=1)
    office.withdraw(letter)
    office.clock.forward(days=400)
    assert take_in(made(moment, IN))[0].state == "done"


def test_file_that_was_made_after_the_withdrawal_is_refused(office, take_in, letter):
    office.withdraw(letter)
    office.clock.forward(hours=2)
    with pytest.raises(NotAuthorised, match="withdrawn"):
        take_in(made(office.clock() - timedelta(hours=1), IN))


def test_file_is_taken_in_once(office, take_in):
    text = made(office.clock() - timedelta(hours=1), IN, OUT)
    record, _ = take_in(text)
    with office.refuses(WrongState, record.code):
        take_in(text)


def test_file_that_does_not_say_when_it_was_made_is_refused(office, take_in):
    with office.refuses(InvalidInput, "does not say when"):
        take_in(made(None, IN))


def test_letter_of_another_institution_is_none(office, take_in, letter):
    office.institution("dale-office")
    path = office.write("foreign.xml", made(office.clock() - timedelta(hours=1), IN))
    with office.refuses(NotFound):
        scan_import.import_scan(office.register, path, "dale-office", letter)


def test_letter_that_names_ports_covers_a_file_that_asked_for_no_others(office):
    office.institution()
    office.declare("hill-office", IN)
    for ports, is_covered in (([21, 22, 23, 80], True), ([22], False)):
        entry = {"cidr": f"127.59.{len(ports)}.0/24", "ports": ports, "special_allowed": True}
        reference = office.authorise("hill-office", entry)
        address = f"127.59.{len(ports)}.9"
        path = office.write("some.xml", made(office.clock() - timedelta(hours=1), address))
        if is_covered:
            scan_import.import_scan(office.register, path, "hill-office", reference)
        else:
            with pytest.raises(NotAuthorised, match="port-not-allowed"):
                scan_import.import_scan(office.register, path, "hill-office", reference)


def test_file_that_was_cut_off_keeps_nothing_of_a_host_that_is_refused(office, take_in):
    text = made(office.clock() - timedelta(hours=1), IN, OUT)
    cut = text[: text.rindex("</ports>")]
    record, refused = take_in(cut + "<port")
    raw = office.folder / "raw.xml"
    files.write_file(office.register, "hill-office", record.plan["artefact_sha256"], raw)
    assert OUT.encode() not in raw.read_bytes()
    assert refused in ([], [OUT])
