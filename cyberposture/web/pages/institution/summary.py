"""The summary that a signatory and the lead read, and what they do with it: sign, hand in."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.model.controls import Control
from cyberposture.services.assessments import attesting, submission
from cyberposture.services.assessments.answers_digest import Attested, in_groups
from cyberposture.services.people.names import names_of
from cyberposture.services.scores.summary import Summary, read_summary
from cyberposture.web.pages.institution.evidence import Faults, Typed, faults_in
from cyberposture.web.surroundings import (
    Allowed,
    Visit,
    plain,
    reached_elsewhere,
    require_form_key,
)
from cyberposture.web.uploads import Upload, as_download, read_upload

router = APIRouter(include_in_schema=False)
ROUND = "/institutions/{institution}/rounds/{round_code}"
MOST_SEEN = 3
"""So many sentences of the network stand beside a claim."""
MOST_NAMED = 12
"""So many controls are named where a list of them would be long; the others are counted."""


_HANDED = {"submitted", "in-review", "preliminary", "finalised", "archived"}
"""The states in which nothing is left to be signed or handed in."""


@dataclass(frozen=True)
class Place:
    """Which assessment is meant."""

    institution: str
    round_code: str

    @property
    def round_at(self) -> str:
        """The address below which the round's pages stand."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}"

    @property
    def path(self) -> str:
        """The summary's address."""
        return f"{self.round_at}/summary"

    @property
    def where(self) -> tuple[str, str]:
        """Institution and round, as services take them."""
        return self.institution, self.round_code


@dataclass(frozen=True)
class ShownControl:
    """A control as the summary names it, with the way to its card."""

    id: str
    title: str
    path: str
    notes: tuple[str, ...] = ()


class KeyForm(BaseModel):
    """A form of one button."""

    form_key: str = Field("", max_length=200)


class PersonForm(KeyForm):
    """For whom a link is made."""

    person: str = Field("", max_length=100)


class CodeForm(KeyForm):
    """What the authenticator shows, and that the page was read."""

    code: str = Field("", max_length=20)
    read: str = Field("", max_length=10)


