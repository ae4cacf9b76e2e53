"""Random acts by random people: no forbidden step is ever taken, and nothing is ever lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.errors import CyberpostureError
from cyberposture.model.assessments import Review
from cyberposture.model.life import leads_to
from cyberposture.services.assessments import questionnaire, submission
from cyberposture.services.review import (
    appealing,
    assigning,
    clarifying,
    finding,
    improving,
    releasing,
    taking_up,
)
from cyberposture.services.scores import score
from cyberposture.store import appeals, assessments, tables

CONTROLS = (GATE, OTHER, "GOV-08")
KEPT = (
    tables.answers, tables.reviews, tables.opinions, tables.clarifications,
    tables.result_comments, tables.preliminary_results, tables.scores, tables.appeals,
    tables.plan_actions, tables.plan_events, tables.assessment_events, tables.review_draws,
)  # fmt: skip
MAY_END = ("outcome", "decided_by", "decided_at", "decided_why", "correction_id")
"""What is filled in once an appeal is decided."""


@dataclass
class Street:
    """Everybody who could do something, and what they could try."""

    bench: Bench
    chance: Random

    def who(self, *right: Any) -> Any:
        """Return the register as somebody works with it: often those whose turn it may be."""
        b = self.bench
        anybody = (b.admin, b.first, b.second, b.third, b.lead, b.signatory)
        return self.chance.choice(right if right and self.chance.random() < 0.75 else anybody)

    def control(self) -> str:
        return self.chance.choice(CONTROLS)

    def seen(self, control: str) -> int:
        """Return the present revision, or now and then a stale one."""
        return max(0, self.bench.revision(control) - (self.chance.random() < 0.15))

    def answer(self) -> None:
        control = self.control()
        questionnaire.save_answer(
            self.who(self.bench.lead), CODE, ROUND, control, level=self.chance.choice([0, 1, 2, 3]),
            not_applicable=None, reason=f"said {self.chance.random()}",
            seen_revision=self.seen(control),
        )  # fmt: skip

    def find(self) -> None:
        control = self.control()
        given = Review(control=control, level=self.chance.choice([1, 2]), grade="E2", reason="seen")
        b = self.bench
        who = self.who(b.first, b.second, b.third)
        finding.give_opinion(who, CODE, ROUND, given, seen_revision=self.seen(control))

    def assign(self) -> None:
        person = self.chance.choice(["r-first", "r-second", "r-third", "l-lead"])
        part: Any = {"r-first": "first", "r-second": "second"}.get(person, "third")
        assigning.assign(self.who(self.bench.admin), CODE, ROUND, person, part)

    def decide(self) -> None:
        with self.bench.office.register.reading() as connection:
            known = appeals.list_appeals(connection, open_only=True)
        grants = self.chance.random() < 0.5
        corrected = Review(control=GATE, level=3, grade="E2", reason="it was there")
        appealing.decide_appeal(
            self.who(self.bench.admin), CODE, known[0].code if known else "ap-nobody",
            "granted" if grants else "rejected", reason="we looked",
            corrections=[corrected] if grants else [],
        )  # fmt: skip

    def plan(self) -> None:
        due = (self.bench.office.clock() + timedelta(days=90)).date().isoformat()
        action = {"what": "Mend it", "controls": [GATE], "keeper": "Porter", "due": due,
                  "budget": "none left"}  # fmt: skip
        improving.save_action(self.who(self.bench.lead), CODE, ROUND, action)

    def acts(self) -> list[tuple[str, Callable[[], Any]]]:
        """Return what anybody may try, each with the states in which it makes sense."""
        at, b = (CODE, ROUND), self.bench
        return [
            ("answering clarification", self.answer),
            ("answering", lambda: submission.submit(b.lead, *at)),
            ("submitted in-review", self.assign),
            ("submitted", lambda: taking_up.take_up(self.who(b.first), *at)),
            ("in-review clarification", self.find),
            ("in-review", self.find),
            ("in-review", self.find),
            ("in-review", self.ask),
            ("clarification", self.reply),
            ("clarification", self.reply),
            ("in-review", lambda: releasing.release(self.who(b.admin), *at)),
            (
                "preliminary",
                lambda: releasing.take_back(self.who(b.admin), *at, [GATE], reason="x"),
            ),
            (
                "preliminary",
                lambda: releasing.comment(self.who(b.lead), *at, self.control(), "No."),
            ),
            ("preliminary", lambda: releasing.say_no_more(self.who(b.signatory), *at)),
            ("preliminary", lambda: score.finalise(self.who(b.admin), *at)),
            ("preliminary", lambda: score.finalise(self.who(b.admin), *at)),
            ("finalised", lambda: releasing.reopen(self.who(b.admin), *at, [GATE], reason="x")),
            ("finalised", lambda: appealing.appeal(self.who(b.lead), *at, [GATE], grounds="x")),
            ("finalised", self.decide),
            ("finalised preliminary", self.plan),
            ("finalised", lambda: improving.hand_in_plan(self.who(b.lead), *at)),
            ("finalised", lambda: improving.decide_plan(self.who(b.admin), *at, accepts=True)),
            ("preliminary", lambda: b.office.clock.forward(days=4)),
        ]

    def ask(self) -> None:
        clarifying.ask_back(self.who(self.bench.first), CODE, ROUND, self.control(), "Since when?")

    def reply(self) -> None:
        clarifying.reply(self.who(self.bench.lead), CODE, ROUND, self.control(), "Since May.")

    def choose(self, state: str) -> Callable[[], Any]:
        """Return an act: mostly one that makes sense now, else any."""
        known = self.acts()
        fitting = [act for states, act in known if state in states.split()]
        sensible = fitting and self.chance.random() < 0.8
        return self.chance.choice(fitting if sensible else [act for _, act in known])


def rows_of(office) -> dict[str, dict[Any, dict[str, Any]]]:
    """Return every row of what must never be lost, by table and key."""
    with office.register.reading() as connection:
        return {
            table.name: {
                tuple(row[c.name] for c in table.primary_key): dict(row)
                for row in connection.execute(sa.select(table)).mappings()
            }
            for table in KEPT
        }


def require_kept(before, after) -> None:
    """Require that every row is there as it was; an appeal alone may come to be decided."""
    for name, rows in before.items():
        for key, row in rows.items():
            now = after[name][key]
            may_change = MAY_END if name == "appeals" and row["outcome"] is None else ()
            changed = {column for column in row if row[column] != now[column]}
            assert changed <= set(may_change), (name, changed)


@pytest.mark.parametrize("seed", (2, 5))
def test_whatever_anybody_tries_no_forbidden_step_is_taken_and_nothing_is_lost(office, seed):
    bench = Bench(office).found(GOV_01=2, IAM_09=2, GOV_08=1)
    street, reached, done = Street(bench, Random(seed)), set(), 0
    before = rows_of(office)
    for _ in range(160):
        state = bench.state()
        reached.add(state)
        act = street.choose(state)
        try:
            act()
        except CyberpostureError as refusal:
            assert str(refusal)
            assert rows_of(office) == before
            assert bench.state() == state
            continue
        done += 1
        after = rows_of(office)
        require_kept(before, after)
        before = after
        assert bench.state() == state or leads_to(state, bench.state())
    with office.register.reading() as connection:
        events = assessments.list_events(connection, bench.record().id)
    states = [event.state for event in events]
    for one, other in pairwise(states):
        assert one == other or leads_to(one, other)

    assert {"submitted", "in-review", "preliminary", "finalised"} <= reached
    assert done > 20
