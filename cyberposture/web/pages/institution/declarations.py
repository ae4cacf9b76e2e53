"""What an institution declares as its own: as rows, as pasted lines, with the difference first.

Nothing is kept before whoever declares has seen what it changes: `looked` is the digest of what
they saw. What was typed stays on the page whatever is wrong with it.
"""

from dataclasses import dataclass, replace
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import Conflict, Fault, InvalidInput
from cyberposture.exchange.declared_rows import (
    KINDS,
    AssetChange,
    TypedRow,
    assets_of,
    changes_between,
    digest_of,
    read_lines,
    row_of,
)
from cyberposture.model.institutions import Asset
from cyberposture.services.institutions import entries
from cyberposture.services.people.names import names_of
from cyberposture.store.declarations import DeclarationChange
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
DECLARATIONS = "/institutions/{institution}/declarations"
MOST_ROWS = 150
"""So many rows stand on the page; what is beyond them stays as it is, or comes in files."""
SPARE_ROWS = 3
MOST_REVISIONS = 20


class RowsForm(BaseModel):
    """What the form sends; the fields of a row stand in the same order in each list."""

    form_key: str = Field("", max_length=200)
    id: list[str] = Field(default_factory=list, max_length=400)
    kind: list[str] = Field(default_factory=list, max_length=400)
    what: list[str] = Field(default_factory=list, max_length=400)
    details: list[str] = Field(default_factory=list, max_length=400)
    title: list[str] = Field(default_factory=list, max_length=400)
    third_party: list[str] = Field(default_factory=list, max_length=400)
    gone: list[str] = Field(default_factory=list, max_length=400)
    pasted: str = Field("", max_length=100_000)
    reason: str = Field("", max_length=2000)
    base: int = Field(0, ge=0)
    looked: str = Field("", max_length=64)
    do: str = Field("look", max_length=10)

    def rows(self) -> list[TypedRow]:
        """Return the rows as they were typed, each with its number."""
        columns = zip(
            self.id, self.kind, self.what, self.details, self.title, self.third_party, strict=False
        )
        return [
            TypedRow(
                where=f"row {number}",
                id=one[0],
                kind=one[1] if one[1] in KINDS else KINDS[0],
                what=plain(one[2], 2000),
                details=plain(one[3], 2000),
                title=plain(one[4], 200),
                third_party=plain(one[5], 200),
            )
            for number, one in enumerate(columns, start=1)
        ]


@dataclass(frozen=True)
class Trial:
    """What was typed, what it would change, and what is wrong with it."""

    rows: list[TypedRow]
    gone: frozenset[str] = frozenset()
    pasted: str = ""
    reason: str = ""
    changes: list[AssetChange] | None = None
    """None: nothing was tried yet."""
    looked: str = ""
    faults: tuple[Fault, ...] = ()
    is_late: bool = False
    """Somebody declared meanwhile."""


@router.get(DECLARATIONS)
def show_declarations(
    visit: Annotated[Visit, Depends(Allowed("declare"))], institution: str
) -> HTMLResponse:
    """Show what is declared now, ready to be changed."""
    present = entries.get_declaration(visit.register, institution).assets
    return _show(visit, institution, Trial(_rows(present)))


def _rows(present: tuple[Asset, ...]) -> list[TypedRow]:
    shown = _editable(present)
    rows = [row_of(asset, f"row {n}") for n, asset in enumerate(shown, start=1)]
    last = len(rows)
    return rows + [TypedRow(f"row {last + n}", "", KINDS[0]) for n in range(1, SPARE_ROWS + 1)]


def _editable(present: tuple[Asset, ...]) -> list[Asset]:
    return [asset for asset in present if asset.kind in KINDS][:MOST_ROWS]


def _show(visit: Visit, institution: str, trial: Trial, status: int = 200) -> HTMLResponse:
    record = entries.get_institution(visit.register, institution)
    present = entries.get_declaration(visit.register, institution).assets
    known = entries.list_changes(visit.register, institution)
    words = visit.words
    by_row = {fault.where: fault.what for fault in trial.faults}
    return visit.show(
        "institution/declarations.html.j2",
        status,
        institution=record.institution,
        trial=trial,
        kinds=[(kind, str(words.say(f"own.kind.{kind}"))) for kind in KINDS],
        wrong=by_row,
        faults=[(_anchor(fault.where), f"{fault.where}: {fault.what}") for fault in trial.faults],
        in_lines=[fault for fault in trial.faults if fault.where.startswith("line")],
        aside=len(present) - len(_editable(present)),
        base=known[0].revision if known else 0,
        history=_history(visit, known[:MOST_REVISIONS], ZoneInfo(record.institution.zone)),
    )


def _history(
    visit: Visit, known: list[DeclarationChange], zone: ZoneInfo
) -> list[tuple[str, str, str]]:
    """Return what each declaration changed, the newest first."""
    names = names_of(visit.register, [one.act.actor for one in known])
    return [
        (
            visit.words.minute(one.act.at, zone),
            names.get(one.act.actor, one.act.actor),
            str(
                visit.words.say(
                    "own.revision",
                    n=one.revision,
                    added=visit.words.codes(one.added) or "–",
                    changed=visit.words.codes(one.changed) or "–",
                    removed=visit.words.codes(one.removed) or "–",
                    why=one.act.reason,
                )
            ),
        )
        for one in known
    ]


def _anchor(where: str) -> str:
    """Return the name of the field in which a fault stands."""
    return "pasted" if where.startswith("line") else where.replace(" ", "-")


@router.post(DECLARATIONS)
def take_declarations(
    visit: Annotated[Visit, Depends(Allowed("declare"))],
    institution: str,
    form: Annotated[RowsForm, Form()],
) -> Response:
    """Show what the rows would change; keep them once that was seen."""
    require_form_key(visit, form.form_key)
    rows, gone = form.rows(), frozenset(form.gone)
    typed = Trial(rows, gone, form.pasted, plain(form.reason, 2000))
    present = entries.get_declaration(visit.register, institution).assets
    try:
        wanted = _wanted(typed, present)
    except InvalidInput as error:
        return _show(visit, institution, replace(typed, faults=tuple(error.faults)), 422)
    looked = digest_of(wanted)
    tried = replace(typed, changes=changes_between(present, wanted), looked=looked)
    if form.do != "keep" or form.looked != looked:
        return _show(visit, institution, tried)
    try:
        entries.declare(
            visit.register, institution, wanted, seen_revision=form.base, reason=typed.reason
        )
    except Conflict:
        return _show(visit, institution, replace(tried, is_late=True), 409)
    return visit.go(f"/institutions/{institution}/declarations", "declared")


def _wanted(typed: Trial, present: tuple[Asset, ...]) -> tuple[Asset, ...]:
    """Return everything that would be declared: the rows, the lines, and what no row shows.

    Raises:
        InvalidInput: each fault with its row or line.
    """
    faults: list[Fault] = []
    lines: list[TypedRow] = []
    try:
        lines = read_lines(typed.pasted)
    except InvalidInput as error:
        faults = error.faults
    shown = {row.id for row in typed.rows}
    kept = [asset for asset in present if asset.id not in shown]
    rows = [row for row in typed.rows if not row.id or row.id not in typed.gone]
    try:
        made = assets_of([*rows, *lines], present)
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults]) from error
    if faults:
        raise InvalidInput(faults)
    return (*kept, *made)
