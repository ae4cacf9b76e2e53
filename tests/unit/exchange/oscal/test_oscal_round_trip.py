"""Our own catalogue as OSCAL: what goes out comes in again without loss, in the same bytes."""

import base64
import json
from datetime import date
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oscal_samples import CHECKOUT, SCHEMAS, catalog, needs_schemas, read

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.loader import Content, load_catalogue, load_content
from cyberposture.content.translations import Translations
from cyberposture.errors import InvalidInput, NotFound
from cyberposture.exchange.oscal.catalogue_out import catalogue_document
from cyberposture.exchange.oscal.files import MAPPING_FILE, export_file, export_folder
from cyberposture.exchange.oscal.ours_in import (
    is_own_export,
    read_own_catalogue,
    read_own_translations,
)
from cyberposture.exchange.oscal.prose import escape, unescape
from cyberposture.exchange.oscal.read import read_document
from cyberposture.exchange.oscal.resolve import resolve
from cyberposture.exchange.oscal.select import standing_controls
from cyberposture.exchange.oscal.view import view_catalogue
from cyberposture.exchange.oscal.words import encode, own_values
from cyberposture.model.controls import (
    Catalogue,
    Clause,
    Condition,
    Control,
    Crossing,
    Levels,
    Proof,
    Retired,
    Source,
    Supersession,
)
from cyberposture.model.parameters import Parameter, SectorRules, SetValue
from cyberposture.model.translations import ControlTranslation

MOMENT = "2026-11-22T00:00:00Z"


@cache
def load_shipped() -> Catalogue:
    return load_catalogue(CHECKOUT / "controls")


@cache
def load_translated() -> Content:
    return load_content(ContentFolders(CHECKOUT))


@pytest.fixture
def shipped() -> Catalogue:
    return load_shipped()


def exported(catalogue: Catalogue, *translations: Translations) -> bytes:
    return encode(catalogue_document(catalogue, modified=MOMENT, translations=translations))


def test_the_shipped_catalogue_comes_back_whole(shipped):
    document = read_document("catalog.json", exported(shipped))
    assert is_own_export(document)
    assert read_own_catalogue(document) == shipped


def test_exporting_twice_gives_the_same_bytes(shipped):
    again = Catalogue.model_validate(shipped.model_dump(by_alias=True))
    assert export_folder(shipped, modified=MOMENT) == export_folder(again, modified=MOMENT)


def test_the_shipped_translations_come_back_with_their_marks(shipped):
    content = load_translated()
    document = read_document("catalog.json", exported(shipped, *content.translations))
    assert read_own_catalogue(document) == shipped
    (urdu,) = content.translations
    assert {one.status for one in urdu.controls.values()} >= {"draft"}
    assert read_own_translations(document) == (Translations("ur", urdu.controls),)
    assert read_own_translations(read_document("x.json", exported(shipped))) == ()


def test_others_read_the_english_of_what_is_translated_too(shipped):
    texts = load_translated().translations
    view = view_catalogue(read_document("catalog.json", exported(shipped, *texts)))
    assert view.remarks == ()
    statements = {c.id: c.statement for c in shipped.controls}
    assert {c.id: unescape(c.statement) for c in view.controls} == statements


def test_little_of_a_translation_travels_as_records(shipped):
    body = read_document("x.json", exported(shipped, *load_translated().translations)).body
    parts = [
        part
        for standing in standing_controls(body)
        for part in standing.control["parts"]
        if part["name"] == "translation"
    ]
    assert parts and not any(own_values(part, "record") for part in parts)


def test_others_see_titles_statements_and_guidance(shipped):
    view = view_catalogue(read_document("catalog.json", exported(shipped)))
    assert view.remarks == ()
    assert view.id == shipped.framework.id
    statements = {c.id: c.statement for c in shipped.controls}
    assert {c.id: unescape(c.statement) for c in view.controls} == statements
    titles = {domain.id: domain.title for domain in shipped.framework.domains}
    assert all(c.path == (titles[c.id[:3]],) for c in view.controls)


def test_little_travels_as_records_only(shipped):
    """What OSCAL has a word for is said in it: only conditions and the like are plain JSON."""
    body = read_document("catalog.json", exported(shipped)).body
    fields = {
        prop["class"]
        for standing in standing_controls(body)
        for prop in own_values(standing.control, "record")
    }
    assert fields <= {"applies_when", "supersedes"} | (set(Control.model_fields) - SAID)


