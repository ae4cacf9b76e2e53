"""Without a script one button keeps every card of a page on which something was written."""

import pytest
from world import FORM_KEY, OWN
from writing import Fields, Writer, fresh_round

from cyberposture.model.people import Role
from cyberposture.services.assessments import delegating

FIRST, SECOND, THIRD = "GOV-01", "GOV-03", "GOV-05"


@pytest.fixture
def round_code(world) -> str:
    return fresh_round(world)


@pytest.fixture
def lead(world, browser, round_code) -> Writer:
    return Writer(world, browser, "institution-lead", round_code)


@pytest.fixture
def contributor(world, browser, round_code) -> Writer:
    return Writer(world, browser, "contributor", round_code)


def give(lead: Writer, role: Role, *controls: str) -> None:
    """Put cards into somebody's hands."""
    register, person = lead.world.acting("p-institution-lead"), lead.world.person_of(role)
    delegating.delegate(register, OWN, lead.round, person, controls)


def test_one_button_keeps_all_that_was_written_and_nothing_else(lead):
    fields = lead.open().write(FIRST, "1", "Signed in March.\nBy all.").write(THIRD, "2", "Seen")
    gone = lead.press(fields, FIRST, SECOND)
    assert (gone.status, gone.headers["location"]) == (303, f"{lead.page}#{SECOND}")
    assert lead.kept(FIRST) == (1, "Signed in March.\nBy all.") and lead.kept(THIRD) == (2, "Seen")
    assert not lead.revisions(SECOND)

    again = lead.open().write(SECOND, "na", "We have none.")
    assert lead.press(again, SECOND).headers["location"] == f"{lead.page}#{SECOND}"
    assert lead.kept(SECOND) == (None, "We have none.")
    assert len(lead.revisions(FIRST)) == len(lead.revisions(THIRD)) == 1

    entered = lead.press(lead.open().write(FIRST, "2", "Everywhere now"))
    assert (entered.status, entered.headers["location"]) == (303, lead.page)
    assert lead.kept(FIRST) == (2, "Everywhere now") and len(lead.revisions(SECOND)) == 1


def test_what_is_good_is_kept_and_what_is_not_stands_on_its_own_card(lead, contributor):
    fields = lead.open()
    contributor.press(contributor.open().write(FIRST, "0", "Theirs, not yet"), FIRST)
    fields.write(FIRST, "2", "Mine, everywhere").write(SECOND, "na", "").write(THIRD, "1", "Good")
    told = lead.press(fields, THIRD)
    assert told.status == 409
    assert f"Kept: {THIRD}" in told.text and lead.kept(THIRD) == (1, "Good")
    assert f'id="{SECOND}-fault"' in told.text and f'href="#{SECOND}-reason"' in told.text
    assert "Theirs, not yet" in told.text and f'href="#{FIRST}"' in told.text
    page = Fields(told.text)
    assert page.sent[f"reason.{FIRST}"] == "Mine, everywhere" and page.sent[f"level.{FIRST}"] == "2"
    assert page.sent[f"level.{SECOND}"] == "na"

    # Whoever presses on another card has not chosen between the two versions yet.
    told = lead.press(page.write(SECOND, "na", "No such thing"), SECOND)
    assert told.status == 409 and lead.kept(SECOND) == (None, "No such thing")
    assert lead.kept(FIRST) == (0, "Theirs, not yet")
    page = Fields(told.text)
    assert page.sent[f"reason.{FIRST}"] == "Mine, everywhere"
    left = lead.press(page, FIRST, "theirs")
    assert left.headers["location"] == f"{lead.page}#{FIRST}" and len(lead.revisions(FIRST)) == 1
    assert lead.press(page, FIRST).status == 303
    assert [one.answer.level for one in lead.revisions(FIRST)] == [0, 2]


def test_a_card_that_nobody_touched_is_no_conflict_when_a_colleague_answers_it(lead, contributor):
    fields = lead.open()
    contributor.press(contributor.open().write(FIRST, "3", "Theirs"), FIRST)
    assert lead.press(fields.write(SECOND, "1", "Mine"), SECOND).status == 303
    assert lead.kept(FIRST) == (3, "Theirs") and len(lead.revisions(FIRST)) == 1


