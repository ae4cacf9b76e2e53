"""Work offline: take a workbook or a pack, bring the answers back, and read the receipt."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.exchange.pack.returned import ENDING_WITH_FILES, MAX_RETURN_BYTES
from cyberposture.model.offline import SealedReceipt
from cyberposture.services.assessments.library import GivenOut
from cyberposture.services.assessments.offline import packs, papers, receipts, taking_in
from cyberposture.services.assessments.questionnaire import Questionnaire, read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.store.seals import fingerprint
from cyberposture.web.offline.showing import ShownReceipt, people_in, show_receipt
from cyberposture.web.surroundings import Allowed, Visit, require_form_key
from cyberposture.web.uploads import Upload, as_download, read_upload

router = APIRouter(include_in_schema=False)
OFFLINE = "/institutions/{institution}/rounds/{round_code}/offline"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Place:
    """Which assessment is meant."""

    institution: str
    round_code: str

    @property
    def where(self) -> tuple[str, str]:
        """Institution and round, as services take them."""
        return self.institution, self.round_code

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/offline"


@router.get(OFFLINE)
def show_offline(
    visit: Annotated[Visit, Depends(Allowed("take-out"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show what can be taken along, where it comes back, and the receipts."""
    return _show(visit, place)


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    faults: Iterable[tuple[str, str]] = (),
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, *place.where)
    known = receipts.list_receipts(visit.register, *place.where)
    return visit.show(
        "institution/offline.html.j2",
        status,
        place=place,
        asked=asked,
        key=fingerprint(visit.register.audit.key),
        megabytes=_most_bytes(visit) // 1_000_000,
        return_megabytes=MAX_RETURN_BYTES // 1_000_000,
        receipts=_shown(visit, asked, known),
        faults=list(faults),
    )


def _shown(visit: Visit, asked: Questionnaire, known: list[SealedReceipt]) -> list[ShownReceipt]:
    people = {code for one in known for code in people_in(one)}
    names = names_of(visit.register, people) if people else {}
    zone = ZoneInfo(asked.institution.zone)
    return [show_receipt(one, visit.words, zone, names) for one in known]


def _most_bytes(visit: Visit) -> int:
    return min(taking_in.MAX_BYTES, visit.portal.runtime.settings.upload_bytes)


@router.post(OFFLINE + "/workbook")
def make_workbook(
    visit: Annotated[Visit, Depends(Allowed("take-out"))],
    place: Annotated[Place, Depends()],
    form_key: Annotated[str, Form(max_length=200)] = "",
    language: Annotated[Literal["en", "ur"], Form()] = "en",
) -> Response:
    """Hand out the workbook."""
    require_form_key(visit, form_key)
    reports = visit.portal.runtime.folders.reports
    made = papers.make_workbook(visit.register, reports, *place.where, language)
    return as_download(GivenOut(made.file_name, _XLSX, made.data))


@router.post(OFFLINE + "/pack")
def make_pack(
    visit: Annotated[Visit, Depends(Allowed("take-out"))],
    place: Annotated[Place, Depends()],
    form_key: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Hand out the pack."""
    require_form_key(visit, form_key)
    made = packs.make_pack(visit.register, *place.where)
    return as_download(GivenOut(made.file_name, "application/vnd.sqlite3", made.data))


@router.post(OFFLINE + "/upload")
async def take_in(
    visit: Annotated[Visit, Depends(Allowed("take-in"))], place: Annotated[Place, Depends()]
) -> Response:
    """Take in what came back, and show the receipt."""
    try:
        form = await read_upload(visit, MAX_RETURN_BYTES)
        code = await run_in_threadpool(_take_in, visit, place, form)
    except UnfitFile as error:
        return await run_in_threadpool(_show, visit, place, 422, _unfit(visit, error))
    except InvalidInput as error:
        faults = [(one.where, one.what) for one in error.faults]
        return await run_in_threadpool(_show, visit, place, 422, faults)
    return visit.go(f"{place.path}/receipts/{code}", "offline-taken")


def _unfit(visit: Visit, error: UnfitFile) -> list[tuple[str, str]]:
    if error.problem != "too-large":
        return [(one.where, one.what) for one in error.faults]
    return [("", str(visit.words.say("offline.too_large", n=_most_bytes(visit) // 1_000_000,
                                     of=MAX_RETURN_BYTES // 1_000_000)))]  # fmt: skip


def _take_in(visit: Visit, place: Place, form: Upload) -> str:
    if form.file is None:
        raise InvalidInput(Fault("", visit.words.say("offline.choose")))
    name, data = form.file.name, form.file.data
    is_return = name.lower().endswith((".json", ENDING_WITH_FILES))
    if not is_return and len(data) > _most_bytes(visit):
        raise UnfitFile("too-large")
    if is_return:
        done = packs.take_in_return(
            visit.register, *place.where, file_name=name, data=data,
            most_pieces=visit.portal.runtime.settings.evidence_pieces,
        )  # fmt: skip
    elif data.startswith(b"PK"):
        done = taking_in.take_in_workbook(
            visit.register,
            visit.portal.runtime.folders.reports,
            *place.where,
            file_name=name,
            data=data,
        )
    else:
        raise InvalidInput(Fault(name, visit.words.say("offline.kinds")))
    return done.receipt.code


@router.get(OFFLINE + "/receipts/{code}")
def show_one(
    visit: Annotated[Visit, Depends(Allowed("take-in"))],
    place: Annotated[Place, Depends()],
    code: str,
) -> HTMLResponse:
    """Show one receipt."""
    asked = read_questionnaire(visit.register, *place.where)
    found = receipts.get_receipt(visit.register, *place.where, code)
    (shown,) = _shown(visit, asked, [found])
    answers_at = f"/institutions/{place.institution}/rounds/{place.round_code}/answers"
    return visit.show(
        "institution/offline-receipt.html.j2",
        place=place,
        asked=asked,
        shown=shown,
        answers_at=answers_at,
    )


@router.get(OFFLINE + "/receipts/{code}/file")
def hand_out(
    visit: Annotated[Visit, Depends(Allowed("take-in"))],
    place: Annotated[Place, Depends()],
    code: str,
) -> Response:
    """Hand out one receipt as a file."""
    found = receipts.get_receipt(visit.register, *place.where, code)
    data = found.model_dump_json(indent=1).encode()
    return as_download(GivenOut(f"{code}.receipt.json", "application/json", data))
