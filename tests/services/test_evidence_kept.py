"""Evidence: listed once, serving many controls, never deleted, read by its institution alone."""

from dataclasses import replace
from datetime import date

import pytest

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.model.assessments import Review
from cyberposture.services.assessments import assess, evidence, library, submission
from cyberposture.services.assessments.cards import Reader, read_domain
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.store import answer_rows, answers, assessments, institutions, rounds, tables
from cyberposture.store.layouts import get_layout

POLICY = NewFile(b"The access policy.", "policy.txt")
SAID = Description("Access policy", date(2026, 10, 1), date(2027, 9, 30), "Registrar")
LIMITS = Limits(1_000, 5)
ROUND = "autumn"
SPEAKS = Use(ROUND, "IAM-09")


@pytest.fixture
def code(office):
    """An institution of the lowest tier whose assessment is open."""
    code = office.institution()
    assess.open_assessment(office.register, code, office.open_round())
    return code


def add(office, code, file=POLICY, said=SAID, *, use=None, limits=LIMITS):
    return evidence.add_file(office.register, code, file, said, limits=limits, use=use).record


def assessment_of(connection, code):
    owner = institutions.get_institution_id(connection, code)
    return assessments.get_assessment(connection, owner, rounds.get_round(connection, ROUND).id)


def behind_cards(office, code, round_code):
    """Return what stands behind the controls of a domain, as its cards show it."""
    reader = Reader("tests", sees_evidence=True)
    return read_domain(office.register, code, round_code, "IAM", reader).evidence.behind


def answer_to(office, code, control):
    with office.register.reading() as connection:
        found = answers.list_answers(connection, assessment_of(connection, code).id)
    return found.get(control)


def until(office, code, control):
    """Return until when the compact row says that evidence speaks, as a score reads it."""
    with office.register.reading() as connection:
        assessment = assessment_of(connection, code)
        row = answer_rows.find_row(connection, assessment.id)
        layout = get_layout(connection, assessment.layout)
    return answer_rows.unpack_cells(row.cells)[layout.index(control)].evidence_until


def test_one_piece_serves_many_controls_and_each_answer_names_it(office, code):
    office.answer(code, ROUND, IAM_09=2)
    with office.adds("evidence-added", "evidence-attached"):
        piece = add(office, code, use=SPEAKS)
        assert evidence.attach(office.register, code, Use(ROUND, "GOV-01"), piece.code)
    for control, level in (("IAM-09", 2), ("GOV-01", None)):
        found = answer_to(office, code, control).answer
        assert (found.level, [one.sha256 for one in found.evidence]) == (level, [piece.sha256])
        assert until(office, code, control) is not None
    (listed,) = library.list_library(office.register, code)
    assert [use.control for use in listed.serves] == ["IAM-09", "GOV-01"]
    assert not evidence.attach(office.register, code, SPEAKS, piece.code)


def test_the_same_bytes_are_listed_and_kept_once(office, code):
    first = add(office, code)
    again = evidence.add_file(
        office.register, code, NewFile(POLICY.data, "copy.txt"), SAID, limits=LIMITS, use=SPEAKS
    )
    assert (again.was_there, again.record.code) == (True, first.code)
    assert len(library.list_library(office.register, code)) == 1
    assert [use.control for use in library.list_library(office.register, code)[0].serves] == [
        "IAM-09"
    ]


def test_a_use_that_ended_stays_on_record_and_the_piece_in_the_list(office, code):
    piece = add(office, code, use=SPEAKS)
    evidence.detach(office.register, code, SPEAKS, piece.code, reason="wrong paper")
    assert answer_to(office, code, "IAM-09").answer.evidence == ()
    assert library.list_library(office.register, code)[0].serves == ()
    with office.register.reading() as connection:
        (use,) = connection.execute(tables.evidence_uses.select()).mappings()
    assert (use["ended_by"], use["ended_why"]) == (office.register.actor, "wrong paper")
    with office.refuses(NotFound):
        evidence.detach(office.register, code, SPEAKS, piece.code)
    assert evidence.attach(office.register, code, SPEAKS, piece.code)


