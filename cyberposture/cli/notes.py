"""Puts explanations into the words of an auditor's note; every number comes from the services."""

from collections.abc import Iterator
from typing import Any

from cyberposture.model.controls import Control
from cyberposture.reporting.derivation import say_reason
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import Reason, WholeExplanation, people
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.permission.letters import LOADS
from cyberposture.services.scores.basis import Basis
from cyberposture.services.scores.explain import ControlNote, Permission
from cyberposture.services.scores.trail import Step

_DIRECTIONS = {"C": "decides", "R": "can only contradict", "S": "supports"}
_ROLL_UPS = {"worst": "one failure counts", "share": "the share that passes counts"}
_DERIVED = {"D": "asks for this", "Dg": "asks government for this", "Dc": "asks operators of "
            "critical infrastructure for this", "I": "our elaboration"}  # fmt: skip
_GATES = {"few-points": "holds, for its points are too few", "open": "open",
          "bare-word": "holds, for it rests on a bare word",
          "unknown": "unknown: nothing was seen"}  # fmt: skip
MOST_ENDPOINTS = 12


def _sources(control: Control) -> str:
    clauses = ", ".join(f"{s.clause} ({_DERIVED[s.derivation]})" for s in control.sources)
    return f"{control.sources[0].instrument} {control.sources[0].edition}, clause {clauses}"


def _claim(note: ControlNote) -> Iterator[str]:
    answer = note.answer.answer if note.answer is not None else None
    if note.control.evidence_mode == "N":
        yield "Claim       none: the network alone decides this control, so it takes no answer"
        return
    if answer is None:
        yield "Claim       unanswered"
    else:
        given = answer.answer
        what = (
            f"not applicable: {given.not_applicable}"
            if given.not_applicable is not None
            else f"level {given.level}" + (f": {given.reason}" if given.reason else "")
        )
        yield f"Claim       {what}"
        when = f"{answer.act.at:%d %B %Y}"
        yield f"            by {answer.act.actor}, {when}, revision {answer.revision}"
        for piece in given.evidence:
            yield f"Evidence    {piece.title}, dated {piece.dated}, sha256 {piece.sha256}"
    review = note.answer.review if note.answer is not None else None
    if review is not None:
        found = review.review
        what = (
            "not applicable is approved"
            if found.approves_not_applicable
            else f"level {found.level}, grade {found.grade}"
        )
        yield f"Review      {what}: {found.reason} ({review.act.actor}, {review.act.at:%d %B %Y})"


def _endpoint(step: Step) -> str:
    port = "" if step.port is None else f" {step.protocol}/{step.port}"
    return f"{step.address}{port}"


def _check(one: CheckStanding, direction: str, steps: tuple[Step, ...]) -> Iterator[str]:
    tally = one.tally
    counts = (
        f"{tally.passed} passed, {tally.fail} failed, {tally.fresh} failed but still in their "
        f"repair time, {tally.inconclusive} inconclusive, {tally.not_tested} not tested"
    )
    yield f"Check       {one.check.id} version {one.check.version} (it {_DIRECTIONS[direction]}; "\
          f"{_ROLL_UPS[one.check.rollup]})"  # fmt: skip
    yield f"            {counts}"
    telling = [s for s in steps if s.verdict in ("fail", "inconclusive")]
    for step in telling[:MOST_ENDPOINTS]:
        yield f"  {step.verdict:13} {_endpoint(step)}: {step.says}"
        yield from _look(step)
    if len(telling) > MOST_ENDPOINTS:
        yield f"  and {len(telling) - MOST_ENDPOINTS} more of these (--json shows all)"
    passed = [s for s in steps if s.verdict == "pass"]
    if passed:
        names = list(dict.fromkeys(_endpoint(s) for s in passed))
        more = f" and {len(names) - MOST_ENDPOINTS} more" if len(names) > MOST_ENDPOINTS else ""
        yield f"  {'pass':13} {', '.join(names[:MOST_ENDPOINTS])}{more}"
        yield from _look(passed[0])


def _look(step: Step) -> Iterator[str]:
    when = f"{step.observed_at:%d %B %Y %H:%M:%S} UTC from {step.vantage}"
    where = f"scan {step.scan}" + ("" if step.chunk is None else f", chunk {step.chunk}")
    by = f"{step.technique}, {step.scanner}, parser {step.parser}"
    yield f"                seen {when}, {where}, {by}"
    yield f"                raw file sha256 {step.artefact_sha256 or 'none'}, {_allowed(step)}"


def _allowed(step: Step) -> str:
    """Return who allowed a look; not every raw file came of a contact for this institution."""
    if step.authorisation is not None:
        return f"allowed by {step.authorisation}"
    if step.artefact_sha256 is None:
        return "nothing was sent for it"
    return "nothing was sent for it: taken in from others, or seen at a shared host for another"


def _permission(one: Permission) -> Iterator[str]:
    terms = one.terms
    yield f"Allowed by  {one.code}, signed by {terms.signatory}, {terms.signatory_role}"
    yield f"            valid {terms.valid_from:%d %B %Y} to {terms.valid_until:%d %B %Y}, "\
          f"load {terms.load}: {LOADS[terms.load]}"  # fmt: skip
    yield f"            received by {terms.received_by}, granted by {', '.join(one.granted_by)}; "\
          f"letter sha256 {terms.letter_sha256}"  # fmt: skip


