"""Are our eyes open, does the clock run, is the record kept: each alarm is told once."""

import pytest
import sqlalchemy as sa

from cyberposture.content.bundle import find_content
from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.intel import Bundle
from cyberposture.reporting.render import Renderer
from cyberposture.services import setup
from cyberposture.services.findings import acts as finding_acts
from cyberposture.services.findings import urgent
from cyberposture.services.post import queue_views
from cyberposture.services.scans import canaries, watch
from cyberposture.services.schedule import schedules
from cyberposture.store import bundles, outbox, scans, tables

REPORTS = Renderer(find_content(None).reports)
ENGLISH, URDU = (REPORTS.page_words("notices", language) for language in ("en", "ur"))
TELNET = "cleartext.no-telnet-or-r-login"
STORES = "exposure.stores-ask-for-a-login"
HOST, BAIT = "127.50.0.1", "127.50.0.66"
OPEN = {"rest": "closed", "services": {"23": "telnet"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
REDIS = {"name": "redis", "product": "Redis key-value store", "version": "7.0.15"}


@pytest.fixture
def code(office):
    """An institution whose one host was looked at."""
    code = office.institution()
    office.declare(code, HOST, BAIT)
    office.look(code, HOST, **CLOSED)
    return code


def alarms(office, *kinds):
    found = watch.look_at_ourselves(office.register, office.heads)
    for words in (ENGLISH, URDU):
        assert all(watch.say_alarm(words, one).says for one in found)
    return [(one.kind, one.subject) for one in found if not kinds or one.kind in kinds]


def plant(office, code, **options):
    return canaries.plant(office.acting(), code, BAIT, TELNET, cycle_days=7, **options)


def test_nothing_is_wrong_with_a_young_register(office, code):
    assert alarms(office) == []


def test_canary_that_is_found_in_its_cycle_is_silent(office, code):
    plant(office, code)
    office.clock.forward(days=6)
    assert alarms(office) == []
    office.look(code, BAIT, **OPEN)
    office.clock.forward(days=6)
    assert alarms(office) == []


def test_canary_that_nobody_looked_at_in_its_cycle_is_an_alarm(office, code):
    record = plant(office, code)
    office.look(code, BAIT, **OPEN)
    office.clock.forward(days=7, minutes=1)
    (alarm,) = watch.look_at_ourselves(office.register, office.heads)
    assert (alarm.kind, alarm.subject) == ("canary-missed", record.code)
    assert "not looked at for 7 days" in watch.say_alarm(ENGLISH, alarm).says


@pytest.mark.parametrize("host", [CLOSED, {"outcome": "no-answer"}])
def test_canary_whose_flaw_is_not_found_is_an_alarm_at_once(office, code, host):
    plant(office, code)
    office.look(code, BAIT, **OPEN)
    office.look(code, BAIT, **host)
    (alarm,) = watch.look_at_ourselves(office.register, office.heads)
    assert "must be fail and was judged" in watch.say_alarm(ENGLISH, alarm).says


def test_canary_is_planted_by_the_cert_once_and_for_a_check_that_there_is(office, code):
    plant(office, code)
    with pytest.raises(WrongState):
        plant(office, code)
    with pytest.raises(NotFound):
        canaries.plant(office.acting(), code, BAIT, "no.such-check")
    with pytest.raises(InvalidInput):
        canaries.plant(office.acting(), code, "127.1", TELNET)
    with pytest.raises(InvalidInput):
        canaries.plant(office.acting(), code, HOST, TELNET, cycle_days=0)
    with pytest.raises(NotAuthorised):
        canaries.plant(office.acting("o-obs", "observer"), code, HOST, TELNET)


def test_canary_that_was_removed_is_watched_no_more(office, code):
    record = plant(office, code)
    office.clock.forward(days=8)
    canaries.end(office.acting(), record.code, reason="the machine is gone")
    assert alarms(office) == []
    with pytest.raises(NotFound):
        canaries.end(office.acting(), record.code)
    assert canaries.list_canaries(office.register) == []


def test_check_without_a_conclusive_result_for_long_is_dead(office, code):
    office.clock.forward(days=29)
    assert alarms(office, "check-dead") == []
    office.clock.forward(days=2)
    assert ("check-dead", TELNET) in alarms(office)
    office.look(code, HOST, outcome="no-answer")
    assert ("check-dead", TELNET) in alarms(office)
    office.look(code, HOST, **CLOSED)
    assert ("check-dead", TELNET) not in alarms(office)
    inner = office.register.content.checks.find("exposure.zones-are-kept-apart")
    assert ("check-dead", inner.id) not in alarms(office)  # nobody ever looked from inside


def test_table_past_its_age_is_stale(office, code):
    now = office.clock()
    bundle = Bundle(kind="kev", sha256="a" * 64, as_of=now, name="list.json", rows=0,
                    size_bytes=2, max_age_days=14)  # fmt: skip
    with office.register.change("intel-imported") as change:
        bundles.insert_bundle(change.connection, bundle, change.by)
    assert alarms(office) == []
    office.clock.forward(days=14, minutes=1)
    assert alarms(office, "data-stale") == [("data-stale", "kev")]


def test_scan_on_which_nobody_works_is_stuck(office, code):
    with office.register.change("scan-planned", code) as change:
        change.institution_id = office.id_of(code)
        scan = scans.insert_scan(
            change.connection, change.institution_id, change.by, kind="manual", vantage="external",
            authorisations=[], plan={}, checks_digest="", scanner="test",
        )  # fmt: skip
        scans.record_state(change.connection, scan.id, "running", at=change.now)
    assert alarms(office) == []
    office.clock.forward(minutes=3)
    assert alarms(office) == [("scan-stuck", scan.code)]


def test_schedule_that_is_late_says_that_no_clock_runs(office, code):
    setup.set_watch(office.register)
    setup.set_watch(office.register)
    assert [one.code for one in schedules.list_schedules(office.register)] == [
        "deliver",
        "due",
        "expiry",
        "news",
        "remind",
        "urgent",
        "watch",
    ]
    assert alarms(office) == []
    office.clock.forward(minutes=21)
    late = ("deliver", "due", "news", "urgent")
    assert alarms(office) == [("clock-stopped", code) for code in late]


def test_what_is_new_in_the_watch_is_added_and_what_was_removed_stays_away(office):
    setup.set_watch(office.register)
    schedules.remove_schedule(office.register, "remind")
    before = [(one.code, one.is_enabled) for one in schedules.list_schedules(office.register)]
    setup.set_watch(office.register)
    assert [
        (one.code, one.is_enabled) for one in schedules.list_schedules(office.register)
    ] == before


def test_register_whose_urgent_notices_were_switched_off_says_so(office, code):
    setup.set_watch(office.register)
    schedules.remove_schedule(office.register, "urgent")
    assert alarms(office) == [("not-scheduled", "urgent")]


def test_audit_head_that_was_not_copied_is_an_alarm(office, code):
    kept = office.heads.path.read_text()
    office.heads.path.write_text("".join(kept.splitlines(keepends=True)[:-1]))
    assert alarms(office) == [("head-not-copied", str(office.id_of(code)))]
    office.heads.path.write_text(kept)
    assert alarms(office) == []


def test_scan_that_was_perhaps_shut_out_is_an_alarm_until_the_next_one(office, code):
    def ended(**summary):
        with office.register.change("scan-ended", code) as change:
            change.institution_id = office.id_of(code)
            scan = scans.insert_scan(
                change.connection, change.institution_id, change.by, kind="manual",
                vantage="external", authorisations=[], plan={}, checks_digest="", scanner="test",
            )  # fmt: skip
            scans.record_state(change.connection, scan.id, "running", at=change.now)
            scans.record_state(change.connection, scan.id, "done", at=change.now, summary=summary)
        return scan.code

    blocked = ended(perhaps_blocked=True)
    assert alarms(office) == [("perhaps-blocked", blocked)]
    ended(perhaps_blocked=False)
    assert alarms(office) == []


def test_urgent_finding_that_nobody_was_told_of_within_the_hour_is_an_alarm(office, code):
    office.look(code, HOST, rest="closed", services={"6379": REDIS})
    told = office.finding(STORES).code
    office.clock.forward(minutes=59)
    assert alarms(office) == []
    office.clock.forward(minutes=2)
    assert alarms(office) == [("urgent-unannounced", told)]
    urgent.announce_urgent(office.register, office.reports, None)
    assert alarms(office) == []
    office.clock.forward(hours=26)
    assert alarms(office) == [("urgent-unheard", told)]
    finding_acts.acknowledge(office.register, told, who="Porter")
    assert alarms(office) == []


def test_dispute_that_nobody_decided_in_time_is_an_alarm(office, code):
    office.look(code, HOST, **OPEN)
    office.invite("l-lodhi", "institution-lead", institution=code)
    told = office.finding(TELNET).code
    finding_acts.dispute(office.register, told, "l-lodhi", reason="a decoy", evidence="letter 2")
    office.clock.forward(days=13)
    assert alarms(office, "dispute-late") == []
    office.clock.forward(days=2)
    assert alarms(office, "dispute-late") == [("dispute-late", told)]


def test_each_alarm_is_told_once_to_every_administrator(office, code):
    office.invite("a-admin", "cert-administrator")
    office.invite("b-admin", "cert-administrator")
    plant(office, code)
    assert watch.report_alarms(office.register, office.heads, office.reports) == []
    office.clock.forward(days=8)
    assert len(watch.report_alarms(office.register, office.heads, office.reports)) == 1
    assert watch.report_alarms(office.register, office.heads, office.reports) == []
    office.clock.forward(days=1)
    assert watch.report_alarms(office.register, office.heads, office.reports) == []
    with office.register.reading() as connection:
        sent = outbox.list_messages(connection)
    assert [(one.channel, one.recipient) for one in sent] == [
        ("inbox", "a-admin"), ("inbox", "b-admin")
    ]  # fmt: skip
    # It is found, and missed once more: that is another alarm.
    office.look(code, BAIT, **OPEN)
    office.clock.forward(days=8)
    assert len(watch.report_alarms(office.register, office.heads, office.reports)) == 1


def test_looking_changes_nothing(office, code):
    plant(office, code)
    office.clock.forward(days=8)
    with office.register.reading() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(tables.audit_entries))
        count = before.scalar_one()
    assert alarms(office)
    with office.register.reading() as connection:
        after = connection.execute(sa.select(sa.func.count()).select_from(tables.audit_entries))
        assert after.scalar_one() == count


def message(office, code, state):
    with office.register.change("queued-by-test") as change:
        outbox.queue_message(
            change.connection, change.by, code=code, channel="mail", recipient="a@b.example",
            subject="s", body="b", language="en",
        )  # fmt: skip
        taken = outbox.take_message(
            change.connection, outbox.get_message(change.connection, code).id,
            at=change.now, again_at=change.now,
        )  # fmt: skip
        if state == "failed":
            outbox.record_delivery(
                change.connection, taken, recipient="a@b.example", outcome="refused",
                answer="550 no", at=change.now,
            )  # fmt: skip


def test_notices_that_do_not_get_out_are_an_alarm_until_somebody_looks_after_them(office):
    message(office, "waits", "queued")
    assert alarms(office) == []
    message(office, "failed", "failed")
    assert alarms(office) == [("not-delivered", "failed")]
    office.clock.forward(days=1, minutes=1)
    assert alarms(office) == [("not-delivered", "failed"), ("not-delivered", "queued")]
    for code in ("waits", "failed"):
        queue_views.withdraw(office.register, code, reason="the address is gone")
    assert alarms(office) == []


def test_alarm_is_told_in_the_language_of_whoever_reads_it(office):
    office.invite("a-admin", "cert-administrator", language="ur")
    message(office, "failed", "failed")
    watch.report_alarms(office.register, office.heads, office.reports)
    with office.register.reading() as connection:
        (told,) = outbox.list_messages(connection, prefix="alarm-")
    assert told.subject.startswith("انتباہ: ")
    assert "اطلاعات ہمیشہ کے لیے ناکام ہوئیں" in told.body
    assert "notices" not in told.body.replace("cyberposture notice list --state failed", "")


def test_alarm_that_is_over_is_not_sent_any_more(office, code):
    office.invite("a-admin", "cert-administrator")
    message(office, "failed", "failed")
    (alarm,) = watch.report_alarms(office.register, office.heads, office.reports)
    queue_views.try_again(office.register, "failed")
    watch.report_alarms(office.register, office.heads, office.reports)
    with office.register.reading() as connection:
        (told,) = outbox.list_messages(connection, prefix="alarm-")
    assert told.code == f"{alarm.code}-a-admin"
    assert (told.state, told.problem) == ("withdrawn", "the alarm is over")
