"""Makes text plain that somebody else chose: addresses, banners, names of things, file names.

It is escaped like all text; here is seen to it that it cannot hide, turn round or push away what
stands beside it.
"""

import re
from typing import Final

LONGEST: Final = 300
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What is not seen and changes what is: controls, marks of direction, breaks, joiners.

The joiners of Urdu are among them; they do not occur in addresses, and a banner without them stays
legible.
"""


def plainly(text: object, longest: int = LONGEST) -> str:
    """Return text with everything invisible spelled out, and cut where it is too long."""
    raw = str(text)
    cut = raw[: longest + 1]
    shown = _HIDDEN.sub(lambda found: _spelled(found.group()), cut)
    return shown if len(raw) <= longest and len(shown) <= longest else f"{shown[:longest]}…"


def _spelled(letter: str) -> str:
    return " " if letter in "\n\t" else f"⟨{ord(letter):04X}⟩"
