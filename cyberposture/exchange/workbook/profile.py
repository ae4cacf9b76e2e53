"""A profile as a workbook to read, sort and work through: what one kind of institution is asked.

It is a view of the catalogue and is never read back.
"""

import io
from collections.abc import Mapping
from dataclasses import replace

from xlsxwriter.worksheet import Worksheet

from cyberposture.exchange.workbook.cover import Cover, add_cover
from cyberposture.exchange.workbook.forms import LINES, NUMBER, PROOFS, Cell
from cyberposture.exchange.workbook.look import Look
from cyberposture.exchange.workbook.sheets import Filled, add_sheet
from cyberposture.exchange.workbook.tables import ORIGIN, Column, Table
from cyberposture.exchange.workbook.write import open_workbook
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.parameters import Effective
from cyberposture.model.profiles import ControlLine, ProfileView

_STATES = {"asked": "asked", "depends": "depends", "left-out": "not asked"}
_UNITS = {"days": "days", "working-days": "working days", "hours": "hours"}
_CONTROLS = Table(
    "Controls",
    "One row a control, in the order of domains.",
    (
        Column("Control", ("id",), width=10),
        Column("Title", ("title",), width=30),
        Column("Domain", ("domain",), width=24),
        Column("Asked", ("state",), width=11),
        Column("When", ("condition",), width=22),
        Column("Weight", ("weight",), NUMBER, 8),
        Column("Gate", ("gate",), width=7),
        Column("Evidence mode", ("mode",), width=10),
        Column("Statement", ("statement",), width=46),
        Column("In this profile because", ("why",), width=34),
        Column("Why it matters", ("intent",), width=40),
        Column("For this sector", ("note",), width=46),
        *(Column(f"Level {n}", (f"level {n}",), width=44) for n in range(4)),
        Column("A small institution", ("small",), width=46),
        Column("A large institution", ("large",), width=46),
        Column("Evidence (days | what)", ("evidence",), PROOFS, 46),
        Column("Reviewer's questions", ("review",), LINES, 46),
        Column("From the policy", ("clauses",), width=60),
    ),
)
_DOMAINS = Table(
    "Domains",
    "How much each group of controls counts here.",
    (
        Column("Domain", ("id",), width=10),
        Column("Title", ("title",), width=46),
        Column("Counts in %", ("factor_pct",), NUMBER, 12),
        Column("Why", ("why",), width=80),
        Column("Controls", ("number",), NUMBER, 10),
    ),
)
_NUMBERS = Table(
    "Numbers",
    "The days and hours that apply, each with where it comes from.",
    (
        Column("Number", ("id",), width=26),
        Column("What it is", ("title",), width=60),
        Column("Value", ("value",), NUMBER, 9),
        Column("Unit", ("unit",), width=14),
        Column("Set by", ("source",), width=40),
        Column("Our default", ("default",), NUMBER, 12),
        Column("Known and not applied", ("held",), width=70),
    ),
)


def profile_workbook(catalogue: Catalogue, view: ProfileView) -> bytes:
    """Return the workbook of a profile; equal views give equal bytes.

    Raises:
        InvalidInput: no cell can hold some text, with its sheet and place.
    """
    out = io.BytesIO()
    workbook = open_workbook(out, catalogue)
    look = Look(workbook)
    filled = [
        _without_empty_columns(_CONTROLS, _control_rows(catalogue, view)),
        Filled(_DOMAINS, [_domain_row(view, n) for n in range(len(view.domains))], is_open=False),
        Filled(_NUMBERS, [_number_row(one) for one in view.parameters], is_open=False),
    ]
    add_cover(workbook, look, _cover(view, filled))
    for one in filled:
        add_sheet(workbook, look, one, None)
    _say_that_it_is_a_view(workbook.add_worksheet(ORIGIN), look, view)
    workbook.close()
    return out.getvalue()


def _without_empty_columns(table: Table, rows: list[list[Cell]]) -> Filled:
    """Return the sheet of controls without what nothing is said of in this profile."""
    places = [p for p in range(len(table.columns)) if any(row[p] not in (None, "") for row in rows)]
    columns = tuple(table.columns[place] for place in places)
    kept = [[row[place] for place in places] for row in rows]
    return Filled(replace(table, columns=columns), kept, frozen=2, is_open=False)


def _cover(view: ProfileView, filled: list[Filled]) -> Cover:
    counts = [
        f"{view.count('asked')} controls are asked",
        f"{view.count('depends')} depend on what the institution has",
        f"{view.count('left-out')} are not asked",
    ]
    sector = [] if view.sector is None else [
        f"{view.sector.title}: {view.sector.special}",
        view.sector.own_rules or "We read of no rule of this sector's own.",
    ]  # fmt: skip
    return Cover(
        title=view.title,
        lines=(
            f"Edition {view.catalogue} {view.version}, as it applies on {view.on.isoformat()}.",
            view.about,
            *sector,
            f"{', '.join(counts)}.",
            view.note,
            "This is a view to read and to sort; it cannot be brought back. To change controls, "
            "export the whole catalogue.",
        ),
        steps=(),
        sheets=[(o.table.title, o.table.about, f"{len(o.rows)} rows") for o in filled],
    )


def _say_that_it_is_a_view(sheet: Worksheet, look: Look, view: ProfileView) -> None:
    only = f"a view of the profile {view.profile}; export the whole catalogue to change it"
    look.put(sheet, 0, 0, "only", "fixed")
    look.put(sheet, 0, 1, only, "fixed")
    sheet.protect("", {})
    sheet.very_hidden()


def _control_rows(catalogue: Catalogue, view: ProfileView) -> list[list[Cell]]:
    clauses = {clause.id: clause.text for clause in catalogue.clauses}
    return [
        _control_row(control, line, domain.title, view, clauses)
        for domain in view.domains
        for line in domain.controls
        if (control := catalogue.find(line.id)) is not None
    ]


def _control_row(
    control: Control, line: ControlLine, domain: str, view: ProfileView, clauses: Mapping[str, str]
) -> list[Cell]:
    fields = control.model_dump(mode="json", by_alias=True)
    levels = fields["levels"] or {}
    note = None if view.sector is None else control.sector_notes.get(view.sector.id)
    found = [f"{s.clause} ({s.derivation}) {clauses.get(s.clause, '')}" for s in control.sources]
    return [
        control.id,
        control.title,
        domain,
        _STATES[line.state],
        line.condition,
        control.weight,
        "gate" if line.is_gate else None,
        control.evidence_mode,
        control.statement,
        line.why,
        control.intent,
        note,
        *(levels.get(str(number)) for number in range(4)),
        control.guidance.get("small"),
        control.guidance.get("large"),
        PROOFS.write(fields["evidence"]),
        LINES.write(fields["review"]),
        LINES.write(found),
    ]


def _domain_row(view: ProfileView, number: int) -> list[Cell]:
    domain = view.domains[number]
    return [domain.id, domain.title, domain.factor_pct, domain.why, len(domain.controls)]


def _number_row(one: Effective) -> list[Cell]:
    source = "our default, not the policy's"
    if one.set_by is not None:
        place = f" {one.set_by.section}" if one.set_by.section else ""
        source = f"{one.set_by.instrument}{place} ({one.set_by.known})"
    held = [
        f"{h.reference.value} {_UNITS[one.unit]}, {h.reference.instrument}: {h.why}"
        for h in one.held
    ]
    unit = _UNITS[one.unit]
    return [one.id, one.title, one.value, unit, source, one.default, LINES.write(held)]
