"""An institution's evidence: the list, one piece with its history, and what is added to it."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.services.assessments import evidence, library
from cyberposture.services.assessments.library import Piece
from cyberposture.services.assessments.pieces import Description, Limits
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.people.names import names_of
from cyberposture.web.gaps import gaps_in
from cyberposture.web.network.showing import namer
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key
from cyberposture.web.uploads import Upload, as_download, read_upload

router = APIRouter(include_in_schema=False)
LIBRARY = "/institutions/{institution}/evidence"
PIECE = LIBRARY + "/{piece}"
SIGNS = {"current": "good", "soon": "warn", "expired": "bad", "withdrawn": "plain"}
"""The sign beside the word that says whether a piece still speaks."""
Typed = dict[str, str]
Faults = list[tuple[str, str]]


@dataclass(frozen=True)
class ShownPiece:
    """One piece in the words of its reader."""

    code: str
    title: str
    kind: str
    what: str
    dated: str
    expires: str
    keeper: str
    speaks: str
    sign: str
    state: str
    serves: tuple[tuple[str, str, str], ...]
    """Round, control and address of each card that it serves."""
    place: str
    has_file: bool


class PointForm(BaseModel):
    """A link, or what the institution holds itself."""

    form_key: str = Field("", max_length=200)
    kind: str = Field("", max_length=20)
    title: str = Field("", max_length=1000)
    dated: str = Field("", max_length=20)
    expires: str = Field("", max_length=20)
    keeper: str = Field("", max_length=1000)
    place: str = Field("", max_length=2000)
    sha256: str = Field("", max_length=200)


class ReasonForm(BaseModel):
    """Why something is done."""

    form_key: str = Field("", max_length=200)
    reason: str = Field("", max_length=5000)


def limits_of(visit: Visit) -> Limits:
    """Return how large a file may be, and how many pieces there may be."""
    settings = visit.portal.runtime.settings
    return Limits(settings.upload_bytes, settings.evidence_pieces)


def description_of(typed: Typed, default_title: str = "") -> Description:
    """Return what was typed of a piece.

    Raises:
        InvalidInput: a day is none.
    """
    faults, days = [], {}
    for name in ("dated", "expires"):
        text = typed.get(name, "").strip()
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            faults.append(Fault(name, "a day, such as 2026-11-30"))
    dated = days.get("dated")
    if dated is None and not faults:
        faults.append(Fault("dated", "the day that it is from"))
    if dated is None or faults:
        raise InvalidInput(faults)
    title = plain(typed.get("title", ""), 1_000) or default_title[:200]
    return Description(title, dated, days["expires"], plain(typed.get("keeper", ""), 1_000))


def faults_in(visit: Visit, error: InvalidInput) -> Faults:
    """Return the field and a sentence in the reader's language for each fault."""
    words = visit.words
    if isinstance(error, UnfitFile):
        return [(error.faults[0].where, str(words.say(f"evidence.file_fault.{error.problem}")))]
    return [
        (one.where, str(words.name("evidence.fault", one.where)))
        if f"evidence.fault.{one.where}" in words.keys
        else (one.where, one.what)
        for one in error.faults
    ]


def show_piece(visit: Visit, piece: Piece, zone: ZoneInfo, institution: str) -> ShownPiece:
    """Return a piece as its reader sees it."""
    record, words = piece.record, visit.words
    kind = record.media if record.kind == "file" and record.media else record.kind
    state: str = "unseen" if record.kind == "held" and record.seen_at is None else piece.speaks
    is_pointer = record.kind in ("link", "observation") and piece.speaks == "current"
    state = "pointer" if is_pointer else state
    rounds = f"/institutions/{institution}/rounds"
    return ShownPiece(
        code=record.code,
        title=record.title,
        kind=record.kind,
        what=words.name("evidence.kind", kind),
        dated=words.day(record.dated, zone),
        expires=words.day(record.expires, zone) if record.expires else "",
        keeper=record.keeper,
        speaks=piece.speaks,
        sign=SIGNS[piece.speaks] if state == piece.speaks else "plain",
        state=words.say(f"evidence.state.{state}"),
        serves=tuple(
            (
                one.round,
                one.control,
                f"{rounds}/{one.round}/answers/{one.control[:3]}#{one.control}",
            )
            for one in piece.serves
        ),
        place=record.place,
        has_file=record.kind == "file",
    )


