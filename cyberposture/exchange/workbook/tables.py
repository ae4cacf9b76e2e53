"""What stands on which sheet and in which column: the one description for writing and reading."""

from collections.abc import Iterable
from dataclasses import dataclass

from cyberposture.exchange.workbook.forms import (
    CONDITION,
    LINES,
    NUMBER,
    PROOFS,
    TEXT,
    USES,
    Form,
)
from cyberposture.model.controls import Catalogue

Path = tuple[str, ...]
OWNER = "control"
"""The name under which a row of a part says what it belongs to."""
GUIDANCE = "Guidance: "
"""How the heading of a column begins that holds the guidance for one size of institution."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, the field that stands in it, and what helps to fill it in."""

    heading: str
    path: Path
    form: Form = TEXT
    width: int = 12
    about: str = ""
    choices: str = ""
    """The list of words from which one is chosen; empty: any text."""


@dataclass(frozen=True)
class Table:
    """One sheet; the first column says what a row is about."""

    title: str
    about: str
    columns: tuple[Column, ...]
    part_of: str = ""
    """The field of a control that the rows fill, where a sheet holds parts of controls."""


_ID = Column("Control", ("id",), width=10, about="Domain and two digits. It is never changed and "
             "never used again.")  # fmt: skip
_TITLE = Column("Title", ("title",), width=30, about="The good condition in 8 to 90 characters, "
                "never Ensure …")  # fmt: skip
_TEXTS = (
    Column("Statement", ("statement",), width=46, about="One sentence that is true or false at an "
           "institution, in at most 300 characters."),
    Column("Tier", ("tier",), width=7, choices="Tier", about="Who is asked: A everybody, G "
           "government and critical sectors too, X designated operators too."),
    Column("Weight", ("weight",), NUMBER, 8, choices="Weight", about="5, 3 or 1."),
    Column("Reason of the weight", ("weight_reason",), width=34, about="Why it weighs so much."),
    Column("Gate from", ("gate",), width=7, choices="Gate", about="The lowest tier at which a "
           "failure holds the band down; empty: never."),
    Column("Evidence mode", ("evidence_mode",), width=10, choices="Evidence mode", about="Q "
           "answered, Q+N answered and seen by the network, N decided by the network."),
    Column("Applies when", ("applies_when",), CONDITION, 22, about="Such as: feature mail, or: "
           "sector finance or feature web. Empty: always."),
    Column("Observations", ("observations",), USES, 17, about="One a line: a code and C (decides), "
           "R (contradicts) or S (supports)."),
    Column("Why it matters", ("intent",), width=40, about="What goes wrong where it is missing."),
    Column("Level 0", ("levels", "0"), width=44, about="What one sees where it is absent."),
    Column("Level 1", ("levels", "1"), width=44, about="In a part of the scope."),
    Column("Level 2", ("levels", "2"), width=44, about="In the whole scope."),
    Column("Level 3", ("levels", "3"), width=44, about="As 2, and reviewed within 12 months."),
)  # fmt: skip
_LAST = (
    Column("Evidence", ("evidence",), PROOFS, 46, about="One a line: how many days old it may be, "
           "a bar, and what it is."),
    Column("Reviewer's questions", ("review",), LINES, 46, about="One a line."),
    Column("Version", ("version",), NUMBER, 9, about="Raised when the meaning changes, not for a "
           "comma."),
)  # fmt: skip
_GAP = Column("Gap", ("gap",), width=40, about="What the policy leaves open.")
_OF = Column("Control", (OWNER,), width=10, choices="Control", about="The control that the row "
             "belongs to.")  # fmt: skip

