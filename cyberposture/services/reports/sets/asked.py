"""Asks for a set of reports on the portal, and says how far each is: the clock makes them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.model.reports import Audience
from cyberposture.services.register import Register
from cyberposture.services.reports.published import list_untold
from cyberposture.services.reports.sets.plan import (
    LANGUAGES,
    SetWanted,
    plan_set,
    wanted_of,
)
from cyberposture.store import report_sets as store
from cyberposture.store.report_sets import AskedSet, State
from cyberposture.store.tables.columns import stable_json

READERS: Final[dict[str, tuple[Audience, str]]] = {
    "minister": ("board", ""),
    "board": ("board", "institution"),
    "sector": ("sector", "sector"),
    "cert": ("cert", ""),
    "public": ("public", ""),
}
"""For whom a set is made, in the words of a form: each row of what sets hold has one name."""
MOST_WAITING = 10
"""So many sets wait at most: each may take minutes. Source: our own default."""
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SetAsked:
    """A set as a page shows it: what was asked for, by whom, and what came of it."""

    code: str
    reader: str
    round: str
    about: str
    """The code of the institution or sector that it is about, '' where it is about neither."""
    languages: tuple[str, ...]
    asked_by: str
    asked_at: datetime
    state: State
    ended_at: datetime | None
    told: Mapping[str, Any]


def ask(
    register: Register,
    reader: str,
    round_code: str,
    about: str = "",
    *,
    language: str = "both",
    with_pdf: bool = True,
) -> str:
    """Ask for a set, and return its code; `about` is an institution or a sector, as `reader` needs.

    Raises:
        InvalidInput: a field is missing, or names what is not there.
        WrongState: there is nothing to tell of the round yet; this very set is under way already;
            or too many are.
    """
    wanted = _wanted(reader, round_code, about, language, with_pdf)
    with register.reading() as connection:
        try:
            if wanted.audience == "public":
                _require_tellable(connection, round_code, register.clock())
            else:
                plan_set(register, connection, wanted)
        except NotFound as error:
            field = "round" if error.kind == "round" else "about"
            raise InvalidInput(Fault(field, str(error))) from error
    document = document_of(wanted)
    slug = f"{reader}-{hashlib.sha256(stable_json(document).encode()).hexdigest()[:16]}"
    with register.change("report-set-asked") as change:
        under_way = store.list_asked(change.connection, states=store.UNDER_WAY)
        if any(one.slug == slug for one in under_way):
            raise WrongState("this very set is being made already", advice="wait until it is there")
        if len(under_way) >= MOST_WAITING:
            raise WrongState("many sets are waiting to be made", advice="try again later")
        made = store.insert_asked(change.connection, change.by, slug, document)
        change.subject = made.code
        change.tell(**document)
    return made.code


def _require_tellable(connection: Connection, round_code: str, now: datetime) -> None:
    """Return if the public may be told of a round; its figures are fixed when the set is made.

    Raises:
        NotFound: there is no such round.
        InvalidInput: it is not over.
    """
    try:
        list_untold(connection, round_code, now)
    except WrongState as error:
        raise InvalidInput(Fault("round", str(error)), advice=error.advice()) from error


def _wanted(reader: str, round_code: str, about: str, language: str, with_pdf: bool) -> SetWanted:
    if reader not in READERS:
        raise InvalidInput(Fault("reader", "choose one of these"))
    faults = []
    if not round_code:
        faults.append(Fault("round", "choose a round"))
    if language not in (*LANGUAGES, "both"):
        faults.append(Fault("language", "choose one of these"))
    audience, needs = READERS[reader]
    if needs and not about:
        faults.append(Fault("about", f"choose whose set it is: the {needs}"))
    if about and not needs:
        faults.append(Fault("about", "this set is about all together: leave it empty"))
    if faults:
        raise InvalidInput(faults)
    return wanted_of(
        audience, round_code, about if needs == "institution" else None,
        about if needs == "sector" else None, language=language, with_pdf=with_pdf,
    )  # fmt: skip


def document_of(wanted: SetWanted) -> dict[str, Any]:
    """Return what is wanted as it is kept; `wanted_from` reads it again."""
    return {
        "audience": wanted.audience,
        "round": wanted.round_code,
        "institution": wanted.institution,
        "sector": wanted.sector,
        "language": "both" if len(wanted.languages) > 1 else wanted.languages[0],
        "pdf": wanted.with_pdf,
    }


def wanted_from(document: Mapping[str, Any]) -> SetWanted:
    """Return what was asked for."""
    return wanted_of(
        document["audience"], document["round"], document["institution"], document["sector"],
        language=document["language"], with_pdf=document["pdf"],
    )  # fmt: skip


def reader_of(wanted: SetWanted) -> str:
    """Return for whom a set is made, as a form names it."""
    names = {held: name for name, held in READERS.items()}
    return names[wanted.audience, wanted.about]


def list_sets(register: Register) -> list[SetAsked]:
    """Return the sets that were asked for of late, the newest first."""
    with register.reading() as connection:
        return [_shown(one) for one in store.list_asked(connection, limit=MOST_SHOWN)]


def _shown(one: AskedSet) -> SetAsked:
    wanted = wanted_from(one.wanted)
    return SetAsked(
        code=one.code,
        reader=reader_of(wanted),
        round=wanted.round_code,
        about=wanted.institution or wanted.sector or "",
        languages=wanted.languages,
        asked_by=one.act.actor,
        asked_at=one.act.at,
        state=one.state,
        ended_at=one.ended_at,
        told=one.told,
    )
