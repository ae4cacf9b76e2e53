"""On a control's own page no button loses a word, and none sends what others read but its own."""

import re
from html import unescape

import pytest
from browser import Answer, Browser
from world import FORM_KEY, OWN
from writing import Fields, Writer, fresh_round

from cyberposture.services.assessments import asking, delegating, discussing

CONTROL, OTHER = "GOV-01", "GOV-03"


@pytest.fixture
def lead(world, browser) -> Writer:
    """The lead of the institution, in a round of its own in which nothing is answered yet."""
    return Writer(world, browser, "institution-lead", fresh_round(world))


def somebody(lead: Writer, browser: Browser, role: str) -> Writer:
    return Writer(lead.world, browser, role, lead.round)


def fill(fields: Fields, level: str = "1", reason: str = "Signed in March", **said: str) -> Fields:
    """Fill the card, and boxes beside it."""
    fields.write(CONTROL, level, reason).sent.update(said)
    return fields


def threads(lead: Writer) -> list[list[str]]:
    """Return what was said beside the control, by thread."""
    found = discussing.list_threads(lead.world.register, OWN, lead.round, controls=[CONTROL])
    return [[one.text for one in thread.remarks] for thread in found]


def questions(lead: Writer) -> list[str]:
    found = asking.list_questions(lead.world.register, institution=OWN)
    return [one.text for one in found if one.round == lead.round]


def test_each_button_keeps_the_answer_and_sends_its_own_part_alone(lead):
    fields = fill(lead.beside(CONTROL), remark="Is June right?", question="Does a letter do?")
    told = lead.press_beside(fields, CONTROL, do="remark")
    assert told.status == 200 and lead.kept(CONTROL) == (1, "Signed in March")
    assert threads(lead) == [["Is June right?"]] and questions(lead) == []
    assert "Said. It is on record." in told.text and f"Kept: {CONTROL}" in told.text
    assert '<li><a href="#question">Ask the CERT about this question</a>' in told.text
    left = Fields(told.text)
    assert (left.sent["remark"], left.sent["question"]) == ("", "Does a letter do?")

    thread = str(discussing.list_threads(lead.world.register, OWN, lead.round)[0].id)
    left.sent |= {f"reply.{thread}": "June", "remark": "Another\r\nthing", "for_reviewer": "yes"}
    told = lead.press_beside(fill(left, "2", "And in May"), CONTROL, do="question")
    assert told.status == 200 and lead.kept(CONTROL) == (2, "And in May")
    assert questions(lead) == ["Does a letter do?"] and threads(lead) == [["Is June right?"]]
    assert told.text.count('href="#t-') == told.text.count('href="#remark"') == 1
    left = Fields(told.text)
    assert left.sent["for_reviewer"] == "yes" and "question" in left.sent

    told = lead.press_beside(left, CONTROL, do=f"reply.{thread}")
    left = Fields(told.text)
    assert left.sent["remark"] == "Another\nthing" and left.sent[f"reply.{thread}"] == ""
    done = lead.press_beside(left, CONTROL, do="remark")
    assert done.headers["location"] == f"{lead.page}/{CONTROL}?done=remark-made"
    assert threads(lead) == [["Is June right?", "June"], ["Another\nthing"]]
    assert len(lead.revisions(CONTROL)) == 2


def test_the_cards_own_button_enter_and_the_way_to_the_evidence_lose_nothing_either(lead):
    written = fill(lead.beside(CONTROL), remark="Half a tho", question="And w")
    for button in ({f"then.{CONTROL}": CONTROL}, {}, {f"then.{CONTROL}": "evidence"}):
        told = lead.press_beside(written, CONTROL, **button)
        written = Fields(told.text)
        assert told.status == 200
        assert (written.sent["remark"], written.sent["question"]) == ("Half a tho", "And w")
    assert lead.kept(CONTROL) == (1, "Signed in March") and len(lead.revisions(CONTROL)) == 1
    assert threads(lead) == [] and questions(lead) == []
    bare = fill(lead.beside(CONTROL), "2")
    gone = lead.press_beside(bare, CONTROL, **{f"then.{CONTROL}": "evidence"})
    assert gone.headers["location"] == f"{lead.round_at}/evidence/{CONTROL}"
    kept = lead.press_beside(lead.beside(CONTROL), CONTROL, **{f"then.{CONTROL}": CONTROL})
    assert kept.headers["location"] == f"{lead.page}/{CONTROL}?done=kept"