SAID = {
    "id", "version", "title", "statement", "evidence_mode", "weight", "weight_reason", "tier",
    "gate", "sources", "observations", "intent", "levels", "guidance", "evidence", "review",
    "sector_notes", "maps_to",
}  # fmt: skip


@needs_schemas
def test_every_exported_file_fits_the_official_schema(shipped):
    texts = load_translated().translations
    files = export_folder(shipped, modified=MOMENT, translations=texts)
    assert {"catalog.json", MAPPING_FILE} < set(files)
    for name, data in files.items():
        read_document(name, data, schemas=SCHEMAS)
    for profile in shipped.profiles:
        data = export_file(
            shipped, modified=MOMENT, translations=texts, profile=profile.id, sector="power"
        )
        read_document(profile.id, data, schemas=SCHEMAS)


def test_every_profile_resolves_to_the_controls_of_its_tiers(shipped):
    files = export_folder(shipped, modified=MOMENT)
    whole = read_document("catalog.json", files["catalog.json"])
    for profile in shipped.profiles:
        made = read_document("p.json", files[f"profile-{profile.id}.json"])
        result = resolve(made, lambda wanted: whole if wanted.means(whole) else None)
        asked = {control.id for control in shipped.of_profile(profile)}
        assert {s.control["id"] for s in standing_controls(result.catalogue.body)} == asked
        assert result.remarks == ()
        reasons = {
            s.control["id"]: unescape(part["prose"])
            for s in standing_controls(result.catalogue.body)
            for part in s.control["parts"]
            if part["name"] == "reason"
        }
        assert reasons == {one.id: one.why for one in profile.controls or ()}


def test_a_sector_sets_its_own_numbers(shipped):
    day = date(2026, 11, 22)
    number = shipped.parameters[0]
    own = SetValue(
        parameter=number.id, value=number.default + 1, instrument=shipped.framework.instrument,
        known="V", source="A circular of the harbour office.", read_on=day,
    )  # fmt: skip
    rules = SectorRules(id="power", special="It hums.", own_rules=None, parameters=(own,))
    in_force = {"legal": "in-force", "in_force_from": day, "in_force_until": None}
    instruments = tuple(
        one.model_copy(update=in_force) if one.id == own.instrument else one
        for one in shipped.instruments
    )
    changed = shipped.model_copy(update={"sector_rules": (rules,), "instruments": instruments})
    for sector, value in (("power", number.default + 1), ("water", number.default)):
        data = export_file(changed, modified=MOMENT, profile="cii", sector=sector)
        params = {p["id"]: p for p in read_document("x.json", data).body["params"]}
        assert params[number.id]["values"] == [str(value)]


def test_a_sector_is_not_asked_what_none_of_it_is(shipped):
    def ids(**chosen):
        document = read_document("x.json", export_file(shipped, modified=MOMENT, **chosen))
        return {standing.control["id"] for standing in standing_controls(document.body)}

    everything = {c.id for c in shipped.controls}
    all_features = frozenset(feature.id for feature in shipped.framework.features)
    for sector in ("power", "education"):
        asked = {
            c.id
            for c in shipped.controls
            if c.applies_when is None or c.applies_when.holds(all_features, frozenset({sector}))
        }
        assert ids(sector=sector) == asked < everything
    assert ids() == everything


def test_an_unknown_profile_or_sector_is_told_with_those_there_are(shipped):
    with pytest.raises(NotFound, match="profile") as refused:
        export_folder(shipped, modified=MOMENT, profile="golden")
    assert shipped.profiles[0].id in refused.value.advice()
    with pytest.raises(NotFound, match="sector"):
        export_file(shipped, modified=MOMENT, sector="moon")


# Generated catalogues. --------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)
CODE = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,2})?", fullmatch=True)
ID = st.from_regex(r"(AAA|BBB|CCC)-[0-9]{2}", fullmatch=True)
CONDITION = st.recursive(
    st.builds(Condition, feature=CODE) | st.builds(Condition, sector=CODE),
    lambda inner: st.builds(Condition, any_of=st.lists(inner, min_size=1, max_size=2).map(tuple)),
    max_leaves=3,
)
SENTENCE = TEXT.map(lambda text: f"a{text}b")
LEVELS = st.lists(SENTENCE, min_size=4, max_size=4).map(
    lambda texts: Levels.model_validate({str(n): text for n, text in enumerate(texts)})
)

PROOF = st.builds(Proof, what=SENTENCE, max_age_days=st.integers(1, 1830))
NUMBER = st.builds(
    Parameter,
    id=CODE,
    title=SENTENCE,
    unit=st.sampled_from(["days", "hours"]),
    default=st.integers(0, 100_000),
    ours=st.just(True),
    stricter=st.sampled_from(["lower", "higher"]),
    why=SENTENCE,
    controls=st.lists(ID, max_size=2).map(tuple),
)


