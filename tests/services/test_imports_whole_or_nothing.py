"""Files with answers, declarations and institutions are taken in whole, or not at all."""

import pytest

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.services import files
from cyberposture.services.assessments import assess, importing, submission
from cyberposture.services.institutions import entries as institutions

GOOD = {"control": "IAM-09", "level": 2}
EVIDENCE = {"file": "policy.txt", "title": "Policy", "dated": "2026-10-01"}


@pytest.fixture
def code(office):
    """An institution of the lowest tier whose assessment is open."""
    code = office.institution()
    assess.open_assessment(office.register, code, office.open_round())
    office.write("policy.txt", "The access policy.")
    return code


def take_in(office, code, *rows, **head):
    path = office.write("answers.yaml", {**head, "answers": list(rows)})
    return importing.import_answers(office.register, path, code, "autumn")


def answers_of(office, code):
    standing = assess.list_standing(office.register, code, "autumn")
    return {control: one.answer for control, one in standing.items() if one.answer}


def test_answers_come_with_their_evidence(office, code):
    done = take_in(office, code, GOOD | {"evidence": [EVIDENCE]}, {"control": "GOV-01", "level": 1})
    assert (done.answers, done.evidence_files) == (2, 1)
    found = answers_of(office, code)
    assert {control: one.answer.level for control, one in found.items()} == {
        "IAM-09": 2,
        "GOV-01": 1,
    }
    (piece,) = found["IAM-09"].answer.evidence
    (kept,) = files.list_files(office.register, code, "evidence")
    assert piece.sha256 == kept.sha256


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"control": "IAM-99", "level": 1}, "no control IAM-99"),
        ({"control": "IAM-10", "level": 1}, "takes no answer"),
        ({"control": "GOV-02", "level": 1}, "not asked in this assessment"),
        ({"control": "GOV-01", "level": 4}, "level"),
        ({"control": "GOV-01", "level": True}, "level"),
        ({"control": "GOV-01", "level": 1, "not_applicable": "no"}, "exclude each other"),
        ({"control": "IAM-09", "level": 1}, "answered in"),
        ({"control": "GOV-01", "level": 1, "mark": 3}, "mark"),
        ({"control": "GOV-01", "level": 1, "evidence": [EVIDENCE | {"file": "none.txt"}]},
         "is not there"),
        ({"control": "GOV-01", "level": 1, "evidence": [EVIDENCE | {"file": "../key"}]}, "outside"),
        ({"control": "GOV-01", "level": 1, "evidence": [EVIDENCE | {"dated": "2027-01-01"}]},
         "future"),
    ],
)  # fmt: skip
def test_one_bad_answer_keeps_all_out(office, code, bad, said):
    with office.refuses(InvalidInput, said) as caught:
        take_in(office, code, GOOD | {"evidence": [EVIDENCE]}, bad)
    assert all(fault.where.startswith("answers.yaml") for fault in caught.value.faults)
    assert answers_of(office, code) == {}


def test_every_fault_is_told_with_its_line(office, code):
    path = office.write(
        "answers.csv", "control,level,reason\nIAM-09,2,VPN\nIAM-99,1,x\nGOV-01,2,\nIAM-10,1,\n"
    )
    with office.refuses(InvalidInput) as caught:
        importing.import_answers(office.register, path, code, "autumn")
    assert [fault.where for fault in caught.value.faults] == [
        f"answers.csv:{line}" for line in (3, 5)
    ]


@pytest.mark.parametrize("head", [{"institution": "dale-office"}, {"round": "spring"}])
def test_sheet_for_somebody_else_is_refused(office, code, head):
    with office.refuses(InvalidInput, "dale-office|spring"):
        take_in(office, code, GOOD, **head)


def test_answers_that_were_handed_in_take_no_more(office, code):
    take_in(office, code, GOOD)
    submission.submit(office.register, code, "autumn")
    with office.refuses(WrongState):
        take_in(office, code, GOOD | {"level": 3, "evidence": [EVIDENCE]})
    assert answers_of(office, code)["IAM-09"].answer.level == 2


def test_answers_without_an_assessment_are_refused(office):
    code = office.institution()
    office.open_round()
    with office.refuses(NotFound, "no assessment called 'hill-office in autumn'") as caught:
        take_in(office, code, GOOD)
    assert "assessment open" in caught.value.advice()


def test_later_answer_is_a_new_revision(office, code):
    take_in(office, code, GOOD)
    take_in(office, code, GOOD | {"level": 3})
    assert answers_of(office, code)["IAM-09"].revision == 2


DECLARATIONS = {
    "an address in an odd spelling": {"id": "b", "kind": "host", "addresses": ["127.1"]},
    "an address in mapped form": {"id": "b", "kind": "host", "addresses": ["::ffff:127.0.0.1"]},
    "a host without address and name": {"id": "b", "kind": "host"},
    "an id twice": {"id": "www", "kind": "host", "addresses": ["127.55.0.2"]},
    "a zone that nobody declared": {"id": "b", "kind": "flow", "flow_from": "x", "flow_to": "dmz"},
    "a kind that there is not": {"id": "b", "kind": "submarine"},
}


@pytest.mark.parametrize("bad", DECLARATIONS.values(), ids=DECLARATIONS)
def test_one_bad_asset_keeps_the_whole_declaration_out(office, bad):
    code = office.institution()
    www = {"id": "www", "kind": "host", "addresses": ["127.55.0.1"]}
    office.declare(code, www)
    with office.refuses(InvalidInput) as caught:
        office.declare(code, www, {"id": "dmz", "kind": "zone"}, bad)
    assert ".yaml:" in caught.value.faults[0].where
    assert institutions.get_declaration(office.register, code).addresses() == ("127.55.0.1",)


def test_declaration_of_somebody_else_is_refused(office):
    code = office.institution()
    path = office.write("assets.yaml", {"institution": "dale-office", "assets": []})
    with office.refuses(InvalidInput, "dale-office"):
        institutions.import_declaration(office.register, path, code)


def test_declaration_replaces_the_one_before_and_tells_the_difference(office):
    code = office.institution()
    office.declare(code, "127.55.0.1", "127.55.0.2")
    moved = {"id": "host-1", "kind": "host", "addresses": ["127.55.0.9"]}
    new = {"id": "mail", "kind": "host", "addresses": ["127.55.0.8"]}
    path = office.write("assets.yaml", {"assets": [moved, new]})
    foreseen = institutions.diff_declaration(office.register, path, code)
    done = institutions.import_declaration(office.register, path, code)
    assert {key: done[key] for key in foreseen} == foreseen
    assert foreseen == {"added": ["mail"], "changed": ["host-1"], "removed": ["host-2"]}


INSTITUTIONS = {
    "a sector that there is not": {"code": "new-office", "sectors": ["moon"]},
    "a feature that there is not": {"code": "new-office", "features": ["wings"]},
    "a tier that there is not": {"code": "new-office", "tier": "Z"},
    "one twice in the file": {"code": "dale-office"},
    "one that is registered": {"code": "hill-office"},
    "a code that is no word": {"code": "New Office"},
}


@pytest.mark.parametrize("bad", INSTITUTIONS.values(), ids=INSTITUTIONS)
def test_one_bad_institution_keeps_all_out(office, bad):
    office.institution()
    plain = {"code": "dale-office", "name": "Office", "sectors": ["government"], "tier": "A"}
    path = office.write("institutions.yaml", {"institutions": [plain, plain | bad]})
    with office.refuses(InvalidInput) as caught:
        institutions.import_institutions(office.register, path)
    assert caught.value.faults[0].where.startswith("institutions.yaml:")
