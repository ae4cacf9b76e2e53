"""Whatever the register may say of proof, the portal has words for it, in both languages."""

from pathlib import Path
from typing import get_args

import pytest

import cyberposture.web
from cyberposture.content.bundle import find_content
from cyberposture.content.reading.documents import read_file
from cyberposture.exchange.file_kinds import FileKind, Problem
from cyberposture.reporting.words import load_words
from cyberposture.services.assessments.library import Speaks
from cyberposture.services.assessments.submission import BlockerKind
from cyberposture.store.attestations import Method
from cyberposture.store.evidence import EvidenceKind

WORDS = Path(cyberposture.web.__file__).parent / "words" / "proof"


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("attest.method", get_args(Method)),
        ("attest.proves", get_args(Method)),
        ("summary.blocker", get_args(BlockerKind)),
        ("evidence.state", get_args(Speaks)),
        ("evidence.kind", get_args(EvidenceKind)),
        ("evidence.kind", set(get_args(FileKind)) - {"unknown"}),
        ("evidence.file_fault", get_args(Problem)),
    ],
)
def test_each_has_its_words(language, group, codes):
    shared = find_content(None).reports / "_shared"
    known = load_words([shared, WORDS], language).keys
    assert {f"{group}.{code}" for code in codes} <= known


def test_both_languages_say_the_same_things():
    """A language falls back to English where it lacks a sentence: its own file is read here."""
    files = [read_file(WORDS / f"words.{one}.yaml", one).value for one in ("en", "ur")]
    english, urdu = (set(_keys(file)) for file in files)
    assert english == urdu


def _keys(value, above=""):
    for key, text in value.items():
        if isinstance(text, dict):
            yield from _keys(text, f"{above}{key}.")
        else:
            yield f"{above}{key}"
