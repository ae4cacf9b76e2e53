"""One assessment from round to plan, walked on the pages by everybody who has a part in it."""

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from browser import Answer, Browser
from world import FOREIGN, FORM_KEY, OWN, ROUND, World, settle

from cyberposture.clock import utc_now
from cyberposture.model.people import Membership, Person
from cyberposture.services.assessments import questionnaire, submission
from cyberposture.store import audit, people, tables
from cyberposture.web.surroundings import COOKIE, LANGUAGE_COOKIE

GATE, OTHER = "GOV-01", "IAM-09"
REVIEW = f"/cert/reviews/{OWN}/{ROUND}"
CASE = f"/cert/assessments/{OWN}/{ROUND}"
OURS = f"/institutions/{OWN}/rounds/{ROUND}"


class Walk:
    """Somebody at the portal, one request after the other."""

    def __init__(self, world: World, browser: Browser) -> None:
        self.world, self.browser = world, browser
        self.cookies: dict[str, str] = {}

    def ask(self, who: str, method: str, at: str, language: str = "en", **form: Any) -> Answer:
        """Send a request as a person, a form with the key of the session."""
        if who not in self.cookies:
            self.cookies[who] = self.world.session_of(who)
        sent = None if method == "GET" else {"form_key": FORM_KEY, **form}
        cookies = {COOKIE: self.cookies[who], LANGUAGE_COOKIE: language}
        return self.browser.ask(method, at, form=sent, cookies=cookies)

    def see(self, who: str, at: str, language: str = "en") -> str:
        """Return a page that must be there."""
        answer = self.ask(who, "GET", at, language)
        assert answer.status == 200, f"{who} {at}: {answer.status} {answer.text[-800:]}"
        assert " style=" not in answer.text and "onclick" not in answer.text
        return answer.text

    def do(self, who: str, at: str, **form: Any) -> str:
        """Send a form that must be taken, and return where it leads."""
        answer = self.ask(who, "POST", at, **form)
        assert answer.status == 303, f"{who} {at}: {answer.status} {answer.text[-1500:]}"
        return answer.headers["location"]


@pytest.fixture(scope="module")
def walk(tmp_path_factory) -> Iterator[Walk]:
    world = settle(tmp_path_factory.mktemp("reviewed"))
    with world.register.change("people-settled") as change:
        for code, role in (("r-second", "reviewer"), ("r-third", "reviewer"),
                           ("r-tied", "reviewer"), ("c-other", "cert-administrator")):  # fmt: skip
            made = Person(code=code, name=f"{code} (invented)", invited_at=utc_now(),
                          public_key=secrets.token_hex(32))  # fmt: skip
            people.insert_person(change.connection, made, change.by)
            held = Membership(person=code, role=role, valid_from=utc_now())
            people.insert_membership(change.connection, held, change.by)
        tie = Membership(person="r-tied", role="observer", institution=OWN, valid_from=utc_now())
        people.insert_membership(change.connection, tie, change.by)
    browser = Browser(world.app)
    yield Walk(world, browser)
    browser.close()
    world.runtime.close()


LEAD, ADMIN, FIRST = "p-institution-lead", "p-cert-administrator", "p-reviewer"
FINDING = {"level": "1", "grade": "E2", "reason": "seen on site", "seen": "1"}


def answer(walk, control, level):
    questionnaire.save_answer(
        walk.world.acting(LEAD), OWN, ROUND, control, level=level, not_applicable=None,
        reason="as written down", seen_revision=0,
    )  # fmt: skip


