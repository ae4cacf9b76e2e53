"""The parts of an institution's report: what changed, what first, the network, every control."""

from dataclasses import replace
from datetime import timedelta

import pytest
from press import RENDERER, definitions, institution_of

from cyberposture.errors import WrongUsage
from cyberposture.reporting.inputs import RepairClock
from cyberposture.reporting.samples.contents import (
    content,
)
from cyberposture.reporting.samples.institution import (
    REVIEWER,
    SCANS,
    SIGNATORY,
    a_finding,
    a_report,
    a_verdict,
)
from cyberposture.reporting.samples.scores import (
    AS_OF,
    USUAL_FAILURES,
    a_document,
    a_score,
    an_institution,
    failing,
)
from cyberposture.reporting.view.controls import ControlCard
from cyberposture.reporting.view.institution import InstitutionView, institution_view
from cyberposture.reporting.view.network import FINDINGS_SHOWN


def card(view: InstitutionView, control: str) -> ControlCard:
    return next(c for group in view.groups for c in group.cards if c.id == control)


def test_a_report_without_an_audience_it_is_made_for_is_refused():
    report = definitions()["institution"]
    nobody = report.model_copy(update={"audiences": {"cert": "TLP:RED"}})
    with pytest.raises(WrongUsage, match="not made for board"):
        institution_view(nobody, "board", RENDERER.words(report), a_report())


def test_what_only_the_score_shows_is_a_contradiction_too():
    rows = institution_of(a_report()).contradictions
    held = [row.control for row in rows if any(one.code for one in row.against)]
    assert held == ["IAM-09"]
    assert {row.control for row in rows} == set(a_report().score.result.institution.contradictions)


def test_a_contradiction_shows_both_sides_and_what_the_institution_says():
    row = institution_of(a_report()).contradictions[0]
    assert row.claimed == "whole scope, reviewed within 12 months"
    (against,) = row.against
    assert against.shows == "It fails at one address", "what is wrong, not what should be"
    assert against.seen == "1 fails and 8 pass"
    assert against.state == "disputed by the institution"
    assert against.comment == "The jump host is meant to be reachable; we shall move it."
    assert against.commented == "Commented on 22 Nov 2026"


def test_a_claim_is_one_block_however_many_checks_speak_against_it():
    rows = institution_of(a_report()).contradictions
    assert len({row.control for row in rows}) == len(rows)
    assert all(row.against for row in rows)


def test_what_a_reviewer_wrote_stands_with_the_contradiction_for_those_who_may_read_it():
    usual = a_report()
    control = institution_of(usual).contradictions[0].control
    note = replace(next(iter(usual.reviews.values())), reason="One site was found without it.")
    told = replace(usual, reviews={**usual.reviews, control: note})
    assert institution_of(told).contradictions[0].review == "One site was found without it."
    assert institution_of(told, "sector").contradictions[0].review is None


def test_a_contradiction_without_a_comment_says_so():
    usual = a_report()
    silent = replace(usual.contradictions[0], comment="", commented_at=None)
    row = institution_of(replace(usual, contradictions=(silent,))).contradictions[0]
    assert row.against[0].comment is None
    assert row.against[0].commented == "Not yet commented by the institution."


def test_the_first_report_of_an_institution_has_nothing_to_compare_with():
    assert institution_of(replace(a_report(), previous=None)).changes is None
    assert institution_of(replace(a_report(), previous=None)).standing.last is None


def test_gates_that_opened_and_closed_are_named():
    before = a_score(a_document(an_institution(), tallies={}), title="Round 2026-H1")
    changes = institution_of(replace(a_report(), previous=before)).changes
    assert changes is not None
    assert set(changes.gates_closed) == {"IAM-03", "IAM-10", "NET-02", "OTI-02"}
    back = institution_of(replace(a_report(), score=before, previous=a_report().score)).changes
    assert back is not None
    assert set(back.gates_opened) == {"IAM-03", "IAM-10", "NET-02", "OTI-02"}