@st.composite
def controls(draw, identity: str) -> Control:
    codes = draw(st.lists(st.sampled_from(["O-A", "O-B", "O-C"]), unique=True, max_size=2))
    return Control.model_validate(
        {
            "id": identity,
            "version": draw(st.integers(1, 10**12)),
            "title": draw(st.text(min_size=8, max_size=90).filter(_is_title)),
            "statement": "It is so: " + draw(st.text(max_size=99)) + " and stays so.",
            "evidence_mode": draw(st.sampled_from(["Q+N", "N"])) if codes else "Q",
            "observations": [{"code": code, "direction": "C"} for code in codes],
            "weight": draw(st.sampled_from([1, 3, 5])),
            "weight_reason": draw(st.none() | SENTENCE),
            "tier": draw(st.sampled_from("AGX")),
            "gate": draw(st.none() | st.sampled_from("AGX")),
            "applies_when": draw(st.none() | CONDITION),
            "sources": draw(
                st.lists(
                    st.builds(
                        Source,
                        instrument=st.text(max_size=9),
                        edition=st.text(max_size=9),
                        clause=st.sampled_from(["1.1", "2(3)", " odd ", ""]),
                        derivation=st.sampled_from(["D", "Dg", "Dc", "I"]),
                    ),
                    min_size=1,
                    max_size=3,
                )
            ),
            "intent": draw(st.none() | SENTENCE),
            "levels": draw(st.none() | LEVELS),
            "guidance": draw(st.dictionaries(CODE, SENTENCE, max_size=3)),
            "evidence": draw(st.lists(PROOF, max_size=2)),
            "review": draw(st.lists(SENTENCE, max_size=3)),
            "sector_notes": draw(st.dictionaries(CODE, SENTENCE, max_size=2)),
            "maps_to": draw(
                st.lists(
                    st.builds(
                        Crossing,
                        framework=CODE,
                        id=st.text(min_size=1, max_size=9),
                        relation=st.sampled_from(["equal", "subset", "superset", "intersects"]),
                        why=SENTENCE,
                    ),
                    unique_by=lambda crossing: (crossing.framework, crossing.id),
                    max_size=3,
                )
            ),
            "supersedes": draw(
                st.lists(
                    st.builds(
                        Supersession,
                        id=ID,
                        version=st.integers(1, 9),
                        change=st.sampled_from(["reworded", "split", "new"]),
                        why=SENTENCE,
                    ),
                    unique_by=lambda heir: (heir.id, heir.version),
                    max_size=2,
                )
            ),
        }
    )  # fmt: skip


def _is_title(text: str) -> bool:
    return not text.lower().startswith("ensure")


@st.composite
def catalogues(draw) -> Catalogue:
    shipped = load_shipped()
    ids = draw(st.lists(ID, unique=True, max_size=4))
    clauses = draw(
        st.lists(
            st.builds(
                Clause,
                id=st.text(max_size=5),
                page=st.integers(1, 10**12),
                addressee=st.text(max_size=9),
                text=SENTENCE,
                demand=st.text(max_size=9),
                level=st.sampled_from(["Q", "Q+N", "Nat", "Ctx"]),
            ),
            unique_by=lambda clause: clause.id,
            max_size=3,
        )
    )
    domains = [
        {"id": id_, "title": draw(st.text(max_size=9)), "factor_pct": draw(st.integers(1, 1000))}
        for id_ in draw(st.lists(st.sampled_from(["AAA", "BBB", "DDD"]), unique=True))
    ]
    framework = shipped.framework.model_dump(by_alias=True) | {
        "id": draw(st.text(max_size=9)),
        "version": draw(st.text(max_size=9)),
        "title": draw(st.text(max_size=9)),
        "dated": draw(st.none() | st.just(date(2026, 1, 1))),
        "domains": domains,
    }
    return Catalogue.model_validate(
        {
            "framework": framework,
            "clauses": clauses,
            "controls": [draw(controls(identity)) for identity in ids],
            "retired": draw(
                st.lists(st.builds(Retired, id=ID, on=st.text(), why=SENTENCE), max_size=1)
            ),
            "neighbours": shipped.neighbours,
            "parameters": draw(st.lists(NUMBER, max_size=2)),
        }
    )


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(catalogues())
def test_any_catalogue_comes_back_whole_and_fits_the_official_schema(catalogue):
    document = read_document(
        "catalog.json", exported(catalogue), schemas=SCHEMAS if SCHEMAS.is_dir() else None
    )
    assert read_own_catalogue(document) == catalogue


