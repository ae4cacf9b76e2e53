"""Who asks through the API, and what is said when nothing is given: problems in plain JSON.

A cookie opens nothing here, so no form of another site can act. Source of the shape of problems:
RFC 9457, 3.1.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from pydantic import BaseModel, Field

from cyberposture.errors import NotAuthorised
from cyberposture.services.people.signing_in import SignedIn
from cyberposture.services.people.tokens import Scope, find_bearer
from cyberposture.web.access import Action
from cyberposture.web.surroundings import DOOR, Visit, allow, portal_of

PREFIX = "/api/v1"
_SCHEME = HTTPBearer(auto_error=False, description="A token made under 'Tokens' in the portal.")


class FaultShape(BaseModel):
    """One thing that is wrong, and where."""

    where: str = Field(description="The place of the fault: a field, or a part of the address.")
    what: str = Field(description="What is wrong there.")


class Problem(BaseModel):
    """Why a request was not carried out."""

    type: str = Field(description="A short word for the kind of problem; it never changes.")
    title: str = Field(description="The standard words for the status.")
    status: int
    detail: str = Field(description="What happened, in a sentence.")
    advice: str = Field(default="", description="What to do next.")
    faults: list[FaultShape] = Field(default_factory=list)


class NoToken(NotAuthorised):
    """No token that is in use came with the request."""


def is_for_machines(request: Request) -> bool:
    """Return whether a request came through the API, so that its problems are told in JSON."""
    return request.url.path.startswith(f"{PREFIX}/")


def problem(status: int, kind: str, detail: str, **more: Any) -> JSONResponse:
    """Return a problem as an answer."""
    title = HTTPStatus(status).phrase
    said = Problem(type=kind, title=title, status=status, detail=detail, **more)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(
        said.model_dump(), status, headers=headers, media_type="application/problem+json"
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how a route describes the problems that it may answer with."""
    shape = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": shape}
        for status in (401, 403, 404, 422, *statuses)
    }


def bearer(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)],
) -> tuple[SignedIn, frozenset[str]]:
    """Return for whom a token speaks, and what it may be used for.

    Raises:
        NoToken: there is none, or it is not in use.
    """
    found = None
    if given is not None:
        found = find_bearer(portal_of(request).register_of(DOOR), given.credentials)
    if found is None:
        raise NoToken("no-token", "this needs a token that is in use, sent as: Bearer TOKEN")
    return SignedIn(found.person, found.name, "", found.memberships), found.scopes


@dataclass(frozen=True)
class Permitted:
    """The dependency by which a route of the API declares action and purpose, and is guarded."""

    action: Action
    scope: Scope | None
    """The purpose that the token must be for; None: any."""

    def __call__(
        self,
        request: Request,
        who: Annotated[tuple[SignedIn, frozenset[str]], Depends(bearer)],
    ) -> Visit:
        """Return the visit of a machine that acts for somebody who may do this here.

        Raises:
            NotAuthorised: the token is not for this purpose, or its owner's roles do not allow it.
        """
        person, scopes = who
        if self.scope is not None and self.scope not in scopes:
            raise NotAuthorised("wrong-scope", f"this token is not for {self.scope}")
        return allow(request, person, self.action)
