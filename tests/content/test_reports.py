"""Walks the report folders: each report, for each of its audiences, with the worst data."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from html_page import Page
from press import (
    RENDERER,
    Inputs,
    definitions,
    every,
    html_of,
    page_of,
    report_of,
    view_of,
)

from cyberposture.content.bundle import find_content
from cyberposture.model.reports import Audience
from cyberposture.reporting.inputs import InstitutionInputs
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.samples.institution import REVIEWER, SIGNATORY, usual_report
from cyberposture.reporting.samples.nation import CLOUD, HOSTING, SOFTWARE, a_nation, a_row
from cyberposture.reporting.samples.worst import (
    MARKUP,
    WORST,
    maximal_report,
    usual_consultation,
    usual_nation,
)
from cyberposture.services.reports.check import Press, check_reports

HOME = find_content(None).reports
STYLE = "\n".join(
    (HOME / "_shared" / name).read_text(encoding="utf-8") for name in ("parts.css", "style.css")
)
ADDRESS = re.compile(r"\b127\.40\.\d+\.\d+\b")


IN_URDU = ("usual", "empty", "maximal", "markup", "right-to-left")
FOR_EVERYBODY = ("empty", "maximal", "markup")
"""What is rendered in the tests; `cyberposture report check` leaves nothing out."""


def cases() -> Iterator[object]:
    """Yield each kind of data for a report's first audience, and the telling ones for all."""
    for report in definitions().values():
        row = WORST[report.subject]
        first, *others = report.audiences
        for data, make in row.kinds():
            told = [(first, "en")]
            told += [(first, "ur")] if data in IN_URDU and "ur" in report.languages else []
            told += [(one, "en") for one in others if data in FOR_EVERYBODY]
            for audience, language in told:
                press = Press(RENDERER, report, audience, language, row)
                name = f"{report.id}-{audience}-{language}-{data}"
                yield pytest.param(press, data, make, id=name)


each_audience = pytest.mark.parametrize("audience", ["board", "sector", "cert", "public"])
hostile_report = cache(lambda: WORST["institution"].attacked(MARKUP))
Made = Callable[[], Inputs]


@cache
def page(make: Made, audience: Audience) -> Page:
    return page_of(make(), audience)


def test_every_report_has_its_worst_data():
    assert {report.subject for report in definitions().values()} <= set(WORST)


@pytest.mark.slow
@pytest.mark.parametrize(("press", "data", "make"), list(cases()))
def test_no_report_is_broken_by_its_worst_data(press, data, make):
    assert press.check(data, make()).faults == ()


@pytest.mark.parametrize("subject", list(WORST))
def test_what_is_wrong_is_said_of_the_rendering_in_question(subject):
    report = next(one for one in definitions().values() if one.subject == subject)
    found = next(check_reports(Broken(RENDERER), [report]))
    assert "<div> inside <p>, which holds text alone" in found.faults[0]


class Broken:
    """A renderer whose templates were written carelessly."""

    def __init__(self, renderer: Renderer) -> None:
        self.words = renderer.words
        self._renderer = renderer

    def render(self, *order: object) -> str:
        return self._renderer.render(*order).replace("</main>", "<p><div></div></p></main>")


@pytest.mark.parametrize("make", [usual_report, usual_nation, usual_consultation])
def test_the_page_says_for_whom_of_when_and_on_which_head(make):
    inputs = make()
    report = report_of(inputs)
    for audience in report.audiences:
        words = page(make, audience).words
        assert report.audiences[audience] in words
        assert "as of 22 Nov 2026" in words
        assert content().edition.rules in words
        assert "NCSP-2021 1.0" in words
        assert "not the policy's" in words
        assert inputs.audit_head.digest in words
        assert inputs.audit_head.key_id in words


@each_audience
def test_a_template_within_a_text_is_not_run(audience):
    html = html_of(hostile_report(), audience)
    assert "49" not in re.findall(r"evil[^<]*?(49)", html)


@each_audience
def test_a_text_of_a_hundred_thousand_signs_is_cut(audience):
    assert max(len(text) for text in page(hostile_report, audience).text) < 700
    assert len(html_of(hostile_report(), audience)) < 1_000_000


def test_an_institutions_report_is_at_its_largest_with_every_control_and_2000_findings(capsys):
    inputs = maximal_report()
    assert len(inputs.score.result.controls) == 174
    assert len(inputs.findings) == 2_000
    press = Press(RENDERER, definitions()["institution"], "cert", "en", WORST["institution"])
    made = press.check("maximal", inputs)
    with capsys.disabled():
        print(f"\n174 controls, 2 000 findings: {made.size_bytes:,} bytes, {made.took_ms} ms")
    assert made.size_bytes < 1_000_000


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


RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.browser
@pytest.mark.loopback
def test_no_report_has_a_barrier_that_can_be_found_by_rule(tmp_path):
    """Source of the rules: WCAG 2.2, levels A and AA, October 2023, as axe-core reads them."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name, report in definitions().items():
            row = WORST[report.subject]
            for language, width in (("en", 1280), ("ur", 390)):
                press = Press(RENDERER, report, next(iter(report.audiences)), language, row)
                path = tmp_path / f"{name}-{language}.html"
                path.write_text(press.html(row.usual()), encoding="utf-8")
                # What reads the page is put into it, which the page's own policy forbids.
                size = {"width": width, "height": 900}
                tab = browser.new_page(viewport=size, bypass_csp=True)
                tab.goto(path.as_uri())
                said = Axe().run(tab, options=RULES).response["violations"]
                found += [
                    f"{path.name}: {one['id']}: {node['html'][:160]}"
                    for one in said
                    for node in one["nodes"]
                ]
                tab.close()
        browser.close()
    assert found == []


@pytest.mark.browser
@pytest.mark.loopback
@pytest.mark.parametrize(
    "name",
    [
        "institution",
        "crosswalk",
        "sector",
        "nation",
        "exposure",
        "round",
        "letter",
        "consultation",
    ],
)
def test_no_page_scrolls_sideways_and_no_policy_is_broken(name, tmp_path):
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    from playwright.sync_api import sync_playwright

    row = WORST[definitions()[name].subject]
    made = {"usual": row.usual(), "hostile": row.attacked(MARKUP)}
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