@st.composite
def translated(draw, language: str) -> ControlTranslation:
    reviewer = draw(st.none() | SENTENCE)
    levels = draw(st.none() | LEVELS)
    return ControlTranslation(
        language=language,
        status="draft" if reviewer is None else "reviewed",
        translator=draw(SENTENCE),
        reviewer=reviewer,
        source=draw(st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
        title=draw(st.text(min_size=4, max_size=20)),
        statement=draw(st.text(min_size=10, max_size=40)),
        levels=levels,
        evidence=tuple(draw(st.lists(SENTENCE, max_size=3))),
    )


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(catalogues(), st.data())
def test_any_translation_comes_back_whole_and_fits_the_official_schema(catalogue, data):
    ids = [control.id for control in catalogue.controls]
    texts = tuple(
        Translations(language, {identity: data.draw(translated(language)) for identity in ids})
        for language in ("pa", "ur")
        if ids
    )
    document = read_document(
        "x.json", exported(catalogue, *texts), schemas=SCHEMAS if SCHEMAS.is_dir() else None
    )
    assert read_own_translations(document) == texts
    assert read_own_catalogue(document) == catalogue


@given(st.text())
def test_plain_text_survives_as_markdown(text):
    assert unescape(escape(text)) == text


# Exports that somebody changed. -----------------------------------------------------------------


def changed(shipped, change):
    document = json.loads(exported(shipped))
    change(document["catalog"])
    return read(document)


def test_a_changed_text_and_a_new_control_are_taken_over(shipped):
    def change(body):
        first = body["groups"][0]["controls"][0]
        first["parts"][0]["prose"] = r"It is written down in \*every\* office."
        new = json.loads(json.dumps(first).replace("GOV-01", "GOV-98"))
        body["groups"][0]["controls"].append(new)

    back = read_own_catalogue(changed(shipped, change))
    assert back.find("GOV-01").statement == "It is written down in *every* office."
    assert back.controls[-1].id == "GOV-98"


def broken_weight(body):
    for prop in body["groups"][0]["controls"][0]["props"]:
        if prop["name"] == "weight":
            prop["value"] = "heavy"


def broken_record(body):
    body["groups"][0]["controls"][0]["props"].append(
        {"name": "record", "ns": "urn:cyberposture:oscal:1", "class": "review", "value": "{"}
    )


def broken_rules(body):
    body["back-matter"]["resources"][-1]["base64"]["value"] = "####"


def missing_rules(body):
    del body["back-matter"]["resources"][-1]


def wrong_rules(body):
    rules = base64.b64encode(b'{"framework": {"id": 5}}').decode()
    body["back-matter"]["resources"][-1]["base64"]["value"] = rules


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (broken_weight, "$.catalog.groups[0].controls[0]: weight: "),
        (broken_record, "$.catalog.groups[0].controls[0]: not as we export it"),
        (broken_rules, "base64: cannot be read as JSON in base64"),
        (missing_rules, "the rules are missing"),
        (wrong_rules, "$.catalog['back-matter']: framework.id"),
    ],
)
def test_what_is_no_catalogue_of_ours_any_more_is_refused_with_its_place(shipped, change, told):
    with pytest.raises(InvalidInput) as refused:
        read_own_catalogue(changed(shipped, change))
    assert told in str(refused.value)


def translation_twice(parts):
    parts.append(parts[-1])


def translation_without_title(parts):
    del parts[-1]["title"]


def translation_of_no_language(parts):
    parts[-1]["class"] = "urdu"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (translation_twice, "has a text in ur already"),
        (translation_without_title, "not as we export it"),
        (translation_of_no_language, "language: "),
    ],
)
def test_a_translation_that_was_spoilt_is_refused_with_its_place(shipped, change, told):
    document = json.loads(exported(shipped, *load_translated().translations))
    change(document["catalog"]["groups"][0]["controls"][0]["parts"])
    with pytest.raises(InvalidInput) as refused:
        read_own_translations(read(document))
    assert told in str(refused.value)
    assert "$.catalog.groups[0].controls[0].parts[" in str(refused.value)


def test_a_catalogue_of_others_is_not_taken_for_ours():
    assert not is_own_export(read(catalog()))
    with pytest.raises(InvalidInput, match="no catalogue that we exported"):
        read_own_catalogue(read(catalog()))
