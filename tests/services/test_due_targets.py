"""What is declared is looked at again and again: who is due, why, and whose turn comes."""

from datetime import timedelta

import pytest

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.model.gate import Window
from cyberposture.services.assessments import rounds
from cyberposture.services.permission import stop
from cyberposture.services.scans import draining, due_views, turns
from cyberposture.services.schedule import calendar, schedules
from cyberposture.store import due as store

ENGINES = ("sqlite", "postgresql")
HOST, OTHER = "127.59.0.1", "127.59.0.2"
TELNET = {"rest": "closed", "services": {"23": "telnet"}}
CLEAN = {"rest": "closed", "ports": {"443": "open"}}
SILENT = {"outcome": "timed-out"}
DAY = timedelta(days=1)


def targets(office, code: str) -> dict[str, store.DueTarget]:
    with office.register.reading() as connection:
        found = store.list_targets(connection, institution_id=office.id_of(code))
    return {one.target: one for one in found}


def target(office, code: str, address: str = HOST) -> store.DueTarget:
    return targets(office, code)[address]


def office_with(office, code: str, *hosts: str, letter: bool = True) -> str:
    office.institution(code)
    office.declare(code, *hosts)
    if letter:
        office.authorise(code, *(f"{host}/32" for host in hosts))
    return code


def chosen(office, scanner, most: int = 9) -> dict[str, tuple[str, ...]]:
    return {one.institution: one.addresses for one in turns.choose(office.register, scanner, most)}


def test_declared_targets_enter_and_vanished_ones_leave(office):
    code = office_with(office, "hill-office", HOST, OTHER)
    first = target(office, code)
    assert office.clock() - timedelta(seconds=9) < first.due_at < office.clock() + DAY
    office.clock.forward(days=3)
    office.declare(code, HOST, "127.59.0.3")
    assert set(targets(office, code)) == {HOST, "127.59.0.3"}
    assert target(office, code) == first


def test_worse_finding_jumps_and_mended_one_decays_step_by_step(office):
    code = office_with(office, "hill-office", HOST)
    office.look(code, HOST, **CLEAN)
    calm = target(office, code)
    assert (calm.priority, calm.cycle, calm.why) == (400, 1, "the last look was clean")
    office.look(code, HOST, **TELNET)
    alarmed = target(office, code)
    assert alarmed.priority < 300
    assert "severity" in alarmed.why
    office.look(code, HOST, **CLEAN)
    mended = target(office, code)
    assert mended.priority == alarmed.priority + 100
    assert mended.looked_at < mended.due_at


def test_evidence_is_never_left_to_grow_too_old(office):
    code = office_with(office, "hill-office", HOST)
    for _ in range(4):
        office.look(code, HOST, **CLEAN)
    calmest = target(office, code)
    age = office.register.content.catalogue.clocks(("government",), office.clock().date())
    left = timedelta(days=age.observation_age_days) - (calmest.due_at - calmest.looked_at)
    assert left >= 7 * DAY
    assert calmest.priority > 400


def test_inconclusive_look_keeps_its_place_and_is_retried(office):
    code = office_with(office, "hill-office", HOST)
    for attempt, hours in ((1, 1), (2, 4), (3, 16)):
        office.look(code, HOST, **SILENT)
        silent = target(office, code)
        assert (silent.priority, silent.attempts, silent.cycle) == (300, attempt, 0)
        assert abs(silent.due_at - office.clock() - timedelta(hours=hours)) < timedelta(minutes=1)
    office.look(code, HOST, **SILENT)
    given_up = target(office, code)
    assert (given_up.priority, given_up.attempts, given_up.cycle) == (300, 0, 1)
    assert given_up.looked_at is None


def test_known_exploited_product_is_due_within_12_hours(office):
    code = office_with(office, "hill-office", HOST)
    facts = office.seen(HOST, **CLEAN)
    told = {"told": {"known-exploited": True}}
    office.judge(code, [facts[0].model_copy(update=told), *facts[1:]])
    exploited = target(office, code)
    assert exploited.priority == 0
    assert exploited.due_at - office.clock() <= timedelta(hours=12)


def test_host_that_is_in_no_schedule_stays_out_of_it(office):
    code = office_with(office, "hill-office", HOST)
    office.look(code, OTHER, **TELNET)
    assert set(targets(office, code)) == {HOST}


def test_turns_go_round_and_what_is_held_is_not_given_twice(office, scanner):
    large = office_with(office, "large-office", *(f"127.59.1.{n}" for n in range(1, 41)))
    small = office_with(office, "small-office", "127.59.2.1", "127.59.2.2")
    assert chosen(office, scanner) == {}
    office.clock.forward(days=1)
    first = chosen(office, scanner)
    assert len(first[large]) == turns.BATCH
    assert set(first[small]) == {"127.59.2.1", "127.59.2.2"}
    second = chosen(office, scanner)
    assert set(second) == {large}
    assert not set(second[large]) & set(first[large])
    assert len(chosen(office, scanner)[large]) == 40 - 2 * turns.BATCH
    assert chosen(office, scanner) == {}


def test_targets_of_a_process_that_died_are_free_again(office, scanner):
    code = office_with(office, "hill-office", HOST)
    office.clock.forward(days=1)
    assert chosen(office, scanner) == {code: (HOST,)}
    assert chosen(office, scanner) == {}
    office.clock.forward(hours=3)
    assert chosen(office, scanner) == {code: (HOST,)}


