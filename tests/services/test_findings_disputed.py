"""What people do with findings: two pairs of eyes, a signature, a time that ends by itself."""

from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, WrongState
from cyberposture.scoring.assemble import Tally
from cyberposture.services.findings import acts, views

TELNET = "cleartext.no-telnet-or-r-login"
HOST = "127.50.0.1"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
PROOF = {"reason": "it is a decoy of our own", "evidence": "letter 12/2026"}


@pytest.fixture
def code(office):
    """An institution with one host that answers by Telnet, and people of both sides."""
    code = office.institution()
    office.declare(code, HOST)
    office.look(code, HOST, **OPEN)
    for person, role in (("a-ahmed", "cert-analyst"), ("r-rana", "reviewer")):
        office.invite(person, role)
    for person, role in (("s-shah", "signatory"), ("l-lodhi", "institution-lead")):
        office.invite(person, role, institution=code)
    return code


def key(office, person):
    return office.invite(person, "observer")  # invited before: only the key is read


def told(office):
    return office.finding(TELNET).code


def state(office):
    return office.finding(TELNET).state


def counted(office, code):
    return office.standing(code, TELNET).tally


def propose(office, person="a-ahmed", **changes):
    given = PROOF | changes
    return acts.propose_false_positive(
        office.register, told(office), person, key(office, person), **given
    )


def dispute(office, person="l-lodhi"):
    return acts.dispute(office.register, told(office), person, **PROOF)


def decide(office, person, *, stands):
    return acts.decide(
        office.register, told(office), person, key(office, person), stands=stands,
        reason="looked at it on the spot",
    )  # fmt: skip


def accept(office, person="s-shah", **options):
    return acts.accept(
        office.register, told(office), person, key(office, person), reason="until it is replaced",
        **options,
    )  # fmt: skip


def kinds(office):
    return [event.kind for event in views.get_history(office.register, told(office)).events]


def test_false_positive_needs_a_second_person(office, code):
    propose(office)
    assert state(office) == "open"
    with pytest.raises(NotAuthorised, match="same-person"):
        decide(office, "a-ahmed", stands=False)
    assert decide(office, "r-rana", stands=False) == "false-positive"
    assert kinds(office) == ["opened", "proposed", "marked"]
    assert counted(office, code) == Tally()


def test_second_person_may_refuse_and_then_nothing_waits(office, code):
    propose(office)
    assert decide(office, "r-rana", stands=True) == "open"
    office.invite("c-cert", "cert-analyst")
    with pytest.raises(WrongState, match="nothing"):
        decide(office, "c-cert", stands=False)


def test_key_of_somebody_else_signs_nothing(office, code):
    with pytest.raises(NotAuthorised, match="bad-signature"):
        acts.propose_false_positive(
            office.register, told(office), "a-ahmed", key(office, "r-rana"), **PROOF
        )
    assert kinds(office) == ["opened"]


@pytest.mark.parametrize("missing", ["reason", "evidence"])
def test_false_positive_without_reason_or_evidence_is_refused(office, code, missing):
    with pytest.raises(InvalidInput, match=missing):
        propose(office, **{missing: " "})


@pytest.mark.parametrize(("days", "fits"), [(0, False), (1, True), (365, True), (366, False)])
def test_false_positive_holds_for_a_year_at_most(office, code, days, fits):
    until = office.clock() + timedelta(days=days)
    if fits:
        assert propose(office, until=until) == until
    else:
        with pytest.raises(InvalidInput, match="--until"):
            propose(office, until=until)


def test_false_positive_comes_back_by_itself(office, code):
    propose(office, until=office.clock() + timedelta(days=30))
    decide(office, "r-rana", stands=False)
    assert acts.end_marks(office.register) == []
    office.clock.forward(days=31)
    assert counted(office, code).fail == 1  # the score does not wait for the clock
    assert acts.end_marks(office.register) == [told(office)]
    assert acts.end_marks(office.register) == []
    assert (state(office), kinds(office)[-1]) == ("open", "returned")


def test_false_positive_that_is_mended_closes(office, code):
    propose(office)
    decide(office, "r-rana", stands=False)
    office.look(code, HOST, **CLOSED)
    assert state(office) == "closed"


def test_only_the_signatory_of_this_institution_accepts_a_risk(office, code):
    other = office.institution("dale-office")
    office.invite("s-sethi", "signatory", institution=other)
    for person, why in (("l-lodhi", "wrong-role"), ("a-ahmed", "wrong-role"),
                        ("s-sethi", "other-institution")):  # fmt: skip
        with pytest.raises(NotAuthorised, match=why):
            accept(office, person)
    accept(office)
    assert state(office) == "accepted"


