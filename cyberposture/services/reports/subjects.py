"""What reports are about: for each subject, how its facts become the view that a template sees.

A new subject is a row of `MAKERS`; a new report on a subject that is here is a folder of content.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongUsage
from cyberposture.model.reports import Audience, ReportDefinition, Subject
from cyberposture.reporting.render import View
from cyberposture.reporting.sector_inputs import SectorInputs
from cyberposture.reporting.view.crosswalk import crosswalk_view
from cyberposture.reporting.view.exposure import exposure_view
from cyberposture.reporting.view.institution import institution_view
from cyberposture.reporting.view.letter import letter_view
from cyberposture.reporting.view.nation import nation_view
from cyberposture.reporting.view.round import round_view
from cyberposture.reporting.view.sector import sector_view
from cyberposture.reporting.words import Words
from cyberposture.services.register import Register
from cyberposture.services.reports.crosswalk_inputs import gather_crosswalk
from cyberposture.services.reports.exposure_inputs import gather_exposure
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.services.reports.letter_inputs import gather_letter
from cyberposture.services.reports.nation_inputs import NationGatherer
from cyberposture.services.reports.published import fix_public, gather_public
from cyberposture.services.reports.round_inputs import gather_round
from cyberposture.services.reports.sector_inputs import gather_sector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class About:
    """About whom and what a report is; each subject needs some of it."""

    institution: str | None = None
    round_code: str | None = None
    sector: str | None = None
    scan: str | None = None
    framework: str | None = None
    """In whose order results are told: an id of the crosswalk."""
    sent_from: tuple[str, ...] = ()
    """The addresses of our scanners, where they are set; whoever orders the report knows them."""

    def told(self) -> dict[str, str]:
        """Return what is known of it, for the record."""
        names = {"round_code": "round"}
        told = {name: value for name, value in asdict(self).items() if name != "sent_from"}
        return {names.get(name, name): value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Order:
    """One report that is to be made: which, for whom, in which words, about what."""

    definition: ReportDefinition
    audience: Audience
    words: Words
    about: About
    kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was gathered for the same report in another language."""

    def once(self, gather: Callable[[], T]) -> T:
        """Return what `gather` returns, asked once for all languages of one report."""
        if "inputs" not in self.kept:
            self.kept["inputs"] = gather()
        inputs: T = self.kept["inputs"]
        return inputs

    @property
    def is_guarded(self) -> bool:
        """Whether it tells of groups, and may not tell of small ones: then it is as published."""
        is_of_groups = self.definition.subject in ("nation", "sector")
        return is_of_groups and self.definition.redaction[self.audience].smallest_group > 1

    def needs(self, what: str) -> str:
        """Return a part of `about` that this report cannot do without.

        Raises:
            WrongUsage: it is not given.
        """
        value: str | None = getattr(self.about, what)
        if value is None:
            option = what.removesuffix("_code")
            raise WrongUsage(f"the report {self.definition.id} is about one --{option}")
        return value


Maker = Callable[[Register, Connection, Order], View]


def _institution(register: Register, connection: Connection, order: Order) -> View:
    code = order.needs("institution")
    inputs = order.once(
        lambda: InstitutionGatherer(register, connection, code, order.about.round_code).gather()
    )
    return institution_view(order.definition, order.audience, order.words, inputs)


def _crosswalk(register: Register, connection: Connection, order: Order) -> View:
    code, framework = order.needs("institution"), order.needs("framework")
    inputs = order.once(
        lambda: gather_crosswalk(register, connection, code, framework, order.about.round_code)
    )
    return crosswalk_view(order.definition, order.audience, order.words, inputs)


def _nation(register: Register, connection: Connection, order: Order) -> View:
    code = order.needs("round_code")
    inputs = order.once(
        lambda: (
            gather_public(register, connection, code)
            if order.is_guarded
            else NationGatherer(register, connection, code).gather()
        )
    )
    return nation_view(order.definition, order.audience, order.words, inputs)


def _sector(register: Register, connection: Connection, order: Order) -> View:
    code, sector = order.needs("round_code"), order.needs("sector")
    if sector not in {one.id for one in register.content.catalogue.framework.sectors}:
        raise NotFound("sector", sector)
    # Who may not be told of small groups is told what the nation's report tells.
    inputs = order.once(
        lambda: (
            SectorInputs(gather_public(register, connection, code), sector, is_whole=True)
            if order.is_guarded
            else gather_sector(register, connection, code, sector, is_whole=False)
        )
    )
    return sector_view(order.definition, order.audience, order.words, inputs)


def _exposure(register: Register, connection: Connection, order: Order) -> View:
    inputs = order.once(lambda: gather_exposure(register, connection, order.about.institution))
    return exposure_view(order.definition, order.audience, order.words, inputs)


def _letter(register: Register, connection: Connection, order: Order) -> View:
    code, sources = order.needs("scan"), order.about.sent_from
    inputs = order.once(lambda: gather_letter(register, connection, code, sources))
    return letter_view(order.definition, order.audience, order.words, inputs)


def _round(register: Register, connection: Connection, order: Order) -> View:
    code = order.needs("round_code")
    inputs = order.once(lambda: gather_round(register, connection, code))
    return round_view(order.definition, order.audience, order.words, inputs)


def _consultation(register: Register, connection: Connection, order: Order) -> View:
    raise WrongUsage(
        f"the report {order.definition.id} is about one consultation",
        advice="cyberposture consultation report CODE --out FILE",
    )


MAKERS: Mapping[Subject, Maker] = {
    "institution": _institution,
    "crosswalk": _crosswalk,
    "sector": _sector,
    "nation": _nation,
    "exposure": _exposure,
    "letter": _letter,
    "round": _round,
    "consultation": _consultation,
}


def view_of(register: Register, order: Order) -> View:
    """Return the view of a report; what its audience may not see is not in it.

    What the public is told of groups is fixed by being told, which goes on record.

    Raises:
        NotFound: what it is about is not there.
        WrongUsage: it lacks its subject.
        WrongState: the public has nothing to be told of this round yet.
    """
    if order.is_guarded:
        fix_public(register, order.needs("round_code"))
    with register.reading() as connection:
        return MAKERS[order.definition.subject](register, connection, order)