def test_a_newer_file_takes_the_place_in_answers_that_are_open_and_in_no_other(office, code):
    piece = add(office, code, use=SPEAKS)
    old = answer_to(office, code, "IAM-09")
    submission.submit(office.register, code, ROUND)
    newer = replace(SAID, dated=date(2026, 11, 1))
    new = evidence.replace_file(
        office.register, code, piece.code, NewFile(b"The new policy.", "n.txt"), newer,
        limits=LIMITS,
    )  # fmt: skip
    assert (new.revision, new.sha256 != piece.sha256) == (2, True)
    assert answer_to(office, code, "IAM-09") == old  # what was handed in stays what it was
    office.open_round("winter")
    assess.open_assessment(office.register, code, "winter", carries_over=False)
    evidence.attach(office.register, code, Use("winter", "IAM-09"), piece.code)
    third = evidence.replace_file(
        office.register, code, piece.code, NewFile(b"Third.", "n.txt"), newer, limits=LIMITS
    )
    with office.register.reading() as connection:
        owner = institutions.get_institution_id(connection, code)
        winter = rounds.get_round(connection, "winter").id
        open_one = assessments.get_assessment(connection, owner, winter)
        (named,) = answers.list_answers(connection, open_one.id)["IAM-09"].answer.evidence
    assert named.sha256 == third.sha256
    history = library.get_piece(office.register, code, piece.code).revisions
    assert [one.revision for one in history] == [3, 2, 1]
    for number, data in ((1, POLICY.data), (2, b"The new policy."), (3, b"Third.")):
        assert library.give_out(office.register, code, piece.code, number).data == data


def test_what_was_withdrawn_speaks_no_more_and_is_still_there(office, code):
    piece = add(office, code, use=SPEAKS)
    evidence.withdraw(office.register, code, piece.code, reason="of another office")
    assert answer_to(office, code, "IAM-09").answer.evidence == ()
    assert library.list_library(office.register, code) == ()
    (kept,) = library.list_library(office.register, code, with_withdrawn=True)
    assert kept.speaks == "withdrawn"
    assert library.give_out(office.register, code, piece.code).data == POLICY.data
    with office.refuses(WrongState, "withdrawn"):
        evidence.attach(office.register, code, SPEAKS, piece.code)


def test_links_and_observations_point_and_raise_no_grade(office, code):
    link = evidence.add_link(
        office.register, code, "https://policy.example/access", SAID, limits=LIMITS, use=SPEAKS
    )
    assert answer_to(office, code, "IAM-09") is None
    behind = behind_cards(office, code, ROUND)["IAM-09"]
    assert [one.record.code for one in behind.pieces] == [link.record.code]
    with office.refuses(NotFound):
        library.give_out(office.register, code, link.record.code)


@pytest.mark.parametrize(
    "bad",
    ["ftp://a.example/x", "javascript:alert(1)", "https://", "https://a.example@b.example/",
     "https://a.example/a b", "http://[", "https://a.example/" + "x" * 500, "//a.example"],
)  # fmt: skip
def test_an_address_that_may_lead_elsewhere_is_no_link(office, code, bad):
    with office.refuses(InvalidInput):
        evidence.add_link(office.register, code, bad, SAID, limits=LIMITS)


def test_what_an_institution_holds_counts_once_a_reviewer_saw_it_there(office, code):
    office.answer(code, ROUND, IAM_09=2)
    held = evidence.hold(
        office.register, code, SAID, sha256="ab" * 32, place="Safe in room 4", limits=LIMITS,
        use=SPEAKS,
    ).record  # fmt: skip
    assert until(office, code, "IAM-09") is None
    submission.submit(office.register, code, ROUND)
    before = answer_to(office, code, "IAM-09")
    seen = evidence.confirm_seen(office.register, code, held.code, reason="compared the digest")
    assert seen.seen_by == office.register.actor
    assert until(office, code, "IAM-09") == SAID.expires
    assert answer_to(office, code, "IAM-09") == before  # a reviewer's word, not the institution's
    found = Review(control="IAM-09", level=2, grade="E1", reason="seen")
    assess.review(office.register, code, ROUND, found)
    assert until(office, code, "IAM-09") == SAID.expires
    standing = assess.list_standing(office.register, code, ROUND)["IAM-09"]
    assert [one.sha256 for one in standing.answer.answer.evidence] == ["ab" * 32]
    earlier = assess.list_standing(office.register, code, ROUND, as_of=before.act.at)["IAM-09"]
    assert earlier.answer.answer.evidence == ()


@pytest.mark.parametrize(
    "bad", [{"sha256": "ab"}, {"sha256": "G" * 64}, {"place": " "}, {"place": "x" * 501}]
)
def test_what_is_held_needs_a_digest_and_a_place(office, code, bad):
    given = {"sha256": "ab" * 32, "place": "Safe in room 4"} | bad
    with office.refuses(InvalidInput):
        evidence.hold(office.register, code, SAID, limits=LIMITS, **given)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"dated": date(2026, 11, 21)}, "dated"),
        ({"expires": date(2026, 9, 30)}, "expires"),
        ({"keeper": "x" * 201}, "keeper"),
    ],
)
def test_what_is_said_of_a_piece_is_checked_field_by_field(office, code, changes, field):
    with office.refuses(InvalidInput) as caught:
        add(office, code, said=replace(SAID, **changes))
    assert [fault.where for fault in caught.value.faults] == [field]


