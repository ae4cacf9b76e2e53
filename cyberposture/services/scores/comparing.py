"""Scores side by side, with why they differ: of two rounds, or of one under other rules.

Nothing is kept. A score that was corrected is taken as it was corrected last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from cyberposture.content.reading.documents import faults_of, read_file
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.scores import InstitutionScore, ScoreDocument, ScoreParameters, ScoreResult
from cyberposture.scoring.attribution import Attribution, attribute
from cyberposture.scoring.rollup import compute
from cyberposture.services.catalogue.adoption import find_adopted
from cyberposture.services.catalogue.pinned import Pinned
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import gather_basis, gather_kept
from cyberposture.services.scores.rehearsal import redrawn
from cyberposture.store import assessments, institutions, rounds, scores
from cyberposture.store.scores import ScoreRecord

LIVE = "live"
"""Names the score as of now, in the place of a round's code."""


@dataclass(frozen=True)
class Compared:
    """One institution's two scores, and what the difference comes of."""

    institution: str
    before: InstitutionScore
    after: InstitutionScore
    why: Attribution


def compare_rounds(
    register: Register, first: str, second: str, *, institution: str | None = None
) -> list[Compared]:
    """Return the scores of two rounds, of every institution that has both; `live` is as of now.

    Raises:
        NotFound: round or institution is not there.
    """
    found = []
    with register.reading() as connection:
        for code in _codes(register, connection, institution):
            before = _document(register, connection, code, first)
            after = _document(register, connection, code, second)
            if before is not None and after is not None:
                found.append(_compared(code, before, after))
    return found


def compare_under_parameters(
    register: Register, file: Path, *, round_code: str | None = None, institution: str | None = None
) -> list[Compared]:
    """Return the newest kept scores (or a round's) beside what other parameters would make of them.

    The file holds the parameters that are other, by name; what it leaves out stays.

    Raises:
        NotFound: round or institution is not there.
        InvalidInput: the file cannot be read, or its parameters do not fit; each fault with line.
    """
    change = read_file(file)
    if not isinstance(change.value, dict):
        raise InvalidInput(
            Fault(change.where(()), "parameters by name, such as gate_threshold: 5000")
        )
    found = []
    with register.reading() as connection:
        for code in _codes(register, connection, institution):
            kept = _newest(connection, code, round_code)
            if kept is None:
                continue
            document = ScoreDocument.model_validate(kept.document)
            merged: dict[str, Any] = document.parameters.model_dump(mode="json") | change.value
            try:
                parameters = ScoreParameters.model_validate(merged)
            except ValidationError as error:
                raise InvalidInput(faults_of(change, error)) from error
            after = document.model_copy(update={"parameters": parameters})
            found.append(_compared(code, document, after))
    return found


def compare_under_edition(
    register: Register, name: str, *, round_code: str | None = None, institution: str | None = None
) -> list[Compared]:
    """Return the newest kept scores (or a round's) beside those under another adopted edition.

    Answers are carried over as an adoption would, each suggestion being confirmed as it is; the
    network is judged by the checks of the score.

    Raises:
        NotFound: edition, round or institution is not there.
        WrongState: several editions are meant by the name.
    """
    edition = find_adopted(register, name)
    found = []
    with register.reading() as connection:
        codes = {one.id: one.round.code for one in rounds.list_rounds(connection)}
        for code in _codes(register, connection, institution):
            kept = _newest(connection, code, round_code)
            if kept is None or kept.summary.round_id is None:
                continue
            of_round = codes[kept.summary.round_id]
            found.append(_under(register, connection, (code, of_round), kept, edition))
    return found


def _under(
    register: Register,
    connection: Connection,
    places: tuple[str, str],
    kept: ScoreRecord,
    edition: Pinned,
) -> Compared:
    basis = gather_kept(register, connection, *places, kept)
    return _compared(places[0], basis.document, redrawn(basis, edition))


def _codes(register: Register, connection: Connection, institution: str | None) -> Iterator[str]:
    if institution is not None:
        institutions.get_institution_id(connection, institution)
        yield institution
        return
    for record in institutions.list_institutions(connection, as_of=register.clock()):
        yield record.institution.code


def _newest(connection: Connection, code: str, round_code: str | None) -> ScoreRecord | None:
    """Return the score of a round as it was corrected last; without a round, the newest of any."""
    institution_id = institutions.get_institution_id(connection, code)
    if round_code is not None:
        round_id = rounds.get_round(connection, round_code).id
        return scores.find_score(connection, institution_id, round_id=round_id)
    found = scores.list_scores(connection, institution_id=institution_id, kind="round")
    if not found:
        return None
    last = max(found, key=lambda one: (one.as_of, one.act.at))
    return scores.get_score(connection, last.id)


def _document(
    register: Register, connection: Connection, code: str, named: str
) -> ScoreDocument | None:
    if named != LIVE:
        kept = _newest(connection, code, named)
        return None if kept is None else ScoreDocument.model_validate(kept.document)
    institution_id = institutions.get_institution_id(connection, code)
    if not assessments.list_assessments(connection, institution_id=institution_id):
        return None
    return gather_basis(register, connection, code, None, register.clock()).document


def _compared(code: str, before: ScoreDocument, after: ScoreDocument) -> Compared:
    first: ScoreResult = compute(before)
    return Compared(code, first.institution, compute(after).institution, attribute(before, after))
