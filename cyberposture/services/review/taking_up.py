"""A review begins: what was handed in is taken up, and a share of its claims is drawn by chance."""

import secrets

from cyberposture.errors import WrongState
from cyberposture.model.campaigns import RoundPlan
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.points import value_of
from cyberposture.scoring.reconcile import cases
from cyberposture.scoring.sampling import Drawn, Unit, draw
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.people.roles import ADMINISTRATORS, REVIEWERS, require_role
from cyberposture.services.register import Register
from cyberposture.services.review.holding import hold
from cyberposture.services.scores.basis import gather_basis
from cyberposture.store import review_assignments, review_draws, round_plans
from cyberposture.store.steps import take_step

DEFAULT_SHARE: int = RoundPlan.model_fields["drawn_share"].default


def frame_of(document: ScoreDocument) -> tuple[Unit, ...]:
    """Return every claim of a level that could be drawn; gates are a part of certainty.

    A claim that a control does not apply has no points that could be compared; it is reviewed in
    any case.
    """
    return tuple(
        Unit(
            key=case.control.id,
            part="gate" if case.control.gate else "drawn",
            is_certain=case.control.gate,
            weight=case.control.weight,
            claimed=value_of(document.parameters, case.level),
        )
        for case in cases(document)
        if case.is_applicable and not case.is_network_only and case.level is not None
    )


def take_up(register: Register, institution: str, round_code: str) -> tuple[Drawn, ...]:
    """Begin the review of what was handed in, and return the frame with what was drawn.

    The seed is the round's own, with the institution's code behind it, so that one secret decides
    every draw of a round and anybody who learns it later can repeat them all.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is neither a reviewer nor an administrator.
        WrongState: it was not handed in, or has no first reviewer yet.
    """
    with register.change("review-begun", institution) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS | REVIEWERS, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        given = review_assignments.list_assignments(connection, assessment_id=assessment.id)
        if not any(one.part == "first" for one in given):
            raise WrongState(
                "nobody reviews this yet",
                advice="give it to a first reviewer: cyberposture assessment assign",
            )
        take_step(connection, assessment.id, "take up", change.by)
        plan = round_plans.find_plan(connection, assessment.round_id)
        share = DEFAULT_SHARE
        seed = secrets.token_hex(16)
        if plan is not None:
            share, seed = RoundPlan.model_validate(plan.plan).drawn_share, plan.seed
        basis = gather_basis(register, connection, institution, round_code, change.now)
        drawn = draw(frame_of(basis.document), f"{seed}/{institution}", share)
        kept = review_draws.insert_draw(
            connection, change.institution_id, assessment.id, change.by,
            seed=seed, share=share, frame=[one.model_dump(mode="json") for one in drawn],
        )  # fmt: skip
        count = sum(one.is_drawn for one in drawn)
        change.tell(round=round_code, draw=kept.number, share=share, frame=len(drawn), drawn=count)
    return drawn