@pytest.mark.parametrize("data", [b"", b"x" * 1_001, b"MZ\x00"])
def test_a_file_that_is_empty_too_large_or_unknown_leaves_nothing(office, code, data):
    with office.refuses(UnfitFile):
        add(office, code, NewFile(data, "policy.pdf"))


def test_a_full_list_takes_no_more(office, code):
    for number in range(LIMITS.most_pieces):
        add(office, code, NewFile(f"paper {number}".encode(), "p.txt"))
    with office.refuses(WrongState, "full"):
        add(office, code, NewFile(b"one more", "p.txt"))


def test_evidence_of_another_institution_is_not_there(office, code):
    piece = add(office, code)
    other = office.institution("meadow-office")
    assess.open_assessment(office.register, other, ROUND)
    for call in (
        lambda: library.get_piece(office.register, other, piece.code),
        lambda: library.give_out(office.register, other, piece.code),
        lambda: evidence.attach(office.register, other, SPEAKS, piece.code),
        lambda: evidence.withdraw(office.register, other, piece.code, reason="x"),
    ):
        with office.refuses(NotFound):
            call()


def test_what_was_handed_in_takes_no_evidence(office, code):
    piece = add(office, code, use=SPEAKS)
    submission.submit(office.register, code, ROUND)
    with office.refuses(WrongState):
        evidence.attach(office.register, code, Use(ROUND, "GOV-01"), piece.code)
    with office.refuses(WrongState):
        evidence.detach(office.register, code, SPEAKS, piece.code)
    with office.refuses(WrongState):
        add(office, code, NewFile(b"another", "a.txt"), use=SPEAKS)


def test_what_runs_out_stands_first(office, code):
    for title, expires in (
        ("Later", date(2027, 6, 1)),
        ("Never", None),
        ("Soon", date(2026, 12, 1)),
        ("Over", date(2026, 11, 18)),
    ):
        add(office, code, NewFile(title.encode(), "t.txt"),
            Description(title, date(2026, 1, 1), expires))  # fmt: skip
    found = [(one.record.title, one.speaks) for one in library.list_library(office.register, code)]
    assert found == [
        ("Over", "expired"), ("Soon", "soon"), ("Later", "current"), ("Never", "current"),
    ]  # fmt: skip


def test_evidence_goes_along_with_answers_into_the_next_round(office, code):
    office.answer(code, ROUND, IAM_09=2)
    piece = add(office, code, use=SPEAKS)
    office.open_round("winter")
    assess.open_assessment(office.register, code, "winter")
    (listed,) = library.list_library(office.register, code)
    assert {(use.round, use.control) for use in listed.serves} == {
        ("autumn", "IAM-09"), ("winter", "IAM-09"),
    }  # fmt: skip
    evidence.detach(office.register, code, Use("winter", "IAM-09"), piece.code)
    assert "IAM-09" not in behind_cards(office, code, "winter")


def test_no_file_lies_in_the_register_in_clear(office, code):
    secret = b"the plan that nobody outside may read " * 20
    add(office, code, NewFile(secret, "plan.txt"))
    file = office.register.database.path
    kept = file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()
    assert secret[:30] not in kept


TELNET = "cleartext.no-telnet-or-r-login"


def test_an_observation_is_what_was_seen_to_be_well(office, code):
    with office.refuses(NotFound):
        evidence.add_observation(office.register, code, "no.such-check", limits=LIMITS)
    with office.refuses(NotFound):  # nobody looked yet
        evidence.add_observation(office.register, code, TELNET, limits=LIMITS)
    office.declare(code, "192.0.2.7")
    office.look(code, "192.0.2.7", rest="closed", services={"443": "https"})
    seen = evidence.add_observation(office.register, code, TELNET, limits=LIMITS, use=SPEAKS).record
    assert (seen.kind, seen.place, seen.sha256) == ("observation", TELNET, None)
    assert answer_to(office, code, "IAM-09") is None  # the check itself moves the grade
    office.look(code, "192.0.2.7", rest="closed", services={"23": "telnet"})
    with office.refuses(WrongState, "speaks against"):
        evidence.add_observation(office.register, code, TELNET, limits=LIMITS)
