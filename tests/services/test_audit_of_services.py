"""Every call that changes something leaves one audit entry of its own, or nothing at all."""

import inspect
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pyotp
import pytest
from proof_on_record import proving
from reviews_on_record import reviewing

import cyberposture.services
from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import Content
from cyberposture.errors import (
    CyberpostureError,
    MissingService,
    NotAuthorised,
    WrongState,
)
from cyberposture.model.assessments import Review
from cyberposture.model.consultations import Amendment, Comment, Disposition, Event, Group
from cyberposture.model.gate import Window
from cyberposture.services import files
from cyberposture.services.assessments import asking as questions
from cyberposture.services.assessments import (
    assess,
    importing,
    questionnaire,
    reminding,
    rounds,
    submission,
    suggestions,
)
from cyberposture.services.catalogue import adoption, comments, consultations, indicators
from cyberposture.services.catalogue.adoption import Draft
from cyberposture.services.catalogue.drafts import read_consulted
from cyberposture.services.exports import analysts, findings, handing, oscal, tables
from cyberposture.services.findings import acts as finding_acts
from cyberposture.services.findings import from_intel as intel_observe
from cyberposture.services.findings import procedures
from cyberposture.services.findings import views as finding_views
from cyberposture.services.institutions import entries as registry
from cyberposture.services.intel import bundles as intel
from cyberposture.services.intel import taking_in as intel_import
from cyberposture.services.people import people, signing_in
from cyberposture.services.permission import (
    authorise,
    notices,
    requests,
    signed_copies,
    stop,
    zone_scanners,
)
from cyberposture.services.post import hooks, queue_views
from cyberposture.services.proof import audit
from cyberposture.services.reports import consultation as consultation_report
from cyberposture.services.reports import report
from cyberposture.services.reports.subjects import About
from cyberposture.services.review import telling as news
from cyberposture.services.scans import asking, canaries, draining, scan, turns, watch
from cyberposture.services.scans import taking_in as scan_import
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import calendar, schedules
from cyberposture.services.schedule.due import POSTURE
from cyberposture.services.scores import contradictions, score
from cyberposture.store import outbox
from cyberposture.store.audit import AuditLog
from cyberposture.store.due import DueTarget, record_due
from cyberposture.store.heads import HeadsFile

ENGINES = ("sqlite", "postgresql")
CODE, HOST = "hill-office", "127.54.0.1"
FOREIGN = f"""<?xml version="1.0"?>
<nmaprun scanner="nmap" start="1795080000" version="7.93">
<scaninfo type="connect" protocol="tcp" numservices="2" services="22-23"/>
<host starttime="1795080000" endtime="1795080001"><status state="up" reason="user-set"/>
<address addr="{HOST}" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/>
<service name="ssh" product="OpenSSH" version="7.4" method="probed" conf="10">
<cpe>cpe:/a:openbsd:openssh:7.4</cpe></service></port>
<port protocol="tcp" portid="23"><state state="closed" reason="conn-refused"/></port>
</ports></host>
<runstats><finished time="1795080001" exit="success"/></runstats>
</nmaprun>
"""
Step = tuple[Callable[..., Any], str, Callable[[], Any]]
"""The service, the kind of its entry, and the call."""


def contradicted(office) -> str:
    return contradictions.list_contradictions(office.register, CODE)[0].record.code


def letter_of(office) -> str:
    return files.list_files(office.register, CODE, "letter")[0].sha256


def held_by(office) -> str:
    return stop.list_stops(office.register)[0].code


def a_scan(office):
    return scan_views.list_scans(office.register, CODE)[0].record


def mended(content: Content) -> Draft:
    """Return a draft in which one text reads a little better."""
    catalogue = content.catalogue
    first, *rest = catalogue.controls
    better = first.model_copy(update={"title": f"{first.title} "})
    changed = catalogue.model_copy(update={"controls": (better, *rest)})
    return Draft(replace(content, catalogue=changed), identify(changed, content.checks))


