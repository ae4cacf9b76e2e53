"""Catalogues that others wrote: kept as they came, found again, and never fetched."""

import json

import pytest

from cyberposture.content.comparing.books import book_of
from cyberposture.errors import InvalidInput, NotFound, WrongState, WrongUsage
from cyberposture.exchange.oscal.catalogue_out import catalogue_document
from cyberposture.exchange.oscal.words import encode
from cyberposture.services.catalogue import foreign
from cyberposture.services.catalogue.comparing import find_book
from cyberposture.store import audit

UUID = "11111111-2222-4333-8444-5555555555{:02}"


def metadata(version="1", title="Rules of the harbour"):
    return {
        "title": title,
        "last-modified": f"2026-01-0{version}T00:00:00Z",
        "version": version,
        "oscal-version": "1.2.1",
    }


def catalog(version="1", text="Moor it."):
    control = {
        "id": "h-1",
        "title": "Mooring",
        "parts": [{"name": "statement", "prose": text}],
    }
    return {
        "catalog": {
            "uuid": UUID.format(version),
            "metadata": metadata(version),
            "groups": [{"title": "Quay", "controls": [control, {"id": "h-2", "title": "Lamps"}]}],
        }
    }


RESOURCE = UUID.format("99")


def profile(href=f"#{RESOURCE}", title="Rules of the harbour"):
    resource = {
        "uuid": RESOURCE,
        "title": title,
        "rlinks": [{"href": "https://192.0.2.1/harbour.json"}],
    }
    return {
        "profile": {
            "uuid": UUID.format("50"),
            "metadata": metadata(title="Small boats"),
            "imports": [{"href": href, "include-controls": [{"with-ids": ["h-1"]}]}],
            "merge": {"as-is": True},
            "back-matter": {"resources": [resource]},
        }
    }


def entries(office):
    with office.register.reading() as connection:
        return list(audit.list_entries(connection, kind="catalogue-imported"))


def test_a_catalogue_is_kept_byte_by_byte_under_one_entry(office):
    file = office.write("Harbour Rules 2026.json", catalog())
    done = foreign.import_catalogue(office.register, file, reason="to compare")
    assert (done.id, done.is_new) == ("harbour-rules-2026", True)
    assert [c.id for c in done.catalogue.controls] == ["h-1", "h-2"]
    assert foreign.get_file(office.register, done.id) == file.read_bytes()
    assert foreign.get_catalogue(office.register, done.id).controls == done.catalogue.controls
    (entry,) = entries(office)
    assert (entry.subject, entry.act.reason) == (done.id, "to compare")
    assert entry.data["digest"] == done.catalogue.digest


def test_the_same_file_again_changes_nothing(office):
    file = office.write("harbour.json", catalog())
    foreign.import_catalogue(office.register, file)
    assert not foreign.import_catalogue(office.register, file).is_new
    assert len(entries(office)) == 1
    with pytest.raises(WrongState, match="in the register as harbour"):
        foreign.import_catalogue(office.register, file, given_id="other")


def test_editions_of_one_work_are_told_apart_by_version(office):
    for version, text in (("1", "Moor it."), ("2", "Moor it well.")):
        file = office.write(f"h{version}.json", catalog(version, text))
        foreign.import_catalogue(office.register, file, given_id="harbour")

    def statement(name):
        return foreign.get_catalogue(office.register, name).controls[0].statement

    assert statement("harbour") == statement("harbour@2") == "Moor it well."
    assert statement("harbour@1") == "Moor it."
    with pytest.raises(NotFound):
        statement("harbour@3")
    listed = [(r.name, r.version) for r in foreign.list_imported(office.register)]
    assert listed == [("harbour", "1"), ("harbour", "2")]


def test_a_profile_alone_is_kept_with_a_remark(office):
    file = office.write("small.json", profile())
    done = foreign.import_catalogue(office.register, file)
    assert [(c.id, c.title) for c in done.catalogue.controls] == [("h-1", "")]
    assert "not at hand" in done.catalogue.remarks[0].what
    with pytest.raises(NotFound):
        foreign.get_resolved(office.register, "small")


