"""What is kept of an adopted edition is enough to have it back, as it was."""

import json

import pytest
from edition_samples import first_edition, second_edition

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import (
    documents,
    identify,
    restore,
    restore_checks,
    restore_translations,
)
from cyberposture.content.loader import load_content
from cyberposture.content.translations import Translations, in_language
from cyberposture.errors import Corrupt
from cyberposture.model.checks import OfficialDomains


@pytest.fixture(scope="module")
def content():
    return load_content(find_content(None))


def test_shipped_catalogue_comes_back_as_it_was(content):
    kept = documents(content.catalogue, content.checks)
    again = restore(kept["catalogue"], kept["texts"])
    assert again == content.catalogue
    assert identify(again, content.checks) == identify(content.catalogue, content.checks)


def test_retired_ids_and_declarations_come_back(content, tmp_path):
    catalogue = second_edition(tmp_path)
    kept = documents(catalogue, content.checks)
    assert restore(kept["catalogue"], kept["texts"]) == catalogue


def test_corrected_texts_come_back_under_the_same_rules(content, tmp_path):
    catalogue = first_edition(tmp_path)
    controls = [c.model_copy(update={"title": f"{c.title} (mended)"}) for c in catalogue.controls]
    mended = catalogue.model_copy(update={"controls": tuple(controls)})
    before, after = (documents(each, content.checks) for each in (catalogue, mended))
    assert before["catalogue"] == after["catalogue"]
    assert restore(before["catalogue"], after["texts"]) == mended


def test_texts_of_another_edition_are_refused(content, tmp_path):
    first, second = first_edition(tmp_path / "1"), second_edition(tmp_path / "2")
    sides = [documents(each, content.checks) for each in (first, second)]
    with pytest.raises(Corrupt, match="these texts are not those"):
        restore(sides[0]["catalogue"], sides[1]["texts"])
    texts = json.loads(sides[0]["texts"])
    texts["clauses"] = texts["clauses"][1:]
    with pytest.raises(Corrupt, match="these clauses are not those"):
        restore(sides[0]["catalogue"], json.dumps(texts).encode())


@pytest.mark.parametrize("rules", [b"", b"[]", b"{}", b'{"controls": [{}]}', b"\xff"])
def test_bytes_that_are_no_edition_are_refused(content, rules):
    texts = documents(content.catalogue, content.checks)["texts"]
    with pytest.raises(Corrupt):
        restore(rules, texts)


def test_shipped_checks_come_back_as_they_were(content):
    kept = documents(content.catalogue, content.checks)
    assert restore_checks(kept["checks"], kept["texts"]) == content.checks


def test_what_decides_beside_the_checks_is_a_part_of_their_rules(content):
    listed = OfficialDomains(
        suffixes=("gov.example",), sectors=("power",), sources=content.checks.checks[0].sources[:1]
    )
    known, none = (
        content.checks.model_copy(update={"official_domains": one}) for one in (listed, None)
    )
    with_, without = (documents(content.catalogue, each) for each in (known, none))
    assert restore_checks(with_["checks"], with_["texts"]) == known
    assert with_["checks"] != without["checks"]
    assert with_["texts"] == without["texts"]


def test_checks_do_not_come_back_with_the_texts_of_others(content):
    kept = documents(content.catalogue, content.checks)
    fewer = content.checks.model_copy(update={"checks": content.checks.checks[1:]})
    with pytest.raises(Corrupt, match="these texts are not those of these checks"):
        restore_checks(documents(content.catalogue, fewer)["checks"], kept["texts"])
    with pytest.raises(Corrupt, match="nothing that can be read"):
        restore_checks(b"[7]", kept["texts"])


def test_translations_come_back_with_their_marks(content):
    texts = documents(content.catalogue, content.checks, content.translations)["texts"]
    assert restore_translations(texts) == content.translations
    (urdu,) = content.translations
    assert urdu.controls and urdu.checks
    assert (
        restore(documents(content.catalogue, content.checks)["catalogue"], texts)
        == content.catalogue
    )


def test_a_changed_translation_changes_the_texts_and_nothing_else(content):
    (urdu,) = content.translations
    identity, first = next(iter(urdu.controls.items()))
    mended = first.model_copy(update={"title": f"{first.title}۔"})
    changed = Translations("ur", {**urdu.controls, identity: mended}, urdu.checks)
    before, after = (
        identify(content.catalogue, content.checks, (each,)) for each in (urdu, changed)
    )
    assert (before.rules, before.checks) == (after.rules, after.checks)
    assert before.texts != after.texts


def test_an_edition_without_translations_is_what_it_was_before_there_were_any(content):
    bare = documents(content.catalogue, content.checks)
    assert documents(content.catalogue, content.checks, [Translations("ur")]) == bare
    assert restore_translations(bare["texts"]) == ()
    assert in_language((), "ur") == Translations("ur")


@pytest.mark.parametrize(
    "texts",
    [b"[]", b'{"translations": {"ur": {}}}', b'{"translations": {"ur": {"controls": 5}}}', b"\xff"],
)
def test_bytes_that_are_no_translations_are_refused(texts):
    with pytest.raises(Corrupt, match="translations"):
        restore_translations(texts)