def test_a_round_is_opened_with_terms_and_noted_before_anything_is_answered(walk):
    day = (utc_now() + timedelta(days=40)).date().isoformat()
    form = {"code": "spring", "title": "Spring", "due": day, "share": "x", "answers": "yes",
            "terms": "Bring patience."}  # fmt: skip
    wrong = walk.ask(ADMIN, "POST", "/cert/rounds", **form)
    assert wrong.status == 422
    assert "Bring patience." in wrong.text and 'id="share-fault"' in wrong.text
    assert walk.ask("p-sector-regulator", "POST", "/cert/rounds", **form | {"share": "10"}
                    ).status == 403  # fmt: skip
    assert walk.do(ADMIN, "/cert/rounds", **form | {"share": "10"}).startswith(
        "/cert/rounds/spring"
    )
    page = walk.see(ADMIN, "/cert/rounds/spring")
    assert "Invite 2 institutions" in page
    walk.do(ADMIN, "/cert/rounds/spring/waves", cohort="everybody")
    assert 'href="/cert/rounds/spring/report"' in page
    assert "How the round is going" in walk.see(ADMIN, "/cert/rounds/spring/report")
    with walk.world.register.reading() as connection:
        last = list(audit.list_entries(connection, kind="report-read"))[-1]
    assert (last.act.actor, last.subject, last.data["round"]) == (ADMIN, "round", "spring")
    terms = f"/institutions/{OWN}/rounds/spring/terms"
    shown = walk.see(LEAD, terms)
    assert "Bring patience." in shown and "<b>answers</b>" in shown
    assert "/terms" in walk.see(LEAD, "/")
    assert walk.do(LEAD, terms).startswith(f"/institutions/{OWN}/rounds/spring/scope")
    noted = walk.see(LEAD, terms)
    assert "Noted on" in noted and f"/institutions/{OWN}/rounds/spring/scope" in noted
    ours = walk.see("p-sector-regulator", "/cert/rounds/spring")
    assert "Hill-Water" in ours and "Meadow-Power" not in ours and "/report" not in ours
    late = {"code": "power", "title": "Power", "sectors": "power", "begins": day, "due": "soon"}
    assert walk.ask(ADMIN, "POST", "/cert/rounds/spring/cohorts", **late).status == 422
    due = (utc_now() + timedelta(days=70)).date().isoformat()
    walk.do(ADMIN, "/cert/rounds/spring/cohorts", **late | {"due": due})
    walk.do(LEAD, f"/institutions/{OWN}/rounds/spring/more-time", wished=due, reason="floods")
    page = walk.see("p-sector-regulator", "/cert/rounds/spring")
    assert "floods" in page
    refuse = {"number": "1", "do": "refuse", "reason": ""}
    at = f"/cert/rounds/spring/more-time/{OWN}"
    assert walk.ask("p-sector-regulator", "POST", at, **refuse).status == 422
    walk.do("p-sector-regulator", at, number="1", do="grant", until=due, reason="")
    assert walk.ask("p-sector-regulator", "POST", f"/cert/rounds/spring/more-time/{FOREIGN}",
                    **refuse).status == 403  # fmt: skip


def test_a_review_is_given_and_begun_by_those_who_may(walk):
    for control in (GATE, OTHER):
        answer(walk, control, 2)
    submission.submit(walk.world.acting(LEAD), OWN, ROUND)
    page = walk.see(ADMIN, CASE)
    assert "Belongs to this institution" in page
    tied = walk.ask(ADMIN, "POST", f"{CASE}/reviewers", person="r-tied", part="second", do="give")
    assert tied.status == 409 and "belongs to this institution" in tied.text
    walk.do(ADMIN, f"{CASE}/reviewers", person="r-second", part="second", do="give")
    assert OWN in walk.see(FIRST, "/cert/reviews")
    assert OWN not in walk.see("r-third", "/cert/reviews")
    assert walk.ask("r-third", "GET", REVIEW).status == 403
    walk.do(FIRST, f"{REVIEW}/begin")
    assert f"Next: {GATE}" in walk.see(FIRST, REVIEW)


def test_the_second_reviewer_sees_the_first_one_s_level_only_after_their_own(walk):
    at = f"{REVIEW}/claims/{GATE}"
    wrong = walk.ask(FIRST, "POST", at, level="", grade="", reason="half a thought", seen="1")
    assert wrong.status == 422
    assert "half a thought" in wrong.text and "Choose a level." in wrong.text
    assert walk.do(FIRST, at, **FINDING | {"reason": "the safe was empty"}).startswith(REVIEW)
    assert "the safe was empty" in walk.see(FIRST, at)
    page = walk.see("r-second", at)
    assert "the safe was empty" not in page and "Another reviewer has spoken." in page
    walk.do("r-second", at, **FINDING | {"level": "2", "reason": "the safe was full"})
    page = walk.see("r-second", at)
    assert "the safe was empty" in page and "Two differ" in page
    late = walk.ask(FIRST, "POST", at, **FINDING)
    assert late.status == 409 and "both reviewers have spoken" in late.text
    walk.do(ADMIN, f"{CASE}/reviewers", person="r-third", part="third", do="give")
    walk.do("r-third", at, **FINDING | {"reason": "it was the wrong safe"})
    assert "Settled" in walk.see("r-third", at)