def control_note(note: ControlNote, words: Words) -> str:
    """Return the note of one control, as lines of text."""
    control, score = note.control, note.explanation.score
    gate = ", gate" if note.explanation.is_gate else ""
    lines = [
        f"{control.id}  {control.title}",
        _of_what(note.basis),
        "",
        f"Expected    {control.statement}",
        f"From        {_sources(control)}; weight {control.weight}{gate}",
        *_claim(note),
    ]
    for one, direction, steps in note.checks:
        lines += ["", *_check(one, direction, steps)]
    for permission in note.permissions:
        lines += ["", *_permission(permission)]
    lines += ["", "Derivation"]
    reasons = note.explanation.reasons
    lines += [f"  {n}. {say_reason(words, reason)}" for n, reason in enumerate(reasons, 1)]
    verified = "not known" if score.verified is None else f"{score.verified} of 10000 points"
    lines += ["", f"Declared {people(score.declared)}, verified {people(score.verified)} "
                  f"({verified}), grade {score.grade or 'none'}"
                  + (", CONTRADICTED" if score.contradiction else "")]  # fmt: skip
    return "\n".join([*lines, *_proof(note.basis)])


def _of_what(basis: Basis) -> str:
    """Return whose score it is, of when, and whether it is the one that was kept."""
    name, when = basis.institution.institution.name, f"{basis.as_of:%d %B %Y %H:%M} UTC"
    if basis.kept_id is None or basis.campaign is None:
        return f"{name}, as of {when}; computed just now, and not kept"
    return f"{name}, as of {when}; the score of {basis.campaign.code}, kept as {basis.kept_id}"


def _proof(basis: Basis) -> Iterator[str]:
    edition = basis.pinned.edition
    yield f"Rules {edition.catalogue} {edition.version} ({edition.rules[:12]}), checks "\
          f"{edition.checks[:12]}"  # fmt: skip
    if basis.kept_id is not None:
        yield ""
        yield "To prove it to somebody who does not trust us:"
        yield f"  cyberposture audit bundle --score {basis.kept_id} --out score.zip"


def whole_note(basis: Basis, whole: WholeExplanation, words: Words) -> str:
    """Return the note of an institution's whole score, as lines of text."""
    result = basis.result.institution
    lines = [
        _of_what(basis),
        f"{result.band or 'No band: not enough is known'}: verified {people(result.verified)}, "
        f"declared {people(result.declared)}, claims verified {people(result.claims_verified)}",
        f"coverage {people(result.coverage)}, examined {people(result.examined)} "
        f"(confidence {result.confidence or 'not known'}), observed "
        f"{people(result.observation_coverage)}",
        "",
        "The score is the mean of its domains by their weight (the factor of a domain times the",
        "weight of the controls that apply); each domain is the mean of its controls by theirs.",
        "",
        "domain  weight  declared  verified  coverage",
    ]
    for line in whole.domains:
        lines.append(
            f"{line.id:8}{line.weight:6}  {people(line.declared):>8}  "
            f"{people(line.verified):>8}  {people(line.coverage):>8}"
        )
    lines.append("")
    for gate in whole.gates:
        lines.append(f"gate {gate.control}: {_GATES[gate.state]} ({people(gate.verified)})")
    lines.append("")
    lines += [f"{n}. {say_reason(words, reason)}" for n, reason in enumerate(whole.reasons, 1)]
    if whole.band_but_for_gates is not None:
        same = ", as it is" if whole.band_but_for_gates == whole.band else ""
        lines.append(f"Were every gate open, the band would be {whole.band_but_for_gates}{same}.")
    control = "with one of its controls behind it, such as IAM-10, this command tells why"
    lines += ["", f"Why a domain has its points: {control}."]
    return "\n".join([*lines, *_proof(basis)])


def whole_document(whole: WholeExplanation, words: Words) -> dict[str, Any]:
    """Return the explanation of a whole score as plain values."""
    return whole.model_dump() | {"reasons": _reasons(whole.reasons, words)}


def _reasons(reasons: tuple[Reason, ...], words: Words) -> list[dict[str, Any]]:
    return [one.model_dump() | {"says": str(say_reason(words, one))} for one in reasons]


def control_document(note: ControlNote, words: Words) -> dict[str, Any]:
    """Return the whole note as plain values, nothing shortened."""
    explanation = note.explanation
    return {
        "control": note.control,
        "institution": note.basis.institution.institution.code,
        "as_of": note.basis.as_of,
        "explanation": explanation.model_dump() | {"reasons": _reasons(explanation.reasons, words)},
        "answer": note.answer.answer.answer if note.answer and note.answer.answer else None,
        "review": note.answer.review.review if note.answer and note.answer.review else None,
        "checks": [
            {
                "check": one.check.id,
                "version": one.check.version,
                "direction": direction,
                "rollup": one.check.rollup,
                "counts": vars(one.tally),
                "endpoints": [vars(step) for step in steps],
            }
            for one, direction, steps in note.checks
        ],
        "authorisations": [
            {"terms": one.terms.document(), "granted_by": list(one.granted_by)}
            for one in note.permissions
        ],
    }