@router.get(ROUND + "/summary")
def show_summary(
    visit: Annotated[Visit, Depends(Allowed("see-summary"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show what there is to know before signing or handing in."""
    return _show(visit, place)


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: Typed | None = None,
    link: str = "",
    is_over: bool = False,
) -> HTMLResponse:
    found = read_summary(visit.register, *place.where)
    blockers = submission.list_blockers(visit.register, *place.where)
    zone = ZoneInfo(found.institution.zone)
    is_open = not any(one.kind in ("state", "closed") for one in blockers)
    return visit.show(
        "institution/summary.html.j2",
        status,
        place=place,
        language_at=place.path,
        blockers=[
            (one.kind, one.controls[:MOST_NAMED], max(0, len(one.controls) - MOST_NAMED))
            for one in blockers
        ],
        is_open=is_open,
        is_lead=visit.may("submit", place.institution),
        may_attest=is_open and visit.may("attest", place.institution),
        may_submit=is_open and visit.may("submit", place.institution),
        signatories=attesting.list_signatories(visit.register, place.institution),
        received=[
            (one.receipt or str(one.number), visit.words.minute(one.act.at, zone))
            for one in reversed(found.submissions)
        ],
        faults=faults or [],
        typed=typed or {},
        link=link,
        reached_at=reached_elsewhere(visit.request),
        is_handed=bool(found.submissions) and found.state in _HANDED,
        is_over=is_over,
        today=visit.register.clock().astimezone(zone).date().isoformat(),
        megabytes=visit.portal.runtime.settings.upload_bytes // 1_000_000,
        **_about(visit, place, found),
    )


def _about(visit: Visit, place: Place, found: Summary) -> dict[str, object]:
    """Return what summary, signing page and paper have in common."""
    words, zone = visit.words, ZoneInfo(found.institution.zone)
    texts = in_language(found.translations, words.language)

    def shown(control: Control, *notes: str) -> ShownControl:
        path = f"{place.round_at}/answers/{control.domain}#{control.id}"
        return ShownControl(control.id, texts.title_of(control), path, notes)

    return {
        "found": found,
        "domain_names": {one.id: one.title for one in found.domains}
        | dict(found.domain_names.get(words.language, {})),
        "due": words.day(found.due, zone),
        "gates": len(found.gates),
        "gates_by_why": [
            (words.say(f"summary.gate_{why}"), [shown(one) for one in held])
            for why in ("low", "bare", "contradicted")
            if (held := [one for one in found.gates if _why(found, one) == why])
        ],
        "contradicted": [shown(one.control, *one.seen[:MOST_SEEN]) for one in found.contradicted],
        "bare": [shown(one) for one in found.bare],
        "aside": [shown(one.control, one.reason) for one in found.not_applicable],
        "answered": len(found.now.revisions),
        "said": {
            domain.id: [
                (one, texts.title_of(one.control))
                for one in found.said
                if one.control.domain == domain.id
            ]
            for domain in found.domains
        },
        "groups": in_groups(found.now.digest),
        "attested": _attested(visit, found.attested, zone),
        "can_find": visit.may("see-answers", place.institution),
    }


def _why(found: Summary, gate: Control) -> str:
    """Return why a gate holds the result: a claim not borne out, or a level that is too low."""
    if gate in [one.control for one in found.contradicted]:
        return "contradicted"
    return "bare" if gate in found.bare else "low"


def _attested(visit: Visit, attested: Attested | None, zone: ZoneInfo) -> dict[str, object] | None:
    if attested is None:
        return None
    words, record = visit.words, attested.record
    names = names_of(visit.register, [one.who for one in attested.changed])
    return {
        "name": record.signatory_name,
        "day": words.day(record.signed_on, zone),
        "method": words.say(f"attest.method.{record.method}"),
        "proves": words.say(f"attest.proves.{record.method}"),
        "holds": attested.holds,
        "groups": in_groups(record.digest)[:4],
        "scan": record.scan_sha256,
        "changed": [
            (one.control, words.minute(one.at, zone), names.get(one.who, one.who))
            for one in attested.changed[:MOST_NAMED]
        ],
        "more": max(0, len(attested.changed) - MOST_NAMED),
    }


@router.get(ROUND + "/summary/paper")
def show_paper(
    visit: Annotated[Visit, Depends(Allowed("see-summary"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show the sheet that is printed and signed by hand."""
    found = read_summary(visit.register, *place.where)
    zone = ZoneInfo(found.institution.zone)
    printed = visit.words.minute(visit.register.clock(), zone)
    return visit.show(
        "institution/attestation-paper.html.j2", 200, place=place, printed=printed,
        **_about(visit, place, found),
    )  # fmt: skip


@router.post(ROUND + "/attest-link")
def make_link(
    visit: Annotated[Visit, Depends(Allowed("submit"))],
    place: Annotated[Place, Depends()],
    form: Annotated[PersonForm, Form()],
) -> Response:
    """Make a link for a signatory and show it, this one time."""
    require_form_key(visit, form.form_key)
    try:
        token = attesting.make_link(visit.register, *place.where, form.person)
    except (NotAuthorised, NotFound):
        said = str(visit.words.say("attest.fault.person"))
        return _show(visit, place, 422, faults=[("person", said)])
    link = f"{visit.portal.address}{place.round_at}/attest/{token}"
    return _show(visit, place, link=link)


@router.post(ROUND + "/attest")
def begin(
    visit: Annotated[Visit, Depends(Allowed("attest"))],
    place: Annotated[Place, Depends()],
    form: Annotated[KeyForm, Form()],
) -> Response:
    """Begin to sign: a link of the signatory's own, followed at once."""
    require_form_key(visit, form.form_key)
    token = attesting.make_link(visit.register, *place.where, visit.person.person)
    return visit.go(f"{place.round_at}/attest/{token}")


@router.get(ROUND + "/attest/{signing}")
def show_attest(
    visit: Annotated[Visit, Depends(Allowed("attest"))],
    place: Annotated[Place, Depends()],
    signing: str,
) -> Response:
    """Show what is signed, and ask for the code."""
    return _show_attest(visit, place, signing)


def _show_attest(
    visit: Visit, place: Place, token: str, status: int = 200, faults: Faults | None = None,
    *, was_read: bool = False,
) -> Response:  # fmt: skip
    try:
        to_sign = attesting.read_link(visit.register, *place.where, token)
    except NotFound:
        return _show(visit, place, 404, is_over=True)
    found = read_summary(visit.register, *place.where)
    zone = ZoneInfo(found.institution.zone)
    return visit.show(
        "institution/attest.html.j2", status, place=place, token=token, faults=faults or [],
        was_read=was_read, ends=visit.words.minute(to_sign.ends_at, zone),
        **_about(visit, place, found),
    )  # fmt: skip


@router.post(ROUND + "/attest/{signing}")
def attest(
    visit: Annotated[Visit, Depends(Allowed("attest"))],
    place: Annotated[Place, Depends()],
    signing: str,
    form: Annotated[CodeForm, Form()],
) -> Response:
    """Sign with the second factor."""
    require_form_key(visit, form.form_key)
    if form.read != "yes":
        said = str(visit.words.say("attest.fault.read"))
        return _show_attest(visit, place, signing, 422, [("read", said)])
    try:
        attesting.attest_by_link(visit.register, *place.where, signing, code=form.code)
    except NotFound:
        return _show(visit, place, 404, is_over=True)
    except NotAuthorised as error:
        if error.reason != "wrong-code":
            raise
        said = str(visit.words.say("attest.fault.code"))
        return _show_attest(visit, place, signing, 422, [("code", said)], was_read=True)
    return visit.go(place.path, "attested")


@router.post(ROUND + "/attest-paper/upload")
async def take_paper(
    visit: Annotated[Visit, Depends(Allowed("submit"))], place: Annotated[Place, Depends()]
) -> Response:
    """Keep the scan of a sheet that was signed by hand."""
    form, most = Upload({}, None), visit.portal.runtime.settings.upload_bytes
    try:
        form = await read_upload(visit, most)
        await run_in_threadpool(_take_paper, visit, place, form, most)
    except InvalidInput as error:
        faults = _paper_faults(visit, error)
        return await run_in_threadpool(
            lambda: _show(visit, place, 422, faults=faults, typed=form.fields)
        )
    return visit.go(place.path, "attested")


def _take_paper(visit: Visit, place: Place, form: Upload, most_bytes: int) -> None:
    if form.file is None:
        raise InvalidInput(Fault("scan", "choose the scan"))
    try:
        signed_on = date.fromisoformat(form.fields.get("signed_on", "").strip())
    except ValueError as error:
        raise InvalidInput(Fault("signed_on", "the day of the signature")) from error
    name = plain(form.fields.get("name", ""), 1_000)
    paper = attesting.OnPaper(name, signed_on, form.fields.get("digits", ""))
    attesting.attest_on_paper(
        visit.register, *place.where, paper, scan=form.file, most_bytes=most_bytes
    )


def _paper_faults(visit: Visit, error: InvalidInput) -> Faults:
    if isinstance(error, UnfitFile):
        return [("scan", said) for _, said in faults_in(visit, error)]
    return [(one.where, str(visit.words.name("attest.fault", one.where))) for one in error.faults]


@router.get(ROUND + "/attestations/{scan}")
def give_scan(
    visit: Annotated[Visit, Depends(Allowed("see-summary"))],
    place: Annotated[Place, Depends()],
    scan: str,
) -> Response:
    """Give out the scan of a signed sheet, to be saved and not shown."""
    return as_download(attesting.read_scan(visit.register, *place.where, scan))


@router.post(ROUND + "/submit")
def hand_in(
    visit: Annotated[Visit, Depends(Allowed("submit"))],
    place: Annotated[Place, Depends()],
    form: Annotated[KeyForm, Form()],
) -> Response:
    """Hand the answers in, if nothing stands in the way."""
    require_form_key(visit, form.form_key)
    done = submission.submit(visit.register, *place.where, only_whole=True)
    return visit.go(f"{place.round_at}/receipts/{done.receipt}", "handed-in")


@router.get(ROUND + "/receipts/{receipt}")
def show_receipt(
    visit: Annotated[Visit, Depends(Allowed("see-summary"))],
    place: Annotated[Place, Depends()],
    receipt: str,
) -> HTMLResponse:
    """Show the receipt of what was handed in, to be printed."""
    found = submission.get_receipt(visit.register, *place.where, receipt)
    summary = read_summary(visit.register, *place.where)
    zone, words, one = ZoneInfo(summary.institution.zone), visit.words, found.submission
    names = names_of(visit.register, [one.act.actor])
    return visit.show(
        "institution/receipt.html.j2",
        place=place,
        owner=summary.institution,
        title=summary.title,
        receipt=found,
        code=one.receipt or str(one.number),
        when=words.minute(one.act.at, zone),
        who=names.get(one.act.actor, one.act.actor),
        groups=in_groups(one.digest),
        method=words.say(f"attest.method.{found.method}") if found.method else "",
    )
