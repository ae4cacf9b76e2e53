"""The pages that many people have open at once ask the register little, however much is in it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
import sqlalchemy as sa
from browser import Browser
from world import CONTROL, FORM_KEY, OWN, ROUND, World

from cyberposture.services.assessments import delegating, discussing, evidence, questionnaire
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.assessments.pieces import Description, Limits
from cyberposture.web.surroundings import COOKIE

PAGE = f"/institutions/{OWN}/rounds/{ROUND}/answers/{CONTROL[:3]}"
OF_A_PAGE, OF_AN_ANSWER = 17, 20
"""What was needed when this was written, with nothing to spare; BEGIN and SAVEPOINT count as well.

Before a page took 43 and an answer 28; each costs processor time here and a way there and back on
PostgreSQL. Where more is truly needed, let something else go.
"""


class Lead:
    """The lead of the institution, before a page of questions."""

    def __init__(self, world: World, browser: Browser) -> None:
        self.world, self._browser = world, browser
        self._cookies = {COOKIE: world.session_of(world.person_of("institution-lead"))}

    def look(self) -> str:
        """Open the page and return it."""
        answer = self._browser.ask("GET", PAGE, cookies=self._cookies)
        assert answer.status == 200
        return answer.text

    def answer(self, level: int) -> int:
        """Have an answer kept as the script of the page does, and return its revision."""
        found = re.search(rf'action="{PAGE}/{CONTROL}".*?name="seen" value="(\d+)"', self.look(),
                          re.DOTALL)  # fmt: skip
        assert found is not None
        form = {"form_key": FORM_KEY, "seen": found[1], "level": str(level), "reason": "So it is."}
        with counting(self.world) as self.asked:
            answer = self._browser.ask(
                "POST", f"{PAGE}/{CONTROL}", form=form, cookies=self._cookies,
                accept="application/json",
            )  # fmt: skip
        assert answer.status == 200
        return int(json.loads(answer.text)["revision"])


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


@pytest.fixture(scope="module")
def lead(world):
    browser = Browser(world.app)
    yield Lead(world, browser)
    browser.close()


def fill(world: World, start: int, count: int) -> None:
    """Let everything grow that stands on these cards."""
    register = world.acting(world.person_of("institution-lead"))
    asked = questionnaire.read_questionnaire(register, OWN, ROUND)
    said = Description("A page of ours", date(2026, 1, 31))
    for number in range(start, start + count):
        discussing.open_thread(register, OWN, ROUND, CONTROL, f"n{number}", is_for_reviewer=False)
        evidence.add_link(
            register, OWN, f"https://office.example/{number}", said,
            limits=Limits(1_000, 1_000), use=Use(ROUND, CONTROL),
        )  # fmt: skip
        part = asked.domains[number % len(asked.domains)].id
        delegating.delegate(register, OWN, ROUND, world.person_of("institution-lead"), [part])


def test_a_page_of_questions_and_an_answer_ask_few_questions_however_much_there_is(lead, world):
    counts = []
    lead.look()
    for turn in range(3):
        fill(world, 4 * turn, 4)
        lead.answer(turn % 4)
        with counting(world) as page:
            assert "A page of ours" in lead.look()
        counts.append((len(page), len(lead.asked)))
    assert counts == counts[:1] * 3
    page_count, answer_count = counts[0]
    assert page_count <= OF_A_PAGE, "\n".join(page)
    assert answer_count <= OF_AN_ANSWER, "\n".join(lead.asked)


def test_a_page_sees_one_state_and_no_statement_is_put_twice(lead, world):
    with counting(world) as asked:
        lead.look()
    # One transaction says who asks, one reads all that the page shows. PostgreSQL's are begun
    # without a statement.
    if world.register.database.dialect == "sqlite":
        assert asked.count("BEGIN") == 2
    questions = [one for one in asked if one != "BEGIN"]
    assert len(questions) == len(set(questions))
