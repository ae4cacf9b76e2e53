"""What a score stands on, from the register: claims, reviews, the network, and what was refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cyberposture.errors import WrongState
from cyberposture.model.assessments import Review
from cyberposture.scoring.rollup import compute
from cyberposture.services.assessments import assess
from cyberposture.services.permission import requests
from cyberposture.services.scores import explain, score

TELNET = "cleartext.no-telnet-or-r-login"
CLEAN = {"rest": "closed", "services": {"443": "ssl/http"}}
BANDS = ["Exposed", "Developing", "Established", "Managed", "Leading"]


def control(office, code, control_id, **when):
    found = office.basis(code, **when).result.controls
    return next(one for one in found if one.id == control_id)


@pytest.fixture
def claiming(office) -> Callable[..., str]:
    """Registers an institution that claims the highest level everywhere, with evidence."""
    office.open_round()
    office.write("handbook.txt", "The security handbook.")

    def claim(code: str, *addresses: str, level: int = 3) -> str:
        office.institution(code)
        office.declare(code, *addresses)
        asked = office.register.content.catalogue.selected("A")
        evidence = [{"file": "handbook.txt", "title": "Handbook", "dated": "2026-10-01"}]
        answers = {
            one.id.replace("-", "_"): {"level": level, "evidence": evidence}
            for one in asked
            if one.evidence_mode != "N" and (one.applies_when is None or one.id[:3] == "WEB")
        }
        office.answer(code, "autumn", **answers)
        return code

    return claim


def test_one_pass_beside_ninety_nine_unseen_hosts_is_no_pass(office):
    code = office.institution()
    office.declare(code, *(f"127.52.0.{n}" for n in range(1, 101)))
    office.look(code, "127.52.0.1", **CLEAN)
    assert office.standing(code, TELNET).tally.passed == 1
    assert control(office, code, "IAM-10").verified is None
    assert control(office, code, "IAM-09").grade == "E0"


def test_one_failure_beside_ninety_nine_unseen_hosts_is_a_failure(office):
    code = office.institution()
    office.declare(code, *(f"127.52.0.{n}" for n in range(1, 101)))
    office.look(code, "127.52.0.1", rest="closed", services={"23": "telnet"})
    office.clock.forward(days=15)
    assert control(office, code, "IAM-10").verified == 0


def test_every_known_host_seen_clean_is_a_pass(office):
    code = office.institution()
    office.declare(code, *(f"127.52.0.{n}" for n in range(1, 11)))
    clean = {"rest": "closed", "ports": {"443": "open"}, "services": {"443": "ssl/ftp"}}
    office.judge(code, *(office.seen(f"127.52.0.{n}", **clean) for n in range(1, 11)))
    assert control(office, code, "IAM-10").verified == 10_000


def test_failure_touches_the_points_only_when_its_repair_clock_ended(office):
    code = office.institution()
    office.declare(code, "127.52.0.1")
    office.look(code, "127.52.0.1", rest="closed", services={"23": "telnet"})
    end = office.finding(TELNET).first_seen + timedelta(days=14)
    before, after = end - timedelta(minutes=1), end
    assert control(office, code, "IAM-10", as_of=before).verified is None
    assert control(office, code, "IAM-10", as_of=after).verified == 0


def result(office, code):
    return office.basis(code).result.institution


def test_refusing_the_scan_never_beats_allowing_it(office, claiming):
    refusing = claiming("closed-house", "127.52.1.1")
    allowing = claiming("open-house", "127.52.2.1")
    for code in (refusing, allowing):
        requests.request_letter(
            office.register, office.reports, code, f"R-{code}", load=3, days=365
        )
    office.authorise(allowing, "127.52.2.0/24")
    office.look(allowing, "127.52.2.1", **CLEAN)
    for days in (0, 31):
        office.clock.forward(days=days)
        shut, seen = result(office, refusing), result(office, allowing)
        assert shut.verified <= seen.verified
        assert BANDS.index(shut.band) <= BANDS.index(seen.band)
        assert shut.examined <= seen.examined
        assert shut.observation_coverage < seen.observation_coverage


def test_refusal_holds_the_band_after_the_grace_even_against_one_who_failed(office, claiming):
    refusing = claiming("closed-house", "127.52.1.1")
    failing = claiming("open-house", "127.52.2.1")
    for code in (refusing, failing):
        requests.request_letter(
            office.register, office.reports, code, f"R-{code}", load=3, days=365
        )
    office.authorise(failing, "127.52.2.0/24")
    office.look(failing, "127.52.2.1", rest="closed", services={"23": "telnet"})
    assert BANDS.index(result(office, refusing).band) > BANDS.index("Developing")
    office.clock.forward(days=31)
    assert result(office, refusing).band == "Developing"
    assert set(result(office, refusing).gates_unknown) == {"IAM-10", "NET-02"}
    assert BANDS.index(result(office, refusing).band) <= BANDS.index(result(office, failing).band)


def test_observation_is_overdue_after_the_grace_and_not_before(office):
    code = office.institution()
    office.declare(code, "127.52.0.1")
    office.clock.forward(days=60)
    assert not office.basis(code).document.observation_overdue
    requests.request_letter(office.register, office.reports, code, "R-1", load=3, days=365)
    office.clock.forward(days=30, seconds=-1)
    assert not office.basis(code).document.observation_overdue
    office.clock.forward(seconds=2)
    assert office.basis(code).document.observation_overdue


def test_authorisation_that_came_unasked_starts_the_grace_as_well(office):
    code = office.institution()
    office.authorise(code, "127.52.0.0/24")
    office.clock.forward(days=31)
    assert office.basis(code).document.observation_overdue


def test_claim_that_a_control_does_not_apply_counts_nothing_until_it_is_approved(office):
    code, campaign = office.institution(), office.open_round()
    away = {"not_applicable": "Nobody works from elsewhere."}
    office.answer(code, campaign, IAM_09=away)
    claimed = control(office, code, "IAM-09")
    assert (claimed.applicable, claimed.declared, claimed.verified) == (True, None, 0)
    approval = {"control": "IAM-09", "approves_not_applicable": True, "reason": "Seen on site."}
    assess.review(office.register, code, campaign, Review.model_validate(approval))
    approved = control(office, code, "IAM-09")
    assert (approved.applicable, approved.verified) == (False, None)


def test_approval_ends_with_the_claim_that_it_approved(office):
    code, campaign = office.institution(), office.open_round()
    office.answer(code, campaign, IAM_09={"not_applicable": "Nobody works from elsewhere."})
    approval = {"control": "IAM-09", "approves_not_applicable": True, "reason": "Seen on site."}
    assess.review(office.register, code, campaign, Review.model_validate(approval))
    office.answer(code, campaign, IAM_09=2)
    answered = control(office, code, "IAM-09")
    assert (answered.applicable, answered.declared) == (True, 8000)


def test_unanswered_is_nought_and_never_left_out(office):
    code, campaign = office.institution(), office.open_round()
    office.answer(code, campaign, IAM_09=3)
    few = office.basis(code).result.institution
    assert control(office, code, "IAM-03").declared == 0
    office.answer(code, campaign, IAM_03=1)
    assert office.basis(code).result.institution.declared > few.declared


def test_kept_score_is_what_its_own_document_gives(office, claiming):
    code = claiming("open-house", "127.52.2.1")
    office.look(code, "127.52.2.1", rest="closed", services={"23": "telnet"})
    office.clock.forward(days=15)
    live = score.score_live(office.register, code)
    frozen = score.finalise(office.register, code, "autumn")
    for record in (live, frozen):
        basis = office.basis(code, as_of=record.summary.as_of)
        assert record.document == basis.document.model_dump(mode="json", by_alias=True)
        assert record.result == compute(basis.document).model_dump(mode="json")
    assert score.recompute_all(office.register) == (2, [])


def test_round_score_stays_while_the_live_score_moves(office, claiming):
    code = claiming("open-house", "127.52.2.1")
    office.look(code, "127.52.2.1", **CLEAN)
    frozen = score.finalise(office.register, code, "autumn")
    office.look(code, "127.52.2.1", rest="closed", services={"23": "telnet"})
    office.clock.forward(days=15)
    live = score.score_live(office.register, code)
    assert live.result != frozen.result
    assert score.find_current(office.register, code, "autumn").result == frozen.result
    assert score.find_current(office.register, code, None).summary.id == live.summary.id


def test_what_came_later_changes_no_word_about_a_final_round(office, claiming):
    code = claiming("open-house", "127.52.2.1")
    office.look(code, "127.52.2.1", rest="closed", services={"23": "telnet"})
    office.clock.forward(days=15)
    frozen = score.finalise(office.register, code, "autumn")
    note = explain.explain_one(office.register, code, "IAM-10", "autumn")
    assert note.basis.result.model_dump(mode="json") == frozen.result
    assert [one.tally.fail for one, _, _ in note.checks if one.check.id == TELNET] == [1]
    office.clock.forward(hours=1)
    office.look(code, "127.52.2.1", **CLEAN)
    assert explain.explain_one(office.register, code, "IAM-10", "autumn") == note
    assert explain.explain_one(office.register, code, "IAM-10", None).basis != note.basis


def test_final_round_takes_no_review(office, claiming):
    code = claiming("open-house", "127.52.2.1")
    score.finalise(office.register, code, "autumn")
    given = Review(control="GOV-01", level=1, grade="E2", reason="Late.")
    with office.refuses(WrongState, "is finalised"):
        assess.review(office.register, code, "autumn", given)
