"""Why a number is what it is, down to the answer, the raw scan file and the authorisation."""

from dataclasses import dataclass

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.controls import Control
from cyberposture.model.scores import InstitutionScore
from cyberposture.scoring.explain import (
    Explanation,
    WholeExplanation,
    explain_control,
    explain_whole,
)
from cyberposture.scoring.plan import Step as Improvement
from cyberposture.scoring.plan import plan_steps
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.permission.authorise import granters
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import Basis, find_kept_score, gather_basis, gather_kept
from cyberposture.services.scores.trail import Step, Trail
from cyberposture.store import authorisations
from cyberposture.store.answers import Standing


@dataclass(frozen=True)
class Permission:
    """The authorisation behind a look, as an auditor asks for it."""

    code: str
    terms: AuthorisationTerms
    granted_by: tuple[str, ...]


@dataclass(frozen=True)
class ControlNote:
    """Everything about one control's number."""

    control: Control
    basis: Basis
    explanation: Explanation
    answer: Standing | None
    checks: tuple[tuple[CheckStanding, str, tuple[Step, ...]], ...]
    """Each check that speaks to the control, with its direction and its verdicts."""
    permissions: tuple[Permission, ...]


def _basis(
    register: Register, connection: Connection, institution: str, round_code: str | None
) -> Basis:
    if round_code is not None:
        kept = find_kept_score(connection, institution, round_code)
        if kept is not None:
            return gather_kept(register, connection, institution, round_code, kept)
    return gather_basis(register, connection, institution, round_code, register.clock())


def explain_one(
    register: Register, institution: str, control_id: str, round_code: str | None
) -> ControlNote:
    """Return the note of one control for one institution: a final round as kept, else as of now.

    Raises:
        NotFound: institution, round or control is not there, or the control is not asked of it.
    """
    with register.reading() as connection:
        basis = _basis(register, connection, institution, round_code)
        control = basis.pinned.catalogue.find(control_id)
        if control is None:
            raise NotFound("control", control_id, advice="see: cyberposture catalogue list")
        trail = Trail(connection)
        directions = {use.code: use.direction for use in control.observations}
        checks = tuple(
            (one, directions[one.check.observation], tuple(trail.follow(one)))
            for one in basis.checks.values()
            if one.check.observation in directions
        )
        codes = {s.authorisation for _, _, steps in checks for s in steps if s.authorisation}
        permissions = tuple(
            Permission(
                code, AuthorisationTerms.model_validate(record.terms), tuple(granters(record))
            )
            for code in sorted(codes)
            if (record := authorisations.find_authorisation(connection, code)) is not None
        )
    explanation = explain_control(basis.document, basis.result, control_id)
    return ControlNote(
        control, basis, explanation, basis.answers.get(control_id), checks, permissions
    )


def explain_all(
    register: Register, institution: str, round_code: str | None
) -> tuple[Basis, WholeExplanation]:
    """Return how an institution came to its band: a final round as kept, else as of now.

    Raises:
        NotFound: institution or round is not there.
    """
    with register.reading() as connection:
        basis = _basis(register, connection, institution, round_code)
    return basis, explain_whole(basis.document, basis.result)


@dataclass(frozen=True)
class Planned:
    """One improvement, and the score once it and all before it were taken."""

    step: Improvement
    reached: InstitutionScore


def plan_improvements(register: Register, institution: str, limit: int) -> list[Planned]:
    """Return the next improvements: gates first, then by gain in the verified score.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        basis = gather_basis(register, connection, institution, None, register.clock())
    return [Planned(*pair) for pair in plan_steps(basis.document, basis.result, limit)]
