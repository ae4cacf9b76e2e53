"""A round that is run by its plan, with reviewers: short cuts for the tests of its life."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cyberposture.model.assessments import Review
from cyberposture.model.campaigns import RoundPlan
from cyberposture.services.assessments import assess, campaigns, submission
from cyberposture.services.review import assigning, clarifying, finding, releasing, taking_up
from cyberposture.services.review.standing import Item, list_items
from cyberposture.services.scores.basis import gather_basis
from cyberposture.store import assessments, institutions, rounds

CODE, ROUND = "hill-office", "autumn"
GATE, OTHER = "GOV-01", "IAM-09"


class Bench:
    """One institution in one planned round, and everybody who has to do with its review."""

    def __init__(self, office: Any) -> None:
        self.office = office
        self.admin = office.acting("c-chief", "cert-administrator")
        self.first = office.acting("r-first", "reviewer")
        self.second = office.acting("r-second", "reviewer")
        self.third = office.acting("r-third", "reviewer")

    def found(self, **levels: Any) -> "Bench":
        """Register the institution, plan the round, and have it answered."""
        office = self.office
        office.institution(CODE)
        office.invite("l-lead", "institution-lead", institution=CODE)
        office.invite("s-sign", "signatory", institution=CODE)
        self.lead = replace(office.register, actor="l-lead")
        self.signatory = replace(office.register, actor="s-sign")
        office.open_round(ROUND)
        campaigns.plan_round(self.admin, ROUND, self.plan())
        assess.open_assessment(office.register, CODE, ROUND)
        office.answer(CODE, ROUND, **levels)
        return self

    def plan(self, **changes: Any) -> RoundPlan:
        """Return a plan of one cohort that holds everybody."""
        now = self.office.clock()
        cohort = {"code": "all", "title": "Everybody", "begins": now - timedelta(days=1),
                  "due": now + timedelta(days=30)}  # fmt: skip
        return RoundPlan.model_validate({"cohorts": [cohort], "drawn_share": 0} | changes)

    def hand_in(self) -> "Bench":
        """Hand the answers in."""
        submission.submit(self.office.register, CODE, ROUND)
        return self

    def taken_up(self) -> "Bench":
        """Hand in, give the review to two, and begin it."""
        self.hand_in()
        self.assign("r-first", "first")
        self.assign("r-second", "second")
        taking_up.take_up(self.admin, CODE, ROUND)
        return self

    def assign(self, person: str, part: Any) -> None:
        """Give a part of the review to a person."""
        assigning.assign(self.admin, CODE, ROUND, person, part)

    def say(self, who: Any, control: str, level: int = 2, seen: int = 1, **other: Any) -> str:
        """Have a reviewer say what they found."""
        given = Review.model_validate(
            {"control": control, "level": level, "grade": "E2", "reason": "seen on site"} | other
        )
        return finding.give_opinion(who, CODE, ROUND, given, seen_revision=seen)

    def review_all(self, level: int = 2) -> "Bench":
        """Review everything that must be, both agreeing."""
        for item in self.items():
            if item.is_due:
                self.say(self.first, item.control, level, self.revision(item.control))
                if item.risk.is_gate:
                    self.say(self.second, item.control, level, self.revision(item.control))
        return self

    def released(self) -> "Bench":
        """Review everything and show the preliminary result."""
        self.taken_up().review_all()
        releasing.release(self.admin, CODE, ROUND)
        return self

    def revision(self, control: str) -> int:
        """Return the revision of the present answer."""
        standing = assess.list_standing(self.office.register, CODE, ROUND)
        answer = standing[control].answer
        return 0 if answer is None else answer.revision

    def items(self) -> tuple[Item, ...]:
        """Return every claim with where it stands."""
        register = self.office.register
        with register.reading() as connection:
            basis = gather_basis(register, connection, CODE, ROUND, register.clock())
            return list_items(connection, basis)

    def stand(self, control: str) -> str:
        """Return where one control stands."""
        return next(one.stand for one in self.items() if one.control == control)

    def record(self) -> Any:
        """Return the assessment as it stands."""
        with self.office.register.reading() as connection:
            round_id = rounds.get_round(connection, ROUND).id
            owner = institutions.get_institution_id(connection, CODE)
            return assessments.get_assessment(connection, owner, round_id)

    def state(self) -> str:
        """Return the state of the assessment."""
        return self.record().state

    def ask(self, control: str, question: str = "Since when?") -> None:
        """Have the first reviewer ask back."""
        clarifying.ask_back(self.first, CODE, ROUND, control, question)
