"""A host as checks see it: from one fact, or from the compact facts in which they give examples."""

from typing import Any

from cyberposture.model.examples import ExampleFacts
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.examples import compile_context, compile_facts
from cyberposture.scanning.judging.hostview import HostView, view_host
from cyberposture.scanning.reading.states import State


def states_of(fact: Fact, *ports: int) -> list[State]:
    """Return what judging takes each TCP port for, knowing nothing but this fact."""
    view = view_host([fact])
    return [view.state("tcp", port) for port in ports]


def a_view(vantage: str = "external", **facts: Any) -> HostView:
    host = ExampleFacts.model_validate(facts)
    return view_host(compile_facts(host, vantage), compile_context(host.context, vantage), vantage)
