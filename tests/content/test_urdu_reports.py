"""Reports in Urdu say as much as in English, and no sentence of them is English."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from press import RENDERER, definitions, every, html_of, page_of

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.samples.consultation import (
    a_consultation,
    an_empty_consultation,
)
from cyberposture.reporting.samples.contents import (
    content,
)
from cyberposture.reporting.samples.exposure import an_empty_exposure, an_exposure
from cyberposture.reporting.samples.institution import (
    a_finding,
    a_report,
)
from cyberposture.reporting.samples.nation import (
    a_nation,
)
from cyberposture.reporting.samples.scores import (
    a_document,
    a_score,
    an_institution,
)
from cyberposture.reporting.samples.sector import a_sector, of_the_sector_alone
from cyberposture.reporting.words import Words, load_words

HOME = find_content(None).reports
PAGES = frozenset({"catalogue", "scanner"})
"""Pages of their own beside the reports."""


@cache
def shipped() -> ContentInputs:
    """Return the real catalogue and the real checks, with their Urdu."""
    found = load_content(find_content(None))
    return replace(
        content(),
        catalogue=found.catalogue,
        checks=found.checks,
        translations=found.translations,
    )


@cache
def real_report():
    """Return an institution on which every real check has a finding, kept as it was judged."""
    usual = a_report(score=a_score(a_document(an_institution())))
    failed = [
        a_finding(
            n, check.id, f"127.40.0.{n % 200 + 1}", 443,
            says=check.says.fail.format(endpoint="127.40.0.9, TCP port 443", detail="it: said so"),
        )
        for n, check in enumerate(shipped().checks.checks)
    ]  # fmt: skip
    return replace(
        usual, content=shipped(), findings=tuple(failed), changes=(), verdicts={}, unjudged=(),
        contradictions=(),
    )  # fmt: skip


@cache
def empty_report():
    institution = an_institution(tier="A", features=[])
    document = a_document(institution, level=lambda control: None, default_pass=0)
    usual = a_report(institution=institution, document=document)
    return replace(usual, previous=None, steps=(), findings=(), verdicts={}, authorisations=())


MADE = {
    "institution": (a_report, real_report, empty_report),
    "nation": (a_nation, lambda: a_nation(0, previous_title=None, failures=())),
    "sector": (a_sector, lambda: of_the_sector_alone(a_sector()), lambda: a_sector(0)),
    "exposure": (an_exposure, an_empty_exposure),
    "consultation": (a_consultation, an_empty_consultation),
}


def cases():
    """Yield each report in Urdu for each of its audiences with its usual and its empty data."""
    for name, makes in MADE.items():
        for audience in definitions()[name].audiences:
            for place, make in enumerate(makes):
                yield pytest.param(make, audience, id=f"{name}-{audience}-{place}")


@pytest.mark.parametrize(("make", "audience"), list(cases()))
def test_no_sentence_of_an_urdu_report_is_english(make, audience):
    page = page_of(make(), audience, "ur")
    assert page.english == []
    assert [value for _, _, value in page.attributes if "<" in value] == []
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if link[1:] not in page.ids} == set()


def test_a_word_that_urdu_lacks_is_seen_as_english(monkeypatch):
    report = definitions()["nation"]
    words = RENDERER.words(report, "ur")
    english = RENDERER.words(report)
    lacking = Words("ur", words._patterns | {"section.gates": english._patterns["section.gates"]})
    monkeypatch.setattr(RENDERER, "_words", lambda home, language: lacking)
    assert "The gates that hold most" in page_of(a_nation(), "board", "ur").english


@pytest.mark.parametrize("home", sorted(path.parent.name for path in HOME.glob("*/words.ur.yaml")))
def test_urdu_has_each_sentence_with_the_same_facts(home, tmp_path):
    english, urdu = (facts_in(home, language, tmp_path) for language in ("en", "ur"))
    urdu.pop("direction.rtl", None)
    if home in PAGES:
        # They say some of the common words in their own way.
        both = english.keys() & urdu.keys()
        english, urdu = ({k: said[k] for k in both} for said in (english, urdu))
    differing = {k for k in english.keys() | urdu.keys() if english.get(k) != urdu.get(k)}
    assert every(differing) == ""


def test_every_report_that_is_made_in_urdu_has_words_of_its_own():
    made = {name for name, report in definitions().items() if "ur" in report.languages}
    assert {"institution", "nation", "consultation"} <= made
    assert {name for name in made if not (HOME / name / "words.ur.yaml").exists()} == set()


def facts_in(home: str, language: str, folder: Path) -> dict[str, tuple[frozenset[str], bool]]:
    """Return by sentence its facts and whether anything is stressed; of a plural, of all forms."""
    # Read alone, as if it were the first language, so that nothing is filled in from English.
    text = (HOME / home / f"words.{language}.yaml").read_text(encoding="utf-8")
    (folder / "words.en.yaml").write_text(text, encoding="utf-8")
    found: dict[str, tuple[frozenset[str], bool]] = {}
    for key, pieces in load_words([folder], "en")._patterns.items():
        stem = re.sub(r"\.(one|other|zero)$", "", key)
        names, strong = found.get(stem, (frozenset(), False))
        more = frozenset(name for _, _, name, _ in pieces if name is not None)
        found[stem] = (names | more, strong or any(piece[3] for piece in pieces))
    return found


def test_what_was_seen_is_said_in_urdu_with_its_facts_apart():
    html = html_of(real_report(), "cert", "ur")
    assert "رمز بندی پیش نہیں کرتا" in html
    assert '<bdi lang="en" dir="ltr">it: said so.</bdi>' not in html
    assert '<bdi lang="en" dir="ltr">it: said so</bdi>' in html
    assert '<bdi dir="ltr">127.40.0.9</bdi>، TCP پورٹ 443' in html


def test_what_no_longer_fits_its_sentence_is_shown_as_it_was_kept():
    other = replace(real_report().findings[0], says="<i>Something else.</i>")
    html = html_of(replace(real_report(), findings=(other,)), "cert", "ur")
    assert '<bdi lang="en" dir="ltr">&lt;i&gt;Something else.&lt;/i&gt;</bdi>' in html


def test_an_institutions_report_in_urdu_is_under_a_megabyte_at_its_largest():
    checks = [check.id for check in content().checks.checks]
    findings = tuple(
        a_finding(n, checks[n % len(checks)], f"127.40.{n // 200}.{n % 200 + 1}", 1 + n)
        for n in range(2_000)
    )
    html = html_of(replace(a_report(), findings=findings), "cert", "ur")
    assert len(html.encode()) < 1_000_000


def test_codes_and_figures_keep_their_direction():
    html = html_of(a_report(), "cert", "ur")
    assert '<html lang="ur" dir="rtl">' in html
    assert '<bdi class="whole" dir="ltr">IAM-03</bdi>' in html
    assert re.search(r'<bdi dir="ltr">NCSP-2021 1.0</bdi>', html)


DRAFTED = {"institution": "board", "nation": "board", "consultation": "public"}


def test_drafts_are_told_once():
    for name, audience in (
        ("institution", "board"),
        ("nation", "board"),
        ("consultation", "public"),
    ):
        said = page_of(MADE[name][0](), audience, "ur").words
        assert said.count("مسودہ ہیں جن کا ابھی کسی شخص نے جائزہ نہیں لیا") == 1
        assert "are drafts in this language" not in page_of(MADE[name][0](), audience).words