def test_a_profile_draws_on_the_newest_imported_edition_and_keeps_what_it_found(office):
    small = office.write("small.json", profile())
    foreign.import_catalogue(office.register, small)
    for version in ("2", "1"):
        file = office.write(f"h{version}.json", catalog(version, f"Moor it, {version}."))
        foreign.import_catalogue(office.register, file, given_id="harbour")
    done = foreign.import_catalogue(office.register, small)
    assert done.is_new is False
    assert [name.rsplit(" ", 1)[0] for name in done.drawn_on] == ["harbour 2"]
    third = office.write("h3.json", catalog("3", "Moor it, 3."))
    foreign.import_catalogue(office.register, third, given_id="harbour")
    kept = foreign.get_catalogue(office.register, "small")
    assert kept.format == "oscal-profile"
    assert [c.statement for c in kept.controls] == ["Moor it, 2."]
    resolved = json.loads(foreign.get_resolved(office.register, "small"))
    assert resolved["catalog"]["metadata"]["title"] == "Small boats"
    assert len(entries(office)) == 5


@pytest.mark.parametrize("how", ["beside", "given file", "given id", "only one given"])
def test_what_a_profile_imports_is_found(office, how):
    sources = []
    title = "Rules of the harbour" if how == "given id" else "Quite another"
    small = office.write("small.json", profile(title=title))
    if how == "beside":
        office.write("harbour.json", catalog())
    elif how == "given id":
        foreign.import_catalogue(office.register, office.write("q.json", catalog()), given_id="q")
        sources = ["q"]
    else:
        name = "there/harbour.json" if how == "given file" else "there/unnamed.json"
        sources = [str(office.write(name, catalog()))]
    done = foreign.import_catalogue(office.register, small, sources=sources)
    assert [c.statement for c in done.catalogue.controls] == ["Moor it."]


def test_an_import_does_not_lead_out_of_the_folder(office):
    office.write("secret.json", catalog())
    small = office.write("in/small.json", profile(href="../secret.json"))
    done = foreign.import_catalogue(office.register, small)
    assert "not at hand" in done.catalogue.remarks[0].what


def test_our_own_export_is_recognised(office):
    catalogue = office.register.content.catalogue
    document = catalogue_document(catalogue, modified="2026-11-22T00:00:00Z")
    file = office.write("ours.json", encode(document).decode())
    done = foreign.import_catalogue(office.register, file)
    assert done.own == catalogue
    assert len(done.catalogue.controls) == len(catalogue.controls)


def test_our_own_export_is_compared_as_ours(office):
    catalogue = office.register.content.catalogue
    document = catalogue_document(catalogue, modified="2026-11-22T00:00:00Z")
    foreign.import_catalogue(office.register, office.write("ours.json", encode(document).decode()))
    assert find_book(office.register, "ours") == book_of(catalogue)
    foreign.import_catalogue(office.register, office.write("harbour.json", catalog()))
    assert [one.id for one in find_book(office.register, "harbour").entries] == ["h-1", "h-2"]


def test_a_crosswalk_is_kept_too(office):
    mapping = {
        "uuid": UUID.format("70"),
        "source-resource": {"type": "catalog", "href": "a.json"},
        "target-resource": {"type": "catalog", "href": "b.json"},
        "maps": [
            {
                "relationship": "subset-of",
                "sources": [{"type": "control", "id-ref": "h-1"}],
                "targets": [{"type": "control", "id-ref": "x-1"}],
            }
        ],
    }
    body = {"uuid": UUID.format("71"), "metadata": metadata(), "mappings": [mapping]}
    file = office.write("cross.json", {"mapping-collection": body})
    done = foreign.import_catalogue(office.register, file)
    assert (done.catalogue, done.is_new) == (None, True)
    assert foreign.get_crosswalks(office.register, "cross") == done.crosswalks
    assert done.crosswalks[0].edges[0].relation == "subset"
    with pytest.raises(NotFound, match="catalogue"):
        foreign.get_catalogue(office.register, "cross")
    assert len(entries(office)) == 1


REFUSALS = {
    "no JSON": ("x.json", "{", {}, InvalidInput),
    "a faulty source": ("x.json", profile(), {"sources": ["bad.json"]}, InvalidInput),
    "an unknown source": ("x.json", profile(), {"sources": ["nobody"]}, NotFound),
    "not the format that was said": ("x.json", catalog(), {"kind": "library"}, InvalidInput),
    "an id that is none": ("x.json", catalog(), {"given_id": "No Id"}, WrongUsage),
    "a name of signs": ("§.json", catalog(), {}, WrongUsage),
    "the id of ours": ("x.json", catalog(), {"given_id": "ncsp-2021"}, WrongState),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused_leaves_nothing_behind(office, case):
    name, document, options, error = REFUSALS[case]
    bad = office.write("bad.json", "[]")
    if "sources" in options and options["sources"] == ["bad.json"]:
        options = {"sources": [str(bad)]}
    with pytest.raises(error):
        foreign.import_catalogue(office.register, office.write(name, document), **options)
    assert foreign.list_imported(office.register) == []
    assert entries(office) == []
