"""The nation's indicators: entered by the CERT with source and date, never mixed into a score."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model
from cyberposture.model.indicators import Indicator, written
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Register
from cyberposture.store import indicators as store
from cyberposture.store.indicators import IndicatorRecord


class _Entered(Model):
    """What is said of a value besides the value."""

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
    dated: date


@dataclass(frozen=True)
class IndicatorView:
    """An indicator with its newest revision; None: nobody entered it yet."""

    indicator: Indicator
    record: IndicatorRecord | None = None
    values: dict[str, str] = field(default_factory=dict)
    """The value of each figure that is known, by its id."""
    is_due: bool = True
    """It was never entered, or is older than it should be."""


def set_indicator(
    register: Register,
    code: str,
    values: Sequence[str],
    *,
    source: str,
    dated: date,
    reason: str = "",
) -> IndicatorView:
    """Keep a new value of an indicator and return it; earlier ones stay in its history.

    With one figure a value stands alone; with several each is written `figure=value`, and a figure
    that is not given is not known.

    Raises:
        NotFound: there is no such indicator, or whoever acts is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
        InvalidInput: a value does not fit its unit, the source is missing, or the date is to come.
    """
    indicator = find_indicator(register, code)
    try:
        read = indicator.read(tuple(values))
    except ValueError as error:
        raise InvalidInput(Fault(f"{indicator.id} --value", str(error))) from error
    said = build_row(_Entered, "arguments", {"source": source, "dated": dated})
    with register.change("indicator-set", indicator.id, reason=reason) as change:
        require_cert(change)
        # Somewhere on earth it is tomorrow already, up to fourteen hours ahead of UTC.
        if said.dated > (change.now + timedelta(hours=14)).date():
            raise InvalidInput(Fault("--dated", f"{said.dated} is still to come"))
        record = store.record_indicator(
            change.connection,
            indicator.id,
            change.by,
            value=written(read),
            source=said.source,
            dated=said.dated,
        )
        change.tell(
            revision=record.revision,
            value=record.value,
            source=record.source,
            dated=record.dated.isoformat(),
        )
    return _view(indicator, record, record.act.at)


def find_indicator(register: Register, code: str) -> Indicator:
    """Return an indicator of the catalogue.

    Raises:
        NotFound: there is none.
    """
    for indicator in register.content.catalogue.indicators:
        if indicator.id == code.upper():
            return indicator
    raise NotFound("indicator", code, advice="see which there are: cyberposture indicator list")


def list_indicators(register: Register, *, as_of: datetime | None = None) -> list[IndicatorView]:
    """Return every indicator of the catalogue in its order, with its value at `as_of` (or now)."""
    with register.reading() as connection:
        return views_at(register, connection, as_of or register.clock())


def views_at(register: Register, connection: Connection, as_of: datetime) -> list[IndicatorView]:
    """Return what `list_indicators` does, from a state that is being read already."""
    entered = {one.code: one for one in store.list_indicators(connection, as_of=as_of)}
    return [
        _view(indicator, entered.get(indicator.id), as_of)
        for indicator in register.content.catalogue.indicators
    ]


def list_history(register: Register, code: str) -> list[IndicatorView]:
    """Return every revision of an indicator, oldest first.

    Raises:
        NotFound: there is no such indicator.
    """
    indicator, now = find_indicator(register, code), register.clock()
    with register.reading() as connection:
        records = store.list_revisions(connection, indicator.id)
    return [_view(indicator, record, now) for record in records]


def _view(indicator: Indicator, record: IndicatorRecord | None, now: datetime) -> IndicatorView:
    if record is None:
        return IndicatorView(indicator)
    is_due = indicator.is_due(record.dated, now.date())
    return IndicatorView(indicator, record, indicator.kept(record.value), is_due)