SOURCES = Table(
    "Sources",
    "The clauses that each control follows from.",
    (
        _OF,
        Column("Instrument", ("instrument",), width=14, choices="Instrument"),
        Column("Edition", ("edition",), width=12, choices="Instrument edition"),
        Column("Clause", ("clause",), width=14, choices="Clause"),
        Column("Derivation", ("derivation",), width=12, choices="Derivation", about="D the clause "
               "asks for it; Dg of government only; Dc of CII operators only; I our elaboration."),
    ),
    part_of="sources",
)  # fmt: skip
NOTES = Table(
    "Sector notes",
    "What differs for one sector.",
    (
        _OF,
        Column("Sector", ("sector",), width=18, choices="Sector"),
        Column("Note", ("note",), width=90),
    ),
    part_of="sector_notes",
)
CROSSINGS = Table(
    "Crossings",
    "Where other frameworks ask the same, or nearly.",
    (
        _OF,
        Column("Framework", ("framework",), width=20, choices="Framework"),
        Column("Id there", ("id",), width=14),
        Column("Relation", ("relation",), width=12, choices="Relation", about="Seen from ours: "
               "equal; subset, ours is a part of theirs; superset; intersects."),
        Column("Why", ("why",), width=80),
    ),
    part_of="maps_to",
)  # fmt: skip
SUCCESSION = Table(
    "Succession",
    "What a control makes of an earlier one; rows stay for good.",
    (
        _OF,
        Column("Earlier control", ("id",), width=12),
        Column("Up to version", ("version",), NUMBER, 12),
        Column("Change", ("change",), width=12, choices="Change"),
        Column("Why", ("why",), width=80),
    ),
    part_of="supersedes",
)
PARTS = (SOURCES, NOTES, CROSSINGS, SUCCESSION)

CLAUSES = Table(
    "Clauses",
    "The policy's clauses in our own words.",
    (
        Column("Clause", ("id",), width=11),
        Column("Page", ("page",), NUMBER, 7),
        Column("Addressee", ("addressee",), width=22),
        Column("Text", ("text",), width=70),
        Column("Demand", ("demand",), width=60, about="Who has to do what."),
        Column("Level", ("level",), width=8, choices="Clause level"),
    ),
)
DOMAINS = Table(
    "Domains",
    "The groups of controls, and how much each counts.",
    (
        Column("Domain", ("id",), width=10),
        Column("Title", ("title",), width=50),
        Column("Factor in %", ("factor_pct",), NUMBER, 12, about="100: as usual."),
    ),
)
RETIRED = Table(
    "Retired",
    "Ids that must never come back. A control that goes is entered here, and its row deleted.",
    (
        Column("Control", ("id",), width=10),
        Column("Day", ("on",), width=12, about="Such as 2027-01-31, as text."),
        Column("Why", ("why",), width=80),
    ),
)
FRAMEWORKS = Table(
    "Frameworks",
    "The frameworks of others that the sheet Crossings names.",
    (
        Column("Framework", ("id",), width=20),
        Column("Title", ("title",), width=40),
        Column("Edition", ("edition",), width=20),
        Column("Issuer", ("issuer",), width=40),
        Column("Status", ("status",), width=8, choices="Status"),
        Column("Pattern of ids", ("ids",), width=30),
        Column("Ids in all", ("size",), NUMBER, 10),
        Column("Note", ("note",), width=60),
    ),
)
ORIGIN = "_origin"
"""The hidden sheet that says which edition a workbook was made from, and what stood in it."""


def controls_table(sizes: Iterable[str]) -> Table:
    """Return the sheet of controls, with a column of guidance for each of these sizes."""
    return Table("Controls", "One row a control.", (_ID, _TITLE, *_TEXTS, *_sized(sizes), *_LAST))


def proposed_table(sizes: Iterable[str]) -> Table:
    """Return the sheet of controls that are only proposed."""
    columns = (_ID, _TITLE, _GAP, *_TEXTS, *_sized(sizes), *_LAST)
    return Table("Proposed", "Not from the policy and never asked, but for discussion.", columns)


def sizes_in(catalogue: Catalogue) -> list[str]:
    """Return the sizes of institutions for which there is guidance, small and large first."""
    found = {size for c in catalogue.controls + catalogue.proposed for size in c.guidance}
    return ["small", "large", *sorted(found - {"small", "large"})]


def _sized(sizes: Iterable[str]) -> list[Column]:
    about = "How to get there, for an institution of this size."
    return [Column(GUIDANCE + size, ("guidance", size), width=46, about=about) for size in sizes]