@router.get(LIBRARY)
def show_library(
    visit: Annotated[Visit, Depends(Allowed("see-evidence"))],
    institution: str,
    withdrawn: bool = False,
) -> HTMLResponse:
    """Show what an institution has, what runs out first at the head."""
    return _show(visit, institution, withdrawn=withdrawn)


def _show(
    visit: Visit,
    institution: str,
    status: int = 200,
    *,
    withdrawn: bool = False,
    faults: Faults | None = None,
    typed: Typed | None = None,
) -> HTMLResponse:
    owner = get_institution(visit.register, institution).institution
    zone, title_of = ZoneInfo(owner.zone), namer(visit)
    found = library.list_library(visit.register, institution, with_withdrawn=withdrawn)
    pieces = [show_piece(visit, one, zone, institution) for one in found]
    return visit.show(
        "institution/evidence.html.j2",
        status,
        owner=owner,
        at=f"/institutions/{institution}/evidence",
        pieces=pieces,
        checks=[(one.id, title_of(one, one.id)) for one in visit.register.content.checks.checks],
        counts={key: sum(one.speaks == key for one in pieces) for key in SIGNS},
        withdrawn=withdrawn,
        may_attach=visit.may("attach-evidence", institution),
        faults=faults or [],
        typed=typed or {},
        today=visit.register.clock().astimezone(zone).date().isoformat(),
        megabytes=visit.portal.runtime.settings.upload_bytes // 1_000_000,
    )


@router.post(LIBRARY + "/upload")
async def add_file(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))], institution: str
) -> Response:
    """Take a file into the list."""
    form = Upload({}, None)
    try:
        form = await read_upload(visit, limits_of(visit).most_bytes)
        done = await run_in_threadpool(_add, visit, institution, form)
    except InvalidInput as error:
        faults = faults_in(visit, error)
        return await run_in_threadpool(
            lambda: _show(visit, institution, 422, faults=faults, typed=form.fields)
        )
    return visit.go(f"/institutions/{institution}/evidence", done)


def _add(visit: Visit, institution: str, form: Upload) -> str:
    if form.file is None:
        raise InvalidInput(Fault("file", "choose a file"))
    said = description_of(form.fields, form.file.name)
    done = evidence.add_file(visit.register, institution, form.file, said, limits=limits_of(visit))
    return "evidence-there" if done.was_there else "evidence-added"


@router.post(LIBRARY)
def add_pointer(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    form: Annotated[PointForm, Form()],
) -> Response:
    """List a link, what the institution holds itself, or what the network shows."""
    require_form_key(visit, form.form_key)
    typed, place = form.model_dump(), plain(form.place, 2_000)
    if form.kind == "observation":
        return _observe(visit, institution, place, typed)
    try:
        said = description_of(typed)
        if form.kind == "held":
            evidence.hold(
                visit.register, institution, said, sha256=form.sha256.strip().lower(),
                place=place, limits=limits_of(visit),
            )  # fmt: skip
        else:
            evidence.add_link(visit.register, institution, place, said, limits=limits_of(visit))
    except InvalidInput as error:
        # The fields of this form stand below those of the file's: they have names of their own.
        prefix = "held" if form.kind == "held" else "link"
        faults = [(f"{prefix}-{where}", what) for where, what in faults_in(visit, error)]
        return _show(visit, institution, 422, faults=faults, typed=typed)
    return visit.go(f"/institutions/{institution}/evidence", "evidence-added")


def _observe(visit: Visit, institution: str, check: str, typed: Typed) -> Response:
    try:
        evidence.add_observation(visit.register, institution, check, limits=limits_of(visit))
    except (NotFound, WrongState) as error:
        known = error.advice() if isinstance(error, NotFound) else None
        faults = [("observation-place", known or str(error))]
        return _show(visit, institution, 422, faults=faults, typed=typed)
    return visit.go(f"/institutions/{institution}/evidence", "evidence-added")


@router.get(PIECE)
def show_one(
    visit: Annotated[Visit, Depends(Allowed("see-evidence"))], institution: str, piece: str
) -> HTMLResponse:
    """Show one piece with all its revisions."""
    return _show_one(visit, institution, piece)


