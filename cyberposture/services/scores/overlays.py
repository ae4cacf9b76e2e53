"""A second score under a regulator's overlay, beside the national one; it is never kept."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cyberposture.content.digests import digest
from cyberposture.content.reading.overlay_files import apply_overlay, load_overlay
from cyberposture.errors import WrongState
from cyberposture.model.overlays import Overlay
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.services.catalogue.pinned import find_catalogue
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import find_kept_score, gather_basis, gather_kept


def read_overlay(register: Register, controls: Path, overlay_id: str) -> Overlay:
    """Return an overlay of the content folder `controls`, read against the edition that it pins.

    Raises:
        NotFound: there is no such overlay.
        InvalidInput: it has faults, or pins no edition that is in use or was adopted.
    """
    content, today = register.content, register.clock().date()
    with register.reading() as connection:
        return load_overlay(
            controls,
            overlay_id,
            content.catalogue,
            content.checks,
            today,
            find_base=lambda rules: find_catalogue(connection, rules),
        )


@dataclass(frozen=True)
class Beside:
    """The two scores of one institution at one moment, and what the second stands on."""

    institution: str
    round: str | None
    as_of: datetime
    overlay: str
    version: str
    digest: str
    """SHA-256 of the overlay's canonical bytes."""
    national: ScoreResult
    document: ScoreDocument
    """What the second score is computed from."""
    result: ScoreResult


def score_beside(
    register: Register, overlay: Overlay, code: str, round_code: str | None = None
) -> Beside:
    """Return the score of an institution under an overlay beside its national one.

    A finalised round is taken as it stood then, everything else as of now. Controls that only the
    overlay asks and that nobody could answer yet count as unanswered.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the overlay is not for this institution's sectors, or does not hold that day.
        InvalidInput: the overlay was made for another edition than the assessment's.
    """
    with register.reading() as connection:
        kept = None if round_code is None else find_kept_score(connection, code, round_code)
        as_of = register.clock() if kept is None else kept.summary.as_of
        if kept is None or round_code is None:
            national = gather_basis(register, connection, code, round_code, as_of)
        else:
            national = gather_kept(register, connection, code, round_code, kept)
        sectors, on = national.institution.institution.sectors, as_of.date()
        if not set(sectors) & set(overlay.sectors):
            raise WrongState(
                f"{overlay.id} is for {', '.join(overlay.sectors)}, and not for {code}"
            )
        reason = overlay.why_not(national.pinned.catalogue, on)
        if reason is not None:
            raise WrongState(f"{overlay.id} does not hold on {on.isoformat()}: {reason}")
        second = gather_basis(
            register, connection, code, round_code, as_of,
            through=lambda catalogue: apply_overlay(catalogue, overlay, on),
            judged_by=national.judged_by,
        )  # fmt: skip
    return Beside(
        institution=code,
        round=round_code,
        as_of=as_of,
        overlay=overlay.id,
        version=overlay.version,
        digest=digest(overlay),
        national=national.result,
        document=second.document,
        result=second.result,
    )
