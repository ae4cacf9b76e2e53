"""Libraries of others: kept as they came, and their crosswalks told by the ids that people know."""

import sys
from pathlib import Path

import pytest

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.services.catalogue import foreign

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange" / "libraries"))

from library_samples import FRAMEWORK, MAPPING, library


def imported(office, name, objects, **how):
    path = office.folder / name
    path.write_bytes(library(objects))
    return foreign.import_catalogue(office.register, path, **how)


def test_a_library_is_kept_byte_by_byte_under_one_entry(office):
    with office.adds("catalogue-imported"):
        found = imported(office, "river.yaml", FRAMEWORK, kind="library")
    assert (found.id, found.is_new, found.crosswalks) == ("river", True, ())
    assert foreign.get_file(office.register, "river") == library(FRAMEWORK)
    assert foreign.get_catalogue(office.register, "river") == found.catalogue
    assert [r.version for r in foreign.list_imported(office.register)] == ["3"]
    assert foreign.get_crosswalks(office.register, "river") == ()


def test_a_crosswalk_learns_the_ids_of_frameworks_that_come_before_or_after_it(office):
    with office.adds("catalogue-imported"):
        first = imported(office, "map.yaml", MAPPING)
    assert first.catalogue is None
    assert [e.source for e in first.crosswalks[0].edges] == ["a.1", "a"]
    imported(office, "river.yaml", FRAMEWORK)
    there, back = foreign.get_crosswalks(office.register, "map")
    assert [(e.source, e.target) for e in there.edges] == [("1.10", "shore.2"), ("A", "shore")]
    assert [e.target for e in back.edges] == ["1.10"]


def test_a_library_with_both_is_a_catalogue_with_crosswalks(office):
    both = FRAMEWORK + MAPPING.removeprefix("objects:\n")
    found = imported(office, "both.yaml", both)
    assert found.catalogue is not None
    assert len(found.crosswalks) == 2
    assert foreign.get_crosswalks(office.register, "both") == found.crosswalks
    assert foreign.get_catalogue(office.register, "both") == found.catalogue


@pytest.mark.parametrize("text", ["", "words", "objects: {risk_matrix: {urn: u}}", "a: [1"])
def test_what_is_no_library_leaves_nothing_behind(office, text):
    path = office.folder / "wrong.yaml"
    path.write_text(text)
    with office.refuses(InvalidInput, match=r"wrong\.yaml:[12]: "):
        foreign.import_catalogue(office.register, path, kind="library")


def test_json_is_no_library(office):
    path = office.folder / "wrong.yaml"
    path.write_text("{}")
    with office.refuses(InvalidInput, match="no file of the format library"):
        foreign.import_catalogue(office.register, path, kind="library")


def test_what_was_never_imported_has_no_crosswalk(office):
    with pytest.raises(NotFound):
        foreign.get_crosswalks(office.register, "nowhere")
