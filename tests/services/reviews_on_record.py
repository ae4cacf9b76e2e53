"""The calls of one planned round, from its opening to the improvement plan that follows."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from cyberposture.model.assessments import Review
from cyberposture.model.scopes import Scope
from cyberposture.services.assessments import campaigns, scoping, submission
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
from cyberposture.store import appeals

Step = tuple[Callable[..., Any], str, Callable[[], Any]]
CODE, ROUND, GATE = "vale-office", "vale-winter", "GOV-01"
AT = (CODE, ROUND)


def reviewing(office: Any) -> Iterator[Step]:
    """Yield the calls from the round's plan to its end."""
    office.institution(CODE)
    office.invite("v-lead", "institution-lead", institution=CODE)
    admin = office.acting("v-chief", "cert-administrator")
    first, second = office.acting("v-first", "reviewer"), office.acting("v-second", "reviewer")
    lead = office.acting("v-lead", "institution-lead")
    now = office.clock()
    cohort = {"code": "all", "title": "All", "begins": now, "due": now + timedelta(days=30)}
    plan = campaigns.read_plan({"cohorts": [cohort], "drawn_share": 0})
    due = now + timedelta(days=30)
    yield (
        campaigns.open_campaign, "round-opened",
        lambda: campaigns.open_campaign(admin, ROUND, "Winter", due, plan),
    )  # fmt: skip
    yield (
        campaigns.plan_round, "round-planned", lambda: campaigns.plan_round(admin, ROUND, plan),
    )  # fmt: skip
    yield campaigns.begin_wave, "wave-begun", lambda: campaigns.begin_wave(admin, ROUND, "all")
    yield campaigns.note_terms, "terms-noted", lambda: campaigns.note_terms(lead, *AT)
    revision = scoping.keep_scope(lead, *AT, Scope(profile="start", features=("web",)), send=True)
    scoping.confirm_scope(admin, *AT, revision)
    office.answer(CODE, ROUND, GOV_01=2)
    submission.submit(office.register, *AT)
    yield (
        assigning.assign, "review-assigned",
        lambda: assigning.assign(admin, *AT, "v-second", "first"),
    )  # fmt: skip
    yield (
        assigning.take_away, "review-taken-away",
        lambda: assigning.take_away(admin, *AT, "v-second"),
    )  # fmt: skip
    assigning.assign(admin, *AT, "v-first", "first")
    assigning.assign(admin, *AT, "v-second", "second")
    yield taking_up.take_up, "review-begun", lambda: taking_up.take_up(first, *AT)
    yield (
        clarifying.ask_back, "clarification-asked",
        lambda: clarifying.ask_back(first, *AT, GATE, "Since when?"),
    )  # fmt: skip
    yield (
        clarifying.reply, "clarification-replied",
        lambda: clarifying.reply(lead, *AT, GATE, "Since May."),
    )  # fmt: skip
    seen = Review(control=GATE, level=1, grade="E2", reason="seen on site")
    yield (
        finding.give_opinion, "opinion-given",
        lambda: finding.give_opinion(first, *AT, seen, seen_revision=1),
    )  # fmt: skip
    finding.give_opinion(second, *AT, seen, seen_revision=1)
    yield from _settling(office, admin, lead)


def _settling(office: Any, admin: Any, lead: Any) -> Iterator[Step]:
    """Yield the calls from the preliminary result on."""
    yield releasing.release, "result-released", lambda: releasing.release(admin, *AT)
    yield (
        releasing.comment, "result-commented",
        lambda: releasing.comment(lead, *AT, GATE, "It was signed."),
    )  # fmt: skip
    yield releasing.say_no_more, "comments-ended", lambda: releasing.say_no_more(lead, *AT)
    score.finalise(admin, *AT)
    yield (
        appealing.appeal, "appealed",
        lambda: appealing.appeal(lead, *AT, [GATE], grounds="It was signed."),
    )  # fmt: skip
    yield (
        appealing.decide_appeal, "appeal-decided",
        lambda: appealing.decide_appeal(
            admin, CODE, _appeal(office), "granted", reason="it was",
            corrections=[Review(control=GATE, level=2, grade="E2", reason="signed in May")],
        ),
    )  # fmt: skip
    due = (office.clock() + timedelta(days=90)).date().isoformat()
    action = {"what": "Sign it again", "controls": [GATE], "keeper": "Head", "due": due,
              "budget": "an hour"}  # fmt: skip
    held: dict[str, str] = {}

    def save() -> None:
        held["code"] = improving.save_action(lead, *AT, action).code

    yield improving.save_action, "action-planned", save
    yield improving.hand_in_plan, "plan-handed-in", lambda: improving.hand_in_plan(lead, *AT)
    yield (
        improving.decide_plan, "plan-decided",
        lambda: improving.decide_plan(admin, *AT, accepts=True),
    )  # fmt: skip
    yield (
        improving.note_progress, "action-progressed",
        lambda: improving.note_progress(lead, *AT, held["code"], "done", seen_revision=1),
    )  # fmt: skip
    yield releasing.archive, "assessment-archived", lambda: releasing.archive(admin, *AT)


def _appeal(office: Any) -> str:
    with office.register.reading() as connection:
        return appeals.list_appeals(connection, open_only=True)[0].code