def test_a_fault_in_one_part_stands_beside_it_and_keeps_the_others(lead, browser):
    fields = fill(lead.beside(CONTROL), "na", "", remark="Good", question="Why?", person="nobody")
    told = lead.press_beside(fields, CONTROL, do="hands")
    assert told.status == 422 and not lead.revisions(CONTROL)
    assert f'id="{CONTROL}-fault"' in told.text and 'id="person-fault"' in told.text
    left = Fields(told.text)
    assert left.sent[f"level.{CONTROL}"] == "na"
    assert (left.sent["remark"], left.sent["question"]) == ("Good", "Why?")
    empty = lead.press_beside(fill(left, "1", remark=" "), CONTROL, do="remark")
    assert empty.status == 422 and 'id="remark-fault"' in empty.text
    assert lead.kept(CONTROL) == (1, "Signed in March")
    assert Fields(empty.text).sent["question"] == "Why?"

    # Somebody else answers meanwhile: both versions stand there, and so does what is not sent.
    mine = fill(lead.beside(CONTROL), "2", "Mine", remark="Who was that?", question="Not yet")
    other = somebody(lead, browser, "contributor")
    other.press_beside(fill(other.beside(CONTROL), "0", "Theirs"), CONTROL)
    told = lead.press_beside(mine, CONTROL, do="remark")
    assert told.status == 409 and "Theirs" in told.text and threads(lead) == [["Who was that?"]]
    left = Fields(told.text)
    assert left.sent[f"reason.{CONTROL}"] == "Mine" and left.sent["question"] == "Not yet"
    assert lead.press_beside(left, CONTROL, **{f"then.{CONTROL}": CONTROL}).status == 200
    assert lead.kept(CONTROL) == (2, "Mine")


def test_a_matter_that_was_settled_meanwhile_gives_the_words_back(lead):
    lead.press_beside(fill(lead.beside(CONTROL), remark="When?"), CONTROL, do="remark")
    (thread,) = discussing.list_threads(lead.world.register, OWN, lead.round)
    fields = lead.beside(CONTROL)
    fields.sent[f"reply.{thread.id}"] = "In May, so done"
    discussing.add_to_thread(lead.world.register, OWN, lead.round, thread.id, "resolved")
    told = lead.press_beside(fields, CONTROL, "ur", do=f"resolve.{thread.id}")
    assert told.status == 409 and "this is settled already" not in told.text
    assert Fields(told.text).sent[f"reply.{thread.id}"] == "In May, so done"
    assert lead.press_beside(Fields(told.text), CONTROL, do=f"reply.{thread.id}").status == 303


def test_to_whom_it_goes_is_given_and_taken_back_in_the_same_form(lead):
    person = lead.world.person_of("contributor")
    fields = fill(lead.beside(CONTROL), person=person, remark="Yours now")
    told = lead.press_beside(fields, CONTROL, do="hands")
    assert told.status == 200 and lead.kept(CONTROL) == (1, "Signed in March")
    division = delegating.read_division(lead.world.register, OWN, lead.round)
    assert [one.person for one in division.holders(CONTROL)] == [person]
    back = ("do", f"back.{person}")
    assert back in Fields(told.text).others
    told = lead.press_beside(Fields(told.text), CONTROL, do=back[1])
    assert Fields(told.text).sent["remark"] == "Yours now"
    division = delegating.read_division(lead.world.register, OWN, lead.round)
    assert not division.holders(CONTROL)


def test_who_may_not_do_a_part_is_refused_before_anything_is_kept(lead, browser):
    other = somebody(lead, browser, "contributor")
    fields = fill(other.beside(CONTROL), person=lead.world.person_of("helper"))
    told = other.press_beside(fields, CONTROL, do="hands")
    assert told.status == 403 and "Signed in March" in told.text and "1 In part" in told.text
    assert not lead.revisions(CONTROL)
    signatory = somebody(lead, browser, "signatory")
    assert f"reason.{CONTROL}" not in signatory.beside(CONTROL).sent
    assert signatory.press_beside(fields, CONTROL).status == 403
    observer = somebody(lead, browser, "observer")
    assert observer.press_beside(fields, CONTROL).status == 403 and not lead.revisions(CONTROL)


def test_turning_the_language_keeps_the_answers_first(lead):
    own = f"{lead.page}/{CONTROL}"
    pages = (
        (lead.open, lead.page, lead.page),
        (lambda: lead.beside(CONTROL), f"{own}/written", f"{own}?done=kept"),
    )
    for level, (look, path, back) in enumerate(pages):
        fields = fill(look(), str(level))
        assert ("language", "ur") in fields.others
        gone = turn(lead, path, fields.sent | {"language": "ur"})
        assert (gone.status, gone.headers["location"]) == (303, back)
        assert gone.set_cookies[0].startswith("language=ur") and lead.kept(CONTROL)[0] == level


def turn(lead: Writer, path: str, form: dict[str, str]) -> Answer:
    return lead._browser.ask("POST", path, form=form, cookies=lead.cookies)


