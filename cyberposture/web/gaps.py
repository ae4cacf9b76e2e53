"""What a form lacks: the fields that hold nothing and must."""

from cyberposture.reporting.words import Words
from cyberposture.web.surroundings import plain


def gaps_in(words: Words, **typed: str) -> dict[str, str]:
    """Return what is said at each field that holds nothing, by its name."""
    said = str(words.say("parts.needed"))
    return {name: said for name, text in typed.items() if not plain(text)}
