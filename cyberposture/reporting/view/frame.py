"""What stands around every report: for whom it is, of when, under which content and which head."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.charts import place_of
from cyberposture.reporting.inputs import AuditHead, ContentInputs
from cyberposture.reporting.plain import Text, clean, tenths
from cyberposture.reporting.view.lens import Lens
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import people


@dataclass(frozen=True, slots=True)
class HeadMark:
    """The head of an audit chain as it is printed."""

    chain: str
    seq: int
    digest: str
    short: str
    key_id: str
    signature: str
    at: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The outside of a report."""

    language: str
    direction: str
    title: str
    """Of the window."""
    kind: str
    """What kind of report it is."""
    headline: Text
    subtitle: tuple[Text, ...]
    audience: str
    marking: str
    marking_means: str
    as_of: str
    edition: str
    edition_short: str
    digests: tuple[tuple[str, str], ...]
    """What was hashed, and its SHA-256."""
    policy: str
    note: str
    program: str
    head: HeadMark


@dataclass(frozen=True, slots=True)
class Band:
    """A band with its place among the five signs; place 0 is no band."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one score is above another, in the tenths that both are shown in."""

    text: str
    """With its sign; 0.0 has none."""
    direction: str
    """`up`, `down` or `same`."""


def frame_of(
    words: Words,
    lens: Lens,
    content: ContentInputs,
    head: AuditHead,
    *,
    kind: str,
    title: str,
    headline: Text,
    subtitle: tuple[Text, ...],
    as_of: datetime,
    zone: ZoneInfo,
    is_named: bool = True,
) -> Frame:
    """Return the frame of a report; where it names nobody, the audit chain is not named either."""
    edition = content.edition
    framework = content.catalogue.framework
    return Frame(
        language=words.language,
        direction=words.direction,
        title=str(title),
        kind=words.say(f"kind.{kind}"),
        headline=headline,
        subtitle=subtitle,
        audience=words.say(f"audience.{lens.audience}"),
        marking=lens.marking,
        marking_means=words.name("marking", lens.marking.removeprefix("TLP:").lower()),
        as_of=words.minute(as_of, zone),
        edition=f"{edition.catalogue} {edition.version}",
        edition_short=edition.rules[:4] + "…",
        digests=(
            (words.say("digest.rules"), edition.rules),
            (words.say("digest.checks"), edition.checks),
            (words.say("digest.texts"), edition.texts),
        ),
        policy=framework.policy,
        note=framework.note,
        program=clean(content.program_version),
        head=HeadMark(
            chain=clean(head.chain, 64) if is_named else words.say("editions.unnamed-chain"),
            seq=head.seq,
            digest=clean(head.digest, 64),
            short=clean(head.digest, 9),
            key_id=clean(head.key_id, 64),
            signature=clean(head.signature, 128),
            at="" if head.at is None else words.minute(head.at, zone),
        ),
    )


def band_of(words: Words, parameters: ScoreParameters, name: str | None) -> Band:
    """Return the band of this name with its sign; None is no band, which has a sign of its own."""
    if name is None:
        return Band(words.say("band.none"), 0)
    names = [band for band, _ in parameters.bands]
    return Band(words.name("band", name), place_of(names.index(name), len(names)))


def band_at(parameters: ScoreParameters, points: int | None) -> str | None:
    """Return the band that these points reach by themselves, whatever holds it down."""
    if points is None:
        return None
    return [name for name, start in parameters.bands if start <= points][-1]


def shown(points: int | None) -> str | None:
    """Return basis points with one decimal, cut off; None where there is nothing to show."""
    return None if points is None else people(points)


def difference(points: int | None, before: int | None) -> Difference | None:
    """Return how far `points` is above `before`, such that the printed figures add up."""
    above, below = tenths(points), tenths(before)
    if above is None or below is None:
        return None
    return by(above - below)


def by(gap: int) -> Difference:
    """Return a difference in tenths as it is shown."""
    sign, direction = ("+", "up") if gap > 0 else ("\u2212", "down") if gap < 0 else ("", "same")
    return Difference(f"{sign}{people(abs(gap) * 10)}", direction)