def test_a_change_is_attributed_to_the_answer_the_network_or_the_rules():
    changes = institution_of(a_report()).changes
    assert changes is not None
    because = {row.control: row.because for row in changes.moved}
    assert because["GOV-02"] == "the answer, its evidence or its review"
    assert because["WEB-02"] == "the network"
    usual = a_report()
    lenient = usual.score.document.parameters.model_copy(
        update={"values": (0, 5_000, 9_000, 10_000)}
    )
    document = usual.score.document.model_copy(update={"parameters": lenient})
    other = institution_of(replace(usual, previous=usual.score, score=a_score(document))).changes
    assert other is not None
    assert {row.because for row in other.moved} == {"the rules"}


def test_what_the_difference_comes_of_adds_up_to_it_as_it_is_printed():
    changes = institution_of(a_report()).changes
    assert changes is not None and changes.verified is not None
    assert {cause for cause, _ in changes.shares} <= {
        "answers", "evidence", "reviews", "the network"
    }  # fmt: skip
    parts = [float(share.text.replace("\u2212", "-")) for _, share in changes.shares]
    assert round(sum(parts), 1) == float(changes.verified.text.replace("\u2212", "-"))


def test_the_weightiest_changes_come_first_and_the_rest_is_counted():
    changes = institution_of(a_report()).changes
    assert changes is not None
    assert len(changes.moved) == 10
    assert changes.more_moved == 22
    assert changes.moved[0].change is not None
    assert changes.moved[0].change.text == "+100.0"


def test_steps_come_as_ranked_with_gain_and_how():
    inputs = a_report()
    steps = institution_of(inputs).steps
    assert [step.controls for step in steps] == [step.controls for step in inputs.steps]
    first = steps[0]
    assert first.says == "Repair this: It fails at one address."
    assert first.how == "Close what ssh-not-on-the-internet names, or move it behind the VPN."
    assert set(first.opens) == {"IAM-03", "NET-02"}
    assert first.href == "#saw-lab.ssh-not-on-the-internet"


def test_the_plan_says_where_it_ends_and_what_it_leaves_open():
    view = institution_of(a_report())
    end = view.plan_end
    assert end is not None
    assert end.says.startswith(f"After these {len(view.steps)} steps the verified score is ")
    assert view.steps[-1].reached in f"to {end.says}"
    opened = {control for step in view.steps for control in step.opens}
    assert opened.isdisjoint(end.closed)
    nothing = institution_of(replace(a_report(), steps=()))
    assert nothing.plan_end is None


def test_what_the_domains_add_is_the_whole_score_as_it_is_printed():
    view = institution_of(a_report())
    tenths = [int(row.adds.replace(".", "")) for row in view.shares]
    assert sum(tenths) == int((view.standing.verified or "").replace(".", ""))
    assert all(0 <= float(row.adds) <= float(row.verified) for row in view.shares)


def test_a_gain_too_small_for_one_decimal_is_not_shown_as_nothing():
    inputs = a_report()
    small = inputs.steps[0].model_copy(update={"gain": 4})
    assert institution_of(replace(inputs, steps=(small,))).steps[0].gain == "under +0.1"


def test_a_step_whose_check_left_no_trace_leads_to_its_control():
    inputs = replace(a_report(), verdicts={})
    step = institution_of(inputs).steps[0]
    assert step.href == f"#why-{step.controls[0]}"


def test_findings_stand_open_before_closed_and_the_gravest_first():
    groups = institution_of(a_report()).network.groups
    assert [group.check for group in groups] == [
        "lab.modbus-not-reachable",
        "lab.ssh-not-on-the-internet",
        "lab.telnet-not-reachable",
        "lab.modern-versions-only",
        "lab.stores-ask-for-a-login",
    ]
    assert groups[2].count == "2 open, 0 closed"


def test_a_fresh_finding_shows_from_when_it_counts_and_a_closed_one_when_it_ended():
    groups = {group.check: group for group in institution_of(a_report()).network.groups}
    fresh = groups["lab.modern-versions-only"].rows[0]
    assert (fresh.state, fresh.until) == ("fresh", ", counts from 28 Nov 2026")
    closed = groups["lab.stores-ask-for-a-login"].rows[0]
    assert (closed.state, closed.until, closed.is_closed) == ("closed", " on 19 Nov 2026", True)


