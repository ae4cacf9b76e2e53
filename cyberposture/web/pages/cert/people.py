"""Everybody who acts, as the CERT keeps them."""

from typing import Annotated

from fastapi import Depends, Form
from fastapi.responses import Response

from cyberposture.web.belonging import disable, people_router
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = people_router("/cert/people", "keep-people", "keep-people")


@router.post("/cert/people/{person}/disable")
def disable_person(
    visit: Annotated[Visit, Depends(Allowed("keep-people"))],
    person: str,
    form_key: Annotated[str, Form(max_length=200)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Let a person act no more."""
    require_form_key(visit, form_key)
    return disable(visit, person, reason)
