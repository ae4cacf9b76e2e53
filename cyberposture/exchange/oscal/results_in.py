"""Reads assessment results that this program wrote back into the score, without loss.

It trusts no number: what the document says must have the digests that it names.
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from cyberposture.content.digests import digest
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.assessed import (
    AssessedScore,
    Editions,
    Heading,
    Reviewed,
    Said,
    Seen,
)
from cyberposture.exchange.oscal.control_in import whole_number
from cyberposture.exchange.oscal.fields import read_back
from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.words import find_own, own_values
from cyberposture.model.foundation import Model
from cyberposture.model.scores import (
    ControlScore,
    DomainScore,
    InstitutionScore,
    ScoreDocument,
    ScoreResult,
)

MAX_BYTES = 128_000_000
"""About seventy thousand observations."""
DOCUMENT, RESULT = "score-document", "score-result"
HEADING = tuple(Heading.model_fields)
EDITIONS = tuple(Editions.model_fields)
LISTS = {
    "gates_holding": "gate-holding",
    "gates_unknown": "gate-unknown",
    "contradictions": "contradicted",
}
"""Fields that hold several controls, each by the name of its properties."""
SCORES = tuple(name for name in InstitutionScore.model_fields if name not in LISTS)
SAID = ("control", "level", "not_applicable")
REVIEWED = ("control", "level", "grade", "approves_not_applicable")
SEEN = tuple(name for name in Seen.model_fields if name not in ("says", "at", "expires"))
CONTROL = tuple(ControlScore.model_fields)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)


class Domains(Model):
    """The domains of a result, as far as they travel together."""

    domains: tuple[DomainScore, ...]


def moment_text(moment: datetime) -> str:
    """Return a moment as it stands in our records and in OSCAL alike."""
    return str(_MOMENT.dump_python(moment, mode="json"))


def lists_of(item: Plain) -> Plain:
    """Return the fields that hold several controls."""
    return {
        field: [prop["value"] for prop in own_values(item, name)] for field, name in LISTS.items()
    }


def domains_of(item: Plain) -> Plain:
    """Return the domains that the properties of an item tell, group by group."""
    found: dict[str, Plain] = {}
    empty = dict.fromkeys(DomainScore.model_fields)
    for prop in item.get("props", ()):
        group = prop.get("group", "")
        if group.startswith("domain-"):
            name = prop["name"].removeprefix("domain-").replace("-", "_")
            value = prop["value"] if name == "id" else whole_number(prop["value"])
            found.setdefault(group, dict(empty))[name] = value
    return {"domains": list(found.values())}


def said_fields(item: Plain) -> Plain:
    """Return the fields of an answer that stand outside its properties."""
    return {
        "reason": unescape(item["description"]),
        "at": item["collected"],
        "evidence": [
            {
                "title": unescape(piece["description"]),
                "sha256": find_own(piece, "sha256"),
                "size_bytes": whole_number(find_own(piece, "size-bytes")),
                "dated": find_own(piece, "dated"),
                "expires": find_own(piece, "expires"),
            }
            for piece in item.get("relevant-evidence", ())
        ],
    }


def reviewed_fields(item: Plain) -> Plain:
    """Return the fields of a review that stand outside its properties."""
    return {"reason": unescape(item["description"]), "at": item["collected"]}


def seen_fields(item: Plain) -> Plain:
    """Return the fields of a verdict that stand outside its properties."""
    return {
        "says": unescape(item["description"]),
        "at": item["collected"],
        "expires": item["expires"],
    }


def read_results(name: str, data: bytes) -> AssessedScore:
    """Return the score in `data`; `name` stands in every fault.

    Raises:
        InvalidInput: it is no JSON of bounded size, no assessment results of ours, or was changed
            since they were written, with the JSON path of each fault.
    """
    reader = _Reader(name)
    try:
        return reader.read(reader.parse(data))
    except (LookupError, TypeError, AttributeError, ValueError, StopIteration) as error:
        # The shape is ours alone: what lacks a part of it is not what we wrote.
        said = "these are no assessment results as this program writes them"
        raise InvalidInput(Fault(name, said)) from error


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name

    def where(self, path: str) -> str:
        return f"{self.name}: $.assessment-results{path}"

    def parse(self, data: bytes) -> Plain:
        if len(data) > MAX_BYTES:
            raise InvalidInput(Fault(self.name, f"larger than {MAX_BYTES} bytes"))
        try:
            found: Any = from_json(data.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
        except ValueError as error:
            raise InvalidInput(Fault(self.name, f"no JSON that can be read: {error}")) from error
        body: Plain = found["assessment-results"]
        if find_own(body["metadata"], "export") != "assessment-results":
            raise InvalidInput(Fault(self.where(".metadata"), "we did not export this"))
        return body

    def read(self, body: Plain) -> AssessedScore:
        (result,) = body["results"]
        here = self.where(".results[0]")
        heading = read_back(Heading, result, {}, names=HEADING, where=here)
        document = self.document(body)
        scored = ScoreResult(
            institution=read_back(
                InstitutionScore, result, lists_of(result), names=SCORES, where=here
            ),
            domains=read_back(Domains, result, domains_of(result), names=(), where=here).domains,
            controls=tuple(
                read_back(
                    ControlScore, one, {}, names=CONTROL,
                    where=self.where(f".results[0].findings[{n}]"),
                )
                for n, one in enumerate(result.get("findings", ()))
            ),
        )  # fmt: skip
        self.require(digest(document), heading.document_sha256, "document")
        self.require(digest(scored), heading.result_sha256, "result")
        return AssessedScore(
            heading=heading,
            editions=read_back(Editions, result, {}, names=EDITIONS, where=here),
            document=document,
            result=scored,
            answers=tuple(
                read_back(Said, one, said_fields(one), names=SAID, where=at)
                for at, one in self.observed(result, "said")
            ),
            reviews=tuple(
                read_back(Reviewed, one, reviewed_fields(one), names=REVIEWED, where=at)
                for at, one in self.observed(result, "reviewed")
            ),
            seen=tuple(
                read_back(Seen, one, seen_fields(one), names=SEEN, where=at)
                for at, one in self.observed(result, "seen")
            ),
        )

    def observed(self, result: Plain, kind: str) -> Iterator[tuple[str, Plain]]:
        for number, one in enumerate(result.get("observations", ())):
            if find_own(one, "observation") == kind:
                yield self.where(f".results[0].observations[{number}]"), one

    def document(self, body: Plain) -> ScoreDocument:
        held = next(
            one for one in body["back-matter"]["resources"] if find_own(one, "resource") == DOCUMENT
        )
        try:
            data = base64.b64decode(held["base64"]["value"], validate=True)
            return ScoreDocument.model_validate_json(data)
        except (binascii.Error, ValidationError) as error:
            where = self.where(".back-matter")
            raise InvalidInput(Fault(where, f"no {DOCUMENT} of ours: {error}"[:500])) from error

    def require(self, found: str, named: str, what: str) -> None:
        if found != named:
            said = f"the score's {what} was changed: its digest is {found[:12]}, not {named[:12]}"
            raise InvalidInput(Fault(self.where(".results[0]"), said))