def registering(office, scanner) -> Iterator[Step]:
    """Yield the calls that bring an institution in, up to its authorisation."""
    register = office.register
    record = {"code": CODE, "name": "Hill Office", "sectors": ["government"], "tier": "A"}
    file = office.write("institutions.yaml", {"institutions": [record | {"code": "dale-office"}]})
    assets = {"assets": [{"id": "www", "kind": "host", "addresses": [HOST]}]}
    yield registry.add_institution, "institution-added", lambda: office.institution(CODE)
    yield (
        registry.import_institutions, "institutions-imported",
        lambda: registry.import_institutions(register, file),
    )  # fmt: skip
    yield (
        registry.import_declaration, "declared",
        lambda: registry.import_declaration(register, office.write("a.yaml", assets), CODE),
    )  # fmt: skip
    for person, role in (("a-analyst", "cert-analyst"), ("o-officer", "authorising-officer"),
                         ("b-analyst", "cert-analyst"), ("gone", "observer")):  # fmt: skip
        yield people.invite, "person-invited", lambda p=person, r=role: office.invite(p, r)
    yield people.disable, "person-disabled", lambda: people.disable(register, "gone")
    yield (
        requests.request_letter, "authorisation-requested",
        lambda: requests.request_letter(register, office.reports, CODE, "R-1", load=3, days=9),
    )  # fmt: skip
    request = scan.Request(CODE)
    yield scan.run_scan, "scan-planned", lambda: scan.run_scan(register, scanner, request)
    terms = office.terms(CODE, f"{HOST}/32", id="A-1")
    letter = office.write("letter.txt", "We allow it.")
    yield (
        authorise.add, "authorisation-received",
        lambda: authorise.add(register, terms, letter, "a-analyst", office.invite("a-analyst", "")),
    )  # fmt: skip
    yield (
        authorise.grant, "authorisation-granted",
        lambda: authorise.grant(register, "A-1", "o-officer", office.invite("o-officer", "")),
    )  # fmt: skip
    yield from telling(office)


def telling(office) -> Iterator[Step]:
    """Yield the calls by which an institution hears of what is to come."""
    register = office.register
    sender = notices.Sender(("127.0.0.1",), "extension 4")
    yield (
        notices.write_notice, "notice-written",
        lambda: notices.write_notice(register, office.reports, sender, "A-1"),
    )  # fmt: skip
    yield (
        notices.record_sent, "notice-sent",
        lambda: notices.record_sent(register, "A-1", "a-analyst", "by hand"),
    )  # fmt: skip
    yield (
        notices.record_acknowledged, "notice-acknowledged",
        lambda: notices.record_acknowledged(register, "A-1", "a-analyst", "the porter"),
    )  # fmt: skip
    no_more = office.write("no-more.txt", "We want no notice.")
    yield (
        notices.waive, "notice-waived",
        lambda: notices.waive(register, "A-1", no_more, "a-analyst"),
    )  # fmt: skip


