"""What is claimed beside what the network shows: every cell is one way a claim can stand."""

from collections import Counter

from cyberposture.reporting.samples.scores import a_document, an_institution, failing
from cyberposture.scoring.claims import SHOWS, claims_seen
from cyberposture.scoring.reconcile import cases
from cyberposture.scoring.rollup import compute

TELNET = "lab.telnet-not-reachable"


def test_claims_that_the_network_contradicts_are_the_contradictions_of_the_score():
    document = a_document(an_institution(), tallies=failing((TELNET, 2, 12)))
    count = claims_seen(document)
    contradicted = sum(count.get((level, "contradicts"), 0) for level in (2, 3))
    assert contradicted == len(compute(document).institution.contradictions) > 0


def test_what_nobody_looked_at_stands_open_and_is_borne_out_by_nothing():
    document = a_document(an_institution(), default_pass=0)
    shown = Counter[str]()
    for (_, shows), number in claims_seen(document).items():
        shown[shows] += number
    assert set(shown) == {"open"}


def test_only_answers_that_a_check_could_contradict_are_counted():
    document = a_document(an_institution())
    spoken_to = [
        case for case in cases(document)
        if case.is_applicable and case.level is not None and not case.is_network_only
        and any(row.direction != "S" for row in case.rows)
    ]  # fmt: skip
    assert sum(claims_seen(document).values()) == len(spoken_to) > 0
    assert {shows for _, shows in claims_seen(document)} <= set(SHOWS)
    assert claims_seen(a_document(an_institution(), level=lambda control: None)) == {}
