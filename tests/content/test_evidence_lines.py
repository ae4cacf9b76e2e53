"""No English value of a technique is forgotten: each piece of a line of evidence has its Urdu.

The sources that put words into evidence are read, and so are all examples of all checks: a note
that somebody adds without its line in `reports/_shared/seen.*.yaml` is named here.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

import cyberposture
from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.reporting.plain import Text
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.seen import say_detail, say_seen
from cyberposture.reporting.told import told_in
from cyberposture.reporting.words import load_words
from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.examples import compile_example

BUNDLE = find_content(None)
ENGLISH, URDU = (load_words([BUNDLE.reports / "_shared"], one) for one in ("en", "ur"))
HOME = Path(cyberposture.__file__).parent
SOURCES = sorted(
    path
    for pattern in (
        "scanning/judging/computed_*.py",
        "scanning/judging/words_*.py",
        "scanning/judging/conditions.py",
        "scanning/judging/evaluate.py",
        "scanning/judging/lookups.py",
        "scanning/reading/spf.py",
        "scanning/sending/*.py",
        "services/findings/rejudging.py",
        "services/findings/scan_diff.py",
        "services/findings/standing.py",
        "services/intel/versions.py",
        "services/intel/places.py",
        "services/scans/names.py",
    )
    for path in HOME.glob(pattern)
)
SPOKEN = [path for path in SOURCES if path.parent.name != "sending"]
"""In these all words are said; in those that send, only what a fact keeps as its detail."""
TABLE = "nvd 2026-11-23 (5c09ad45fcf1)"
QUIET = frozenset({"raise", "re", "Fault", "InvalidInput", "WrongUsage", "getLogger"})
"""Calls whose words nobody reads in a line of evidence."""
WORDS = r"[a-z]{2} |[a-z]{2}: | [a-z]{2}"
"""What tells words from codes, options and patterns."""
NO_EVIDENCE = frozenset(
    {
        "accepts and closes",
        "not tested",
        "no computed fact {}, and no example tells it; there are: {}",
        "no declared name may be looked up; nothing was asked",
        "ended before it finished",
        "right before asking",
    }
)
"""What the desk reads of a check or of a scan, and no line of evidence holds."""
WITHIN = {
    "an Ed25519 key": "the selector x has an Ed25519 key",
    "an RSA key of {} bits": "the selector x has an RSA key of 7 bits",
    "at least {}; not all could be followed": "at least 7 lookups bring nothing; stopped",
    "has a record that cannot be read": "the selector x has a record that cannot be read",
    "has no key": "the selector x has no key",
    "is revoked: its key is empty": "the selector x is revoked: its key is empty",
    "the selector {} has {}": "the selector x has an Ed25519 key",
    "the selector {} {}": "the selector x has no key",
    "ahead of": "7.1 s ahead of the scanner's clock",
    "{} s {} the scanner's clock": "7.1 s behind the scanner's clock",
    "a file of secrets": "a file of secrets at “/x”",
    "a source repository": "a source repository at “/x”",
    "brought no answer in time": "the lookup of A at x brought no answer in time",
    "was refused": "the lookup of A at x was refused (stopped)",
    "the lookup of {} at {} {}{}": "the lookup of A at x failed (“x”)",
    "no hash": "rsa of 7 bits, signed with no hash",
    "{} of {} bits": "rsa of 7 bits, signed with sha1",
    "{}, signed with {}": "rsa of 7 bits, signed with sha1",
    ", network AS{}": "country PK, network AS7",
    " or one of {} others": "whether CVE-1 or one of 7 others concerns it cannot be told",
    "support {} on {} ({}), {}": f"support ended on 2026-01-01 (made up), by {TABLE}",
    "by {}": f"no entry concerns it, by {TABLE}",
    "by {} and {}": f"no entry concerns it, by {TABLE} and {TABLE}",
}
"""What stands only within a longer piece, and a line in which it does."""
FITTING = (
    "x1.example",
    "“x”",
    "7",
    "",
    "2026-01-01",
    "the port is closed",
    "its greeting names protocol “x”",
    TABLE,
)
"""What may stand where a source fills something in."""
PLACES = frozenset({"any port", "the institution"})
FRAME = {
    "".join(text + (f"{{{name}}}" if name else "") for text, name in ENGLISH.pieces(key))
    for key in ENGLISH.keys
    if key.startswith("looked.")
}
"""Sentences and places around the details."""
BEFORE = ("", "“x”", "the port is open", "7 name servers have addresses", "nobody announces it")


@cache
def said():
    found = load_content(BUNDLE)
    own = replace(
        content(), catalogue=found.catalogue, checks=found.checks, translations=found.translations
    )
    return told_in(own, "ur").said


@pytest.mark.parametrize("check", load_content(BUNDLE).checks.checks, ids=lambda check: check.id)
def test_every_sentence_that_a_check_can_say_is_said_in_urdu(check):
    forgotten = set()
    for example in check.examples:
        facts, context, vantage = compile_example(check, example)
        for row in compile_checks([check]).judge_host(facts, context, vantage):
            kind = "potential" if row.is_potential else row.verdict
            shown = say_seen(URDU, said(), check.id, kind, row.says, limit=600)
            if is_forgotten(shown):
                forgotten.add(f"{row.says} => {shown}")
    assert sorted(forgotten) == []


def test_every_told_fact_has_a_name_in_urdu():
    names = {
        name
        for check in load_content(BUNDLE).checks.checks
        for example in check.examples
        for name in example.facts.told
        if name not in COMPUTED and not name.endswith("-note")
    }
    asked = set(re.findall(r"fact: {name: ([a-z0-9-]+)", texts_of_packs())) & names
    lines = [f"{name.replace('-', ' ')}: yes" for name in asked]
    assert [line for line in lines if is_forgotten(say_detail(URDU, line))] == []
    assert len(lines) > 5


def test_what_stands_within_another_piece_still_stands_in_a_source():
    found = {one for path in SPOKEN for one in spoken_in(ast.parse(path.read_text("utf-8")))}
    assert sorted({*WITHIN, *NO_EVIDENCE} - found) == []


def texts_of_packs() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in BUNDLE.scanners.glob("*/*.yaml"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_piece_that_a_source_words_is_known(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = spoken_in(tree) if path in SPOKEN else details_in(tree)
    assert sorted({one for one in found if one not in NO_EVIDENCE and not is_known(one)}) == []


def test_a_piece_that_urdu_lacks_is_named():
    tree = ast.parse('def f():\n    return Found(False, f"it went to the {place}")')
    assert [one for one in spoken_in(tree) if not is_known(one)] == ["it went to the {}"]


def is_forgotten(shown: str) -> bool:
    return not isinstance(shown, Text) or 'lang="en"' in shown.__html__()


def is_known(pattern: str) -> bool:
    """Return whether some sentence that the pattern can become is said in Urdu."""
    if pattern in WITHIN:
        return not is_forgotten(say_detail(URDU, WITHIN[pattern]))
    if "{{detail}}" in pattern or pattern in PLACES:
        return pattern.replace("{{", "{").replace("}}", "}") in FRAME
    holes = pattern.count("{}")
    starts = BEFORE if pattern[:1] in ",;: " or pattern.startswith("{}") else ("",)
    for before in starts:
        for filling in product(FITTING, repeat=holes):
            line = before + pattern.format(*filling)
            if line.strip() and not is_forgotten(say_detail(URDU, line)):
                return True
    return False


def spoken_in(tree: ast.AST, said: str = WORDS) -> Iterator[str]:
    """Yield each text of a source that is made of words, with `{}` where something is filled in."""
    left_out = {id(inner) for node in ast.walk(tree) if is_quiet(node) for inner in ast.walk(node)}
    left_out |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        text = text_of(node)
        if text is not None and re.search(said, text):
            yield text


def details_in(tree: ast.AST) -> Iterator[str]:
    """Yield each text that a fact keeps as its detail, or that says what went wrong."""
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given += [one.value for one in node.keywords if one.arg == "detail"]
            if getattr(node.func, "id", "") in ("Garbled", "ended", "in_vain"):
                given += node.args
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given += [v for k, v in pairs if getattr(k, "value", "") == "detail"]
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            given += node.value.elts
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("detail", "why"):
            given.append(node.value)
        for one in given:
            yield from spoken_in(one, said=r"\S \S")


def is_quiet(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", "") or getattr(getattr(node.func, "value", None), "id", "")
    return name in QUIET


def text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{", "{{").replace("}", "}}") if "{" in node.value else node.value
    return None
