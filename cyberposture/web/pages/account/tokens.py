"""Tokens by which one's own tools act: made for named purposes, shown once, ended at any time."""

from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput
from cyberposture.services.people import tokens
from cyberposture.store.tokens import TokenRecord
from cyberposture.web.pages.account.again import ask_again, is_fresh
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/account/tokens"
USUAL_DAYS = 90
Keeper = Annotated[Visit, Depends(Allowed("keep-tokens"))]


class TokenForm(BaseModel):
    """What the form sends: a name, purposes, and for how many days."""

    form_key: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=500)
    scopes: list[str] = Field(default_factory=list, max_length=20)
    days: str = Field(default=str(USUAL_DAYS), max_length=10)


@router.get(PLACE)
def show_tokens(visit: Keeper) -> HTMLResponse:
    """Show the tokens of whoever is signed in."""
    return _show(visit, TokenForm(), {})


@router.post(PLACE)
def make_token(visit: Keeper, form: Annotated[TokenForm, Form()]) -> Response:
    """Make a token and show its secret, this once."""
    require_form_key(visit, form.form_key)
    again = ask_again(visit, PLACE)
    if again is not None:
        return again
    days = int(form.days) if form.days.isdecimal() else 0
    try:
        made, secret = tokens.make_token(
            visit.register, plain(form.name, 200), tuple(form.scopes), days
        )
    except InvalidInput as error:
        where = [fault.where for fault in error.faults]
        faults = {name: str(visit.words.say(f"tokens.fault.{name}")) for name in where}
        return _show(visit, form, faults)
    return visit.show("account/token-made.html.j2", secret=secret, name=made.name)


@router.post(f"{PLACE}/{{token_id}}/end")
def end_token(
    visit: Keeper, token_id: UUID, form_key: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """End one of one's own tokens."""
    require_form_key(visit, form_key)
    tokens.end_token(visit.register, token_id)
    return visit.go(PLACE, "token-ended")


def _show(visit: Visit, form: TokenForm, faults: dict[str, str]) -> HTMLResponse:
    now, zone = visit.register.clock(), ZoneInfo("UTC")

    def row(one: TokenRecord) -> dict[str, Any]:
        state = "ended" if one.ended_at else "over" if one.ends_at <= now else "running"
        used = visit.words.minute(one.used_at, zone) if one.used_at else ""
        return {
            "id": one.id, "name": one.name, "scopes": one.scopes, "state": state,
            "ends": visit.words.day(one.ends_at, zone), "used": used,
        }  # fmt: skip

    return visit.show(
        "account/tokens.html.j2", 422 if faults else 200,
        rows=[row(one) for one in tokens.list_tokens(visit.register)], scopes=tokens.SCOPES,
        form=form, fault=faults, faults=list(faults.items()), longest=tokens.LONGEST_DAYS,
        is_fresh=is_fresh(visit),
    )  # fmt: skip