def assessing(office) -> Iterator[Step]:
    """Yield the calls of a round, from its opening to its end."""
    register = office.register
    foreign = office.write("foreign.xml", FOREIGN)
    rows = [{"control": "IAM-09", "level": 3, "reason": "VPN"}]
    answers = office.write("answers.yaml", {"answers": rows})
    found = {"control": "IAM-09", "level": 2, "grade": "E2", "reason": "Seen on site."}
    out = office.folder / "out"
    out.mkdir(exist_ok=True)
    yield rounds.open_round, "round-opened", lambda: office.open_round("autumn", repair_days=0)
    yield (
        assess.open_assessment, "assessment-opened",
        lambda: assess.open_assessment(register, CODE, "autumn"),
    )  # fmt: skip
    yield (
        importing.import_answers, "answers-imported",
        lambda: importing.import_answers(register, answers, CODE, "autumn"),
    )  # fmt: skip
    yield from proving(office, CODE, "autumn")
    yield (
        assess.review, "reviewed",
        lambda: assess.review(register, CODE, "autumn", Review.model_validate(found)),
    )  # fmt: skip
    yield submission.submit, "submitted", lambda: submission.submit(register, CODE, "autumn")
    yield (
        scan_import.import_scan, "scan-imported",
        lambda: scan_import.import_scan(register, foreign, CODE, "A-1"),
    )  # fmt: skip
    yield score.score_live, "scored", lambda: score.score_live(register, CODE)
    yield (
        contradictions.remark, "contradiction-remarked",
        lambda: contradictions.remark(register, contradicted(office), "We look again on Monday."),
    )  # fmt: skip
    yield (
        contradictions.comment, "contradiction-commented",
        lambda: contradictions.comment(register, contradicted(office), "Closed tomorrow."),
    )  # fmt: skip
    yield (
        contradictions.mark, "contradiction-marked",
        lambda: contradictions.mark(register, contradicted(office), "explained", reason="a call"),
    )  # fmt: skip
    yield score.finalise, "finalised", lambda: score.finalise(register, CODE, "autumn")
    yield rounds.close_round, "round-closed", lambda: rounds.close_round(register, "autumn")
    yield (
        report.write_report, "report-written",
        lambda: report.write_report(
            register, find_content(None), "institution", "board",
            About(institution=CODE, round_code="autumn"), out=out / "report.html",
        ),
    )  # fmt: skip
    yield (
        adoption.adopt, "edition-adopted",
        lambda: adoption.adopt(
            office.acting("a-analyst"), mended(register.content), reason="a comma"
        ),
    )  # fmt: skip
    yield rounds.open_round, "round-opened", lambda: office.open_round("spring")
    yield (
        assess.open_assessment, "assessment-opened",
        lambda: assess.open_assessment(register, CODE, "spring"),
    )  # fmt: skip
    yield (
        suggestions.confirm, "answers-confirmed",
        lambda: suggestions.confirm(register, CODE, "spring", ["IAM-09"]),
    )  # fmt: skip
    yield (
        files.write_file, "file-read",
        lambda: files.write_file(register, CODE, letter_of(office), out / "letter.txt"),
    )  # fmt: skip
    yield (
        analysts.export_analysts, "analysts-exported",
        lambda: analysts.export_analysts(register, out / "analysts.sqlite"),
    )  # fmt: skip
    yield (
        tables.export_tables, "tables-exported",
        lambda: tables.export_tables(register, "csv", out / "tables"),
    )  # fmt: skip
    results = oscal.make_results(register, CODE, "autumn")
    yield (
        handing.write_out, "oscal-exported",
        lambda: handing.write_out(register, results, out / "results.json"),
    )  # fmt: skip
    found = findings.make_findings(register, "sarif", institution=CODE)
    yield handing.hand_out, "findings-exported", lambda: handing.hand_out(register, found)


def keeping(office) -> Iterator[Step]:
    """Yield the calls by which the centre keeps what belongs to no institution."""
    acting = office.acting("a-analyst")
    said = {"source": "Invented", "dated": office.clock().date()}
    yield (
        indicators.set_indicator, "indicator-set",
        lambda: indicators.set_indicator(acting, "NAT-05", ["12"], **said),
    )  # fmt: skip
    yield from consulting(office)


def consulting(office) -> Iterator[Step]:
    """Yield the calls of a consultation, from its opening to its end."""
    register, acting, now = office.register, office.acting("a-analyst"), office.clock()
    draft = read_consulted(office.register, None)
    guild = Group(name="A guild", kind="private")
    table = Event(title="Round table", held_on=now.date(), place="Here", host="Us", attendance=9)
    said = Comment(control="IAM-10", author="Reader", text="It should say when.")
    sheet = office.write("comments.csv", "author,text\nWriter,Why?\n")
    yield (
        consultations.open_consultation, "consultation-opened",
        lambda: consultations.open_consultation(
            acting, "draft-1", "The draft", draft, now + timedelta(days=31), zone="UTC"
        ),
    )  # fmt: skip
    yield (
        consultations.invite_group, "group-invited",
        lambda: consultations.invite_group(acting, "draft-1", guild),
    )  # fmt: skip
    yield (
        consultations.record_event, "consultation-event",
        lambda: consultations.record_event(acting, "draft-1", table),
    )  # fmt: skip
    yield (
        comments.enter, "comment-entered",
        lambda: comments.enter(office.register, "draft-1", said),
    )  # fmt: skip
    yield (
        comments.import_comments, "comments-imported",
        lambda: comments.import_comments(acting, "draft-1", sheet),
    )  # fmt: skip
    code = f"C-{now.year}-0001"
    yield (
        comments.amend, "comment-amended",
        lambda: comments.amend(acting, code, Amendment(is_public=False)),
    )  # fmt: skip
    yield (
        comments.moderate, "comment-moderated",
        lambda: comments.moderate(acting, code, "hide", reason="a test"),
    )  # fmt: skip
    yield (
        comments.dispose, "comment-disposed",
        lambda: comments.dispose(acting, code, Disposition(outcome="partly", reason="Soon.")),
    )  # fmt: skip
    yield (
        comments.read_contact, "contact-read",
        lambda: comments.read_contact(acting, code, reason="an answer"),
    )  # fmt: skip
    yield (
        consultations.close_consultation, "consultation-closed",
        lambda: consultations.close_consultation(acting, "draft-1", reason="a test"),
    )  # fmt: skip
    out = office.folder / "out" / "comments.csv"
    yield (
        consultation_report.write_consultation, "report-written",
        lambda: consultation_report.write_consultation(
            register, find_content(None), "draft-1", out, "csv"
        ),
    )  # fmt: skip


