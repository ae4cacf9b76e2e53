"""No two institutions hold the same addresses or names, unless both call them shared."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cyberposture.errors import WrongState
from cyberposture.services.people import people
from cyberposture.services.permission import authorise

ENGINES = ("sqlite", "postgresql")
RANGE = "127.57.0.0/24"
HOSTED = {
    "cidr": "127.57.0.8/29",
    "ports": None,
    "special_allowed": True,
    "consent": {"third_party": "Fictional Hosting Ltd", "letter_sha256": "cd" * 32},
}


def name(text, subdomains=False):
    return {"name": text, "subdomains": subdomains}


PORTAL = name("portal.example", subdomains=True)


@pytest.fixture
def two(office):
    """Two institutions, of which the first holds a granted letter for a range."""
    office.institution("hill-office")
    office.institution("dale-office")
    return office


def standing(office, code):
    return [one.is_granted for one in authorise.list_standing(office.register, code)]


@pytest.mark.parametrize(
    ("theirs", "ours", "common"),
    [
        (RANGE, "127.57.0.9/32", "127.57.0.9"),
        ("127.57.0.9/32", RANGE, "127.57.0.9"),
        (RANGE, "127.57.0.0/25", "127.57.0.0 to 127.57.0.127"),
        ("fd00:57::/64", "fd00:57::8/125", "fd00:57::8 to fd00:57::f"),
        (RANGE, HOSTED, "127.57.0.8 to 127.57.0.15"),
        (HOSTED, "127.57.0.8/32", "127.57.0.8"),
        (PORTAL, name("WWW.portal.example"), "WWW.portal.example"),
        (name("www.portal.example"), PORTAL, "www.portal.example"),
    ],
)
def test_letter_that_holds_what_another_institution_holds_is_not_granted(two, theirs, ours, common):
    reference = two.authorise("hill-office", theirs)
    with pytest.raises(WrongState) as caught:
        two.authorise("dale-office", ours)
    (waiting,) = authorise.list_standing(two.register, "dale-office")
    for part in (reference, waiting.terms.id, "hill-office", "dale-office", f"hold {common}"):
        assert part in str(caught.value)
    assert standing(two, "dale-office") == [False]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {"scope": ["127.57.1.0/24"]}),
        ({"exclusions": ["127.57.0.8/29"]}, {"scope": ["127.57.0.8/29"]}),
        ({}, {"exclusions": [RANGE]}),
        ({"valid_until": "2026-12-01T00:00:00Z"}, {"valid_from": "2026-12-01T00:00:00Z"}),
        ({"scope": [HOSTED]}, {"scope": [HOSTED]}),
        ({"scope": [PORTAL]}, {"scope": [name("myportal.example")]}),
        ({"scope": [name("portal.example")]}, {"scope": [name("www.portal.example")]}),
    ],
    ids=[
        "another range", "excluded by them", "excluded by us", "one after the other",
        "hosted for both", "another name", "without subdomains",
    ],
)  # fmt: skip
def test_letter_that_holds_nothing_of_another_institution_is_granted(two, theirs, ours):
    for code, letter in (("hill-office", theirs), ("dale-office", ours)):
        changes = {key: value for key, value in letter.items() if key != "scope"}
        two.authorise(code, *letter.get("scope", [RANGE]), **changes)
    assert standing(two, "dale-office") == [True]


def test_letter_is_granted_when_the_other_one_ended(two):
    reference = two.authorise("hill-office", RANGE)
    with pytest.raises(WrongState):
        two.authorise("dale-office", RANGE)
    two.withdraw(reference)
    two.authorise("dale-office", RANGE)
    two.clock.forward(days=400)
    two.authorise("hill-office", RANGE)


def test_letter_that_nobody_granted_holds_nothing(two):
    analyst = two.invite("a-analyst", "cert-analyst")
    letter = two.write("letter.txt", "We allow it.")
    authorise.add(two.register, two.terms("hill-office", RANGE), letter, "a-analyst", analyst)
    two.authorise("dale-office", RANGE)


def test_institution_may_hold_two_letters_for_one_range(two):
    two.authorise("hill-office", RANGE)
    two.authorise("hill-office", RANGE)


def test_of_two_grants_at_once_one_is_refused(two):
    analyst = two.invite("a-analyst", "cert-analyst")
    two.invite("o-officer", "authorising-officer")
    officer = people.read_key(two.key_of("o-officer"))
    letter = two.write("letter.txt", "We allow it.")
    references = [
        authorise.add(two.register, two.terms(code, RANGE), letter, "a-analyst", analyst).code
        for code in ("hill-office", "dale-office")
    ]

    def grant(reference: str) -> bool:
        try:
            authorise.grant(two.register, reference, "o-officer", officer)
        except WrongState:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(grant, references)) == [False, True]
