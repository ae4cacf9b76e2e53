"""Says on a page what our looks said when they were kept, in the reader's language."""

from collections.abc import Callable
from html import escape

from cyberposture.content.translations import in_language
from cyberposture.model.checks import Says
from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.seen import Kind, say_seen
from cyberposture.services.findings.listing import texts_of
from cyberposture.web.network.plainness import plainly
from cyberposture.web.surroundings import Visit

Remarking = Callable[[str, int], str]
"""Of a remark that was kept in English, in so many signs at most."""
Saying = Callable[[str, Kind | None, str, int], str]
"""Of a check, of what was judged, of the kept English sentence, in so many signs at most."""


def saying(visit: Visit) -> Saying:
    """Return what says a kept sentence again, as the reports do.

    What nobody can say again stays English, and is marked as such.
    """
    words, language = visit.words, visit.words.language

    def said_of(check: str) -> dict[str, tuple[Says, Says]]:
        texts = texts_of(visit.register, language)
        ours = visit.register.content.checks.find(check)
        if ours is None or not texts.tells(ours):
            return {}
        theirs = texts.checks[ours.id].says
        return {} if theirs is None else {check: (ours.says, theirs)}

    def say(check: str, kind: Kind | None, kept: str, longest: int) -> str:
        if words.direction == "ltr":
            return given(plainly(kept, longest), longest)
        return say_seen(words, said_of(check), check, kind, kept, limit=longest)

    return say


def sectors_named(visit: Visit) -> list[tuple[str, str]]:
    """Return every sector's code with what the reader's language calls it."""
    content = visit.register.content
    texts = in_language(content.translations, visit.words.language)
    return list(texts.names(content.catalogue)["sectors"].items())


def remarking(visit: Visit) -> Remarking:
    """Return what says a kept remark again: why something is due, or what came of it.

    What a machine said, and what nobody knows, stays as it is, and apart.
    """

    def say(kept: str, longest: int) -> str:
        shown = plainly(kept, longest)
        said = visit.told(shown)
        if said != shown:
            return said
        return Text(shown, f'<bdi class="foreign" lang="en" dir="ltr">{escape(shown)}</bdi>')

    return say