def test_findings_beyond_the_most_that_is_listed_are_counted():
    many = tuple(
        a_finding(n, "lab.telnet-not-reachable", "127.40.0.7", 1 + n)
        for n in range(FINDINGS_SHOWN + 3)
    )
    network = institution_of(replace(a_report(), findings=many)).network
    assert network.not_shown == 3
    assert network.summary[0] == f"{FINDINGS_SHOWN + 3} findings are open."


@pytest.mark.parametrize(
    ("address", "protocol", "port", "shown"),
    [
        ("127.40.0.7", "tcp", 23, "127.40.0.7:23"),
        ("127.40.0.7", "udp", 161, "127.40.0.7:161/udp"),
        ("127.40.0.7", "", None, "127.40.0.7"),
        ("2001:db8::7", "tcp", 443, "[2001:db8::7]:443"),
    ],
)
def test_an_endpoint_is_written_as_people_write_it(address, protocol, port, shown):
    finding = replace(a_finding(1, "lab.telnet-not-reachable", address, port), protocol=protocol)
    rows = institution_of(replace(a_report(), findings=(finding,))).network.groups[0].rows
    assert rows[0].endpoint == shown


def test_refusals_are_counted_by_reason_in_words():
    refused = institution_of(a_report()).network.refusals
    assert refused == "outside the authorised scope (1) and more load than authorised (1)"


def test_a_card_leads_from_the_points_back_to_the_letter():
    view = institution_of(a_report())
    telnet = card(view, "IAM-10")
    assert telnet.claim == "It takes no answer; only the network decides it."
    assert telnet.value == "0.0 of 100 points × weight 5"
    assert telnet.clauses == "from clauses 3.5(1), 3.5(3)"
    assert [row.endpoint for row in telnet.failures] == ["127.40.0.7:23", "127.40.0.9:23"]
    row = telnet.failures[0]
    assert row.scan == f"{SCANS[0]}, chunk 3"
    assert len(row.sha256) == 64
    assert row.allowed_by == (
        f"authorisation A-2026-017, signed by {SIGNATORY}, chief executive, valid to 30 Jun 2027, "
        "load 3"
    )
    assert telnet.command == "cyberposture score explain IAM-10 --institution indus-valley-power"
    assert telnet.is_open


def test_a_card_shows_claim_evidence_and_reviewer():
    ssh = card(institution_of(a_report()), "IAM-09")
    assert ssh.claim == "Level 3: whole scope, reviewed within 12 months."
    control = content().catalogue.find("IAM-09")
    assert ssh.claim_means == control.levels.reviewed
    assert ssh.evidence[0].dates == "dated 3 Jun 2026, valid to 3 Jun 2027"
    assert len(ssh.evidence[0].sha256) == 64
    assert ssh.review == f"{REVIEWER} found on 2 Nov 2026: whole scope, grade E2."
    assert ssh.mark == "contradicted"


def test_the_derivation_of_a_card_is_the_scores_own():
    why = card(institution_of(a_report()), "IAM-10").why
    assert why[-1].startswith("Check lab.telnet-not-reachable failed on 2 of 14 known endpoints")
    assert "100.0 becomes 0.0 points" in why[-1], "points stand on the scale from 0 to 100"


def test_what_does_not_apply_is_out_and_says_why():
    view = institution_of(a_report(institution=an_institution(features=["web"])))
    assert card(view, "OTI-02").mark == "out"
    assert card(view, "OTI-02").claim == "It does not apply to an institution of this kind."


def test_only_what_the_report_speaks_of_stands_open():
    view = institution_of(a_report())
    opened = {c.id for group in view.groups for c in group.cards if c.is_open}
    assert "IAM-10" in opened
    assert "GOV-04" not in opened
    assert 0 < len(opened) < 40


