"""The first screen: its sentences are right in every case, and its figures are the score's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from press import institution_of

from cyberposture.reporting.inputs import GateRefusal, InstitutionInputs, KnownAddresses
from cyberposture.reporting.samples.institution import (
    a_report,
    a_scan,
    an_authorisation,
)
from cyberposture.reporting.samples.scores import (
    AS_OF,
    USUAL_FAILURES,
    a_document,
    a_score,
    an_institution,
    failing,
)


def everything(level: int | None) -> Any:
    return lambda control: level


def a_case(**given: Any) -> InstitutionInputs:
    """Return a report on a document that is made as told; what is not about it is left out."""
    parts = {"findings", "authorisations", "scans", "refusals", "addresses", "previous"}
    change = {name: given.pop(name) for name in parts & given.keys()}
    institution = an_institution(tier="G", features=["web"])
    document = a_document(institution, **{"level": everything(3), **given})
    empty = {"findings": (), "contradictions": (), "verdicts": {}, "steps": (), "previous": None}
    return replace(a_report(institution=institution, document=document), **empty | change)


def lead(inputs: InstitutionInputs) -> str:
    return " ".join(institution_of(inputs).standing.lead)


UNSEEN = {"default_pass": 0, "scans": (), "refusals": (), "authorisations": ()}


def test_the_usual_case_reads_as_a_board_would_say_it():
    assert lead(a_report()) == (
        "On paper this operator is Managed. The network says otherwise: as verified it is "
        "Developing. 6 basic requirements (gates) are not met; until they are, the band stays "
        "Developing. The network shows 4 of them to fail. 5 claims are contradicted by what the "
        "network shows. 1 failure seen on the network is fresh and does not count yet."
    )


def test_places_are_gates_that_the_network_shuts_and_contradicted_claims_each_once():
    whole = a_report().score.result.institution
    failing_gates = {"IAM-03", "IAM-10", "NET-02", "OTI-02"}
    assert failing_gates <= set(whole.gates_holding)
    assert len(failing_gates | set(whole.contradictions)) == 8


def test_a_claim_that_is_borne_out_is_said_to_be():
    reviewed = a_case(reviewed=lambda control: True, level=everything(3))
    assert lead(reviewed) == (
        "On paper this institution is Leading; what could be verified makes it Managed. Where the "
        "network was looked at, it contradicts nothing."
    )
    same = a_case(reviewed=lambda control: True, level=everything(2))
    assert lead(same).startswith("On paper and as verified, this institution is Managed.")


def test_without_enough_answers_there_is_no_band_and_that_is_said_first():
    few = a_case(level=lambda control: 2 if control.startswith("GOV") else None)
    said = lead(few)
    assert "Not enough is known to place this institution: " in said
    assert "and 50 % is needed for a band." in said
    assert "On paper" not in said
    assert institution_of(few).standing.band.name == "No band"
    assert institution_of(few).standing.band.place == 0


def test_nothing_answered_is_said_as_it_is():
    said = lead(a_case(level=everything(None), **UNSEEN))
    assert said.startswith("Nothing has been answered yet by this institution. Not enough is known")


def test_claims_that_nothing_applies_are_answers_too():
    inputs = a_case(level=everything(None), **UNSEEN)
    answers = tuple(
        answer.model_copy(update={"not_applicable": "claimed"})
        if answer.not_applicable is None
        else answer
        for answer in inputs.score.document.answers
    )
    document = inputs.score.document.model_copy(update={"answers": answers})
    assert "Nothing has been answered" not in lead(replace(inputs, score=a_score(document)))


def test_where_no_control_applies_there_is_nothing_to_score():
    inputs = a_case()
    document = inputs.score.document.model_copy(
        update={"controls": (), "answers": (), "verdicts": ()}
    )
    view = institution_of(replace(inputs, score=a_score(document)))
    assert view.standing.lead == (
        "No control applies to this institution; there is nothing to score.",
    )
    assert view.standing.verified is None
    assert view.standing.strip is None


def test_bare_words_close_gates_without_the_network_being_blamed():
    said = lead(a_case(bare=True))
    assert "The network says otherwise" not in said
    assert "(gates) are not met; until they are, the band stays Developing." in said


def test_gates_that_change_nothing_today_are_not_said_to_hold():
    weak = a_case(level=everything(1), reviewed=lambda control: False)
    said = lead(weak)
    assert "can rise no higher than Developing" in said
    assert "the band stays" not in said
    assert institution_of(weak).standing.but_for_gates is None


def test_one_gate_is_spoken_of_in_the_singular():
    one = a_case(tallies=failing(("lab.telnet-not-reachable", 1, 5)))
    assert one.score.result.institution.gates_holding == ("IAM-10",)
    said = lead(one)
    assert (
        "1 basic requirement (a gate) is not met; until it is, the band stays Developing." in said
    )
    assert institution_of(one).standing.but_for_gates is not None


def test_unknown_gates_are_told_and_hold_only_once_the_time_is_over():
    unseen = a_case(**UNSEEN)
    unknown = len(unseen.score.result.institution.gates_unknown)
    assert unknown > 1
    only = "basic requirements that only the network can show to be met are unknown so far."
    assert f"{unknown} {only}" in lead(unseen)
    overdue = a_case(**UNSEEN, overdue=True)
    assert "are unknown so far" not in lead(overdue)
    assert (
        f"{unknown} basic requirements (gates) are not met; until they are, the band stays"
        in lead(overdue)
    )
    holds = institution_of(overdue).standing.holds.first
    assert "the time for letting it be looked at is over" in holds[0].detail


def test_low_confidence_is_told_where_it_lowers_the_band():
    unseen = a_case(**UNSEEN, reviewed=lambda control: False)
    assert unseen.score.result.institution.confidence == "low"
    assert "Little of it was examined" in lead(unseen)


AUTHORISED = {"default_pass": 0, "scans": (), "refusals": ()}
REFUSAL = GateRefusal("127.40.0.77", "out-of-scope", AS_OF)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"authorisations": ()}, "Nobody has been authorised to look at the network"),
        ({"authorisations": (an_authorisation(granted_by=None),)}, "is not granted yet"),
        ({"authorisations": (an_authorisation(withdrawn_at=AS_OF),)}, "was withdrawn"),
        (
            {"authorisations": (an_authorisation(valid_until=AS_OF - timedelta(days=1)),)},
            "has expired",
        ),
        ({"authorisations": (an_authorisation(),), "scans": (a_scan(),)}, "gave no clear answer"),
        (
            {"authorisations": (an_authorisation(),), "refusals": (REFUSAL,)},
            "lay outside the authorisation",
        ),
        ({"authorisations": (an_authorisation(),)}, "may be looked at, and has not been yet"),
    ],
)
def test_why_the_network_says_nothing_is_told_with_the_next_step(given, said):
    sentence = lead(a_case(**AUTHORISED | given))
    assert said in sentence
    assert "it contradicts nothing" not in sentence
    assert "The next step" in sentence or "has not been yet" in sentence


def test_an_authorisation_that_ended_after_a_look_is_told():
    withdrawn = a_case(authorisations=(an_authorisation(withdrawn_at=AS_OF),))
    assert "no longer stands" in lead(withdrawn)


def test_fresh_failures_are_told_and_not_called_agreement():
    tallies = {"lab.telnet-not-reachable": {"fresh": 1, "pass": 9}}
    fresh = replace(a_report().findings[0], is_fresh=True)
    said = lead(a_case(tallies=tallies, findings=(fresh,)))
    assert "1 failure seen on the network is fresh and does not count yet." in said
    assert "contradicts nothing" not in said


def test_figures_add_up_as_they_are_printed():
    standing = institution_of(a_report()).standing
    assert (standing.declared, standing.claims_verified) == ("71.8", "58.4")
    assert standing.not_borne_out == "13.4 not borne out"
    assert standing.last is not None
    assert (standing.last.verified, standing.verified) == ("52.9", "59.8")
    assert standing.last.change is not None
    assert standing.last.change.text == "+6.9"


def test_what_is_known_and_what_was_seen_stand_beside_each_other():
    assert institution_of(a_report()).standing.observed == (
        "100 % conclusive",
        "14 of 17 known addresses authorised",
    )
    nothing = a_case(**UNSEEN, addresses=KnownAddresses(0, 0, 0))
    assert institution_of(nothing).standing.observed[-1] == "no address is known"


def test_holds_name_gates_first_each_with_its_next_step():
    holds = institution_of(a_report()).standing.holds
    assert [hold.kind for hold in holds.first] == ["gate"] * 4
    first = {hold.control: hold for hold in holds.first}
    telnet = first["IAM-10"]
    assert telnet.detail == (
        "A basic requirement (gate). The network alone decides this one. It fails at more than one "
        "address: on 2 of 14 places looked at, seen 19 Nov 2026."
    )
    assert telnet.step is not None
    assert telnet.step.startswith("Have this repaired"), "how it is done stands below"
    assert telnet.is_network
    assert first["IAM-03"].state == "claimed, contradicted"
    assert set(holds.rest) == {"AST-01", "SYS-03", "DAT-04", "IAM-08", "IAM-09", "SUP-07"}


def test_a_host_that_could_not_be_judged_is_never_called_clean():
    tallies = USUAL_FAILURES | {"lab.modbus-not-reachable": {"fail": 1, "inconclusive": 2}}
    document = a_document(an_institution(), tallies=tallies)
    holds = institution_of(a_report(document=document)).standing.holds
    gate = next(hold for hold in holds.first if hold.control == "OTI-02")
    assert "2 endpoints could not be judged and are not counted as clean." in gate.detail


@pytest.mark.parametrize(
    ("given", "detail", "step"),
    [
        ({"level": everything(None)}, "It is not answered", "Answer it."),
        (
            {"level": everything(0), "reviewed": lambda c: False},
            "Answered: absent.",
            "Reach level 2",
        ),
        (
            {"level": everything(1), "reviewed": lambda c: True},
            "A reviewer found: part",
            "Reach lev",
        ),
        ({"bare": True}, "a bare word opens no gate", "Attach evidence, such as: "),
    ],
)
def test_why_a_gate_holds_is_told_in_its_own_words(given, detail, step):
    holds = institution_of(a_case(**UNSEEN, **given)).standing.holds.first
    gate = next(hold for hold in holds if hold.control == "GOV-01")
    assert detail in gate.detail
    assert gate.step is not None
    assert gate.step.startswith(step)


def test_calm_is_said_where_nothing_holds():
    holds = institution_of(a_case()).standing.holds
    assert (holds.first, holds.rest) == ((), ())


@pytest.mark.parametrize("audience", ["board", "sector", "cert", "public"])
def test_the_sentences_are_the_same_for_every_audience(audience):
    assert institution_of(a_report(), audience).standing.lead == (
        institution_of(a_report(), "cert").standing.lead
    )


def test_nothing_declared_is_not_called_borne_out():
    assert institution_of(a_case(level=everything(None), **UNSEEN)).standing.not_borne_out is None
