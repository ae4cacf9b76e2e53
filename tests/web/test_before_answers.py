"""The institution's pages before and while it answers, and the CERT's side of the same things."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from browser import Answer, Browser
from world import FOREIGN, FORM_KEY, OWN, ROUND, World, settle

from cyberposture.clock import utc_now
from cyberposture.services.assessments import (
    asking,
    assess,
    delegating,
    discussing,
    questionnaire,
    rounds,
)
from cyberposture.services.institutions import entries
from cyberposture.store import assessments as kept_assessments

HERE = f"/institutions/{OWN}/rounds/{ROUND}"
CONTROL = f"{HERE}/answers/GOV/GOV-01"
DECLARED = f"/institutions/{OWN}/declarations"


class People:
    """Everybody before the portal, each with a session of their own."""

    def __init__(self, world: World) -> None:
        self.world, self.browser = world, Browser(world.app)
        self._sessions: dict[str, str] = {}

    def _cookies(self, role: str, language: str) -> dict[str, str]:
        if role not in self._sessions:
            self._sessions[role] = self.world.session_of(self.world.person_of(role))
        return {"session": self._sessions[role], "language": language}

    def get(self, role: str, path: str, language: str = "en") -> Answer:
        return self.browser.ask("GET", path, cookies=self._cookies(role, language))

    def post(self, role: str, path: str, language: str = "en", **form: str) -> Answer:
        sent = {"form_key": FORM_KEY} | form
        return self.browser.ask("POST", path, form=sent, cookies=self._cookies(role, language))


@pytest.fixture
def people(tmp_path) -> Iterator[People]:
    world = settle(tmp_path)
    made = People(world)
    yield made
    made.browser.close()
    world.runtime.close()


def plan(people: People, round_code: str = "spring") -> str:
    """Open a round in which the institution begins with its scope, and return its address."""
    register = people.world.register
    rounds.open_round(register, round_code, round_code.title(), utc_now() + timedelta(days=60))
    assess.open_assessment(register, OWN, round_code, is_planned=True)
    return f"/institutions/{OWN}/rounds/{round_code}"


def hand_in(people: People) -> None:
    """Let the institution hand in what it said, as its attestation would."""
    register = people.world.register
    with register.change("handed-in-by-a-test", OWN) as change:
        change.institution_id, found = assess.find_parts(change.connection, OWN, ROUND)
        kept_assessments.record_state(
            change.connection, found.id, "submitted", change.by, expected=["answering"]
        )


def tasks(page: Answer) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)"><b>', page.text)


def test_home_tells_each_role_what_waits_for_it(people):
    lead = people.get("institution-lead", "/")
    assert tasks(lead)[:3] == [f"{HERE}/answers/{domain}" for domain in ("GOV", "RSK", "AST")]
    assert "about 8 minutes" in lead.text and "until the end of" in lead.text
    assert "Whom to call" in lead.text
    assert tasks(people.get("cert-analyst", "/")) == ["/cert/questions"]
    spring = plan(people)
    people.post("institution-lead", f"{spring}/scope", profile="start", do="send",
                service="Water", feature="web")  # fmt: skip
    assert {"/cert/scopes", "/cert/questions"} <= set(tasks(people.get("cert-analyst", "/")))
    assert f"{spring}/scope" not in tasks(people.get("institution-lead", "/"))
    assert "/cert/questions" in tasks(people.get("reviewer", "/"))
    for role in ("observer", "national-observer"):
        page = people.get(role, "/")
        assert page.status == 200 and not [at for at in tasks(page) if at.startswith("/cert")]
    urdu = people.get("institution-lead", "/", "ur").text
    assert 'dir="rtl"' in urdu and "قیادت اور نظم و نسق" in urdu


def test_home_of_a_contributor_and_of_a_helper_shows_their_own_part(people):
    plan(people)
    delegating.delegate(
        people.world.register, OWN, ROUND, people.world.person_of("contributor"), ["IAM"]
    )
    assert tasks(people.get("contributor", "/")) == [f"{HERE}/answers/IAM"]
    home = people.get("helper", "/").text
    assert HERE in home and "/rounds/spring" not in home
    assert people.get("helper", f"/institutions/{OWN}/rounds/spring/answers/GOV").status == 403


def test_a_scope_is_looked_at_sent_returned_and_confirmed(people):
    spring = plan(people)
    at, desk = f"{spring}/scope", f"/cert/scopes/{OWN}/spring"
    assert "It has not begun" in people.get("institution-lead", f"{spring}/answers/GOV").text
    typed = {"profile": "start", "feature": "mail", "service": "Water", "about": "A whole town"}
    tried = people.post("institution-lead", at, do="look", **typed)
    assert tried.status == 200 and ">A whole town</textarea>" in tried.text
    assert "What would follow" in tried.text and "brings" in tried.text
    assert "Revision 1" not in people.get("institution-lead", at).text  # nothing was kept
    wrong = people.post("institution-lead", at, do="send", profile="start", service="", about="x")
    assert wrong.status == 422 and ">x</textarea>" in wrong.text and 'class="fault"' in wrong.text
    assert "You have changes that are not sent" in tried.text
    assert "You have changes" not in people.get("institution-lead", at).text
    empty = people.post("institution-lead", at, do="send", profile="start")
    assert empty.status == 422 and "at least one essential service" in empty.text
    alone = {"profile": "start", "service": "Water", "about": ""}
    doubted = people.post("institution-lead", at, do="send", **alone)
    assert doubted.status == 422 and 'name="nothing"' in doubted.text
    assert 'name="nothing"' not in tried.text
    sent = people.post("institution-lead", at, do="send", **typed)
    assert sent.headers["location"] == f"{at}?done=scope-sent"
    assert OWN in people.get("cert-analyst", "/cert/scopes").text
    assert "A whole town" in people.get("cert-analyst", desk).text
    silent = people.post("cert-analyst", desk, revision="1", do="return", reason=" ")
    assert silent.status == 422 and 'id="reason-fault"' in silent.text
    people.post("cert-analyst", desk, revision="1", do="return", reason="And the website?")
    assert "And the website?" in people.get("institution-lead", at).text
    assert f"{spring}/scope" in tasks(people.get("institution-lead", "/"))
    people.post("institution-lead", at, do="send", **typed)
    stale = people.post("cert-analyst", desk, revision="1", do="confirm")
    assert stale.status == 409
    done = people.post("cert-analyst", desk, revision="2", do="confirm")
    assert done.headers["location"] == "/cert/scopes?done=scope-confirmed"
    assert "<fieldset>" in people.get("institution-lead", f"{spring}/answers/GOV").text
    page = people.get("institution-lead", f"{spring}/answers/WEB", "ur")
    assert page.status == 404 or "left-out" in page.text


def test_views_of_a_domain_leave_out_what_is_answered_or_not_ones_own(people):
    def cards(page):
        return re.findall(r'<section class="card" id="([A-Z0-9-]+)"', page.text)

    at = f"{HERE}/answers/IAM"
    everything = cards(people.get("contributor", at))
    first, *others = cards(people.get("contributor", f"{at}?show=open"))
    on = people.post("contributor", f"{at}/{first}", level="1", then=others[0])
    assert on.headers["location"] == f"{at}#{others[0]}"
    odd = people.post("contributor", f"{at}/{first}", level="1", seen="1", then="a?b/c#")
    assert odd.headers["location"] == f"{at}#{first}"
    assert cards(people.get("contributor", at)) == everything
    assert cards(people.get("contributor", f"{at}?show=open")) == others
    empty = people.get("contributor", f"{at}?show=mine")
    assert cards(empty) == [] and f"{len(everything)} questions are hidden" in empty.text
    found = people.get("contributor", f"{HERE}/controls?q=iam-0&open=yes").text
    assert others[0] in found and first not in found
    people.post("institution-lead", f"{at}/{others[0]}/written", do="hands",
                person=people.world.person_of("institution-lead"))  # fmt: skip
    page = people.get("contributor", at).text
    assert "<fieldset disabled>" in page and "<fieldset>" not in page  # nothing is theirs
    assert people.post("contributor", f"{at}/{others[0]}", level="1").status == 403
    assert "No question holds" in people.get("contributor", f"{HERE}/controls?q=zzz").text


def test_a_control_by_itself_shows_its_history_and_its_talk(people):
    at = CONTROL
    for level in ("1", "2"):
        seen = str(int(level) - 1)
        people.post("contributor", at, level=level, reason=f"because {level}", seen=seen)
    page = people.get("institution-lead", at).text
    assert page.index("because 2") < page.rindex("because 1") and "2 Everywhere" in page
    say = {"path": f"{at}/written", "do": "remark"}
    assert people.post("contributor", **say, remark=" ").status == 422
    people.post("contributor", **say, remark="<b>inside</b>")
    people.post("contributor", **say, remark="for both", for_reviewer="yes")
    assert people.get("reviewer", at).status == 403  # nothing was handed in yet
    hand_in(people)
    lead, reviewer = people.get("institution-lead", at).text, people.get("reviewer", at).text
    assert "&lt;b&gt;inside" in lead and "for both" in lead
    assert "inside" not in reviewer and "for both" in reviewer
    threads = dict(reversed(re.findall(r'id="thread-([0-9a-f-]+)".*?<div class="said" dir="auto">'
                                       r"([^<]*)<", lead, re.S)))  # fmt: skip
    inside = next(one for one, said in threads.items() if "inside" in said)
    for hidden in (inside, people.world.rows[f"thread of {FOREIGN}"], str(uuid4()), "x"):
        said = {"do": f"reply.{hidden}", f"reply.{hidden}": "oh"}
        assert people.post("reviewer", f"{at}/written", **said).status == 404
    settled = people.post("institution-lead", f"{at}/written", do=f"resolve.{inside}")
    assert settled.status == 303
    assert "settled" in people.get("contributor", at).text


def test_a_question_reaches_the_desk_is_answered_and_shared_namelessly(people):
    at = CONTROL
    ask = {"path": f"{at}/written", "do": "question"}
    assert people.post("contributor", **ask, question="").status == 422
    people.post("contributor", **ask, question="What is a head?")
    found = next(one for one in asking.list_questions(people.world.register, institution=OWN)
                 if one.control == "GOV-01")  # fmt: skip
    desk = f"/cert/questions/{OWN}/{found.code}"
    assert "What is a head?" in people.get("cert-analyst", "/cert/questions").text
    assert people.get("cert-analyst", f"/cert/questions/{FOREIGN}/{found.code}").status == 404
    assert people.post("cert-analyst", f"{desk}/answer", answer=" ").status == 422
    people.post("cert-analyst", f"{desk}/answer", answer="Whoever signs.")
    own = f"/institutions/{OWN}/questions"
    assert "Whoever signs." in people.get("contributor", own).text
    named = people.post("cert-analyst", f"{desk}/share", question=f"{OWN} asks", answer="Yes.")
    assert named.status == 422 and 'id="sq-fault"' in named.text and f"{OWN} asks" in named.text
    people.post("cert-analyst", f"{desk}/share", question="What is a head?", answer="The signer.")
    for role in ("observer", "signatory", "national-observer"):
        page = people.get(role, "/questions?q=signer").text.partition('class="shared"')[2]
        assert "The signer." in page and OWN not in page and found.code not in page
    assert "The signer." in people.get("contributor", at).text
    shared = asking.list_shared(people.world.register)[0].code
    people.post("cert-analyst", "/cert/questions/shared", shared=shared, reason="Not so.")
    assert "The signer." not in people.get("observer", "/questions").text


def rows(**columns: str) -> dict[str, str]:
    names = ("id", "kind", "what", "details", "title", "third_party")
    return {name: columns.get(name, "host" if name == "kind" else "") for name in names}


def looked(page: Answer) -> dict[str, str]:
    pattern = r'name="(base|looked)" value="([^"]*)"'
    return dict(re.findall(pattern, page.text))


def test_what_is_declared_is_seen_before_it_is_kept_and_stays_typed_when_wrong(people):
    lead = "institution-lead"

    def ids() -> set[str]:
        declared = entries.get_declaration(people.world.register, OWN)
        return {one.id for one in declared.assets}

    before = ids()
    wrong = people.post(lead, DECLARED, do="keep", pasted="host 127.0.0.300\nnonsense",
                        **rows(what="127.0.0.1", details="22"))  # fmt: skip
    assert wrong.status == 422
    for said in ('value="127.0.0.1"', "host 127.0.0.300\nnonsense", 'href="#row-1"', "line 2"):
        assert said in wrong.text
    form = {"pasted": "@hill.example s1", **rows(what="127.0.0.1", details="tcp/22", title="Gate")}
    tried = people.post(lead, DECLARED, do="keep", **form)  # nobody saw the difference yet
    assert tried.status == 200 and tried.text.count("</i> new</span>") == 2
    assert ids() == before
    kept = people.post(lead, DECLARED, do="keep", **form, **looked(tried))
    assert kept.headers["location"] == f"{DECLARED}?done=declared"
    assert ids() - before == {"host-127-0-0-1", "mail-domain-hill-example"}
    assert "New: host-127-0-0-1, mail-domain-hill-example." in people.get(lead, DECLARED).text
    other = {"pasted": "127.0.0.2", **rows()}
    seen = looked(people.post(lead, DECLARED, do="look", **other))
    declared = entries.get_declaration(people.world.register, OWN)
    entries.declare(people.world.register, OWN, declared.assets, reason="meanwhile")
    conflict = people.post(lead, DECLARED, do="keep", **other, **seen)
    assert conflict.status == 409 and "127.0.0.2" in conflict.text
    again = people.post(lead, DECLARED, do="keep", **other, **looked(conflict))
    assert again.status == 303


def test_more_time_is_asked_for_on_a_page_and_what_was_typed_stays(people):
    at = f"{HERE}/more-time"
    wrong = people.post("institution-lead", at, wished="2020-01-01", reason="We moved house.")
    assert wrong.status == 422 and "We moved house." in wrong.text and "fault" in wrong.text
    people.post("institution-lead", at, wished="2099-01-01", reason="We moved house.")
    page = people.get("institution-lead", at, "ur").text
    assert "We moved house." in page and "<form" in page and 'name="wished"' not in page


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    """Note every statement that the database is given."""
    noted: list[str] = []
    engine = world.register.database._engine

    def note(_connection, _cursor, statement, *_rest):
        noted.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield noted
    sa.event.remove(engine, "before_cursor_execute", note)


PAGES = (
    ("institution-lead", "/"),
    ("contributor", "/"),
    ("cert-analyst", "/"),
    ("institution-lead", f"{HERE}/answers/GOV"),
    ("institution-lead", CONTROL),
    ("institution-lead", f"{HERE}/controls"),
    ("institution-lead", f"{HERE}/colleagues"),
    ("institution-lead", f"{HERE}/scope"),
    ("institution-lead", f"{HERE}/more-time"),
    ("institution-lead", f"/institutions/{OWN}/questions"),
    ("institution-lead", DECLARED),
    ("observer", "/questions"),
    ("cert-analyst", "/cert/scopes"),
    ("cert-analyst", f"/cert/scopes/{OWN}/{ROUND}"),
    ("cert-analyst", "/cert/questions"),
)


def fill(people: People, start: int, count: int) -> None:
    """Let everything grow that these pages show."""
    register = people.world.register
    asked = questionnaire.read_questionnaire(register, OWN, ROUND)
    for number in range(start, start + count):
        questionnaire.save_answer(
            register, OWN, ROUND, "GOV-01",
            level=number % 4, not_applicable=None, reason=str(number), seen_revision=number,
        )  # fmt: skip
        discussing.open_thread(register, OWN, ROUND, "GOV-01", f"n{number}", is_for_reviewer=True)
        code = asking.ask(register, OWN, f"Why {number}?", round_code=ROUND, control="GOV-01")
        asking.answer(register, code, "So.")
        asking.share(register, code, f"Why, {number}?", "So.", control="GOV-01")
        part = asked.domains[number % len(asked.domains)].id
        person = people.world.person_of("contributor")
        delegating.delegate(register, OWN, ROUND, person, [part])
        people.post("institution-lead", f"{HERE}/scope", do="send", profile="start", feature="web",
                    service=f"Water {number}", about="")  # fmt: skip
        seen = people.post("institution-lead", DECLARED, pasted=f"127.0.1.{number + 1}", **rows())
        people.post("institution-lead", DECLARED, do="keep", pasted=f"127.0.1.{number + 1}",
                    **rows(), **looked(seen))  # fmt: skip


def count_statements(people: People) -> dict[tuple[str, str], int]:
    counts = {}
    for role, path in PAGES:
        people.get(role, path)  # whoever was away for a minute is noted as seen
        with counting(people.world) as noted:
            assert people.get(role, path).status == 200
        counts[role, path] = len(noted)
    return counts


def test_pages_ask_the_register_as_often_however_much_there_is(people):
    fill(people, 0, 2)
    few = count_statements(people)
    fill(people, 2, 6)
    assert count_statements(people) == few
    assert max(few.values()) < 80, few


def test_who_declared_nothing_is_told_to_where_the_network_decides(people):
    lead = people.get("institution-lead", "/")
    assert DECLARED not in tasks(lead)  # what is theirs is declared already
    register = people.world.register
    entries.declare(register, OWN, (), reason="moved out")
    assert DECLARED in tasks(people.get("institution-lead", "/"))
    assert DECLARED not in tasks(people.get("contributor", "/"))
    asked = questionnaire.read_questionnaire(register, OWN, ROUND)
    assert asked.network_alone > 0
    told = f"You answer {asked.asked} questions; the network decides {asked.network_alone} more"
    assert told in people.get("institution-lead", "/").text
    assert told in people.get("institution-lead", f"{HERE}/controls").text


def test_a_question_to_the_cert_stands_where_it_was_asked(people):
    asked = {"do": "question", "question": "Does a letter do?"}
    assert people.post("contributor", f"{CONTROL}/written", **asked).status == 303
    assert "Does a letter do?" in people.get("institution-lead", CONTROL).text
    assert "Does a letter do?" not in people.get("reviewer", CONTROL).text


def test_words_without_a_level_are_kept_and_said_to_be_no_answer(people):
    shown = people.get("institution-lead", f"{HERE}/answers/IAM").text
    control = re.search(r'action="([^"]+/answers/IAM/IAM-[0-9]+)"[^>]*data-autosave', shown)[1]
    nothing = people.post("institution-lead", control, level="", reason="", seen="0")
    assert nothing.status == 422 and "No level chosen yet" in nothing.text
    kept = people.post("institution-lead", control, level="", reason="We are on it.", seen="0",
                       then="IAM-02")  # fmt: skip
    assert kept.status == 422 and "No level chosen yet" in kept.text
    assert "We are on it." in people.get("institution-lead", f"{HERE}/answers/IAM").text
    bare = people.post("institution-lead", control, level="na", reason="", seen="1")
    id_ = control.rpartition("/")[2]
    assert bare.status == 422 and f'<a href="#{id_}-reason">' in bare.text