def trying(office) -> Iterator[Step]:
    """Yield the calls that keep what people tried out by an agreed procedure."""
    register = office.register
    at = office.clock().isoformat()
    tried = {"procedure": "test-name", "result": "yes", "at": at, "note": "At the gate house.",
             "vantage": "internal:office", "name": "test.example"}  # fmt: skip
    yield (
        procedures.record, "procedure-recorded",
        lambda: procedures.record(
            register, CODE, tried, "a-analyst", office.invite("a-analyst", "")
        ),
    )  # fmt: skip
    yield (
        procedures.confirm, "procedure-confirmed",
        lambda: procedures.confirm(
            register, procedures.list_records(register)[0].code, "b-analyst",
            office.invite("b-analyst", ""),
        ),
    )  # fmt: skip


def finding_of(office) -> str:
    return finding_views.list_findings(office.register, CODE)[0].code


def following(office) -> Iterator[Step]:
    """Yield what people do with a finding, and the canary that shows whether one is found."""
    register, acting = office.register, office.acting("a-analyst")
    said = {"reason": "A decoy.", "evidence": "letter 3"}
    for person, role in (("l-lead", "institution-lead"), ("s-signer", "signatory")):
        yield (
            people.invite, "person-invited",
            lambda p=person, r=role: office.invite(p, r, institution=CODE),
        )  # fmt: skip
    yield (
        finding_acts.propose_false_positive, "finding-proposed",
        lambda: finding_acts.propose_false_positive(
            register, finding_of(office), "b-analyst", office.invite("b-analyst", ""), **said
        ),
    )  # fmt: skip
    yield (
        finding_acts.decide, "finding-decided",
        lambda: finding_acts.decide(
            register, finding_of(office), "a-analyst", office.invite("a-analyst", ""),
            stands=True, reason="It is none.",
        ),
    )  # fmt: skip
    yield (
        finding_acts.accept, "finding-accepted",
        lambda: finding_acts.accept(
            register, finding_of(office), "s-signer", office.invite("s-signer", ""), reason="Old."
        ),
    )  # fmt: skip
    yield (
        finding_acts.dispute, "finding-disputed",
        lambda: finding_acts.dispute(register, finding_of(office), "l-lead", **said),
    )  # fmt: skip
    yield (
        finding_acts.acknowledge, "finding-acknowledged",
        lambda: finding_acts.acknowledge(register, finding_of(office), who="The porter"),
    )  # fmt: skip
    check = "remote-access.ssh-not-on-the-internet"
    yield canaries.plant, "canary-planted", lambda: canaries.plant(acting, CODE, HOST, check)
    yield (
        canaries.end, "canary-ended",
        lambda: canaries.end(acting, canaries.list_canaries(register)[0].record.code),
    )  # fmt: skip
    yield (
        zone_scanners.add, "zone-scanner-added",
        lambda: zone_scanners.add(acting, "plant-1", "internal:plant", "0" * 64),
    )  # fmt: skip
    yield zone_scanners.end, "zone-scanner-ended", lambda: zone_scanners.end(acting, "plant-1")
    yield (
        people.invite, "person-invited",
        lambda: office.invite("k-keeper", "cert-administrator"),
    )  # fmt: skip


