"""What holds a band down or contradicts a claim: one line each, with the next step."""

from dataclasses import dataclass

from cyberposture.model.scores import VerdictRow
from cyberposture.reporting.plain import Text
from cyberposture.reporting.told import english
from cyberposture.reporting.view.frame import shown
from cyberposture.reporting.view.material import Material

ON_THE_FIRST_SCREEN = 4
"""More lines than a board reads are named by their ids alone."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One control that holds the band down, or whose claim is contradicted."""

    kind: str
    """`gate` or `contradiction`."""
    control: str
    title: str
    state: Text
    detail: Text
    step: Text | None
    is_network: bool
    """Somebody must have allowed us to look."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The lines that fit the first screen, and the ids of the rest."""

    first: tuple[Hold, ...]
    rest: tuple[str, ...]


def places_against_the_claims(m: Material) -> tuple[str, ...]:
    """Return the controls where the network disagrees: gates that it shuts, contradicted claims."""
    shut = [control for control in m.closed_gates if m.failing(control)]
    return tuple(dict.fromkeys([*shut, *m.inputs.score.result.institution.contradictions]))


def holds_of(m: Material) -> Holds:
    """Return the gates that hold, then the contradictions that are not gates."""
    contradicted = m.inputs.score.result.institution.contradictions
    controls = dict.fromkeys([*m.closed_gates, *contradicted])
    lines = [_hold(m, control) for control in controls]
    cut = len(lines) if len(lines) <= ON_THE_FIRST_SCREEN + 1 else ON_THE_FIRST_SCREEN
    return Holds(tuple(lines[:cut]), tuple(hold.control for hold in lines[cut:]))


def _hold(m: Material, control: str) -> Hold:
    is_gate = control in m.closed_gates
    failing = m.failing(control)
    contradicted = m.scores[control].contradiction
    state = "contradicted" if contradicted else "not-met" if failing else "not-shown"
    return Hold(
        kind="gate" if is_gate else "contradiction",
        control=control,
        title=m.title(control),
        state=m.words.say(f"hold.{state}"),
        detail=_detail(m, control, is_gate=is_gate),
        step=next_step(m, control),
        is_network=bool(failing),
    )


def _detail(m: Material, control: str, *, is_gate: bool) -> Text:
    said = [m.words.say("hold.gate")] if is_gate else []
    if m.asked[control].evidence == "N":
        said.append(m.words.say("hold.network-alone"))
    failing = m.failing(control)
    if m.scores[control].contradiction:
        said.append(m.words.say("hold.claimed", claim=claim_of(m, control)))
    if failing:
        said.append(seen(m, failing[0]))
        if len(failing) > 1:
            said.append(m.words.say("hold.more-checks", n=len(failing) - 1))
        unclear = sum(row.inconclusive for row in failing)
        if unclear:
            said.append(m.words.say("hold.inconclusive", n=unclear))
    else:
        said.append(_without_network(m, control))
    return joined(said)


def seen(m: Material, row: VerdictRow) -> Text:
    """Return what a failing row says: what is wrong, on how many endpoints, and when last."""
    failure = m.failure(row.check, row.fail)
    moment = m.last_seen(row.check, "fail")
    if moment is None:
        return m.words.say("hold.fails", failure=failure, fail=row.fail, n=row.all)
    day = m.day(moment)
    return m.words.say("hold.fails-on", failure=failure, fail=row.fail, n=row.all, day=day)


def claim_of(m: Material, control: str) -> Text:
    """Return the level that is claimed, in words."""
    claim = m.claims.get(control)
    if claim is None or claim.level is None:
        return m.words.say("level.none")
    return m.words.say(f"level.{claim.level}")


def _without_network(m: Material, control: str) -> Text:
    """Return why a gate holds that no failing check shuts."""
    claim, gate = m.claims.get(control), m.gates[control]
    points = shown(m.scores[control].verified)
    if gate == "unknown":
        return m.words.say("hold.overdue")
    if claim is not None and claim.not_applicable == "claimed" and claim.review is None:
        return m.words.say("hold.claimed-away")
    if claim is not None and claim.review is not None:
        level = m.words.say(f"level.{claim.review.level}")
        return m.words.say("hold.reviewed", level=level, points=points)
    if claim is None or claim.level is None:
        return m.words.say("hold.unanswered")
    key = "hold.bare-word" if gate == "bare-word" else "hold.answered"
    return m.words.say(key, level=m.words.say(f"level.{claim.level}"), points=points)


def next_step(m: Material, control: str) -> Text | None:
    """Return what to do next about a control: repair, level or evidence.

    How a repair is done stands below, in words for those who do it.
    """
    failing = m.failing(control)
    found = m.controls.get(control)
    claim = m.claims.get(control)
    if failing:
        return m.words.say("next.have-repaired", n=len(failing))
    if m.asked[control].evidence == "N":
        return m.words.say("next.let-us-look")
    if claim is not None and claim.not_applicable == "claimed" and claim.review is None:
        return m.words.say("next.settle")
    level = None
    if claim is not None:
        level = claim.review.level if claim.review else claim.level
    if level is None:
        return m.words.say("next.answer")
    if level < 2 and found is not None and found.levels is not None:
        # Level 1 opens no gate: the step that counts is the whole.
        meaning = first_sentence(found.levels.whole)
        return m.words.say("next.reach", level=2, meaning=meaning)
    if found is not None and found.evidence:
        return m.words.say("next.document", evidence=found.evidence[0].what)
    return m.words.say("next.document-it")


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, with its full stop."""
    for stop in (". ", "۔ "):
        head, found, _ = text.partition(stop)
        if found:
            first = head + stop.strip()
            return english(first) if isinstance(text, Text) else first
    return text


def joined(sentences: list[Text]) -> Text:
    """Return sentences one after the other."""
    html = " ".join(sentence.__html__() for sentence in sentences)
    return Text(" ".join(sentences), html)