def test_a_question_back_opens_one_answer_and_a_conflict_loses_nothing(walk):
    at = f"{REVIEW}/claims/{OTHER}"
    assert walk.ask(FIRST, "POST", f"{at}/ask", question=" ").status == 422
    walk.do(FIRST, f"{at}/ask", question="Since when?")
    assert "1 question waits for you" in walk.see(LEAD, f"{OURS}/clarifications")
    assert "/clarifications" in walk.see(LEAD, "/")
    questionnaire.save_answer(
        walk.world.acting(LEAD), OWN, ROUND, OTHER, level=1, not_applicable=None,
        reason="since May", seen_revision=1,
    )  # fmt: skip
    boxes, said = f"{OURS}/clarifications", {f"reply-{OTHER}": "Since May; we corrected it."}
    assert walk.ask(LEAD, "POST", boxes, do=OTHER).status == 422
    turned = walk.ask(LEAD, "POST", boxes, **said)  # as Enter sends it
    assert turned.status == 200 and said[f"reply-{OTHER}"] in turned.text
    assert 'name="language" value="ur"' in turned.text and "not sent" in turned.text
    # One reply goes; what stands in another box, which nobody waits for any more, is given back.
    gone = walk.ask(LEAD, "POST", boxes, do=OTHER, **said, **{f"reply-{GATE}": "One more thing"})
    assert gone.status == 200 and "One more thing" in gone.text
    assert "Nothing waits for you" in gone.text
    stale = walk.ask(FIRST, "POST", at, **FINDING | {"reason": "typed long and hard"})
    assert stale.status == 409
    assert "typed long and hard" in stale.text and "since May" in stale.text
    assert 'name="seen" value="2"' in stale.text
    walk.do(FIRST, at, **FINDING | {"seen": "2"})
    assert "Since May; we corrected it." in walk.see(FIRST, at)


def left(walk):
    """Return the controls that chance still wants looked at."""
    page = walk.see(FIRST, REVIEW)
    return [c for c in re.findall(rf"{REVIEW}/claims/([A-Z]{{3}}-\d\d)\"><span", page)
            if c not in (GATE, OTHER)]  # fmt: skip


def test_a_result_is_shown_commented_on_and_final(walk):
    for control in left(walk):
        at = f"{REVIEW}/claims/{control}"
        (seen,) = re.findall(r'name="seen" value="(\d+)"', walk.see(FIRST, at))
        walk.do(FIRST, at, **FINDING | {"seen": seen})
    assert "There is no reviewed result yet." in walk.see(LEAD, f"{OURS}/result")
    walk.do(ADMIN, f"{CASE}/steps", do="release")
    page = walk.see(LEAD, f"{OURS}/result")
    assert "Your preliminary result" in page and "it was the wrong safe" in page
    assert walk.ask(LEAD, "POST", f"{OURS}/result/comments", control=GATE, text="").status == 422
    walk.do(LEAD, f"{OURS}/result/comments", control=GATE, text="It is the right safe.")
    early = walk.ask(ADMIN, "POST", f"{CASE}/steps", do="finalise")
    assert early.status == 409 and "may comment until" in early.text
    assert "It is the right safe." in walk.see(ADMIN, CASE)
    walk.do("p-signatory", f"{OURS}/result/no-more")
    walk.do(ADMIN, f"{CASE}/steps", do="finalise")
    assert "Your final result" in walk.see(LEAD, f"{OURS}/result")


