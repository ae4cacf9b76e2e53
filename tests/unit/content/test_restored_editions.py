"""What is kept of an adopted edition is enough to have it back, as it was."""

import json

import pytest
from edition_samples import first_edition, second_edition

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import documents, identify, restore
from cyberposture.content.loader import load_content
from cyberposture.errors import Corrupt


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