def test_who_may_not_be_scanned_now_is_passed_over_with_the_reason(office, scanner):
    without = office_with(office, "no-letter", "127.59.3.1", letter=False)
    closed = office_with(office, "night-office", "127.59.3.2")
    night = Window(weekdays=tuple(range(7)), start="22:00", length_s=4 * 3600, zone="UTC")
    calendar.add_window(office.register, closed, night)
    shut = office_with(office, "shut-office", "127.59.3.3")
    stopped = office_with(office, "stopped-office", "127.59.3.4")
    office.clock.forward(days=1)
    now = office.clock()
    calendar.add_blackout(office.register, "Festival", now - DAY, now + DAY, shut)
    stop.stop(office.register, institution=stopped)
    assert chosen(office, scanner) == {}
    shown = {
        code: due_views.show_institution(office.register, scanner, code)
        for code in (without, closed, shut, stopped)
    }
    assert {one.keeps_from for one in shown.values()} == {
        "no authorisation is in force", "stopped", "outside its windows, or in a blackout",
    }  # fmt: skip
    assert to_iso(shown[closed].not_before)[11:16] == "22:00"
    assert not any(one.may_start for one in shown.values())
    office.clock.forward(hours=10)
    assert chosen(office, scanner) == {closed: ("127.59.3.2",)}


def test_batch_is_cut_to_what_is_left_of_the_window(office, scanner):
    code = office_with(office, "hill-office", *(f"127.59.4.{n}" for n in range(1, 31)))
    needed = turns.estimate(office.register, scanner)
    start = office.clock() + DAY
    window = Window(weekdays=tuple(range(7)), start=f"{start:%H:%M}",
                    length_s=needed.seconds(5) + 120, zone="UTC")  # fmt: skip
    calendar.add_window(office.register, code, window)
    office.clock.forward(days=1)
    (addresses,) = chosen(office, scanner).values()
    assert 5 <= len(addresses) < turns.BATCH


def test_deadline_of_a_round_pulls_ahead_what_would_be_stale(office, scanner):
    code = office_with(office, "hill-office", HOST, OTHER)
    for address in (HOST, OTHER):
        for _ in range(3):
            office.look(code, address, **CLEAN)
    later = target(office, code).due_at
    due_at = office.clock() + timedelta(days=45)
    rounds.open_round(office.register, "autumn", "Autumn", due_at)
    draining.bring_up_to_date(office.register, "external")
    assert target(office, code).due_at == later
    office.clock.forward(days=16)
    office.look(code, OTHER, **CLEAN)
    draining.bring_up_to_date(office.register, "external")
    pulled = target(office, code)
    assert due_at - timedelta(days=30) <= pulled.due_at < due_at - timedelta(days=15)
    assert "autumn" in pulled.why
    assert target(office, code, OTHER).due_at > due_at
    draining.bring_up_to_date(office.register, "external")
    assert target(office, code) == pulled


def test_institution_that_ended_and_dates_of_assets_are_noticed_daily(office):
    code = office.institution("hill-office", active_until=to_iso(office.clock() + 5 * DAY))
    until = to_iso(office.clock() + 2 * DAY)
    office.declare(code, HOST, {"id": "old", "kind": "host", "addresses": [OTHER],
                                "valid_until": until})  # fmt: skip
    assert set(targets(office, code)) == {HOST, OTHER}
    office.clock.forward(days=3)
    draining.bring_up_to_date(office.register, "external")
    assert set(targets(office, code)) == {HOST}
    office.clock.forward(days=3)
    draining.bring_up_to_date(office.register, "external")
    assert targets(office, code) == {}


def test_inner_vantage_looks_at_what_is_declared_to_lie_inside(office):
    code = office.institution()
    inside = {"id": "inner", "kind": "host", "addresses": [OTHER], "zone": "office"}
    office.declare(code, HOST, {"id": "office", "kind": "zone"}, inside)
    draining.bring_up_to_date(office.register, "internal:office")
    with office.register.reading() as connection:
        found = store.list_targets(connection)
    assert {(one.target, one.vantage) for one in found} == {
        (HOST, "external"), (OTHER, "external"), (OTHER, "internal:office"),
    }  # fmt: skip


def test_refused_batch_waits_and_its_reason_is_shown(office, scanner):
    code = office_with(office, "hill-office", HOST)
    calendar.add_denial(office.register, "127.59.0.0/24", reason="works")
    office.clock.forward(days=1)
    done = draining.drain(office.register, scanner, draining.Pace(), last=office.clock())
    assert done.states == {"refused": 1}
    held = target(office, code)
    assert held.due_at - office.clock() > timedelta(hours=5)
    assert (held.attempts, held.cycle, held.held_until) == (0, 0, None)
    (shown,) = due_views.list_next(office.register, code, 5)
    assert "nothing was sent" in shown.why


def test_what_is_due_is_told_in_the_order_in_which_it_is_taken(office):
    code = office_with(office, "hill-office", HOST, OTHER)
    office.look(code, HOST, **CLEAN)
    office.look(code, OTHER, **TELNET)
    assert due_views.list_due(office.register) == []
    office.clock.forward(days=15)
    found = due_views.list_due(office.register, code)
    assert [one.target for one in found] == [OTHER, HOST]
    assert found[0].is_due
    assert found[0].is_aged
    assert found[1].interval == "every 14 days"
    with pytest.raises(NotFound):
        due_views.list_due(office.register, "nobody")


def test_due_row_is_for_all_institutions(office):
    code = office.institution()
    with pytest.raises(WrongUsage, match="each in its turn"):
        schedules.add_schedule(office.register, "drain", "due", "interval", "60", institution=code)
    row = schedules.add_schedule(office.register, "drain", "due", "interval", "60")
    assert row.institution is None
