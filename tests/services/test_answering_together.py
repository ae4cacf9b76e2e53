"""Colleagues divide an assessment, talk at its questions, ask the CERT, and ask for more time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.assessments import (
    asking,
    assess,
    cards,
    delegating,
    discussing,
    extending,
    importing,
    questionnaire,
    suggestions,
)
from cyberposture.services.assessments.cards import Reader

CODE, ROUND = "hill-office", "autumn"
PEOPLE = {"l-lead": "institution-lead", "c-one": "contributor", "c-two": "contributor",
          "h-help": "helper"}  # fmt: skip


@pytest.fixture
def office(furnish, database, tmp_path, clock):
    """An office in which an institution with four people is asked in a round."""
    office = furnish(database, tmp_path, clock)
    office.institution(CODE)
    office.institution("dale-office")
    office.open_round(ROUND)
    for code in (CODE, "dale-office"):
        assess.open_assessment(office.register, code, ROUND)
    for person, role in PEOPLE.items():
        office.invite(person, role, institution=CODE)
    yield office
    office.verify()


def say(office, person, control, level=1, seen=0):
    return questionnaire.save_answer(
        replace(office.register, actor=person), CODE, ROUND, control,
        level=level, not_applicable=None, reason="", seen_revision=seen,
    )  # fmt: skip


def give(office, person, *parts):
    delegating.delegate(office.register, CODE, ROUND, person, parts)


def test_where_nothing_is_divided_everybody_answers(office):
    assert say(office, "c-one", "GOV-01").revision == 1
    assert say(office, "c-two", "IAM-01").revision == 1


def test_a_contributor_answers_only_what_is_theirs_and_the_lead_everything(office):
    with office.adds("delegated"):
        give(office, "c-one", "GOV")
    assert say(office, "c-one", "GOV-01").revision == 1
    with office.refuses(NotAuthorised, "not-your-part"):
        say(office, "c-two", "GOV-03")
    with office.refuses(NotAuthorised, "not-your-part"):
        say(office, "c-one", "IAM-01")
    assert say(office, "l-lead", "IAM-01").revision == 1


def test_files_and_confirmations_are_held_to_the_same_parts(office):
    say(office, "l-lead", "IAM-01")
    office.clock.forward(days=1)
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    delegating.delegate(office.register, CODE, "spring", "c-one", ["GOV"])
    contributor = replace(office.register, actor="c-one")
    with office.refuses(NotAuthorised, "not-your-part"):
        suggestions.confirm(contributor, CODE, "spring", ["IAM-01"])
    sheet = office.write("a.yaml", {"answers": [{"control": "IAM-02", "level": 1}]})
    with office.refuses(NotAuthorised, "not-your-part"):
        importing.import_answers(contributor, sheet, CODE, "spring")


def test_a_control_of_ones_own_goes_before_the_domain(office):
    give(office, "c-one", "GOV")
    give(office, "c-two", "GOV-03")
    assert say(office, "c-two", "GOV-03").revision == 1
    with office.refuses(NotAuthorised, "not-your-part"):
        say(office, "c-one", "GOV-03", seen=1)
    with office.adds("delegation-taken-back"):
        delegating.take_back(office.register, CODE, ROUND, "c-two", "GOV-03")
    assert say(office, "c-one", "GOV-03", 2, seen=1).revision == 2
    with office.refuses(NotFound):
        delegating.take_back(office.register, CODE, ROUND, "c-two", "GOV-03")
    history = delegating.list_history(office.register, CODE, ROUND)
    assert [(one.part, one.is_running) for one in history] == [("GOV", True), ("GOV-03", False)]


def test_giving_twice_gives_once_and_nonsense_is_refused_whole(office):
    give(office, "c-one", "GOV", "GOV")
    give(office, "c-one", "GOV", "IAM")
    found = delegating.read_division(office.register, CODE, ROUND)
    assert found.parts_of("c-one") == ("GOV", "IAM")
    for person, parts in (("c-one", ["RSK", "ZZZ"]), ("amna-khan", ["RSK"]), ("c-one", [])):
        with office.refuses(InvalidInput):
            give(office, person, *parts)


def test_progress_of_ones_own_part_counts_real_answers_alone(office):
    give(office, "c-one", "GOV-01", "GOV-03", "IAM")
    say(office, "c-one", "GOV-01")
    mine = questionnaire.read_part(office.register, CODE, ROUND, "c-one")
    counts = {one.id: (one.answered, one.asked) for one in mine.domains}
    whole = questionnaire.read_questionnaire(office.register, CODE, ROUND)
    iam = next(one.asked for one in whole.domains if one.id == "IAM")
    assert counts == {"GOV": (1, 2), "IAM": (0, iam)}
    _, lines = cards.search_controls(office.register, CODE, ROUND, open_only=True, whose="c-one")
    assert "GOV-03" in [one.control.id for one in lines]
    assert "GOV-01" not in [one.control.id for one in lines]


def test_a_helper_helps_in_one_round_and_no_other(office):
    with office.refuses(NotAuthorised, "not-your-round"):
        say(office, "h-help", "GOV-01")
    with office.adds("helper-engaged"):
        delegating.engage_helper(office.register, CODE, ROUND, "h-help")
    assert say(office, "h-help", "GOV-01").revision == 1
    assert delegating.rounds_of_helper(office.register, CODE, "h-help") == {ROUND}
    with office.refuses(InvalidInput, "no helper"):
        delegating.engage_helper(office.register, CODE, ROUND, "c-one")
    with office.refuses(WrongState, "already"):
        delegating.engage_helper(office.register, CODE, ROUND, "h-help")
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    with office.refuses(NotAuthorised, "not-your-round"):
        questionnaire.save_answer(
            replace(office.register, actor="h-help"), CODE, "spring", "GOV-01",
            level=1, not_applicable=None, reason="", seen_revision=1,
        )  # fmt: skip
    delegating.let_helper_go(office.register, CODE, ROUND, "h-help")
    with office.refuses(NotAuthorised, "not-your-round"):
        say(office, "h-help", "GOV-03")


def test_a_thread_grows_is_settled_and_taken_up_again(office):
    register = replace(office.register, actor="c-one")
    thread = discussing.open_thread(
        register, CODE, ROUND, "GOV-01", "Who signed it?", is_for_reviewer=False
    )

    def add(kind, text=""):
        discussing.add_to_thread(register, CODE, ROUND, thread, kind, text=text)

    with office.refuses(InvalidInput):
        add("reply", "  ")
    add("reply", "The head, in March.")
    with office.refuses(WrongState, "not settled yet"):
        add("reopened")
    add("resolved")
    (found,) = discussing.list_threads(register, CODE, ROUND, controls=["GOV-01"])
    assert found.is_resolved
    with office.refuses(WrongState, "settled already"):
        add("resolved")
    add("reopened", "Not quite.")
    (found,) = discussing.list_threads(register, CODE, ROUND)
    assert not found.is_resolved
    said = [(one.number, one.kind, one.text, one.name) for one in found.remarks]
    assert said == [
        (1, "opened", "Who signed it?", "C-One"), (2, "reply", "The head, in March.", "C-One"),
        (3, "resolved", "", "C-One"), (4, "reopened", "Not quite.", "C-One"),
    ]  # fmt: skip


def test_a_reviewer_sees_and_touches_only_what_is_marked(office):
    inside = discussing.open_thread(
        office.register, CODE, ROUND, "GOV-01", "Between us", is_for_reviewer=False
    )
    marked = discussing.open_thread(
        office.register, CODE, ROUND, "GOV-01", "For you", is_for_reviewer=True
    )
    seen = discussing.list_threads(office.register, CODE, ROUND, as_reviewer=True)
    assert [one.id for one in seen] == [marked]
    page = cards.read_domain(
        office.register, CODE, ROUND, "GOV", Reader("r-reviewer", is_reviewer=True)
    )
    assert [one.id for one in page.cards[0].threads] == [marked]
    discussing.add_to_thread(
        office.register, CODE, ROUND, marked, "reply", text="Thanks", as_reviewer=True
    )
    with office.refuses(NotFound):
        discussing.add_to_thread(
            office.register, CODE, ROUND, inside, "reply", text="Oh", as_reviewer=True
        )
    with office.refuses(NotFound):
        discussing.add_to_thread(
            office.register, "dale-office", ROUND, marked, "reply", text="Mine?"
        )


def test_a_question_is_answered_and_shared_without_whom_it_came_from(office):
    asker = replace(office.register, actor="c-one")
    with office.adds("question-asked"):
        code = asking.ask(asker, CODE, "Does Hill-Office count?", round_code=ROUND,
                          control="GOV-01")  # fmt: skip
    assert code == "Q-2026-0001"
    assert [one.code for one in asking.list_questions(office.register, waiting_only=True)] == [code]
    cert = office.acting()
    with office.adds("question-answered", "question-answered"):
        asking.answer(cert, code, "Yes.")
        asking.answer(cert, code, "And its branches.")
    assert asking.list_questions(office.register, waiting_only=True) == []
    (found,) = asking.list_questions(office.register, institution=CODE)
    assert [one.text for one in found.answers] == ["Yes.", "And its branches."]
    assert asking.list_questions(office.register, institution="dale-office") == []
    for question in ("Does hill-office count?", "C-ONE asks", f"See {code}"):
        with office.refuses(InvalidInput, "everybody would know"):
            asking.share(cert, code, question, "Yes.")
    shared = asking.share(cert, code, "Does a branch count?", "Yes, 100% of it.", control="GOV-01")
    found = asking.list_shared(office.register, words="BRANCH 100%")
    assert [one.code for one in found] == [shared]
    assert asking.list_shared(office.register, words="branch nowhere") == []
    assert [one.code for one in asking.list_shared(office.register, controls=["GOV-01"])] == [
        shared
    ]
    rows = office.rows()["shared_answers"]
    assert not any(str(office.id_of(CODE)) in row or code in row for row in rows)
    with office.refuses(InvalidInput):
        asking.withdraw(cert, shared, reason="")
    asking.withdraw(cert, shared, reason="No longer so.")
    assert asking.list_shared(office.register) == []
    with office.refuses(WrongState, "already"):
        asking.withdraw(cert, shared, reason="Again.")


def test_more_time_is_asked_for_once_and_granted_or_refused(office):
    before = questionnaire.read_questionnaire(office.register, CODE, ROUND).due
    later = before + timedelta(days=14)
    ask = extending.ask_for_time
    with office.refuses(InvalidInput, "say why"):
        ask(office.register, CODE, ROUND, later, reason=" ")
    with office.refuses(InvalidInput, "after the one"):
        ask(office.register, CODE, ROUND, before, reason="We move.")
    with office.adds("extension-asked"):
        number = ask(office.register, CODE, ROUND, later, reason="We move.")
    with office.refuses(WrongState, "has not answered yet"):
        ask(office.register, CODE, ROUND, later, reason="We move.")
    (waiting,) = extending.list_waiting(office.register)
    assert (waiting.institution, waiting.number, waiting.wished) == (CODE, number, later)
    with office.refuses(InvalidInput, "why not"):
        extending.refuse_time(office.register, CODE, ROUND, number, reason="")
    extending.refuse_time(office.register, CODE, ROUND, number, reason="Too late.")
    assert questionnaire.read_questionnaire(office.register, CODE, ROUND).due == before
    second = ask(office.register, CODE, ROUND, later, reason="We still move.")
    sooner = later - timedelta(days=4)
    with office.adds("extension-granted"):
        extending.grant_time(office.register, CODE, ROUND, second, sooner)
    assert questionnaire.read_questionnaire(office.register, CODE, ROUND).due == sooner
    assert questionnaire.read_questionnaire(office.register, "dale-office", ROUND).due == before
    found = extending.list_extensions(office.register, CODE, ROUND)
    assert [one.decision.outcome for one in found] == ["refused", "granted"]
    with office.refuses(WrongState, "granted already"):
        extending.grant_time(office.register, CODE, ROUND, second, later)


def test_what_was_said_last_time_stands_beside_the_card(office):
    say(office, "c-one", "GOV-01", 3)
    office.clock.forward(days=1)
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    reader = Reader("c-one", frozenset({"contributor"}))
    page, revisions = cards.read_control(office.register, CODE, "spring", "GOV-01", reader)
    (card,) = page.cards
    assert (card.earlier.round, card.earlier.answer.answer.level) == (ROUND, 3)
    assert card.answer.is_suggestion and not card.is_answered
    assert [one.revision for one in revisions] == [1]
    assert page.asked.answered == 0


def test_questions_are_found_by_number_title_text_and_levels_in_both_languages(office):
    def found(words, **only):
        _, lines = cards.search_controls(office.register, CODE, ROUND, words=words, **only)
        return [one.control.id for one in lines]

    assert found("gov-01") == ["GOV-01"]
    title = office.register.content.catalogue.find("IAM-02").title
    assert "IAM-02" in found(title.upper())
    urdu = office.register.content.translations[0].controls["IAM-01"]
    assert "IAM-01" in found(urdu.title)
    assert "IAM-01" in found(urdu.levels.model_dump(by_alias=True)["2"][:40])
    assert found("no such words in any control") == []
    assert len(found("")) > len(found("", open_only=True)) > 20
