"""The workbook of an assessment: made, filled in elsewhere, and taken in cell by cell, once."""

from dataclasses import replace
from datetime import date

import pytest
from filled_workbooks import ANSWER, HOW, Book
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.model.assessments import Answer
from cyberposture.services.assessments import assess, importing, rounds, suggestions
from cyberposture.services.assessments.offline import papers, receipts, taking_in
from cyberposture.services.assessments.questionnaire import save_answer
from cyberposture.store import answer_imports, answering, answers, attestations, evidence
from cyberposture.store.seals import is_sealed

CODE, ROUND = "hill-office", "autumn"


@pytest.fixture
def office(furnish, database, tmp_path, clock):
    office = furnish(database, tmp_path, clock)
    office.institution(CODE)
    office.open_round(ROUND)
    assess.open_assessment(office.register, CODE, ROUND, profile="start")
    yield office
    office.verify()


@pytest.fixture
def asked(office):
    """The controls that take an answer."""
    return list(papers.gather(office.register, CODE, ROUND).questions)


def make(office, language="en"):
    return papers.make_workbook(office.register, office.reports, CODE, ROUND, language)


def take(office, data, name="answers.xlsx", institution=CODE, round_code=ROUND):
    return taking_in.take_in_workbook(
        office.register, office.reports, institution, round_code, file_name=name, data=data
    ).receipt


def standing(office):
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, ROUND)
        return answers.list_answers(connection, assessment.id)


def say(office, control, level, reason="", seen=0):
    return save_answer(office.register, CODE, ROUND, control, level=level, not_applicable=None,
                       reason=reason, seen_revision=seen)  # fmt: skip


def test_answers_come_back_and_a_receipt_says_so(office, asked):
    one, two, three = (control.id for control in asked[:3])
    with office.adds("taken-out"):
        made = make(office)
    book = Book(made.data)
    book.put(one, "2 · In the whole scope", "by the steering committee")
    book.put(two, 3)
    book.put(three, "Does not apply to us", "we run no such thing")
    data = book.bytes()
    with office.adds("answers-taken-in"):
        receipt = take(office, data)
    now = standing(office)
    assert (now[one].answer.level, now[one].answer.reason) == (2, "by the steering committee")
    assert now[two].answer.level == 3
    assert now[three].answer.not_applicable == "we run no such thing"
    assert receipt.outcome.taken.keys() == {one, two, three}
    assert receipt.outcome.unchanged == len(asked) - 3
    assert receipt.outcome.faults == () and receipt.outcome.clashes == ()
    with office.register.reading() as connection:
        head = receipts.audit.find_head(connection, office.id_of(CODE))
    assert (receipt.entry.seq, receipt.entry.digest) == (head.seq, head.digest)


def test_a_receipt_is_the_same_each_time_and_bears_the_seal(office, asked):
    book = Book(make(office).data)
    book.put(asked[0].id, 1)
    code = take(office, book.bytes()).code
    say(office, asked[1].id, 1)
    sealed = receipts.get_receipt(office.register, CODE, ROUND, code)
    assert sealed == receipts.list_receipts(office.register, CODE, ROUND)[0]
    assert is_sealed(sealed.seal, papers.RECEIPT, sealed.receipt.model_dump(mode="json"))
    with pytest.raises(NotFound):
        receipts.get_receipt(office.register, CODE, ROUND, "i-2222-2222-2222")


def test_the_same_file_again_changes_nothing_and_gets_the_same_receipt(office, asked):
    book = Book(make(office).data)
    book.put(asked[0].id, 1)
    data = book.bytes()
    first = take(office, data)
    before = office.rows()
    assert take(office, data, "another-name.xlsx") == first
    assert office.rows() == before


