"""The page that explains our scans to whoever sees them in a log, in each of its languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from cyberposture.reporting.plain import LONG, Text, given
from cyberposture.reporting.words import Words


@dataclass(frozen=True, slots=True)
class ScannerFacts:
    """What is told of the scanner, as it is set."""

    operator: str
    scanner: str
    user_agent: str
    addresses: tuple[str, ...]
    telephone: str | None
    contact: str | None
    url: str | None
    rate_pps: int
    connections: int
    operator_ur: str = ""
    """As Urdu calls it; without it, as above."""


@dataclass(frozen=True, slots=True)
class Block:
    """One heading with what stands under it."""

    heading: Text
    lines: tuple[Text, ...]
    codes: tuple[Text, ...] = ()
    agent_means: Text | None = None
    agent: Text | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The whole page in one language."""

    language: str
    direction: str
    name: Text
    title: Text
    lead: Text
    draft: Text | None
    """Where no person has reviewed this language yet."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ScannerPage:
    """All that the template sees."""

    words: Words
    operator: Text
    scanner: Text
    parts: tuple[Part, ...]


def scanner_page(facts: ScannerFacts, tongues: Sequence[Words]) -> ScannerPage:
    """Return the view of the page, in the languages of these words; the first one leads."""
    return ScannerPage(
        words=tongues[0],
        operator=given(facts.operator),
        scanner=given(facts.scanner),
        parts=tuple(_part(facts, words, tongues[0]) for words in tongues),
    )


def _part(facts: ScannerFacts, words: Words, first: Words) -> Part:
    return Part(
        language=words.language,
        direction=words.direction,
        name=first.say("scanner.here" if words is first else "scanner.other"),
        title=words.say("scanner.title"),
        lead=words.say("scanner.lead"),
        draft=words.say("scanner.draft") if "scanner.draft" in words.keys else None,
        blocks=(_stop(facts, words), _who(facts, words), _why(words), _addresses(facts, words),
                _what(facts, words), _verify(words)),
    )  # fmt: skip


def _stop(facts: ScannerFacts, words: Words) -> Block:
    lines = [words.say("scanner.stop.anyone")]
    if facts.telephone is None:
        lines.append(words.say("scanner.stop.unset"))
    else:
        lines.append(words.say("scanner.stop.telephone", telephone=given(facts.telephone)))
    if facts.contact is not None:
        lines.append(words.say("scanner.stop.contact", contact=given(facts.contact)))
    lines += [words.say("scanner.stop.code"), words.say("scanner.stop.soon")]
    return Block(words.say("scanner.stop.heading"), tuple(lines))


def _who(facts: ScannerFacts, words: Words) -> Block:
    operator = (facts.operator_ur if words.language == "ur" else "") or facts.operator
    lines = [
        words.say("scanner.who.operator", operator=given(operator)),
        words.say("scanner.who.name", scanner=given(facts.scanner)),
    ]
    if facts.url is not None:
        lines.append(words.say("scanner.who.page", url=given(facts.url)))
    return Block(words.say("scanner.who.heading"), tuple(lines))


def _why(words: Words) -> Block:
    lines = (words.say("scanner.why.letter"), words.say("scanner.why.mistake"))
    return Block(words.say("scanner.why.heading"), lines)


def _addresses(facts: ScannerFacts, words: Words) -> Block:
    which = "scanner.addresses.these" if facts.addresses else "scanner.addresses.unset"
    return Block(
        heading=words.say("scanner.addresses.heading"),
        lines=(words.say(which),),
        codes=tuple(given(address) for address in facts.addresses),
        agent_means=words.say("scanner.addresses.agent"),
        agent=given(facts.user_agent, LONG),
    )


def _what(facts: ScannerFacts, words: Words) -> Block:
    rate = words.say("scanner.what.rate", rate=facts.rate_pps, connections=facts.connections)
    lines = (words.say("scanner.what.connects"), rate, words.say("scanner.what.never"))
    return Block(words.say("scanner.what.heading"), lines)


def _verify(words: Words) -> Block:
    lines = (words.say(f"scanner.verify.{key}") for key in ("compare", "ask", "proof", "call"))
    return Block(words.say("scanner.verify.heading"), tuple(lines))
