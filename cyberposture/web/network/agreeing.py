"""Agreeing to go on after a stop: the same form for the CERT and for an institution."""

from collections.abc import Callable

from fastapi import Response

from cyberposture.errors import CyberpostureError
from cyberposture.model.people import Role
from cyberposture.services.permission import stop
from cyberposture.web.network.filled import KEY, Form, Trouble, key_of, missing, trouble_of
from cyberposture.web.surroundings import Visit, require_form_key


def roles_to_agree(visit: Visit, institution: str | None) -> list[Role]:
    """Return the roles in which this person may agree that is sent again."""
    return list(
        dict.fromkeys(
            one.role
            for one in visit.person.memberships
            if one.role in stop.ANALYSTS or (institution and one.institution == institution)
        )
    )


def agree(
    visit: Visit,
    code: str,
    form: Form,
    again: Callable[[Trouble], Response],
    *,
    roles: list[Role],
    place: str,
) -> Response:
    """Record that whoever is signed in agrees, and go to `place`; or show the form again."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, KEY)
    role = next((one for one in roles if one == form["role"]), roles[0] if roles else None)
    if role is None:
        trouble = Trouble(403, {"": str(visit.words.say("net.reason.wrong-role"))})
    if trouble is not None or role is None:
        return again(trouble or Trouble(403, {}))
    try:
        is_over = stop.agree_to_resume(
            visit.register, code, visit.person.person, role, key_of(form)
        )
    except CyberpostureError as error:
        return again(trouble_of(visit, error))
    return visit.go(place, "resumed" if is_over else "agreed")