def ending(office) -> Iterator[Step]:
    """Yield the calls that limit, schedule and end what was allowed."""
    register = office.register
    now = office.clock()
    window = Window(weekdays=(0,), start="01:00", length_s=3600, zone="Asia/Karachi")
    yield (
        calendar.add_window, "window-added",
        lambda: calendar.add_window(register, CODE, window),
    )  # fmt: skip
    yield (
        calendar.add_blackout, "blackout-added",
        lambda: calendar.add_blackout(register, "Holiday", now, now + timedelta(days=1), None),
    )  # fmt: skip
    yield (
        calendar.add_denial, "denial-added",
        lambda: calendar.add_denial(register, "127.54.9.0/24", reason="a clinic"),
    )  # fmt: skip
    yield (
        calendar.confirm_deny_list, "deny-list-confirmed",
        lambda: calendar.confirm_deny_list(register),
    )  # fmt: skip
    yield (
        schedules.add_schedule, "schedule-added",
        lambda: schedules.add_schedule(register, "daily", "score", "cron", "0 3 * * *",
                                       institution=CODE),
    )  # fmt: skip
    # Something is scheduled now, and nothing of what has to be.
    yield (
        watch.report_alarms, "alarms-raised",
        lambda: watch.report_alarms(register, HeadsFile(office.heads.path), office.reports),
    )  # fmt: skip
    yield (
        schedules.record_finished, "schedule-ran",
        lambda: schedules.record_finished(register, "daily", "", None),
    )  # fmt: skip
    yield (
        schedules.remove_schedule, "schedule-removed",
        lambda: schedules.remove_schedule(register, "daily"),
    )  # fmt: skip
    yield stop.stop, "stopped", lambda: stop.stop(register, institution=CODE, reason="a call")
    yield (
        stop.acknowledge, "stop-acknowledged",
        lambda: stop.acknowledge(register, stop.list_stops(register)[0], "worker-1"),
    )  # fmt: skip
    yield (
        stop.answer, "stop-answered",
        lambda: stop.answer(register, held_by(office), "a-analyst", "It was us; it has ended."),
    )  # fmt: skip
    for person in ("a-analyst", "b-analyst"):
        yield (
            stop.agree_to_resume, "resume-agreed",
            lambda p=person: stop.agree_to_resume(
                register, held_by(office), p, "cert-analyst", office.invite(p, "")
            ),
        )  # fmt: skip
    yield authorise.withdraw, "authorisation-withdrawn", lambda: office.withdraw("A-1")


def life(office, scanner) -> Iterator[Step]:
    yield from registering(office, scanner)
    yield from assessing(office)
    yield from keeping(office)
    yield from trying(office)
    yield from following(office)
    yield from asking_tables(office)
    yield from taking_turns(office, scanner)
    yield from visiting(office)
    yield from posting(office)
    yield from calling_off(office)
    yield from reviewing(office)
    yield from ending(office)


def name_of(service: Callable[..., Any]) -> str:
    return f"{service.__module__.rpartition('.')[2]}.{service.__name__}"


def asking_tables(office) -> Iterator[Step]:
    """Yield the calls about tables of others, and what an institution says of its versions."""
    cert = office.acting("a-analyst")
    table = office.write(
        "support.csv", "product,branch,ends_on,source\nopenbsd:openssh,7,2019-10-09,a page\n"
    )
    as_of = office.clock() - timedelta(days=1)
    said = {"version": "7.4", "person": "Head of operations", "on": as_of.date()}
    yield (
        intel_import.import_table, "table-imported",
        lambda: intel_import.import_table(cert, "support", [table], as_of=as_of),
    )  # fmt: skip
    yield (
        intel.confirm_version, "version-confirmed",
        lambda: intel.confirm_version(cert, CODE, HOST, 22, **said),
    )  # fmt: skip
    yield (
        intel_observe.observe, "tables-asked",
        lambda: intel_observe.observe(cert, CODE),
    )  # fmt: skip
    yield (
        intel.withdraw_confirmation, "confirmation-withdrawn",
        lambda: intel.withdraw_confirmation(
            cert, CODE, intel.list_confirmations(cert, CODE)[0].code
        ),
    )  # fmt: skip


def taking_turns(office, scanner) -> Iterator[Step]:
    """Yield the calls by which the clock finds whose turn it is."""
    yield (
        draining.bring_up_to_date, "due-table-updated",
        lambda: draining.bring_up_to_date(office.register, scanner.vantage),
    )  # fmt: skip
    office.clock.forward(days=100)
    yield (
        turns.choose, "turns-given",
        lambda: turns.choose(office.register, scanner, 9),
    )  # fmt: skip


