"""Catalogues of other countries as they are published: read whole, fast, and resolved as there."""

import json
import time

import pytest
from oscal_samples import SAMPLES, SCHEMAS, needs_samples

from cyberposture.exchange.foreign import read_foreign
from cyberposture.exchange.oscal.read import OSCALDocument, read_document
from cyberposture.exchange.oscal.resolve import resolve
from cyberposture.exchange.oscal.select import standing_controls

pytestmark = needs_samples

RELEASES = {"ism-v2025.03.31-catalog.json": 1028, "ism-v2025.07.16-catalog.json": 1086}
LATEST = "ism-v2025.07.16-catalog.json"
SECONDS = 1.0
"""Five times what it may take on a quiet machine."""


def sample(name: str, **options) -> OSCALDocument:
    return read_document(name, (SAMPLES / name).read_bytes(), **options)


@pytest.mark.parametrize("name", RELEASES)
def test_every_control_is_told_with_its_statement(name):
    view = read_foreign(name, (SAMPLES / name).read_bytes())
    assert len(view.controls) == RELEASES[name]
    assert view.remarks == ()
    assert all(control.statement and control.path for control in view.controls)
    raw = {s.control["id"]: s.control for s in standing_controls(sample(name).body)}
    assert [control.id for control in view.controls] == list(raw)
    assert all(
        len(control.props) == len(raw[control.id].get("props", ())) for control in view.controls
    )


@pytest.mark.parametrize("name", RELEASES)
def test_nothing_of_the_document_is_dropped(name):
    document = sample(name)
    assert {document.kind: document.body} == json.loads(document.data)


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no ../shared/oscal here")
@pytest.mark.parametrize("name", RELEASES)
def test_the_samples_fit_the_official_schema(name):
    assert sample(name, schemas=SCHEMAS).kind == "catalog"


def test_a_thousand_controls_are_read_at_once():
    data = (SAMPLES / LATEST).read_bytes()
    read_foreign(LATEST, data)
    started = time.process_time()
    read_foreign(LATEST, data)
    assert time.process_time() - started < SECONDS


def outline(holder, depth=0):
    """Return titles and ids as they stand below one another."""
    found = [(depth, control["id"]) for control in holder.get("controls", ())]
    for group in holder.get("groups", ()):
        found += [(depth, group["title"]), *outline(group, depth + 1)]
    return found


def test_a_profile_selects_and_groups_what_its_publisher_says():
    """The profile is of a later release, so that only ids and headings can be the same."""
    catalogue, official = sample(LATEST), sample("ism-e8-ml1-resolved.json")
    result = resolve(sample("ism-e8-ml1-profile.json"), lambda wanted: catalogue)
    assert outline(result.catalogue.body) == outline(official.body)
    assert result.remarks == ()


def test_the_content_is_the_publishers_where_the_release_is_the_same():
    """Their result is grown back into a catalogue: more controls, more groups, more resources."""
    official = sample("ism-e8-ml1-resolved.json")
    grown = json.loads(official.data)["catalog"]
    more = {s.control["id"]: s.control for s in standing_controls(sample(LATEST).body)}
    present = {s.control["id"] for s in standing_controls(grown)}
    others = [control for identity, control in more.items() if identity not in present]
    grown["groups"][0]["groups"][0]["groups"][0]["controls"][1:1] = others[:10]
    grown["groups"][1:1] = [
        {"title": "More", "groups": [{"title": "Yet", "controls": others[10:]}]}
    ]
    resources = sample(LATEST).body["back-matter"]["resources"]
    known = {resource["uuid"] for resource in grown["back-matter"]["resources"]}
    grown["back-matter"]["resources"] += [r for r in resources if r["uuid"] not in known]
    source = read_document("grown.json", json.dumps({"catalog": grown}).encode())
    result = resolve(sample("ism-e8-ml1-profile.json"), lambda wanted: source).catalogue.body
    assert result["groups"] == official.body["groups"]
    assert result["back-matter"] == official.body["back-matter"]
    for key in ("title", "version", "oscal-version", "roles", "parties", "responsible-parties"):
        assert result["metadata"][key] == official.body["metadata"][key]
