"""The letter to one institution after a scan: what was seen, what to do first, what one may say."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.inputs import SeenFinding
from cyberposture.reporting.letter_inputs import LetterInputs
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.material import Material
from cyberposture.reporting.view.nation_front import Figure
from cyberposture.reporting.view.network import CLOSED, Network, network_of, vantage_of
from cyberposture.reporting.words import Words

FIRST = 5
"""So many repairs are named at the beginning."""
PLACES = 3
"""So many places of one repair are named; the rest is counted."""
RANKS = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing to do, and where."""

    title: str
    """What is wrong, for a check's own title says what should be true instead."""
    severity: str
    severity_word: str
    remedy: str
    where: Text | None


@dataclass(frozen=True, slots=True)
class LetterView:
    """All that the template of a letter may see."""

    audience: Audience
    words: Words
    frame: Frame
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    first: tuple[Repair, ...]
    rights: tuple[Figure, ...]
    network: Network
    command: str
    score_digest: str


def letter_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: LetterInputs
) -> LetterView:
    """Return the view of a letter for one audience.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    # What each check saw is not listed in a letter, so that nothing may link there.
    m = Material(replace(inputs.about, verdicts={}), lens_for(definition, audience), words)
    standing = [one for one in inputs.about.findings if one.state not in CLOSED]
    new = [one for one in standing if one.first_seen >= inputs.scan.started_at]
    gone = [one for one in inputs.about.findings if one.state == "closed"]
    counts = (len(new), len(standing) - len(new), len(gone), len(inputs.about.unjudged))
    return LetterView(
        audience=audience,
        words=words,
        frame=_frame(m, inputs),
        lead=_lead(m, inputs, counts),
        figures=tuple(
            Figure(str(count), words.say(f"letter.figure.{name}"))
            for name, count in zip(("new", "there", "gone", "silent"), counts, strict=True)
        ),
        first=tuple(_first(m, standing)),
        rights=_rights(m, inputs),
        network=network_of(m),
        command=f"--institution {inputs.about.institution.code}",
        score_digest="",
    )


def _frame(m: Material, inputs: LetterInputs) -> Frame:
    scan = clean(inputs.scan.code, 64)
    return frame_of(
        m.words,
        m.lens,
        m.inputs.content,
        inputs.about.audit_head,
        kind="letter",
        title=m.words.say("window-title.letter", scan=scan, name=m.name),
        headline=m.words.say("letter.headline", name=m.name),
        subtitle=(
            m.words.say(
                "letter.subtitle",
                scan=given(inputs.scan.code, 64),
                vantage=vantage_of(m, inputs.scan.vantage),
            ),
        ),
        as_of=inputs.about.score.as_of,
        zone=m.zone,
        is_named=True,
    )


def _lead(m: Material, inputs: LetterInputs, counts: tuple[int, int, int, int]) -> tuple[Text, ...]:
    new, there, gone, silent = counts
    say = m.words.say
    said = [
        say(
            "letter.looked",
            n=inputs.looked_at,
            began=m.minute(inputs.scan.started_at),
            ended=_until(m, inputs.scan.ended_at),
        )
    ]
    if inputs.looked_at:
        said.append(say("letter.new", n=new))
    for name, count in (("there", there), ("gone", gone), ("silent", silent)):
        if count:
            said.append(say(f"letter.{name}", n=count))
    return tuple(said)


def _until(m: Material, ended: datetime | None) -> str:
    return m.words.say("letter.still-running") if ended is None else m.minute(ended)


def _first(m: Material, standing: Iterable[SeenFinding]) -> Iterable[Repair]:
    """Yield the most urgent repairs, one a check, with the places where each is due."""
    by_check: dict[str, list[SeenFinding]] = {}
    for one in sorted(standing, key=lambda one: (RANKS[one.severity], one.first_seen, one.code)):
        by_check.setdefault(one.check, []).append(one)
    for check_id, found in list(by_check.items())[:FIRST]:
        check = m.checks.get(check_id)
        yield Repair(
            title=m.failure(check_id, len(found)) if check else clean(check_id, 80),
            severity=found[0].severity,
            severity_word=m.words.say(f"severity.{found[0].severity}"),
            remedy=m.words.apart(check.remedy) if check else "",
            where=_where(m, found),
        )


def _where(m: Material, found: list[SeenFinding]) -> Text | None:
    if not m.lens.shows("addresses"):
        return None
    ends = dict.fromkeys(m.endpoint(one.address, one.protocol, one.port) for one in found)
    places = m.words.listed([given(end, 120) for end in list(ends)[:PLACES]])
    if len(ends) > PLACES:
        places = m.words.say("letter.more-places", places=places, n=len(ends) - PLACES)
    return m.words.say("letter.at", places=places)


def _rights(m: Material, inputs: LetterInputs) -> tuple[Figure, ...]:
    say = m.words.say
    who = say("letter.who-unknown")
    if inputs.sources:
        named = m.words.listed([given(one, 64) for one in inputs.sources])
        who = say("letter.who-how", addresses=named)
    told = [(say(f"letter.{name}"), say(f"letter.{name}-how"))
            for name in ("dispute", "again", "stop")]  # fmt: skip
    return tuple(Figure(value, label) for label, value in (*told, (say("letter.who"), who)))