def visiting(office) -> Iterator[Step]:
    """Yield the calls that the portal makes for somebody who comes in and goes."""
    register, password, held = office.register, "seven lamps on a quiet quay", {}

    def make_link() -> None:
        held["link"] = signing_in.make_link(register, "b-analyst")

    def begin() -> None:
        held["seed"] = signing_in.begin_account(register, held["link"], password).seed

    def code() -> str:
        office.clock.forward(minutes=1)  # no code is taken twice
        return pyotp.TOTP(held["seed"]).at(office.clock())

    def confirm() -> None:
        held["session"] = signing_in.confirm_account(register, held["link"], code()).token

    yield signing_in.make_link, "sign-in-link-made", make_link
    yield signing_in.begin_account, "account-begun", begin
    yield signing_in.confirm_account, "account-confirmed", confirm
    yield (
        signing_in.sign_in, "sign-in-tried",
        lambda: signing_in.sign_in(register, "b-analyst", password, code()),
    )  # fmt: skip
    yield (
        signing_in.sign_out, "signed-out",
        lambda: signing_in.sign_out(register, held["session"]),
    )  # fmt: skip
    yield (
        questionnaire.save_answer, "answered",
        lambda: questionnaire.save_answer(
            register, CODE, "spring", "GOV-01", level=1, not_applicable=None, reason="",
            seen_revision=0,
        ),
    )  # fmt: skip


def posting(office) -> Iterator[Step]:
    """Yield the calls about notices, reminders, and programs that are told of events."""
    register, held = office.register, {}
    office.invite("a-admin", "cert-administrator")

    def add_webhook() -> None:
        new = hooks.add_webhook(register, "https://tools.example/", ("scans-stopped",), "a-admin")
        held["hook"] = new.record.code

    def notice() -> str:
        return queue_views.list_notices(register, state="queued", channel="telephone")[0].code

    yield hooks.add_webhook, "webhook-added", add_webhook
    yield (
        hooks.end_webhook, "webhook-ended",
        lambda: hooks.end_webhook(register, held["hook"], "a-admin"),
    )  # fmt: skip
    yield (
        people.set_contact, "person-contact-set",
        lambda: people.set_contact(register, "a-admin", mail="a@cert.example", language="ur"),
    )  # fmt: skip
    for number in range(2):
        with register.change("queued-by-test") as change:
            outbox.queue_message(
                change.connection, change.by, code=f"call-{number}", channel="telephone",
                recipient="Porter, extension 9", subject="A call", body="Text", language="en",
            )  # fmt: skip
    yield (
        queue_views.try_again, "message-queued-again",
        lambda: queue_views.try_again(register, notice()),
    )  # fmt: skip
    yield (
        queue_views.record_told, "message-told",
        lambda: queue_views.record_told(register, notice(), "a-analyst", "to the porter"),
    )  # fmt: skip
    yield (
        queue_views.withdraw, "message-withdrawn",
        lambda: queue_views.withdraw(register, notice(), reason="it is over"),
    )  # fmt: skip
    office.institution("dale-bank")
    rounds.open_round(register, "winter", "Winter", office.clock() + timedelta(days=5))
    assess.open_assessment(register, "dale-bank", "winter")
    others = [due for due in reminding.list_due(register) if due.round != "winter"]
    assert others == [], "only one reminder is walked"
    yield (
        reminding.remind, "reminded",
        lambda: reminding.remind(register, office.reports, "https://portal.example"),
    )  # fmt: skip
    questions.answer(register, questions.ask(register, "dale-bank", "Who signs?"), "The head.")
    office.invite("d-lead", "institution-lead", institution="dale-bank")
    yield (
        news.tell_news, "news-told",
        lambda: news.tell_news(register, office.reports, "https://portal.example"),
    )  # fmt: skip