def test_accepted_risk_stays_visible_and_counts_as_before(office, code):
    office.clock.forward(days=20)
    before = counted(office, code)
    accept(office, until=office.clock() + timedelta(days=30))
    assert counted(office, code) == before == Tally(fail=1)
    shown = views.get_view(office.register, told(office))
    assert shown.finding.state == "accepted"
    office.clock.forward(days=31)
    assert acts.end_marks(office.register) == [told(office)]
    assert state(office) == "open"


def test_acceptance_can_be_renewed_and_the_newer_one_counts(office, code):
    accept(office, until=office.clock() + timedelta(days=5))
    accept(office, until=office.clock() + timedelta(days=50))
    office.clock.forward(days=6)
    assert acts.end_marks(office.register) == []
    assert state(office) == "accepted"


def test_only_the_institution_disputes(office, code):
    with pytest.raises(NotAuthorised, match="wrong-role"):
        dispute(office, "a-ahmed")
    assert dispute(office).isoformat() == "2026-12-03T19:00:00+00:00"  # ten working days, Karachi
    assert state(office) == "disputed"
    with pytest.raises(WrongState, match="disputed"):
        dispute(office)


def test_dispute_is_decided_by_somebody_who_did_not_judge(office, code):
    judged = office.acting("j-jamil")
    office.look(code, HOST, **CLOSED)
    plain, office.register = office.register, judged
    office.look(code, HOST, **OPEN)
    office.register = plain
    dispute(office)
    with pytest.raises(NotAuthorised, match="same-person"):
        decide(office, "j-jamil", stands=True)
    with pytest.raises(NotAuthorised, match="wrong-role"):
        decide(office, "s-shah", stands=False)
    assert decide(office, "r-rana", stands=True) == "open"
    assert kinds(office)[-2:] == ["marked", "upheld"]


def test_dispute_counts_until_its_time_is_over_and_then_nobody_knows(office, code):
    office.clock.forward(days=15)
    due = dispute(office)
    office.clock.forward(seconds=(due - office.clock()).total_seconds() - 1)
    assert counted(office, code) == Tally(fail=1)
    assert acts.end_marks(office.register) == []
    office.clock.forward(seconds=2)
    assert counted(office, code) == Tally(inconclusive=1)
    assert acts.end_marks(office.register) == [told(office)]
    assert acts.end_marks(office.register) == []
    assert (state(office), kinds(office)[-1]) == ("disputed", "lapsed")
    decide(office, "r-rana", stands=True)
    assert counted(office, code) == Tally(fail=1)


def test_overturned_disputes_are_the_error_rate_of_a_check(office, code):
    def rate():
        (found,) = (one for one in views.error_rates(office.register) if one.check == TELNET)
        return (found.disputed, found.upheld, found.overturned, found.rate_bp)

    assert rate() == (0, 0, 0, None)
    dispute(office)
    assert rate() == (1, 0, 0, None)
    decide(office, "r-rana", stands=True)
    assert rate() == (1, 1, 0, 0)
    dispute(office)
    office.invite("c-cert", "cert-analyst")
    assert decide(office, "c-cert", stands=False) == "false-positive"
    assert rate() == (2, 1, 1, 5000)
    assert counted(office, code) == Tally()


def test_who_decided_once_does_not_decide_again(office, code):
    dispute(office)
    decide(office, "r-rana", stands=True)
    dispute(office)
    with pytest.raises(NotAuthorised, match="same-person"):
        decide(office, "r-rana", stands=True)


def test_closed_finding_can_only_come_back(office, code):
    office.look(code, HOST, **CLOSED)
    for act in (propose, dispute, accept):
        with pytest.raises(WrongState, match="closed"):
            act(office)
    with pytest.raises(WrongState, match="closed"):
        acts.acknowledge(office.register, told(office), who="the porter")


def test_views_tell_the_clock_and_what_waits(office, code):
    def shown():
        return views.get_view(office.register, told(office))

    first = shown().finding.first_seen
    assert (shown().repair_by, shown().waits_for) == (first + timedelta(days=14), "")
    propose(office)
    assert shown().waits_for == "a second person"
    decide(office, "r-rana", stands=True)
    dispute(office)
    assert shown().waits_for.startswith("a decision until 2026-12-03")


def test_long_standing_finding_that_is_back_within_the_time_gets_no_new_clock(office, code):
    office.clock.forward(days=200)  # it stood for longer than the reopening time
    office.look(code, HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    office.look(code, HOST, **OPEN)
    assert counted(office, code) == Tally(fail=1)


def test_finding_that_is_back_after_the_time_gets_a_new_clock(office, code):
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=91)
    office.look(code, HOST, **OPEN)
    assert counted(office, code) == Tally(fresh=1)
