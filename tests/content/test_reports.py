"""Walks the report folders: each report, for each of its audiences, with the worst data."""

import ast
import base64
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from html_page import Page
from press import (
    PLAIN,
    RENDERER,
    Inputs,
    definitions,
    every,
    html_of,
    page_of,
    poisoned,
    report_of,
    view_of,
)

from cyberposture.content.bundle import find_content
from cyberposture.model.reports import Audience
from cyberposture.reporting.consultation_inputs import ConsultationInputs
from cyberposture.reporting.inputs import (
    InstitutionInputs,
    KnownAddresses,
    NationInputs,
)
from cyberposture.reporting.samples.consultation import (
    a_consultation,
    an_empty_consultation,
)
from cyberposture.reporting.samples.contents import (
    content,
)
from cyberposture.reporting.samples.institution import (
    REVIEWER,
    SIGNATORY,
    a_finding,
    a_report,
    usual_report,
)
from cyberposture.reporting.samples.nation import (
    CLOUD,
    HOSTING,
    SOFTWARE,
    a_nation,
    a_row,
)
from cyberposture.reporting.samples.scores import (
    a_document,
    a_score,
    an_institution,
    steps_of,
)

HOME = find_content(None).reports
STYLE = "\n".join(
    (HOME / "_shared" / name).read_text(encoding="utf-8") for name in ("parts.css", "style.css")
)
HOSTILE = (
    "<script>alert(1)</script></td></table>\u202eevil\u2066\x00\x1b[31m\"'>{{ 7*7 }}{% x %}"
    "<img src=http://127.0.0.1/x onerror=x>&lt;" + "ہ\u0651" * 40 + "A" * 100_000
)
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
ADDRESS = re.compile(r"\b127\.40\.\d+\.\d+\b")


@cache
def empty_report() -> InstitutionInputs:
    """Return an institution that has answered nothing and was never looked at."""
    institution = an_institution(tier="A", features=[])
    document = a_document(institution, level=lambda control: None, default_pass=0)
    return replace(
        a_report(institution=institution, document=document),
        previous=None, steps=(), answers={}, reviews={}, contradictions=(), findings=(),
        changes=(), verdicts={}, scans=(), authorisations=(), refusals=(), unjudged=(),
        addresses=KnownAddresses(0, 0, 0), kind="live", round_code=None,
    )  # fmt: skip


@cache
def maximal_report() -> InstitutionInputs:
    """Return an operator that is asked everything, with 2 000 findings on every check."""
    everything = [f.id for f in content().catalogue.framework.features if f.id != "cii"]
    sectors = [s.id for s in content().catalogue.framework.sectors]
    institution = an_institution(features=everything, sectors=sectors)
    checks = [check.id for check in content().checks.checks]
    tallies = {check: {"fail": 25, "pass": 40, "inconclusive": 3} for check in checks[::2]}
    taken = a_score(a_document(institution, tallies=tallies))
    usual = a_report(institution=institution, score=taken)
    spare = [check for check in checks if check not in usual.verdicts]
    rows = next(iter(usual.verdicts.values()))
    long = "All of it is in force, and this sentence says so once more. " * 80
    return replace(
        usual,
        steps=steps_of(taken, 10),
        answers={c: replace(a, reason=long) for c, a in usual.answers.items()},
        reviews={c: replace(r, reason=long) for c, r in usual.reviews.items()},
        findings=tuple(
            a_finding(
                n,
                checks[n % len(checks)],
                f"127.40.{n // 200}.{n % 200 + 1}",
                1 + n,
                says=f"It answers with a login in the clear ({n}). " * 5,
            )
            for n in range(2_000)
        ),
        verdicts=usual.verdicts | dict.fromkeys(spare, rows * 4),
    )


@cache
def hostile_report() -> InstitutionInputs:
    """Return the usual sample with every text from outside replaced by an attack."""
    found: InstitutionInputs = poisoned(a_report(), HOSTILE)
    return found


@cache
def empty_nation() -> NationInputs:
    """Return a round in which nobody was asked."""
    return a_nation(0, previous_title=None, failures=())


@cache
def usual_nation() -> NationInputs:
    """Return the usual nation, made once."""
    return a_nation()