def test_what_somebody_else_answered_meanwhile_is_a_clash_with_both_versions(office, asked):
    one, two = asked[0].id, asked[1].id
    say(office, one, 1, "before")
    book = Book(make(office).data)
    say(office, one, 3, "meanwhile", seen=1)
    where = book.put(one, 2, "on paper")
    book.put(two, 2)
    receipt = take(office, book.bytes())
    (clash,) = receipt.outcome.clashes
    assert (clash.control, clash.where, clash.revision, clash.by) == (one, where, 2, "amna-khan")
    assert (clash.yours.choice, clash.yours.text) == ("2", "on paper")
    assert (clash.theirs.choice, clash.theirs.text) == ("3", "meanwhile")
    assert receipt.outcome.taken.keys() == {two}
    assert standing(office)[one].answer.reason == "meanwhile"


def test_an_answer_left_as_it_was_takes_nothing_back_of_what_others_said(office, asked):
    one = asked[0].id
    say(office, one, 1, "before")
    data = make(office).data
    say(office, one, 3, "meanwhile", seen=1)
    receipt = take(office, data)
    assert receipt.outcome.clashes == () and receipt.outcome.taken == {}
    assert standing(office)[one].answer.level == 3


def test_two_who_say_the_same_do_not_clash(office, asked):
    one = asked[0].id
    book = Book(make(office).data)
    book.put(one, 2, "alike")
    say(office, one, 2, "alike")
    receipt = take(office, book.bytes())
    assert receipt.outcome.same == (one,) and receipt.outcome.clashes == ()


def test_who_handed_a_workbook_in_corrects_it_with_the_same_workbook(office, asked):
    one = asked[0].id
    book = Book(make(office).data)
    book.put(one, 1)
    take(office, book.bytes())
    book.put(one, 2, "counted again")
    assert take(office, book.bytes()).outcome.taken[one].after == 2
    book.put(one, 0)
    assert take(office, book.bytes()).outcome.taken[one].before == 2


def test_an_answer_can_be_taken_back(office, asked):
    one = asked[0].id
    say(office, one, 1, "before")
    book = Book(make(office).data)
    book.put(one, None, None)
    take(office, book.bytes())
    assert standing(office)[one].answer == Answer(control=one)


def test_a_suggestion_is_confirmed_just_as_it_is(office, asked):
    one, two = asked[0].id, asked[1].id
    office.answer(CODE, ROUND, **{one.replace("-", "_"): {"level": 2, "reason": "as ever"}})
    office.clock.forward(days=1)
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    made = papers.make_workbook(office.register, office.reports, CODE, "spring", "en")
    book = Book(made.data)
    shown = book.book[one[:3]][f"G{book.row(one)}"].value
    assert "as ever" in shown and book.book[one[:3]][f"{ANSWER}{book.row(one)}"].value is None
    book.put(one, "As suggested")
    bad = book.put(two, "As suggested")
    receipt = take(office, book.bytes(), round_code="spring")
    assert receipt.outcome.taken.keys() == {one}
    assert [fault.where for fault in receipt.outcome.faults] == [bad]
    assert suggestions.list_suggestions(office.register, CODE, "spring") == {}


def test_a_bad_cell_is_told_by_its_address_and_the_good_ones_are_kept(office, asked):
    good, *bad = (control.id for control in asked[:9])
    book = Book(make(office).data)
    book.put(good, "1")
    places = {}
    cells = ("two", 2.5, 7, True, "02", "=1+1", date(2026, 11, 1), "Does not apply to us")
    for control, value in zip(bad, cells, strict=True):
        places[control] = book.put(control, value)
    receipt = take(office, book.bytes())
    assert receipt.outcome.taken.keys() == {good}
    told = {fault.where for fault in receipt.outcome.faults}
    *levels, unreasoned = places.values()
    assert told == {*levels, unreasoned.replace(ANSWER, HOW, 1) if ANSWER in unreasoned else ""}