def test_failures_come_first_and_what_is_not_listed_is_counted():
    rows = tuple(a_verdict(f"127.40.9.{n}", 23, "pass") for n in range(1, 100))
    verdicts = {"lab.telnet-not-reachable": (*rows, a_verdict("127.40.9.200", 23, "fail"))}
    saw = institution_of(replace(a_report(), verdicts=verdicts)).saw[0]
    assert saw.rows[0].verdict == "fail"
    assert len(saw.rows) + saw.more == 100
    assert saw.counts == ("1 fails", "99 pass")


def test_a_check_that_left_the_packs_keeps_its_id():
    finding = a_finding(1, "gone.no-longer-here", "127.40.0.7", 23)
    group = institution_of(replace(a_report(), findings=(finding,))).network.groups[0]
    assert (group.title, group.remedy) == ("gone.no-longer-here", "")


def test_a_rounds_own_repair_clock_is_told_with_its_reason():
    clock = RepairClock(0, "All failures count in this round.")
    told = institution_of(replace(a_report(), repair_clock=clock)).repair_clock
    assert told == (
        "In this round a failure counts at once. The reason: All failures count in this round."
    )


def test_a_live_score_says_that_it_is_never_ranked():
    view = institution_of(replace(a_report(), kind="live", round_code=None))
    assert "live score, moves with every scan and is never ranked" in view.frame.subtitle


def test_public_texts_name_no_audit_chain_of_an_unnamed_institution():
    view = institution_of(a_report(), "public")
    assert view.frame.head.chain == "of this institution"
    assert view.command == ""
    assert view.frame.headline == "An institution that is not named"


def test_equal_inputs_give_equal_text():
    report = definitions()["institution"]
    once, again = (
        RENDERER.render(report, "cert", institution_of(a_report(), "cert")) for _ in range(2)
    )
    assert once == again


def test_evidence_without_a_file_has_no_digest_and_old_dates_are_shown():
    usual = a_report()
    answer = usual.answers["GOV-01"]
    held = replace(answer.evidence[0], sha256=None, expires=None)
    inputs = replace(usual, answers={"GOV-01": replace(answer, evidence=(held,) * 10)})
    shown = card(institution_of(inputs), "GOV-01")
    assert shown.evidence[0].sha256 == ""
    assert shown.evidence[0].dates == "dated 3 Jun 2026"
    assert shown.more_evidence == 2


def test_a_score_from_an_earlier_catalogue_is_still_explained():
    usual = a_report()
    fewer = usual.content.catalogue.model_copy(
        update={"controls": usual.content.catalogue.controls[5:]}
    )
    inputs = replace(usual, content=replace(usual.content, catalogue=fewer))
    lost = card(institution_of(inputs), "ASR-01")
    assert (lost.title, lost.clauses) == ("ASR-01", "no longer in the catalogue")
    assert lost.why


def test_what_ended_long_ago_is_shown_on_its_day():
    old = AS_OF - timedelta(days=400)
    finding = replace(a_report().findings[0], state="closed", closed_at=old, first_seen=old)
    row = institution_of(replace(a_report(), findings=(finding,))).network.groups[0].rows[0]
    assert row.since == "18 Oct 2025"
    assert row.until == " on 18 Oct 2025"


def test_all_failing_rows_are_told_where_several_checks_fail():
    tallies = USUAL_FAILURES | failing(("lab.telnet-not-reachable-too", 3, 4))
    inputs = a_report(document=a_document(an_institution(), tallies=tallies))
    holds = institution_of(inputs).standing.holds
    gate = next(hold for hold in holds.first if hold.control == "IAM-10")
    assert "One more check fails." in gate.detail


def test_a_report_says_when_less_than_the_baseline_was_asked():
    one = an_institution(tier="A")
    document = a_document(one)
    few = document.model_copy(
        update={
            "controls": document.controls[:9],
            "answers": tuple(a for a in document.answers if a.control in
                             {c.id for c in document.controls[:9]}),
            "verdicts": tuple(v for v in document.verdicts if v.control in
                              {c.id for c in document.controls[:9]}),
        }
    )  # fmt: skip
    whole, part = (institution_of(a_report(one, d)).frame.subtitle for d in (document, few))
    assert "baseline profile" in whole
    assert "start profile" in part
