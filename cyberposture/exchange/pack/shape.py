"""The tables of a pack, and the digest by which the seal covers what stands in each of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rfc8785

Stored = str | int | bytes | None
Rows = Sequence[Mapping[str, Stored]]
Tables = Mapping[str, Rows]

PACK = "pack"
"""The table that holds what the pack says of itself, and the seal under it."""


@dataclass(frozen=True)
class Shape:
    """One table: what stands in it, and its columns with their types."""

    about: str
    columns: Mapping[str, type]


SHAPES: Mapping[str, Shape] = {
    "institution": Shape("Who answers, as the register knows it.", {"document": str}),
    "round": Shape("The round in which it answers.", {"document": str}),
    "assessment": Shape("How far the assessment was when the pack was made.", {"document": str}),
    "editions": Shape(
        "The rules, checks and texts under which the round asks; content is packed by zlib.",
        {"kind": str, "digest": str, "name": str, "version": str, "content": bytes},
    ),
    "controls": Shape(
        "The controls of the profile, in their order, for reading; the edition is what counts.",
        {"place": int, "id": str, "domain": str, "title": str, "statement": str,
         "takes_answer": int},
    ),
    "answers": Shape(
        "The answers as they stood: the revision seen, and whether it is only suggested.",
        {"control": str, "revision": int, "level": int, "not_applicable": str,
         "explanation": str, "evidence": str, "is_suggestion": int, "actor": str, "reason": str,
         "at": str},
    ),
    "network": Shape(
        "What the network shows against a control, one sentence a row.",
        {"control": str, "sentence": str},
    ),
    "scope": Shape(
        "What may be contacted under the authorisations in force, for information.",
        {"authorisation": str, "valid_from": str, "valid_until": str, "entry": str},
    ),
}  # fmt: skip
SEALED = {"paper": str, "key": str, "signature": str}
ABOUT = "about"
"""The table that explains the others to whoever opens the file with another program."""


def digest_of(name: str, rows: Rows) -> str:
    """Return the SHA-256 over the RFC 8785 JSON of a table's rows; bytes stand by their digest."""
    columns = SHAPES[name].columns
    plain = [[_plain(row[column]) for column in columns] for row in rows]
    return hashlib.sha256(rfc8785.dumps({"table": name, "rows": plain})).hexdigest()


def _plain(value: Stored) -> str | int | None:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