def test_an_appeal_is_decided_by_another_and_corrects_the_score(walk):
    assert walk.ask(LEAD, "POST", f"{OURS}/result/appeal", grounds="").status == 422
    walk.do(LEAD, f"{OURS}/result/appeal", controls=GATE, grounds="There are two safes.")
    (code,) = re.findall(r'name="code" value="(ap-[^"]+)"', walk.see(ADMIN, CASE))
    decision = {"code": code, "do": "grant", "reason": "there are", "control": GATE, "level": "2"}
    short = walk.ask(ADMIN, "POST", f"{CASE}/appeal", **decision)
    assert short.status == 409 and "there are" in short.text
    walk.do("c-other", f"{CASE}/appeal", **decision | {"grade": "E2", "told": "the regulator"})
    page = walk.see(LEAD, f"{OURS}/result")
    assert "Granted" in page and "told: the regulator" in page
    walk.do(LEAD, f"{OURS}/result/appeal", grounds="Still.")
    (code,) = re.findall(r'name="code" value="(ap-[^"]+)"', walk.see(ADMIN, CASE))
    whole = {"code": code, "do": "grant", "reason": "all of it is there", "told": "the ministry"}
    both = {"control": [GATE, OTHER, "", ""], "level": ["3", "2", "", ""],
            "grade": ["E2", "E2", "", ""]}  # fmt: skip
    twice = walk.ask(
        "c-other", "POST", f"{CASE}/appeal", **whole | both | {"control": [GATE, GATE]}
    )
    assert twice.status == 409 and "stands twice" in twice.text
    assert re.search(rf'value="{GATE}".*?<option value="3" selected>', twice.text, re.S)
    walk.do(ADMIN, f"{CASE}/appeal", **whole | both)
    with walk.world.register.reading() as connection:
        said = connection.execute(tables.audit_entries.select().where(
            tables.audit_entries.c.kind == "appeal-decided")).mappings().all()[-1]  # fmt: skip
    assert [one["control"] for one in said["data"]["corrections"]] == [GATE, OTHER]
    assert [one["level"] for one in said["data"]["corrections"]] == [3, 2]


def test_a_plan_is_written_returned_and_accepted(walk):
    page = walk.see(LEAD, f"{OURS}/plan")
    assert "Suggestions" in page
    action = {"what": "Buy a third safe", "controls": GATE, "keeper": "The porter",
              "due": (utc_now() + timedelta(days=60)).date().isoformat()}  # fmt: skip
    thin = walk.ask(LEAD, "POST", f"{OURS}/plan", **action)
    assert thin.status == 422 and "Buy a third safe" in thin.text
    walk.do(LEAD, f"{OURS}/plan", **action, budget="PKR 90 000")
    (code,) = re.findall(r"edit=(i-[^#]+)#action", walk.see(LEAD, f"{OURS}/plan"))
    change = {**action, "code": code, "seen": "1", "budget": "", "no_budget_why": "a gift"}
    walk.do(LEAD, f"{OURS}/plan", **change)
    stale = walk.ask(LEAD, "POST", f"{OURS}/plan", **change | {"what": "Buy a fourth safe"})
    assert stale.status == 409
    assert "Buy a fourth safe" in stale.text and "Buy a third safe" in stale.text
    walk.do(LEAD, f"{OURS}/plan/hand-in")
    at = f"/cert/plans/{OWN}/{ROUND}"
    assert OWN in walk.see("p-cert-analyst", "/cert/plans")
    assert walk.ask("p-cert-analyst", "POST", at, do="return", reason="").status == 422
    walk.do("p-cert-analyst", at, do="return", reason="Who pays?")
    assert "Who pays?" in walk.see(LEAD, f"{OURS}/plan")
    walk.do(LEAD, f"{OURS}/plan/hand-in")
    walk.do("p-cert-analyst", at, do="accept", reason="")
    walk.do(LEAD, f"{OURS}/plan/progress", code=code, seen="2", progress="done", note="")
    assert "Done" in walk.see("p-cert-analyst", at)


PAGES = {
    ADMIN: ("/cert/rounds", "/cert/rounds/spring", "/cert/reviews", CASE),
    FIRST: ("/cert/reviews", REVIEW, f"{REVIEW}/claims/{GATE}", f"{REVIEW}/claims/{OTHER}"),
    LEAD: (f"{OURS}/result", f"{OURS}/plan", f"{OURS}/clarifications", f"{OURS}/terms"),
    "p-cert-analyst": ("/cert/plans", f"/cert/plans/{OWN}/{ROUND}"),
}


@pytest.mark.parametrize(("who", "at"), [(w, at) for w, all_of in PAGES.items() for at in all_of])
def test_every_page_stands_in_urdu_and_has_one_heading(walk, who, at):
    page = walk.see(who, at, "ur")
    assert 'dir="rtl"' in page and page.count("<h1") == 1
    plain = re.sub(r"<[^>]+>", " ", page)
    assert re.search("[\u0600-\u06ff]{3}", plain)


def test_nothing_that_anybody_said_was_lost(walk):
    with walk.world.register.reading() as connection:
        for table, least in ((tables.opinions, 4), (tables.clarifications, 2),
                             (tables.result_comments, 2), (tables.plan_actions, 3)):  # fmt: skip
            assert len(connection.execute(table.select()).all()) >= least, table.name