def calling_off(office) -> Iterator[Step]:
    """What people do on the portal's pages about the network besides."""
    register = office.register
    requests.request_letter(register, office.reports, CODE, "R-7", load=3, days=9,
                            special_allowed=True)  # fmt: skip
    letter = requests.get_letter(register, "R-7")
    said = {"signatory": "Head", "signatory_role": "head", "power_to_sign_checked": "rang back",
            "emergency_contacts": ["Porter"]}  # fmt: skip
    copy = signed_copies.SignedCopy(b"signed", {})
    receiver, key = office.acting("a-analyst"), office.invite("a-analyst", "")
    yield (
        authorise.record_terms, "authorisation-received",
        lambda: signed_copies.record_signed(receiver, letter, said, copy, key),
    )  # fmt: skip
    with register.database.transaction() as connection:
        record_due(connection, DueTarget(office.id_of(CODE), HOST, POSTURE, "external", 300,
                                         office.clock() + timedelta(days=3)))  # fmt: skip
    yield asking.ask, "look-asked-for", lambda: asking.ask(register, CODE, [HOST])
    schedules.add_schedule(register, "paused", "watch", "interval", "60")
    schedules.remove_schedule(register, "paused")
    yield (
        schedules.resume_schedule, "schedule-resumed",
        lambda: schedules.resume_schedule(register, "paused"),
    )  # fmt: skip
    night = Window(weekdays=(1,), start="02:00", length_s=3600, zone="Asia/Karachi")
    window = calendar.add_window(register, CODE, night).id
    yield (calendar.end_window, "window-ended", lambda: calendar.end_window(register, CODE, window))
    begins = office.clock() + timedelta(days=400)
    dark = calendar.add_blackout(register, "far", begins, begins + timedelta(days=1), None).id
    yield (
        calendar.cancel_blackout, "blackout-cancelled",
        lambda: calendar.cancel_blackout(register, dark),
    )  # fmt: skip
    calendar.add_denial(register, "198.51.100.0/24", reason="a hospital")
    yield (
        calendar.remove_denial, "denial-removed",
        lambda: calendar.remove_denial(register, "198.51.100.0/24", reason="it moved"),
    )  # fmt: skip


def services_that_change() -> set[str]:
    """Return every public function of the services that opens a change itself."""
    found = {"scan.run_scan"}
    home = cyberposture.services
    for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
        loaded = import_module(module.name)
        found |= {
            name_of(function)
            for name, function in inspect.getmembers(loaded, inspect.isfunction)
            if function.__module__ == loaded.__name__
            and not name.startswith("_")
            and ".change(" in inspect.getsource(function)
        }
    return found


def kept(office) -> dict[str, list[str]]:
    """Return all rows of all tables, and the names of all files."""
    made = (office.folder / "out", office.folder / "keys")
    files_made = sorted(str(path) for folder in made for path in folder.rglob("*"))
    return office.rows() | {"files": files_made}


REFUSE = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON audit_entries "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        "DROP TRIGGER refuse",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '23514'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
        "DROP FUNCTION refuse CASCADE",
    ),
}


@contextmanager
def no_entry_is_taken(office) -> Iterator[None]:
    """Have the register refuse every audit entry, as it does when the disk is full."""
    database = office.register.database
    refuse, relent = REFUSE[database.dialect]
    with database.transaction() as connection:
        connection.exec_driver_sql(refuse)
    yield
    with database.transaction() as connection:
        connection.exec_driver_sql(relent)


def test_every_service_that_changes_something_is_called_by_a_test_or_through_a_door(checkout):
    # Through a door counts: what only a command or a page calls, its tests call by that.
    engine = checkout / "cyberposture"
    rooms = (checkout / "tests", engine / "cli", engine / "web", engine / "services")
    texts = "\n".join(path.read_text() for room in rooms for path in room.rglob("*.py"))
    idle = {
        name
        for name in services_that_change()
        if not re.search(rf"(?<!def )\b{name.rpartition('.')[2]}\b", texts)
    }
    assert idle == set()


@pytest.mark.slow
def test_each_call_leaves_one_entry_of_its_own_or_nothing(office, scanner):
    heads = HeadsFile(office.heads.path)
    for service, kind, call in life(office, scanner):
        before, entries, lines = kept(office), office.entries(), len(list(heads.read()))
        with no_entry_is_taken(office), pytest.raises(WrongState):
            call()
        assert kept(office) == before, f"{name_of(service)} left something without its entry"
        try:
            call()
        except NotAuthorised:
            assert service is scan.run_scan
        added = office.entries() - entries
        gates = added.pop("gate", 0)
        assert added == Counter([kind]), name_of(service)
        assert (gates > 0) == (service in (scan.run_scan, scan_import.import_scan))
        assert len(list(heads.read())) > lines
    office.verify()


