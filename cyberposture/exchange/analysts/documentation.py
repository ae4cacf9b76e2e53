"""What the analysts' file says about itself: every table, view and column in a sentence."""

from collections.abc import Iterator

from cyberposture import __version__
from cyberposture.exchange.analysts import catalogue, institutions, network, scores
from cyberposture.exchange.analysts.shape import KINDS, Column, Row, Table
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.exchange.analysts.views import VIEWS

FORMAT = 1
"""Rises when a table, view or column is renamed, taken out or given another meaning."""


def _about(snapshot: Snapshot) -> Iterator[Row]:
    edition, head = snapshot.edition, snapshot.head
    facts: dict[str, object] = {
        "what": "The register of a national cyber posture assessment, for analysts: a copy of one "
        "moment without files, keys or contacts. It lists weaknesses: keep it as you keep those.",
        "format": FORMAT,
        "program": f"cyberposture {__version__}",
        "as_of": snapshot.as_of,
        "catalogue": edition.catalogue,
        "catalogue_version": edition.version,
        "catalogue_digest": edition.rules,
        "checks_digest": edition.checks,
        "texts_digest": edition.texts,
        "audit_chain": None if head is None else head.chain,
        "audit_seq": None if head is None else head.seq,
        "audit_digest": None if head is None else head.digest,
        "audit_at": None if head is None else head.at,
        "audit_key": None if head is None else head.key_id,
        "audit_signature": None if head is None else head.signature,
        "people": "Who answered, reviewed, signed or decided is not here; texts that people wrote "
        "are as they wrote them.",
        "hostile text": "What hosts sent (names, banners) may be written to deceive: show it as "
        "text, never as a page or a formula.",
    }
    from_kinds = {f"kind {kind}": says for kind, says in KINDS.items()}
    for name, value in (facts | from_kinds).items():
        yield {"name": name, "value": value}


def _documented() -> Iterator[tuple[str, str, str, tuple[Column, ...]]]:
    """Yield name, kind, sentence and columns of everything in the file."""
    for table in TABLES:
        yield table.name, "table", table.says, table.columns
        if table.search:
            yield (
                search_name(table),
                "search",
                _says_of_search(table),
                tuple(
                    Column(name, "text", f"The words of {table.name}.{name}.")
                    for name in table.search
                ),
            )
    for view in VIEWS:
        yield view.name, "view", view.says, view.columns


def search_name(table: Table) -> str:
    """Return the name of the table through which another is searched."""
    return f"{table.name}_fts"


def _says_of_search(table: Table) -> str:
    index = search_name(table)
    return (
        f"Full-text search: SELECT * FROM {table.name} WHERE rowid IN "
        f"(SELECT rowid FROM {index} WHERE {index} MATCH 'word'); its side tables are SQLite's own."
    )


def _table_documentation(_snapshot: Snapshot) -> Iterator[Row]:
    for name, kind, says, _ in _documented():
        yield {"name": name, "kind": kind, "says": says}


def _column_documentation(_snapshot: Snapshot) -> Iterator[Row]:
    for place, _, _, columns in _documented():
        for number, column in enumerate(columns, start=1):
            yield {
                "table_name": place,
                "column_name": column.name,
                "number": number,
                "kind": column.kind,
                "may_be_null": column.optional,
                "refers_to": column.to,
                "says": column.says,
            }


ABOUT = Table(
    "about",
    "What this file is: moment, editions, the audit head that witnesses it, how to read values.",
    ("name",),
    (
        Column("name", "text", "What is told."),
        Column("value", "text", "The answer, as text.", optional=True),
    ),
    _about,
)
TABLE_DOCUMENTATION = Table(
    "table_documentation",
    "Every table, view and search index of this file.",
    ("name",),
    (
        Column("name", "text", "Its name."),
        Column("kind", "text", "table, view or search."),
        Column("says", "text", "What it holds."),
    ),
    _table_documentation,
)
COLUMN_DOCUMENTATION = Table(
    "column_documentation",
    "Every column of every table, view and search index.",
    ("table_name", "column_name"),
    (
        Column("table_name", "text", "Where it stands.", "table_documentation.name"),
        Column("column_name", "text", "Its name."),
        Column("number", "number", "Its place, counted from 1."),
        Column("kind", "text", "What it holds; `about` explains each kind."),
        Column("may_be_null", "flag", "Whether it may be NULL: not told, or nothing to tell."),
        Column("refers_to", "text", "The table and column that it refers to.", optional=True),
        Column("says", "text", "What it means."),
    ),
    _column_documentation,
)

TABLES = (
    ABOUT,
    TABLE_DOCUMENTATION,
    COLUMN_DOCUMENTATION,
    *catalogue.TABLES,
    *institutions.TABLES,
    *network.TABLES,
    *scores.TABLES,
)
"""All tables of the file, each after those that it refers to."""
