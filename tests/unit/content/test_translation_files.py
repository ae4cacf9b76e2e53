"""A text in another language counts only while it renders the English that stands beside it."""

import shutil
from pathlib import Path

import pytest
import yaml

from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.content.digests import digest
from cyberposture.content.editions import documents, restore_translations
from cyberposture.content.loader import Content, load_content
from cyberposture.content.reading.translations import load_beside, load_translations
from cyberposture.content.translations import (
    Translations,
    clause_texts,
    framework_names,
    indicator_texts,
    source_digest,
)
from cyberposture.errors import InvalidInput

CONTROL = "controls/ncsp-2021/iam/IAM-01-least-privilege"
CHECK = "scanners/cleartext/no-telnet-or-r-login"


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(find_content(None))


@pytest.fixture
def folders(tmp_path: Path) -> ContentFolders:
    """Copies of the content without any translation."""
    for name in ("controls", "scanners"):
        shutil.copytree(
            find_content(None).root / name,
            tmp_path / name,
            ignore=lambda _, names: [n for n in names if n.endswith(".ur.yaml")],
        )
    return ContentFolders(tmp_path)


def a_control_in_urdu(content: Content, **changes: object) -> dict[str, object]:
    control = content.catalogue.find("IAM-01")
    assert control is not None
    return {
        "language": "ur",
        "status": "draft",
        "translator": "A. Translator",
        "source": source_digest(control),
        "title": "رسائی کا اصول",
        "statement": "لوگوں کو صرف اتنی رسائی ملتی ہے جتنی کام کے لیے درکار ہے۔",
        "levels": {str(level): f"سطح {level}" for level in range(4)},
        "evidence": ["ثبوت"] * len(control.evidence),
        **changes,
    }


def write(folders: ContentFolders, place: str, written: object) -> None:
    path = folders.root / f"{place}.ur.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")


def load(folders: ContentFolders, content: Content) -> Translations:
    return load_translations(folders, content.catalogue, content.checks, "ur")


def test_text_of_today_is_a_draft_until_somebody_has_read_it(folders, content):
    control = content.catalogue.find("IAM-01")
    write(folders, CONTROL, a_control_in_urdu(content))
    assert load(folders, content).state(control) == "draft"
    write(folders, CONTROL, a_control_in_urdu(content, status="reviewed", reviewer="B. Reader"))
    assert load(folders, content).state(control) == "reviewed"


def test_text_of_an_earlier_wording_is_outdated_whoever_read_it(folders, content):
    control = content.catalogue.find("IAM-01")
    write(
        folders,
        CONTROL,
        a_control_in_urdu(content, status="reviewed", reviewer="B. Reader", source="0" * 64),
    )
    found = load(folders, content)
    assert found.state(control) == "outdated"
    assert found.count(content.catalogue.controls) == {"outdated": 1, "missing": 173}


def test_every_part_of_the_english_decides_whether_a_text_is_of_today(content):
    control = content.catalogue.find("IAM-01")
    levels = control.levels.model_copy(update={"whole": "Another meaning."})
    proofs = (*control.evidence[1:], control.evidence[0])
    changed = [
        {"title": "Another title of it"},
        {"statement": "Another sentence about access."},
        {"levels": levels},
        {"evidence": proofs},
    ]
    digests = {source_digest(control.model_copy(update=change)) for change in changed}
    assert len(digests | {source_digest(control)}) == 5
    assert source_digest(control.model_copy(update={"weight": 5})) == source_digest(control)


