"""As whom somebody reads results, and where a part's references lead."""

from datetime import UTC, datetime

import pytest

from cyberposture.model.people import Membership, Role
from cyberposture.reporting.plain import Text
from cyberposture.web.pages.management.results import audience_of, linked_to


def held(role: Role, institution: str | None = None, sector: str | None = None) -> Membership:
    return Membership(person="a-person", role=role, institution=institution, sector=sector,
                      valid_from=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip


@pytest.mark.parametrize(
    ("one", "audience"),
    [
        (held("institution-lead", "hill-water"), "board"),
        (held("observer", "hill-water"), "board"),
        (held("auditor", "hill-water"), "board"),
        (held("cert-analyst"), "cert"),
        (held("reviewer"), "cert"),
        (held("sector-regulator", sector="water"), "sector"),
        (held("national-observer"), "board"),
    ],
)
def test_everybody_reads_with_the_eyes_of_their_role(one, audience):
    assert audience_of([one], "hill-water") == audience


def test_who_is_of_the_cert_reads_their_own_institution_as_its_board():
    both = [held("cert-analyst"), held("signatory", "hill-water")]
    assert audience_of(both, "hill-water") == "board"
    assert audience_of(both, "meadow-water") == audience_of(both) == "cert"


def test_what_stands_elsewhere_is_looked_up_in_the_report():
    marked_up = '<a class="id" href="#why-X">X</a><a href="#here">h</a><h2 id="here">H</h2>'
    parts = linked_to("/r?a=1&b=2", Text("", f'{marked_up}<use href="#sign-1"/>')).__html__()
    assert 'href="/r?a=1&amp;b=2#why-X"' in parts
    assert '<a href="#here">' in parts
    assert '<use href="#sign-1"/>' in parts