def test_a_formula_is_refused_on_the_way_in_and_harmless_on_the_way_out(office, asked):
    one, two = asked[0].id, asked[1].id
    say(office, one, 1, '=HYPERLINK("http://127.0.0.1/","x")')
    made = make(office)
    book = Book(made.data)
    cell = book.book[one[:3]][f"{HOW}{book.row(one)}"]
    assert cell.data_type == "s" and cell.quotePrefix
    where = book.put(two, 1, "=1+1").replace(f"!{ANSWER}", f"!{HOW}")
    receipt = take(office, book.bytes())
    assert {fault.where: "formula" in fault.what for fault in receipt.outcome.faults} == {
        where: True
    }
    assert standing(office).keys() == {one}


def test_a_workbook_for_another_institution_round_or_edition_is_refused_whole(office, asked):
    office.institution("lake-office")
    assess.open_assessment(office.register, "lake-office", ROUND)
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    data = make(office).data
    with office.refuses(InvalidInput, "institution hill-office, not lake-office"):
        take(office, data, institution="lake-office")
    with office.refuses(InvalidInput, "round autumn, not spring"):
        take(office, data, round_code="spring")


def test_a_workbook_of_another_register_is_refused(office, asked):
    data = make(office).data
    book = Book(data)
    sheet = book.book["_origin"]
    text = sheet["A1"].value
    middle = len(text) // 2
    sheet["A1"] = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    with office.refuses(InvalidInput, "damaged|seal"):
        take(office, book.bytes())
    del book.book["_origin"]
    with office.refuses(InvalidInput, "_origin is missing"):
        take(office, book.bytes())


def test_a_closed_round_takes_no_workbook(office, asked):
    data = make(office).data
    rounds.close_round(office.register, ROUND)
    with office.refuses(WrongState, "closed"):
        take(office, data)
    with office.refuses(WrongState, "takes no answers"):
        make(office)


def test_evidence_that_stays_there_is_listed_once(office, asked):
    one = asked[0].id
    book = Book(make(office).data)
    sheet = book.book["Evidence"]
    rows = [
        (one, "Minutes", date(2026, 11, 1), None, "file 7, room 12", None),
        (one, "Plan", "2026-10-01", "2027-10-01", "file 8", "a" * 64),
        (one, "Bad day", "01/11/2026", None, "file 9", None),
        ("ZZZ-01", "No control", date(2026, 11, 1), None, "file 9", None),
        (one, "Backwards", date(2026, 11, 1), date(2026, 10, 1), "file 9", None),
        (one, "Ahead", date(2031, 1, 1), None, "file 9", None),
        (one, "Text number", 46327, None, "file 9", None),
    ]
    rows[6] = (one, "Text number", "46327", None, "file 9", None)
    for number, cells in enumerate(rows, start=3):
        for column, value in zip("BCDEFG", cells, strict=True):
            sheet[f"{column}{number}"] = value
    receipt = take(office, book.bytes())
    places = [fault.where for fault in receipt.outcome.faults]
    assert places == ["Evidence!B6", "Evidence!B7", "Evidence!B8", "Evidence!D5", "Evidence!D9"]
    book.put(one, 1)
    assert take(office, book.bytes()).outcome.evidence == {}
    with office.register.reading() as connection:
        listed = evidence.list_evidence(connection, office.id_of(CODE))
    assert {(e.title, e.kind, e.place) for e in listed} == {
        ("Minutes", "held", "file 7, room 12"), ("Plan", "held", "file 8")
    }  # fmt: skip
    assert set(receipt.outcome.evidence) == {e.code for e in listed}