@cache
def hostile_nation() -> NationInputs:
    """Return a nation whose names are attacks."""
    inputs: NationInputs = poisoned(usual_nation(), HOSTILE)
    codes = {row.code: f"i-{n}" for n, row in enumerate(usual_nation().rows)}
    rows = tuple(replace(row, code=f"i-{n}") for n, row in enumerate(inputs.rows))
    used = tuple(
        replace(one, institution=codes[one.institution], name=HOSTILE + one.name)
        for one in usual_nation().dependencies
    )
    return replace(inputs, rows=rows, dependencies=used)


@cache
def usual_consultation() -> ConsultationInputs:
    """Return the usual consultation, made once."""
    return a_consultation()


@cache
def maximal_consultation() -> ConsultationInputs:
    """Return 2 000 comments on all controls, some as long as they may be."""
    inputs = a_consultation(2_000)
    asked = list(inputs.controls)
    long = "Every one of our offices asks for the same change. " * 190
    comments = tuple(
        replace(
            one, about="control", subject=asked[n % len(asked)], text=one.text if n % 50 else long
        )
        for n, one in enumerate(inputs.comments)
    )
    return replace(inputs, comments=comments)


@cache
def hostile_consultation() -> ConsultationInputs:
    """Return a consultation in which every text is an attack."""
    inputs: ConsultationInputs = poisoned(usual_consultation(), HOSTILE)
    return inputs


Made = Callable[[], Inputs]
WORST: dict[str, dict[str, Made]] = {
    "institution": {
        "usual": usual_report,
        "empty": empty_report,
        "maximal": maximal_report,
        "hostile": hostile_report,
    },
    "nation": {"usual": usual_nation, "empty": empty_nation, "hostile": hostile_nation},
    "consultation": {
        "usual": usual_consultation,
        "empty": an_empty_consultation,
        "maximal": maximal_consultation,
        "hostile": hostile_consultation,
    },
}


def cases() -> Iterator[object]:
    """Yield each report for each of its audiences with each kind of data."""
    for report in definitions().values():
        for audience in report.audiences:
            for data, make in WORST[report.id].items():
                yield pytest.param(audience, make, id=f"{report.id}-{audience}-{data}")


each_case = pytest.mark.parametrize(("audience", "make"), list(cases()))
each_audience = pytest.mark.parametrize("audience", ["board", "sector", "cert", "public"])


@cache
def page(make: Made, audience: Audience) -> Page:
    return page_of(make(), audience)


def test_every_report_has_its_worst_data_here():
    assert set(definitions()) == set(WORST)


@each_case
def test_elements_are_nested_and_ids_stand_once(audience, make):
    found = page(make, audience)
    assert len(found.ids) == len(set(found.ids))


@each_case
def test_every_link_leads_to_something_on_the_page(audience, make):
    found = page(make, audience)
    missing = {link for link in found.links if link[1:] not in found.ids}
    assert missing == set()


@each_case
def test_nothing_is_fetched_and_nothing_can_run(audience, make):
    found = page(make, audience)
    assert {link for link in found.links if not link.startswith("#")} == set()
    assert {"script", "iframe", "object", "embed", "link", "img", "form"} & set(found.tags) == set()
    assert {(t, n) for t, n, _ in found.attributes if n.startswith("on") or n == "style"} == set()
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@each_case
def test_the_security_policy_allows_the_style_of_the_page_and_nothing_else(audience, make):
    html = html_of(make(), audience)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@each_case
def test_the_page_says_for_whom_of_when_and_on_which_head(audience, make):
    inputs, words = make(), page(make, audience).words
    report = report_of(inputs)
    assert report.audiences[audience] in words
    assert "as of 22 Nov 2026" in words
    assert content().edition.rules in words
    assert "NCSP-2021 1.0" in words
    assert "not the policy's" in words
    if inputs.audit_head.digest != HOSTILE:
        assert inputs.audit_head.digest in words
        assert inputs.audit_head.key_id in words


@each_case
def test_no_mark_that_steers_text_comes_through(audience, make):
    html = html_of(make(), audience)
    assert BIDI.findall(html) == []
    assert re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", html) == []
    assert "49" not in re.findall(r"evil[^<]*?(49)", html), "a template within a text was run"