def test_entry_stands_in_the_chain_of_its_institution(office, scanner):
    for _service, _kind, call in registering(office, scanner):
        try:
            call()
        except NotAuthorised:
            continue
    of_its_own = {
        entry.kind for entry in audit.read_entries(office.register, institution=CODE)
    }  # fmt: skip
    assert {"institution-added", "declared", "authorisation-granted", "gate"} <= of_its_own
    assert "person-invited" not in of_its_own


FAILING: dict[str, Callable[[Any], Any]] = {
    "an institution twice": lambda o: o.institution(CODE),
    "an unknown sector": lambda o: o.institution("new-office", sectors=["moon"]),
    "a declaration of nobody": lambda o: o.declare("nobody", HOST),
    "a person twice": lambda o: people.invite(
        o.register, "a-analyst", "A", "observer", o.key_of("second")
    ),
    "a person of no institution": lambda o: people.invite(
        o.register, "lead", "L", "institution-lead", o.key_of("lead"), institution="nobody"
    ),
    "a letter without addresses": lambda o: requests.request_letter(
        o.register, o.reports, "dale-office", "R-9", load=3, days=9
    ),
    "an assessment twice": lambda o: assess.open_assessment(o.register, CODE, "autumn"),
    "an assessment in no round": lambda o: assess.open_assessment(o.register, CODE, "spring"),
    "a round twice": lambda o: o.open_round("autumn"),
    "a score that is frozen": lambda o: score.finalise(o.register, CODE, "autumn"),
    "a stop of nobody": lambda o: stop.stop(o.register, institution="nobody"),
    "a schedule of nobody": lambda o: schedules.add_schedule(
        o.register, "x", "score", "cron", "0 3 * * *", institution="nobody"
    ),
    "a window of nobody": lambda o: calendar.add_window(
        o.register, "nobody",
        Window(weekdays=(0,), start="01:00", length_s=3600, zone="Asia/Karachi"),
    ),
    "a denial that is no range": lambda o: calendar.add_denial(o.register, "127.1", reason="x"),
    "a foreign scan under no authorisation": lambda o: scan_import.import_scan(
        o.register, o.write("foreign.xml", FOREIGN), CODE, "A-404"
    ),
    "a report that is not made for them": lambda o: report.write_report(
        o.register, find_content(None), "institution", "pirates", About(institution=CODE),
        out=o.folder / "out" / "r.html",
    ),
    "a file over another": lambda o: files.write_file(
        o.register, CODE, files.list_files(o.register, CODE)[0].sha256, o.key_of("a-analyst")
    ),
}  # fmt: skip


def test_call_that_fails_keeps_nothing(office):
    office.institution(CODE)
    office.institution("dale-office")
    office.declare(CODE, HOST)
    office.authorise(CODE, f"{HOST}/32")
    office.answer(CODE, office.open_round("autumn"), IAM_09=2)
    score.finalise(office.register, CODE, "autumn")
    before = kept(office)
    for what, call in FAILING.items():
        with pytest.raises(CyberpostureError):
            call(office)
        assert kept(office) == before, what


def test_heads_file_that_cannot_be_written_is_told(office, tmp_path):
    blocked = tmp_path / "blocked.jsonl"
    blocked.mkdir()
    log = AuditLog(office.signer, HeadsFile(blocked))
    register = replace(office.register, audit=log)
    with pytest.raises(MissingService, match="audit heads cannot be written"):
        calendar.confirm_deny_list(register)


def test_gate_decisions_come_with_the_document_that_they_were_asked_with(office, scanner):
    office.institution(CODE)
    office.declare(CODE, HOST)
    with pytest.raises(NotAuthorised):
        scan.run_scan(office.register, scanner, scan.Request(CODE))
    entries = audit.read_entries(office.register, kind="gate")
    (told,) = audit.gate_decisions(entries)
    assert told["answer"] == {
        "decision": "deny", "reason": "no-authorisation", "authorisation": None,
    }  # fmt: skip
    assert told["question"]["target"] == HOST
    assert json.loads(json.dumps(told)) == told