def test_a_signature_counts_as_whole_only_without_fault_and_clash(office, asked):
    book = Book(make(office).data)
    sheet = book.book["Signature"]
    sheet["C3"], sheet["C4"], sheet["C5"] = "I attest", "A. Khan", "Director"
    half = take(office, book.bytes())
    assert half.outcome.attested is None
    assert [fault.where for fault in half.outcome.faults] == ["Signature!C6"]
    sheet["C6"] = date(2026, 11, 18)
    attested = take(office, book.bytes()).outcome.attested
    assert attested.is_whole and attested.signed.name == "A. Khan"
    book.put(asked[0].id, "seven")
    broken = take(office, book.bytes()).outcome.attested
    assert not broken.is_whole and broken.number is None
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, ROUND)
        (record,) = attestations.list_attestations(connection, assessment.id)
    assert (record.number, record.method, record.signatory) == (attested.number, "workbook", "")
    assert record.digest == attested.answers


def test_a_signature_that_a_contributor_hands_in_is_not_recorded(office):
    sheet = (book := Book(make(office).data)).book["Signature"]
    sheet["C3"], sheet["C4"], sheet["C5"] = "I attest", "A. Khan", "Director"
    sheet["C6"] = date(2026, 11, 18)
    office.invite("c-contributor", "contributor", institution=CODE)
    office.register = replace(office.register, actor="c-contributor")
    attested = take(office, book.bytes()).outcome.attested
    assert attested.is_whole and attested.number is None


def test_a_signature_of_tomorrow_is_a_fault(office):
    sheet = (book := Book(make(office).data)).book["Signature"]
    sheet["C3"], sheet["C4"], sheet["C5"] = "I attest", "A. Khan", "Director"
    sheet["C6"] = date(2026, 11, 30)
    outcome = take(office, book.bytes()).outcome
    assert not outcome.attested.is_whole and len(outcome.faults) == 1


def test_what_a_file_wrote_stands_under_its_code_to_be_undone(office, asked):
    one = asked[0].id
    say(office, one, 1)
    book = Book(make(office).data)
    book.put(one, 2)
    receipt = take(office, book.bytes())
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, ROUND)
        act = answer_imports.get_import(connection, assessment.id, receipt.code)
    assert act.revisions == {one: (1, 2)} and act.kind == "workbook"
    importing.undo_import(office.register, CODE, ROUND, receipt.code, reason="the wrong file")
    assert standing(office)[one].answer.level == 1


def test_an_urdu_workbook_reads_from_right_to_left_and_comes_back(office, asked):
    one = asked[0].id
    say(office, one, 1, "پہلے")
    book = Book(make(office, "ur").data)
    seen = [one for one in book.book if one.sheet_state == "visible"]
    assert [one.title for one in seen if not one.sheet_view.rightToLeft] == []
    book.put(one, "2 · پورے دائرۂ کار میں", "نگران کمیٹی کرتی ہے")
    take(office, book.bytes())
    assert standing(office)[one].answer.reason == "نگران کمیٹی کرتی ہے"


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=120)
REASON = st.one_of(
    TEXT,
    st.sampled_from(["=1+1", "+1", "-1", "@a", "_x0041_", " lead", "a\r\nb", "1", "2026-01-01",
                     "TRUE", "\t", "a\x0bb", "_x000D_\n", "#N/A", "'quoted"]),
)  # fmt: skip
LEVEL = st.sampled_from([None, 0, 1, 2, 3])


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.data())
def test_any_answers_go_out_and_come_back_unchanged(office, asked, data):
    wanted = []
    for control in asked:
        level, reason = data.draw(LEVEL), data.draw(REASON)
        if data.draw(st.booleans()) or not reason.strip():
            wanted.append(Answer(control=control.id, level=level, reason=reason))
        else:
            wanted.append(Answer(control=control.id, not_applicable=reason))
    with office.register.change("answered") as change:
        _, assessment = assess.find_parts(change.connection, CODE, ROUND)
        answering.record_answers(change.connection, assessment.id, wanted, change.by)
    before = standing(office)
    for language in ("en", "ur"):
        receipt = take(office, Book(make(office, language).data).bytes())
        assert receipt.outcome.faults == () and receipt.outcome.taken == {}
        assert receipt.outcome.unchanged == len(asked)
    assert standing(office) == before