def test_what_cannot_be_kept_or_is_not_sent_is_there_in_the_other_language(lead):
    fields = lead.open().write(CONTROL, "na", "").write(OTHER, "2", "Seen")
    told = turn(lead, lead.page, fields.sent | {"language": "ur"})
    assert told.status == 422 and '<html lang="ur"' in told.text and lead.kept(OTHER)[0] == 2
    assert Fields(told.text).sent[f"level.{CONTROL}"] == "na"
    assert told.set_cookies[0].startswith("language=ur")
    fields = fill(lead.beside(CONTROL), question="Not yet", remark="Nor this")
    told = turn(lead, f"{lead.page}/{CONTROL}/written", fields.sent | {"language": "ur"})
    assert told.status == 200 and 'dir="rtl"' in told.text and questions(lead) == []
    left = Fields(told.text).sent
    assert (left["question"], left["remark"]) == ("Not yet", "Nor this")
    strange = turn(lead, lead.page, lead.open().sent | {"language": "xx"})
    assert strange.status == 303 and not strange.set_cookies


def brought_back(page: str) -> tuple[str, dict[str, str]]:
    """Return where the door's page sends what it keeps, and its fields."""
    form = page.partition('<form method="post" action="/institutions')[2].partition("</form>")[0]
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return "/institutions" + form.partition('"')[0], {n: unescape(v) for n, v in fields}


@pytest.mark.parametrize("session", ["of-yesterday", ""])
def test_after_a_session_that_ended_level_words_and_all_else_is_put_back(lead, session):
    """Whether the portal ended it, or the browser was closed and holds none any more."""
    fields = fill(lead.beside(CONTROL), "2", "Line <one>\r\nline two", remark="Me & you")
    fields.sent |= {"question": "Why so?", "for_reviewer": "yes", "do": "question"}
    signed_in, lead.cookies = lead.cookies, {"session": session} if session else {}
    told = lead.press_beside(fields, CONTROL)
    assert told.status == 401 and "<b>2 Everywhere</b>" in told.text
    assert 'action="/sign-in" class="form" target="_blank"' in told.text
    path, again = brought_back(told.text)
    assert path == f"{lead.page}/{CONTROL}/written" and not {"do", "form_key"} & again.keys()
    early = turn(lead, path, again)
    assert early.status == 401 and brought_back(early.text) == (path, again)
    lead.cookies = signed_in
    shown = turn(lead, path, again)
    assert shown.status == 403 and "Nothing is kept yet" in shown.text
    left = Fields(shown.text).sent
    assert left[f"level.{CONTROL}"] == "2" and left["form_key"] == FORM_KEY
    assert left[f"reason.{CONTROL}"] == "Line <one>\nline two"
    assert [left[n] for n in ("remark", "question", "for_reviewer")] == [
        "Me & you", "Why so?", "yes",
    ]  # fmt: skip
    assert not lead.revisions(CONTROL) and questions(lead) == []
    assert lead.press_beside(Fields(shown.text), CONTROL).status == 200
    assert lead.kept(CONTROL) == (2, "Line <one>\nline two")


def test_a_level_alone_comes_back_too_and_nobody_elses_words_are_shown(lead):
    fields = lead.open().write(CONTROL, "na", "").write(OTHER, "0", "")
    lead.cookies = {}
    told = turn(lead, lead.page, fields.sent)
    assert told.status == 401 and "<b>0 Not yet</b>" in told.text
    assert "<b>Does not apply</b>" in told.text and "<textarea" not in told.text
    path, again = brought_back(told.text)
    assert path == lead.page and again[f"level.{OTHER}"] == "0"
    foreign = lead._browser.ask(
        "POST", lead.page, form=fields.sent, **{"sec-fetch-site": "cross-site"}
    )
    assert (foreign.status, foreign.headers["location"]) == (303, "/sign-in")
    elsewhere = turn(lead, f"/institutions/{OWN}/questions", {"question": "Two words"})
    assert elsewhere.status == 401 and "Two words" in elsewhere.text
    assert 'action="/institutions' not in elsewhere.text and "_blank" not in elsewhere.text


def test_questions_have_a_heading_only_where_there_are_any(lead, browser):
    auditor = somebody(lead, browser, "auditor")
    at = f"{lead.page}/{CONTROL}"
    page = auditor.look(at)
    assert page.status == 200 and 'id="questions"' not in page.text
    assert 'id="answers"' not in page.text and 'href="/language/ur' in page.text
    assert 'id="questions"' in lead.look(at).text
    code = asking.ask(lead.world.register, OWN, "What?", round_code=lead.round, control=CONTROL)
    asking.answer(lead.world.register, code, "So.")
    asking.share(lead.world.register, code, "What is meant?", "So.", control=CONTROL)
    assert 'id="questions"' in auditor.look(at).text