@each_case
def test_attributes_hold_no_markup(audience, make):
    found = page(make, audience)
    assert [(t, n, v) for t, n, v in found.attributes if "<" in v] == []


@each_audience
def test_hostile_text_changes_nothing_but_its_own_cell(audience):
    harmless = page_of(poisoned(usual_report(), PLAIN), audience)
    hostile = page(hostile_report, audience)
    assert hostile.tags == harmless.tags
    assert hostile.ids == harmless.ids
    assert [(t, n) for t, n, _ in hostile.attributes] == [(t, n) for t, n, _ in harmless.attributes]


@each_audience
def test_a_text_of_a_hundred_thousand_signs_is_cut(audience):
    assert max(len(text) for text in page(hostile_report, audience).text) < 700
    assert len(html_of(hostile_report(), audience)) < 1_000_000


def test_an_institutions_report_is_under_a_megabyte_at_its_largest(capsys):
    inputs = maximal_report()
    assert len(inputs.score.result.controls) == 174
    assert len(inputs.findings) == 2_000
    html_of(inputs, "cert")
    began = time.perf_counter()
    html = html_of(inputs, "cert")
    took = time.perf_counter() - began
    with capsys.disabled():
        print(f"\n174 controls, 2 000 findings: {len(html.encode()):,} bytes, {took * 1e3:.0f} ms")
    assert len(html.encode()) < 1_000_000


# What an audience may not see.


def forbidden(inputs: InstitutionInputs) -> dict[str, set[str]]:
    """Return what stands in the inputs and may not be seen by everybody, by kind."""
    people = {SIGNATORY, REVIEWER, "cert-desk", "cert-officer", "Head of information security"}
    own = {a.reason for a in inputs.answers.values()} | {c.comment for c in inputs.contradictions}
    own |= {e.title for a in inputs.answers.values() for e in a.evidence}
    own |= {r.reason for r in inputs.reviews.values()}
    names = {inputs.institution.name, inputs.institution.code, "Electric power"}
    return {"people": people, "own-words": own - {""}, "institutions": names}


@pytest.mark.parametrize("make", [usual_report, maximal_report])
@each_audience
def test_an_audience_reads_only_what_its_definition_lets_it_see(audience, make):
    inputs = make()
    html, words = html_of(inputs, audience), page(make, audience).words
    sees = definitions()["institution"].redaction[audience].sees
    for sight, texts in forbidden(inputs).items():
        found = {text for text in texts if text in words or text in html}
        assert bool(found) == (sight in sees), every(found)
    assert bool(ADDRESS.search(html)) == ("addresses" in sees)


def test_an_institution_that_consents_is_named_in_public_and_its_people_are_not():
    html = html_of(replace(usual_report(), consents_to_be_named=True), "public")
    assert "Indus Valley Power" in html
    assert ADDRESS.findall(html) == []
    assert [name for name in (SIGNATORY, REVIEWER) if name in html] == []


@each_audience
def test_a_nation_names_institutions_only_to_those_who_may_read_names(audience):
    inputs, html = usual_nation(), html_of(usual_nation(), audience)
    sees = "institutions" in definitions()["nation"].redaction[audience].sees
    named = {row.name for row in inputs.rows if row.name in html}
    assert named == ({row.name for row in inputs.rows} if sees else set())
    sees = definitions()["nation"].redaction[audience].sees
    named = {HOSTING, SOFTWARE, CLOUD, "AS64500", "ExampleHTTP 1.4"}
    assert {name for name in named if name in html} == (named if "suppliers" in sees else set())
    assert ("192.0.2.0/24" in html) == ("addresses" in sees)


def test_the_public_is_told_of_no_group_under_five():
    few = a_nation(40)
    rows = [*few.rows, *(a_row(n, "dams") for n in range(60, 63))]
    words = page_of(replace(few, rows=tuple(rows)), "public").words
    assert "Dams" not in words
    assert "All others together" in words


# Words and style.


PYTHON = find_content(None).root / "cyberposture" / "reporting"


