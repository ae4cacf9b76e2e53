"""Single sign-on as the settings say: the house that people may come in by, if there is one."""

from fastapi import Request, Response

from cyberposture.errors import MissingService
from cyberposture.services.people.second_factors import Place
from cyberposture.services.people.single_sign_on import Provider
from cyberposture.web.surroundings import COOKIE, Portal

BACK = "/sign-in/sso/back"
STEP_COOKIE = "step"
LINK_COOKIE = "link"
STEP_S = 600


def place_of(portal: Portal) -> Place:
    """Return where the portal is, as browsers name it."""
    return Place(portal.runtime.settings.portal_url)


def provider_of(portal: Portal) -> Provider | None:
    """Return the house that people may come in by, or None where the settings name none.

    Raises:
        MissingService: the file of the shared secret cannot be read.
    """
    settings = portal.runtime.settings
    if settings.sso_issuer is None or settings.sso_client is None:
        return None
    secret = ""
    if settings.sso_secret_file is not None:
        try:
            secret = settings.sso_secret_file.read_text().strip()
        except OSError as error:
            raise MissingService("the secret of the single sign-on cannot be read") from error
    return Provider(
        issuer=settings.sso_issuer,
        client=settings.sso_client,
        secret=secret,
        back=f"{settings.portal_url}{BACK}",
        strong=settings.strong_sign_ons,
    )


def browser_of(request: Request) -> str:
    """Return what a browser says that it is."""
    return request.headers.get("user-agent", "")


def keep_session(portal: Portal, answer: Response, token: str) -> Response:
    """Let the browser keep a session, and bring back to no other site."""
    answer.set_cookie(
        COOKIE, token, httponly=True, secure=portal.is_secure, samesite="strict", path="/"
    )
    return answer


def keep_step(portal: Portal, answer: Response, name: str, token: str) -> Response:
    """Let the browser keep a step that is half done, through the way to the other house and back.

    It comes back from another site, which a strict cookie would not survive.
    """
    answer.set_cookie(
        name, token, max_age=STEP_S, httponly=True, secure=portal.is_secure, samesite="lax",
        path="/sign-in/sso",
    )  # fmt: skip
    return answer