def test_check_has_texts_of_its_own(folders, content):
    check = content.checks.find("cleartext.no-telnet-or-r-login")
    write(
        folders,
        CHECK,
        {
            "language": "ur",
            "status": "draft",
            "translator": "A. Translator",
            "source": source_digest(check),
            "title": "ٹیل نیٹ بند ہے",
            "why": "پاس ورڈ راستے میں پڑھا جا سکتا ہے۔",
            "remedy": "ایس ایس ایچ استعمال کریں۔",
        },
    )
    assert load(folders, content).state(check) == "draft"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"language": "pa"}, "the file's name says ur"),
        ({"status": "reviewed"}, "reviewer: named where the status is reviewed"),
        ({"reviewer": "B. Reader"}, "reviewer: named where the status is reviewed"),
        ({"levels": None}, "levels: given where the English has them"),
        ({"evidence": []}, "3 items are expected"),
        ({"remark": "x"}, "remark"),
    ],
)
def test_text_that_does_not_fit_is_refused_with_its_place(folders, content, change, told):
    write(folders, CONTROL, a_control_in_urdu(content, **change))
    with pytest.raises(InvalidInput) as refused:
        load(folders, content)
    (fault,) = refused.value.faults
    assert fault.where.startswith(f"{CONTROL}.ur.yaml:")
    assert told in fault.what


def test_text_without_its_english_is_refused(folders, content):
    write(folders, "controls/ncsp-2021/iam/IAM-77-nothing", a_control_in_urdu(content))
    with pytest.raises(InvalidInput, match=r"no IAM-77-nothing\.yaml"):
        load(folders, content)


def test_a_text_that_does_not_fit_is_a_fault_of_the_content(folders, content):
    (folders.root / "reports").symlink_to(find_content(None).reports)
    assert load_content(folders).translations == ()
    write(folders, CONTROL, a_control_in_urdu(content))
    (found,) = load_content(folders).translations
    assert list(found.controls) == ["IAM-01"]
    write(folders, CONTROL, a_control_in_urdu(content, evidence=[]))
    (folders.root / "controls" / "ncsp-2021" / "retired.yaml").write_text("- nothing\n")
    with pytest.raises(InvalidInput) as refused:
        load_content(folders)
    assert "retired.yaml" in str(refused.value)
    (folders.root / "controls" / "ncsp-2021" / "retired.yaml").write_text("[]\n")
    with pytest.raises(InvalidInput, match=r"IAM-01-least-privilege\.ur\.yaml:\d+: evidence"):
        load_content(folders)


def test_a_folder_of_controls_alone_goes_with_the_texts_of_the_checks_in_use(folders, content):
    write(folders, CONTROL, a_control_in_urdu(content))
    check = next(iter(content.translations[0].checks.values()))
    in_use = Translations(
        "ur", {"IAM-02": content.translations[0].controls["IAM-02"]}, {"x": check}
    )
    (found,) = load_beside(folders.controls, content.catalogue, (in_use,))
    assert (list(found.controls), dict(found.checks)) == (["IAM-01"], {"x": check})
    write(folders, CONTROL, a_control_in_urdu(content, evidence=[]))
    with pytest.raises(InvalidInput, match="3 items are expected"):
        load_beside(folders.controls, content.catalogue, (in_use,))


FRAMEWORK = "controls/ncsp-2021/framework"


def names_in_urdu(content: Content, **changes: object) -> dict[str, object]:
    names = framework_names(content.catalogue)
    return {
        "language": "ur",
        "status": "draft",
        "translator": "A. Translator",
        "source": digest(names),
        "domains": {"IAM": "رسائی"},
        "sectors": {},
        "features": {"ot": "مشینیں"},
        "profiles": {"start": "آغاز"},
        **changes,
    }


def test_domains_and_features_are_named_in_the_language_and_else_in_english(folders, content):
    english = framework_names(content.catalogue, notes=True)
    assert load(folders, content).names(content.catalogue) == english
    write(folders, FRAMEWORK, names_in_urdu(content))
    found = load(folders, content)
    assert found.controls == {}  # it is no text of a control
    named = found.names(content.catalogue)
    assert (named["domains"]["IAM"], named["features"]["ot"]) == ("رسائی", "مشینیں")
    assert named["domains"]["NET"] == english["domains"]["NET"]
    write(folders, FRAMEWORK, names_in_urdu(content, source="0" * 64))
    assert load(folders, content).names(content.catalogue) == english


