"""What a card says of services that are used: who answered, until when, and what remains."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cyberposture.services.institutions.shared_services import Inherited
from cyberposture.web.surroundings import Visit


@dataclass(frozen=True)
class ShownPart:
    """One provider's part of a control, in words."""

    title: str
    provider: str
    says: str
    found: str
    until: str
    is_over: bool
    duty: str


def inherited_on_cards(
    visit: Visit, found: Mapping[str, list[Inherited]], zone: ZoneInfo
) -> dict[str, list[ShownPart]]:
    """Return what is inherited now, by control, in words."""
    return {
        control: [_shown(one, visit, zone) for one in parts] for control, parts in found.items()
    }


def _shown(one: Inherited, visit: Visit, zone: ZoneInfo) -> ShownPart:
    words, answer = visit.words, one.answer
    today = visit.register.clock().astimezone(zone).date()
    level = words.say(f"level.{answer.level}")
    seen = answer.reviewed_level
    return ShownPart(
        one.service.title,
        one.service.provider,
        words.say("service.says", level=level),
        "" if seen is None else words.say("service.found", level=words.say(f"level.{seen}")),
        words.say("service.until", day=words.day(answer.expires, zone)),
        answer.expires < today,
        answer.duty,
    )
