"""What goes out on paper: complete, English first, bound to the English it was drafted from."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.errors import NotFound
from cyberposture.model.authorisations import ConsentedCIDR, ConsentedName
from cyberposture.model.institutions import Asset, Declaration
from cyberposture.services.permission.declared_scope import hosted_by, scope_of
from cyberposture.services.permission.letters import FOLDER, LetterFacts, write_letter

REPORTS = find_content(None).reports
PAPERS = sorted((REPORTS / FOLDER).glob("*.en.txt"))
DRAFTS = sorted((REPORTS / FOLDER).glob("*.ur.txt"))
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
MARK = re.compile(r"\{# status: (draft|reviewed); translator: .+; source: ([0-9a-f]{64}) #\}")
PARTY = "Fictional Hosting Ltd"


def facts(declared, **changes):
    exclusions = changes.get("exclusions", ())
    return LetterFacts(
        **{
            "reference": "A-2026-1",
            "institution": "Hill Office",
            "valid_from": NOON,
            "valid_until": NOON + timedelta(days=365),
            "scope": scope_of(declared, exclusions, False),
            "exclusions": exclusions,
            "load": 3,
            "opt_in": ("ot-ports",),
            "contacts": ("Porter, extension 9",),
            "has_plant": True,
            "hosted": hosted_by(declared, exclusions),
        }
        | changes
    )


def declared(*assets):
    return Declaration(institution="hill-office", assets=tuple(Asset(**one) for one in assets))


DECLARED = declared(
    {"id": "www", "kind": "host", "addresses": ("39.32.10.7",),
     "names": ("www.hill.example", "hill.invalid")},
    {"id": "hosted", "kind": "host", "addresses": ("39.32.99.1", "2a00::1"),
     "third_party": PARTY},
    {"id": "zone", "kind": "domain", "names": ("hill.example",)},
    {"id": "mail", "kind": "mail-domain", "names": ("HILL.example", "post.example")},
)  # fmt: skip


def test_scope_holds_every_address_and_every_name_once():
    scope = scope_of(DECLARED, ("39.32.99.0/24",), False)
    cidrs = [entry.cidr for entry in scope if isinstance(entry, ConsentedCIDR)]
    names = {e.name: e.subdomains for e in scope if isinstance(e, ConsentedName)}
    assert cidrs == ["39.32.10.7/32", "2a00::1/128"]
    assert names == {"hill.example": True, "post.example": True, "hill.invalid": False}


def test_name_below_another_one_is_not_named_twice():
    below = declared({"id": "a", "kind": "domain", "names": ("hill.example", "it.hill.example")})
    assert [entry.name for entry in scope_of(below, (), False)] == ["hill.example"]


@pytest.mark.parametrize("language", ["en", "ur"])
def test_letter_says_all_that_a_signatory_must_know(language):
    letter = write_letter(REPORTS, facts(DECLARED, exclusions=("10.0.0.0/8",)), language)
    for part in ("A-2026-1", "Hill Office", "39.32.10.7/32 (all ports)", "10.0.0.0/8", "Load 3",
                 "hill.example and all names below it", "ot-ports", "Porter, extension 9",
                 "What may go wrong", "control equipment", "How to withdraw", "How to stop",
                 "SHEET 1: CONSENT OF A THIRD PARTY", PARTY, "39.32.99.1"):  # fmt: skip
        assert part in letter.text
    assert letter.sha256 == hashlib.sha256(letter.text.encode()).hexdigest()


def test_letter_in_urdu_carries_the_english_first_and_says_which_one_holds():
    english = write_letter(REPORTS, facts(DECLARED))
    both = write_letter(REPORTS, facts(DECLARED), "ur")
    assert both.text.startswith(english.text)
    rest = both.text.removeprefix(english.text)
    assert "until it is reviewed, the English text above holds" in rest
    for part in ("A-2026-1", "39.32.10.7/32", "hill.example", "ot-ports", "Porter, extension 9",
                 "39.32.99.1", PARTY, "کیسے واپس لیں"):  # fmt: skip
        assert part in rest
    assert both.sha256 != english.sha256


def test_letter_without_plant_or_hoster_mentions_neither():
    small = declared({"id": "www", "kind": "host", "addresses": ("39.32.10.7",)})
    text = write_letter(REPORTS, facts(small, has_plant=False)).text
    assert "control equipment" not in text and "SHEET" not in text


@pytest.mark.parametrize("language", ["fr", "../x", ""])
def test_letter_in_no_known_language_is_refused(language):
    with pytest.raises(NotFound):
        write_letter(REPORTS, facts(DECLARED), language)


def test_text_from_outside_is_never_run():
    letter = write_letter(REPORTS, facts(DECLARED, institution="{{ 7 * 7 }}"))
    assert "{{ 7 * 7 }}" in letter.text


def test_every_paper_has_a_draft():
    assert [p.name.partition(".")[0] for p in PAPERS] == [p.name.partition(".")[0] for p in DRAFTS]


@pytest.mark.parametrize("path", DRAFTS, ids=lambda path: path.name)
def test_draft_names_the_english_text_that_it_was_made_from(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(
        r"\{# status: (draft|reviewed); translator: .+; source: ([0-9a-f]{64}) #\}", text
    )
    assert found is not None
    english = path.with_name(path.name.replace(".ur.", ".en."))
    assert found[2] == hashlib.sha256(english.read_bytes()).hexdigest()
    assert found[1] == "reviewed" or "until it is reviewed, the English text above holds" in text