def test_what_is_said_of_a_profile_is_bound_to_its_english_too(folders, content):
    said = {"start": "چھوٹے اداروں کی پہلی دوپہر کے لیے۔"}
    write(folders, FRAMEWORK, names_in_urdu(content, notes=said))
    # The digest is of the names alone: somebody wrote notes and looked at no English ones.
    found = load(folders, content).names(content.catalogue)
    assert found == framework_names(content.catalogue, notes=True)
    source = digest(framework_names(content.catalogue, notes=True))
    write(folders, FRAMEWORK, names_in_urdu(content, notes=said, source=source))
    found = load(folders, content).names(content.catalogue)
    assert (found["notes"]["start"], found["profiles"]["start"]) == (said["start"], "آغاز")
    write(folders, FRAMEWORK, names_in_urdu(content, notes={"none": "کچھ"}, source=source))
    with pytest.raises(InvalidInput, match="no notes called none"):
        load(folders, content)


def test_a_name_of_what_there_is_not_is_a_fault_in_its_line(folders, content):
    write(folders, FRAMEWORK, names_in_urdu(content, domains={"ZZZ": "کچھ"}))
    with pytest.raises(InvalidInput, match=r"framework\.ur\.yaml:\d+: no domains called ZZZ"):
        load(folders, content)


def test_every_name_of_the_shipped_catalogue_is_there_in_urdu(content):
    (urdu,) = content.translations
    english = framework_names(content.catalogue, notes=True)
    named = urdu.names(content.catalogue)
    same = [(kind, one) for kind, names in english.items() for one, name in names.items()
            if named[kind][one] == name]  # fmt: skip
    assert same == []


def test_every_clause_indicator_and_control_of_the_shipped_catalogue_is_there_in_urdu(content):
    (urdu,) = content.translations
    catalogue = content.catalogue
    assert urdu.clauses.source == digest(clause_texts(catalogue))
    assert urdu.clauses.clauses.keys() == {one.id for one in catalogue.clauses}
    assert urdu.indicators.source == digest(indicator_texts(catalogue))
    assert urdu.indicators.indicators.keys() == {one.id for one in catalogue.indicators}
    assert {urdu.state(control) for control in catalogue.controls} == {"draft"}


def test_every_sentence_of_every_shipped_check_is_there_in_urdu(content):
    (urdu,) = content.translations
    assert {urdu.state(check) for check in content.checks.checks} == {"draft"}
    assert [c.id for c in content.checks.checks if urdu.checks[c.id].says is None] == []


CLAUSES = "controls/ncsp-2021/clauses"


def clauses_in_urdu(content: Content, **changes: object) -> dict[str, object]:
    return {
        "language": "ur",
        "status": "draft",
        "translator": "A. Translator",
        "source": digest(clause_texts(content.catalogue)),
        "policy": "پالیسی",
        "note": "یہ ہماری ہیں۔",
        "clauses": {"1.1": "پالیسی اس لیے ہے۔"},
        **changes,
    }


def test_a_clause_that_there_is_not_is_a_fault_in_its_line(folders, content):
    write(folders, CLAUSES, clauses_in_urdu(content, clauses={"9.9": "کچھ نہیں۔"}))
    with pytest.raises(InvalidInput, match=r"clauses\.ur\.yaml:\d+: no clauses called 9\.9"):
        load(folders, content)


def test_clauses_are_kept_with_an_edition(folders, content):
    write(folders, CLAUSES, clauses_in_urdu(content))
    found = load(folders, content)
    texts = documents(content.catalogue, content.checks, (found,))["texts"]
    assert texts != documents(content.catalogue, content.checks)["texts"]
    (again,) = restore_translations(texts)
    assert again.clauses == found.clauses


def test_a_sentence_of_a_check_with_other_facts_is_a_fault(folders, content):
    check = content.checks.checks[0]
    pack, _, name = check.id.partition(".")
    says = {"pass": "{endpoint}", "fail": "{endpoint} {port}", "inconclusive": "{detail}"}
    write(
        folders,
        f"scanners/{pack}/{name}",
        {
            "language": "ur", "status": "draft", "translator": "A. Translator",
            "source": source_digest(check, says=True), "title": "ایک پرکھ",
            "why": "اس لیے۔", "remedy": "یوں۔", "says": says,
        },
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="the facts in braces are those of"):
        load(folders, content)