def _show_one(
    visit: Visit,
    institution: str,
    code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: Typed | None = None,
) -> HTMLResponse:
    owner = get_institution(visit.register, institution).institution
    zone, words = ZoneInfo(owner.zone), visit.words
    found = library.get_piece(visit.register, institution, code)
    record = found.piece.record
    names = names_of(visit.register, [one.act.actor for one in found.revisions])
    revisions = [
        {
            "number": one.revision,
            "when": words.minute(one.act.at, zone),
            "who": names.get(one.act.actor, one.act.actor),
            "what": words.say(_what_happened(one.revision, one.withdrawn_at, one.seen_at)),
            "why": one.act.reason,
            "sha256": one.sha256 or "",
            "bytes": one.size_bytes,
        }
        for one in found.revisions
    ]
    return visit.show(
        "institution/evidence-piece.html.j2",
        status,
        owner=owner,
        at=f"/institutions/{institution}/evidence",
        piece=show_piece(visit, found.piece, zone, institution),
        record=record,
        revisions=revisions,
        may_attach=visit.may("attach-evidence", institution) and record.withdrawn_at is None,
        may_review=visit.may("review", institution) and record.kind == "held",
        faults=faults or [],
        typed=typed or {"title": record.title, "keeper": record.keeper},
        today=visit.register.clock().astimezone(zone).date().isoformat(),
        megabytes=visit.portal.runtime.settings.upload_bytes // 1_000_000,
    )


def _what_happened(revision: int, withdrawn_at: object, seen_at: object) -> str:
    if withdrawn_at is not None:
        return "evidence.was_withdrawn"
    if seen_at is not None:
        return "evidence.was_seen"
    return "evidence.was_added" if revision == 1 else "evidence.was_replaced"


@router.get(PIECE + "/file")
def give_out(
    visit: Annotated[Visit, Depends(Allowed("see-evidence"))],
    institution: str,
    piece: str,
    revision: int | None = None,
) -> Response:
    """Give out a file, to be saved and not shown."""
    return as_download(library.give_out(visit.register, institution, piece, revision))


@router.post(PIECE + "/upload")
async def replace_file(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))], institution: str, piece: str
) -> Response:
    """Put a newer file in the place of a piece."""
    form = Upload({}, None)
    try:
        form = await read_upload(visit, limits_of(visit).most_bytes)
        await run_in_threadpool(_replace, visit, institution, piece, form)
    except InvalidInput as error:
        faults = faults_in(visit, error)
        return await run_in_threadpool(
            lambda: _show_one(visit, institution, piece, 422, faults=faults, typed=form.fields)
        )
    return visit.go(f"/institutions/{institution}/evidence/{piece}", "evidence-replaced")


def _replace(visit: Visit, institution: str, code: str, form: Upload) -> None:
    if form.file is None:
        raise InvalidInput(Fault("file", "choose a file"))
    said = description_of(form.fields, form.file.name)
    evidence.replace_file(
        visit.register, institution, code, form.file, said, limits=limits_of(visit)
    )


@router.post(PIECE + "/withdraw")
def withdraw(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    piece: str,
    form: Annotated[ReasonForm, Form()],
) -> Response:
    """Let a piece speak for nothing any more."""
    require_form_key(visit, form.form_key)
    reason = plain(form.reason)
    if gaps := gaps_in(visit.words, why=reason):
        return _show_one(visit, institution, piece, 422, faults=list(gaps.items()))
    evidence.withdraw(visit.register, institution, piece, reason=reason)
    return visit.go(f"/institutions/{institution}/evidence/{piece}", "evidence-withdrawn")


@router.post(PIECE + "/seen")
def confirm_seen(
    visit: Annotated[Visit, Depends(Allowed("review"))],
    institution: str,
    piece: str,
    form: Annotated[ReasonForm, Form()],
) -> Response:
    """Record that a reviewer saw it where the institution holds it."""
    require_form_key(visit, form.form_key)
    try:
        evidence.confirm_seen(visit.register, institution, piece, reason=plain(form.reason))
    except InvalidInput as error:
        return _show_one(visit, institution, piece, 422, faults=faults_in(visit, error))
    return visit.go(f"/institutions/{institution}/evidence/{piece}", "evidence-seen")
