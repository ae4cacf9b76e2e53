"""All workers together keep to the rates: what would be too much waits, and others go first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.model.plans import Plan
from cyberposture.services.scans.politeness import find_polite, packets_of
from cyberposture.store import chunks, scans, turns
from cyberposture.store.chunks import NewChunk, Wanted

ENGINES = ("sqlite", "postgresql")
HOST, NEIGHBOUR, FAR = "127.61.0.1", "127.61.0.2", "127.61.9.1"


def queue(office, *plans: dict) -> list:
    """Queue chunks of one scan of one institution."""
    code = f"office-{len(office.entries())}-{id(plans) % 997}"
    office.institution(code)
    with office.register.change("scan-planned", code) as change:
        change.institution_id = office.id_of(code)
        scan = scans.insert_scan(
            change.connection, change.institution_id, change.by, kind="manual",
            vantage="external", authorisations=[], plan={}, checks_digest="c" * 64, scanner="test",
        )  # fmt: skip
        new = [NewChunk(plan=plan, targets=tuple(plan["targets"])) for plan in plans]
        return chunks.insert_chunks(change.connection, scan.id, new, change.by)


def plan(*targets: str, technique: str = "service-versions", ports: int = 2) -> dict:
    return Plan(
        job="job-1", technique=technique, protocol="tcp", targets=targets,
        ports=tuple(range(1, ports + 1)), load=3, name=None, expected_s=60,
    ).model_dump(mode="json")  # fmt: skip


@pytest.fixture
def gentle(scanner):
    """The scanner at the default rate."""
    return replace(scanner, rate_pps=5)


def take(office, scanner):
    """Take the next chunk that politeness allows, and have it run."""
    with office.register.database.transaction() as connection:
        now = office.clock()
        found = find_polite(connection, scanner, at=now, wanted=Wanted())
        if found is not None:
            taken = chunks.take_chunk(
                connection, "a-worker", at=now, lease_s=60, wanted=Wanted(chunk_id=found)
            )
            assert taken is not None
            chunks.finish_chunk(connection, taken, "done", at=now)
        return found


def test_second_chunk_to_an_address_waits_and_another_goes_first(office, gentle):
    first, second, other = queue(office, plan(HOST), plan(HOST), plan(NEIGHBOUR))
    assert take(office, gentle) == first
    assert take(office, gentle) == other
    assert take(office, gentle) is None
    with office.register.reading() as connection:
        waits = chunks.get_chunk(connection, second)
    # 80 packets, and a bucket of 50 that must be full again, at 5 a second.
    assert timedelta(seconds=15) < waits.not_before - office.clock() < timedelta(seconds=17)
    assert waits.attempts == 0
    office.clock.forward(seconds=15)
    assert take(office, gentle) is None
    office.clock.forward(seconds=2)
    assert take(office, gentle) == second


def test_what_one_institution_sends_counts_for_an_address_of_both(office, gentle):
    (mine,) = queue(office, plan(HOST))
    (theirs,) = queue(office, plan(HOST))
    assert take(office, gentle) == mine
    assert take(office, gentle) is None
    office.clock.forward(seconds=17)
    assert take(office, gentle) == theirs


def test_network_bears_sixteen_addresses_at_once_and_no_more(office, gentle):
    hosts = [f"127.61.0.{n}" for n in range(1, 21)]
    sent = queue(office, *(plan(host, technique="tcp-ports", ports=50) for host in hosts))
    taken = [take(office, gentle) for _ in range(17)]
    assert taken[:16] == sent[:16]
    assert taken[16] is None
    (elsewhere,) = queue(office, plan(FAR, technique="tcp-ports", ports=50))
    assert take(office, gentle) == elsewhere
    office.clock.forward(seconds=2)
    assert take(office, gentle) in sent[16:]


def test_port_scan_empties_the_bucket_and_no_more_for_nmap_keeps_to_the_rate(office, gentle):
    whole = plan(HOST, technique="tcp-ports") | {"ports": None}
    first, second = queue(office, whole, plan(HOST, technique="tcp-ports", ports=50))
    assert take(office, gentle) == first
    assert take(office, gentle) is None
    office.clock.forward(seconds=60)
    assert take(office, gentle) is None
    office.clock.forward(hours=1)
    assert take(office, gentle) == second


def test_what_is_no_plan_costs_nothing_and_holds_nobody_up(office, gentle):
    spoilt = {"targets": [HOST]}
    sent = queue(office, spoilt, {**plan(HOST), "technique": "no-such"}, plan(HOST))
    assert [take(office, gentle) for _ in sent] == sent


def test_buckets_are_rows_and_outlive_the_process(office, gentle):
    (first,) = queue(office, plan(HOST))
    assert take(office, gentle) == first
    with office.register.database.transaction() as connection:
        full = turns.lock_buckets(connection, [f"address:{HOST}"], at=office.clock())
    left = full[f"address:{HOST}"] - office.clock()
    assert timedelta(seconds=15) < left < timedelta(seconds=17)


@pytest.mark.parametrize(
    ("technique", "ports", "packets"),
    [("tcp-ports", 100, 100), ("http-exchange", 1, 12), ("service-versions", 3, 120)],
)
def test_packets_are_foreseen_by_technique(technique, ports, packets):
    made = Plan.model_validate(plan(HOST, technique=technique, ports=ports))
    assert packets_of(made) == packets
    assert packets_of(made.model_copy(update={"ports": None})) > packets