def test_no_sentence_is_written_for_nothing():
    asked = [pattern_of(key) for key in {*texts_in_templates(), *texts_in_python()}]
    idle = {
        stem
        for report in definitions().values()
        for stem in {re.sub(r"\.(one|other|zero)$", "", k) for k in RENDERER.words(report).keys}
        if not any(pattern.fullmatch(stem) for pattern in asked)
    }
    assert every(idle) == ""


def texts_in_templates() -> Iterator[str]:
    for path in HOME.rglob("*.j2"):
        yield from re.findall(r'"([^"\s]+)"', path.read_text())


def texts_in_python() -> Iterator[str]:
    """Yield every text of the package; what is filled in stands as `{}`."""
    for path in PYTHON.rglob("*.py"):
        yield from (
            f"{group}.{{}}" for group in re.findall(r'\.name\(\s*"([^"]+)"', path.read_text())
        )
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (n.value if isinstance(n, ast.Constant) else "{}" for n in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def pattern_of(key: str) -> re.Pattern[str]:
    """Return what matches each sentence that `key`, which may have parts filled in, can mean."""
    if key.startswith("{}"):
        return re.compile(r"(?!)")
    return re.compile("[^.]*".join(re.escape(part) for part in key.split("{}")))


def test_the_style_knows_no_left_and_no_right():
    physical = re.findall(
        r"(?:margin|padding|border)-(?:left|right|top|bottom)|[\s;{](?:left|right|top|bottom|width"
        r"|height)\s*:|text-align:\s*(?:left|right)|float:",
        STYLE,
    )
    assert physical == []


def test_text_stands_out_from_its_ground_in_light_dark_and_print():
    weak = {
        f"{mode}: {front} on {ground}": round(contrast(colours[front], colours[ground]), 2)
        for mode, colours in schemes().items()
        for front, ground in PAIRS
        if contrast(colours[front], colours[ground]) < 4.5
    }
    assert weak == {}


PAIRS = [
    *(("ink", ground) for ground in ("paper", "warn", "calm", "f0")),
    *(("soft", ground) for ground in ("paper", "warn", "calm", "wash")),
    ("ink", "wash"),
    *((front, "paper") for front in ("brand", "link", "b0", "b1", "b2", "b3", "b4", "b5")),
    *((front, "warn") for front in ("b1", "b2", "link")),
    *(("on-dark", ground) for ground in ("f1", "f5")),
    *(("on-light", ground) for ground in ("f2", "f3", "f4")),
]


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of each scheme by name."""
    roots = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(roots) == 6, "light, dark, print; of the shared parts, then of all reports"
    light, dark, print_ = (
        dict(re.findall(r"--([\w-]+): (#\w+);", part + rest))
        for part, rest in zip(roots[:3], roots[3:], strict=True)
    )
    return {"light": light, "dark": light | dark, "print": light | print_}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours.

    Source: WCAG 2.2, definition of contrast ratio, October 2023.
    """
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * sign for sign in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.browser
@pytest.mark.loopback
@pytest.mark.parametrize("name", ["institution", "nation", "consultation"])
def test_no_page_scrolls_sideways_and_no_policy_is_broken(name, tmp_path):
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    from playwright.sync_api import sync_playwright

    made = {"usual": WORST[name]["usual"](), "hostile": WORST[name]["hostile"]()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        for data, inputs in made.items():
            path = tmp_path / f"{name}-{data}.html"
            audience = "cert" if "cert" in definitions()[name].audiences else "public"
            path.write_text(html_of(inputs, audience), encoding="utf-8")
            for width in (360, 800, 1400):
                for direction in ("ltr", "rtl"):
                    said: list[str] = []
                    tab = browser.new_page(viewport={"width": width, "height": 900})
                    tab.on("console", lambda message, said=said: said.append(message.text))
                    tab.goto(path.as_uri())
                    tab.evaluate(f"document.documentElement.dir = '{direction}'")
                    wide = tab.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, f"{data} at {width} px, {direction}"
                    assert said == []
                    tab.close()
        browser.close()


def test_a_view_holds_nothing_of_the_inputs_but_what_was_let_through():
    """A repr of the public view, which is all that a template could reach, names nobody."""
    shown = repr(view_of(usual_report(), "public"))
    assert ADDRESS.findall(shown) == []
    assert [name for name in (SIGNATORY, REVIEWER, "indus-valley-power") if name in shown] == []
