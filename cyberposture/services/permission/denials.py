"""Tells what the gate denied of a scan after it had begun, out of the audit log."""

from typing import Final, NamedTuple

from sqlalchemy import Connection

from cyberposture.services.permission.gate_log import KIND
from cyberposture.store.audit import list_entries
from cyberposture.store.scans import ScanRecord

PLAN: Final = "plan"
"""The stage before a scan begins: what is denied then is no part of it."""
_OF_THE_LETTER: Final = frozenset(
    {"special-range", "out-of-scope", "port-not-allowed", "load-too-high"}
)


class Denial(NamedTuple):
    """An address to which a technique was denied, and the gate's reason code."""

    target: str
    technique: str
    reason: str


def list_denials(connection: Connection, scan: ScanRecord) -> tuple[Denial, ...]:
    """Return what was denied of a scan when its stages were queued or sent, each once, in order."""
    entries = list_entries(
        connection, institution_id=scan.institution_id, kind=KIND, subject=scan.code
    )
    found = (
        Denial(
            entry.data["question"]["target"],
            entry.data["technique"],
            entry.data["answer"]["reason"],
        )
        for entry in entries
        if entry.data["answer"]["decision"] == "deny" and entry.data["stage"] != PLAN
    )
    return tuple(dict.fromkeys(found))


def is_cut_short(denial: Denial) -> bool:
    """Return whether the denial ended work that could have been done.

    What a letter never allowed is no part of the work: a scan within its limits is done.
    """
    return denial.reason not in _OF_THE_LETTER
