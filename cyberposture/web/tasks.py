"""What waits for somebody: each subject tells its own, and home lists what is due first.

A subject is a module below `web/waiting/` with a function `waiting_for(visit)` that yields tasks.
It asks the register a constant number of questions and yields nothing where the person's roles do
not concern it.
"""

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from cyberposture.web import waiting
from cyberposture.web.surroundings import Visit

_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Task:
    """One thing to do next, in the words of whoever reads it."""

    what: str
    """What to do: it begins with a verb, such as `Answer Access and authentication`."""
    place: str
    """The address of the page on which it is done."""
    minutes: int | None = None
    """How long it takes, roughly; None: nobody can say."""
    due: datetime | None = None
    """Until when; None: whenever."""
    until: str = ""
    """The same in words, read in the institution's zone."""
    whose: str = ""
    """The name of the institution that it is about."""
    note: str = ""
    """What helps to decide whether to begin, such as how many wait."""
    weight: int = 0
    """Among what is due alike, the heavier stands first."""


Provider = Callable[[Visit], Iterable[Task]]


def find_providers() -> Iterator[Provider]:
    """Yield what every module below `web/waiting/` tells, by the modules' names."""
    for found in pkgutil.walk_packages(waiting.__path__, f"{waiting.__name__}."):
        provider = getattr(import_module(found.name), "waiting_for", None)
        if callable(provider):
            yield provider


def collect_tasks(visit: Visit) -> list[Task]:
    """Return everything that waits for this person: what is due first stands first."""
    tasks = [task for provider in find_providers() for task in provider(visit)]
    return sorted(tasks, key=lambda task: (task.due or _FAR, -task.weight))
