"""Answer files: what is read, and where each fault is said to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.errors import InvalidInput
from cyberposture.exchange.answers import read_answers, read_evidence

HEADING = "control,level,not_applicable,reason,evidence_file,evidence_title,evidence_dated\n"


def refused(path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_answers(path)
    return [str(fault) for fault in caught.value.faults]


def written(folder, name: str, text: str):
    path = folder / name
    path.write_text(text)
    return path


def test_yaml_and_csv_give_the_same_answers(tmp_path):
    as_yaml = written(
        tmp_path,
        "a.yaml",
        "institution: blue-canal-water\nanswers:\n"
        "  - {control: GOV-01, level: 2, reason: named}\n"
        "  - {control: OTI-01, not_applicable: no plant}\n"
        "  - control: GOV-03\n    level: 1\n    evidence:\n"
        "      - {file: p.txt, title: Policy, dated: '2026-05-01'}\n",
    )
    as_csv = written(
        tmp_path,
        "a.csv",
        HEADING + "GOV-01,2,,named,,,\nOTI-01,,no plant,,,,\nGOV-03,1,,,p.txt,Policy,2026-05-01\n",
    )
    one, other = read_answers(as_yaml), read_answers(as_csv)
    assert one.institution == "blue-canal-water"
    assert [a.row for a in one.answers] == [a.row for a in other.answers]
    assert [a.row.level for a in one.answers] == [2, None, 1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("control,level,colour\nGOV-01,2,red\n", "a.csv:1: column 3: unknown heading 'colour'"),
        ("control\nGOV-01\n", "a.csv:1: missing heading: level"),
        ("control,level,level\nGOV-01,2,2\n", "a.csv:1: column 3: 'level' stands twice"),
        (HEADING + "GOV-01,7\n", "a.csv:2: column level: '7'; allowed: 0, 1, 2, 3"),
        (HEADING + "GOV-01,2.0\n", "a.csv:2: column level: '2.0'; allowed: 0, 1, 2, 3"),
        (HEADING + "gov1,2\n", "a.csv:2: column control"),
        (HEADING + "GOV-01,2\nGOV-01,3\n", "a.csv:3: GOV-01 is answered in a.csv:2 already"),
        (HEADING + "GOV-01,2,not ours\n", "a.csv:2: a level and not_applicable exclude"),
        (HEADING + "GOV-01,2,,,p.txt,Policy,soon\n", "a.csv:2: column evidence.0.dated"),
        (HEADING + "GOV-01,2,,,,,,,,\n", "a.csv:2: 10 cells under 7 headings"),
        (HEADING + 'GOV-01,2,,"never closed\n', "a.csv:2:"),
        ("", "a.csv:1: an empty file"),
    ],
)
def test_a_wrong_sheet_is_refused_at_its_line(tmp_path, text, fault):
    assert refused(written(tmp_path, "a.csv", text))[0].startswith(fault)


def test_every_fault_of_a_sheet_is_shown_at_once(tmp_path):
    path = written(tmp_path, "a.csv", HEADING + "GOV-01,9\nx,1\nGOV-02,2\n")
    assert [line.split(": ")[0] for line in refused(path)] == ["a.csv:2", "a.csv:3"]


def test_a_further_row_may_add_evidence_to_an_answer(tmp_path):
    text = HEADING + "GOV-01,2,,,a.txt,A,2026-01-01\nGOV-01,,,,b.txt,B,2026-01-02\n"
    (answer,) = read_answers(written(tmp_path, "a.csv", text)).answers
    assert [piece.file for piece in answer.row.evidence] == ["a.txt", "b.txt"]


def test_yaml_faults_name_their_line(tmp_path):
    path = written(tmp_path, "a.yaml", "answers:\n  - control: GOV-01\n    level: 5\n    x: 1\n")
    assert [line.split(": ")[0] for line in refused(path)] == ["a.yaml:3", "a.yaml:4"]


def test_evidence_outside_the_folder_is_refused(tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    home = tmp_path / "sheet"
    home.mkdir()
    (home / "link.txt").symlink_to(tmp_path / "secret.txt")
    text = HEADING + "GOV-01,2,,,{},A,2026-01-01\n"
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt"):
        (answer,) = read_answers(written(home, "a.csv", text.format(name))).answers
        with pytest.raises(InvalidInput, match="outside"):
            read_evidence(home, answer.row.evidence[0], answer.where)


def test_missing_and_empty_evidence_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    for name, what in (("none.txt", "not there"), ("empty.txt", "empty")):
        text = HEADING + f"GOV-01,2,,,{name},A,2026-01-01\n"
        (answer,) = read_answers(written(tmp_path, "a.csv", text)).answers
        with pytest.raises(InvalidInput, match=what):
            read_evidence(tmp_path, answer.row.evidence[0], answer.where)


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.yaml"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        read_answers(path)
    except InvalidInput as error:
        assert all(fault.where.startswith(name) for fault in error.faults)
