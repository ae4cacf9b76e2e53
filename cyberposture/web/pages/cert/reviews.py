"""The reviewer's desk: what was handed in, one assessment with its claims in order of risk."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.services.people.names import names_of
from cyberposture.services.review import reading, taking_up
from cyberposture.services.review.reading import UnderReview
from cyberposture.web.pages.cert.claims import title_in
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
DESK = "/cert/reviews"
ONE = "/cert/reviews/{institution}/{round_code}"


class PressForm(BaseModel):
    """A form of one button."""

    form_key: str = Field("", max_length=200)


@router.get(DESK)
def show_desk(visit: Annotated[Visit, Depends(Allowed("see-review-queue"))]) -> HTMLResponse:
    """Show what was handed in: all of it to an administrator, else what was given to the person."""
    sees_all = visit.may("release-result")
    person = None if sees_all else visit.person.person
    found = reading.list_desk(visit.register, person=person)
    people = names_of(visit.register, {who for one in found for who in one.reviewers.values()})
    return visit.show(
        "cert/reviews.html.j2", found=found, people=people, sees_all=sees_all,
        me=visit.person.person,
    )  # fmt: skip


@router.get(ONE)
def show_review(
    visit: Annotated[Visit, Depends(Allowed("review"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show one assessment: what must be looked at first, and what is settled."""
    found = reading.read_review(visit.register, institution, round_code)
    titles = {one.id: title_in(visit.words, found.asked, one) for one in found.asked.controls}
    return visit.show(
        "cert/review.html.j2", found=found, asked=found.asked, titles=titles,
        settled=sum(one.stand == "settled" for one in found.items),
        next=_next(found),
    )  # fmt: skip


def _next(found: UnderReview) -> str:
    """Return the control that the person does best to look at next; empty: nothing is left."""
    own = [
        one.control
        for one in found.items
        if one.stand in ("open", "half", "differs")
        and (found.part == "third") == (one.stand == "differs")
        and found.part not in one.spoke
    ]
    must = {one.control for one in found.items if one.is_due}
    return next((c for c in own if c in must), own[0] if own else "")


@router.post(f"{ONE}/begin")
def begin(
    visit: Annotated[Visit, Depends(Allowed("review"))],
    institution: str,
    round_code: str,
    form: Annotated[PressForm, Form()],
) -> Response:
    """Take up what was handed in."""
    require_form_key(visit, form.form_key)
    taking_up.take_up(visit.register, institution, round_code)
    return visit.go(f"{DESK}/{institution}/{round_code}", "review-begun")