def test_words_without_a_level_are_kept_and_the_pressed_card_asks_for_one(lead):
    told = lead.press(lead.open().write(FIRST, "", "In the drawer").write(THIRD, "", "x"), FIRST)
    assert told.status == 422 and told.text.count("-fault") == 2  # the line, and its field
    assert lead.kept(FIRST) == (None, "In the drawer") and lead.kept(THIRD) == (None, "x")
    assert lead.press(Fields(told.text).write(FIRST, "1", "In the drawer"), FIRST).status == 303
    assert len(lead.revisions(FIRST)) == 2 and len(lead.revisions(THIRD)) == 1


def test_a_page_of_an_earlier_session_keeps_its_words_and_goes_on_with_the_new_key(lead):
    fields = lead.open().write(FIRST, "1", "Written before").write(THIRD, "2", "This too")
    fields.sent["form_key"] = "the key of yesterday"
    told = lead.press(fields, FIRST)
    assert told.status == 403 and not lead.revisions(FIRST)
    assert "Nothing is kept yet" in told.text
    page = Fields(told.text)
    assert page.sent["form_key"] == FORM_KEY
    assert lead.press(page, THIRD).status == 303
    assert lead.kept(FIRST) == (1, "Written before") and lead.kept(THIRD) == (2, "This too")
    empty = lead.open()
    empty.sent["form_key"] = "x"
    assert "did not come from a page of yours" in lead.press(empty, FIRST).text


def test_a_session_that_ended_brings_back_what_was_changed_card_by_card(lead):
    lead.press(lead.open().write(SECOND, "1", "kept long ago"), SECOND)
    fields = lead.open().write(FIRST, "1", "Yes").write(THIRD, "2", "So <it> is")
    lead.cookies = {"session": "of-yesterday"}
    told = lead.press(fields, FIRST)
    assert told.status == 401 and "kept long ago" not in told.text
    assert ">Yes</textarea>" in told.text and "So &lt;it&gt; is</textarea>" in told.text
    assert FIRST in told.text and THIRD in told.text and SECOND not in told.text
    assert "<b>1 In part</b>" in told.text and "<b>2 Everywhere</b>" in told.text


def test_what_was_given_to_somebody_else_meanwhile_loses_no_word(lead, contributor):
    give(lead, "contributor", FIRST, SECOND)
    fields = contributor.open().write(FIRST, "1", "Mine till noon").write(SECOND, "2", "Open")
    delegating.take_back(lead.world.register, OWN, lead.round, "p-contributor", FIRST)
    told = contributor.press(fields, FIRST)
    assert told.status == 422 and "Mine till noon" in told.text
    assert contributor.kept(SECOND) == (2, "Open") and not contributor.revisions(FIRST)
    assert f"reason.{FIRST}" not in Fields(told.text).sent


def test_a_role_that_is_over_loses_no_word_either(lead, world, browser):
    fields = lead.open().write(FIRST, "1", "Mine")
    observer = Writer(world, browser, "observer", lead.round)
    told = observer.press(fields, FIRST)
    assert told.status == 403 and ">Mine</textarea>" in told.text


def test_evidence_is_changed_where_nothing_else_is_written(lead):
    fields = lead.open().write(FIRST, "1", "See the minutes").write(SECOND, "2", "And here")
    assert (f"then.{FIRST}", "evidence") in fields.buttons
    gone = lead.press(fields, FIRST, "evidence")
    assert gone.headers["location"] == f"{lead.round_at}/evidence/{FIRST}"
    assert lead.kept(FIRST) == (1, "See the minutes") and lead.kept(SECOND) == (2, "And here")
    untouched = lead.press(lead.open(), THIRD, "evidence")
    assert untouched.status == 303 and not lead.revisions(THIRD)
    page = lead.look(gone.headers["location"])
    assert page.status == 200 and f'action="{lead.round_at}/evidence/{FIRST}/upload"' in page.text
    assert "hidden data-script" not in page.text and 'name="reason' not in page.text


def test_no_button_promises_a_card_that_cannot_be_answered_next(lead, contributor):
    buttons = lead.open().buttons
    cards = [control.removeprefix("then.") for control, then in buttons if then == "evidence"]
    assert [then for _, then in buttons if then not in ("evidence", *cards[:1])] == [
        one for pair in zip(cards[1:], cards[1:], strict=True) for one in pair
    ]
    give(lead, "contributor", cards[0], cards[2])
    offered = contributor.open().buttons
    assert (f"then.{cards[0]}", cards[2]) in offered and cards[1] not in dict(offered).values()
