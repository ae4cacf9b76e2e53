"""The brief of a set: at most 150 words for somebody who reads no more than that."""

from collections.abc import Iterable, Iterator

from cyberposture.reporting.plain import Text
from cyberposture.reporting.render import View
from cyberposture.reporting.view.holds import first_sentence
from cyberposture.reporting.view.institution import InstitutionView
from cyberposture.reporting.view.nation import NationView
from cyberposture.reporting.words import Words

MOST_WORDS = 150


def brief_of(words: Words, view: View) -> tuple[Text, ...]:
    """Return what a report says first, as whole sentences, in at most 150 words.

    Nothing is in it that the view does not hold for its audience. What would not fit is left out
    as a whole; of a view that has no brief nothing is said.
    """
    match view:
        case NationView():
            return _fitting(_of_nation(words, view))
        case InstitutionView():
            return _fitting(_of_institution(words, view))
    return ()


def count_words(sentences: Iterable[str]) -> int:
    """Return how many words these are: what stands between spaces."""
    return sum(len(str(sentence).split()) for sentence in sentences)


def _fitting(sentences: Iterable[Text]) -> tuple[Text, ...]:
    kept: list[Text] = []
    for sentence in sentences:
        if str(sentence).strip() and count_words([*kept, sentence]) <= MOST_WORDS:
            kept.append(sentence)
    return tuple(kept)


def _of_nation(words: Words, view: NationView) -> tuple[Text, ...]:
    """Return what is said first and all decisions: whole, or where too long, what each asks."""
    first, last = [view.front.funnel, *view.front.lead], words.say("brief.ours")
    asked = [decision.asks for decision in view.front.decisions]
    for told in (asked, [words.apart(first_sentence(str(asks))) for asks in asked]):
        decisions = [
            words.say("brief.decision", number=place, asks=asks)
            for place, asks in enumerate(told, start=1)
        ]
        said = (*first, *decisions, last)
        if count_words(said) <= MOST_WORDS:
            break
    return said


def _of_institution(words: Words, view: InstitutionView) -> Iterator[Text]:
    here = view.standing
    if here.verified is None:
        yield words.say("brief.no-score", name=view.frame.headline)
    else:
        yield words.say(
            "brief.stands",
            name=view.frame.headline,
            band=here.band.name,
            verified=here.verified,
            declared=here.declared or "–",
        )
    yield from here.lead
    for step in view.steps[:3]:
        yield words.say("brief.step", title=step.title, says=step.says)
    yield words.say("brief.ours")
