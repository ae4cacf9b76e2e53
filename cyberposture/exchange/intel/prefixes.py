"""Reads tables about prefixes: route-origin records, who announces what, and where addresses are.

Route-origin records come as rpki-client 8 and routinator 0.14 write them: JSON with `roas` (ASN as
a number or `AS…`, `prefix`, `maxLength`), or CSV with `ASN,IP Prefix,Max Length,Trust Anchor` and
perhaps `Expires`. The other two are CSV of our own: `prefix,asn` and `cidr,country,asn`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.csv_stream import read_table
from cyberposture.exchange.intel.json_stream import read_stream
from cyberposture.exchange.intel.opened import Opened
from cyberposture.exchange.intel.rows import Told, read_count, read_moment, require_count
from cyberposture.model.intel import PrefixRow
from cyberposture.scanning.matching.routes import Prefix, read_prefix

_RPKI_COLUMNS = ("asn", "ip prefix", "max length", "trust anchor", "expires")
_MAX_ASN = 4_294_967_295


def read_rpki(source: Opened, told: Told, *, is_json: bool) -> Iterator[PrefixRow]:
    """Yield every validated record; `told` is filled in by the end.

    Raises:
        InvalidInput: it is no such export, is cut off, or a record is wrong.
    """
    return _rpki_json(source, told) if is_json else _rpki_csv(source)


def _rpki_json(source: Opened, told: Told) -> Iterator[PrefixRow]:
    found = 0
    for path, value in read_stream(source, "roas"):
        place = f"{source.name}: {path}"
        if not path.startswith("$.roas["):
            if path == "$.metadata":
                _note_metadata(told, value, place)
            continue
        if not isinstance(value, dict):
            raise InvalidInput(Fault(place, "an object is expected"))
        missing = [key for key in ("asn", "prefix", "maxLength") if key not in value]
        if missing:
            raise InvalidInput(Fault(place, f"missing: {', '.join(missing)}"))
        prefix = _prefix(value["prefix"], f"{place}.prefix")
        found += 1
        yield PrefixRow.model_construct(
            prefix=str(prefix),
            asn=_asn(value["asn"], f"{place}.asn"),
            max_length=_length(value["maxLength"], prefix, f"{place}.maxLength"),
            country="",
        )
    require_count(source.name, told, found, "$.metadata.vrps")


def _note_metadata(told: Told, value: Any, place: str) -> None:
    """Note when the export was made: `buildtime` of rpki-client, `generated` of routinator."""
    if not isinstance(value, dict):
        raise InvalidInput(Fault(place, "an object is expected"))
    if "buildtime" in value:
        told.as_of = read_moment(value["buildtime"], f"{place}.buildtime")
    elif "generatedTime" in value:
        told.as_of = read_moment(value["generatedTime"], f"{place}.generatedTime")
    elif "generated" in value:
        seconds = read_count(value["generated"], f"{place}.generated")
        try:
            told.as_of = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise InvalidInput(Fault(f"{place}.generated", "no moment")) from error
    if "vrps" in value:
        told.stated = read_count(value["vrps"], f"{place}.vrps")


def _rpki_csv(source: Opened) -> Iterator[PrefixRow]:
    for where, cells in read_table(source, _RPKI_COLUMNS, _RPKI_COLUMNS[:3]):
        prefix = _prefix(cells.get("ip prefix"), f"{where}: ip prefix")
        yield PrefixRow.model_construct(
            prefix=str(prefix),
            asn=_asn(cells.get("asn"), f"{where}: asn"),
            max_length=_length(
                _number(cells.get("max length", str(prefix.prefixlen))),
                prefix,
                f"{where}: max length",
            ),
            country="",
        )


def read_origins(source: Opened) -> Iterator[PrefixRow]:
    """Yield which network announces which prefix; a prefix may have several.

    Raises:
        InvalidInput: a row is wrong.
    """
    for where, cells in read_table(source, ("prefix", "asn"), ("prefix", "asn")):
        prefix = _prefix(cells.get("prefix"), f"{where}: prefix")
        yield PrefixRow.model_construct(
            prefix=str(prefix), asn=_asn(cells.get("asn"), f"{where}: asn"), max_length=None,
            country="",
        )  # fmt: skip


def read_locations(source: Opened) -> Iterator[PrefixRow]:
    """Yield country (two letters) and network of each block of addresses.

    Raises:
        InvalidInput: a row is wrong.
    """
    for where, cells in read_table(source, ("cidr", "country", "asn"), ("cidr", "country")):
        prefix = _prefix(cells.get("cidr"), f"{where}: cidr")
        country = cells.get("country", "").upper()
        if len(country) != 2 or not country.isascii() or not country.isalpha():
            raise InvalidInput(Fault(where, f"country: {country[:20]!r} is not two letters"))
        asn = _asn(cells["asn"], f"{where}: asn") if "asn" in cells else None
        yield PrefixRow.model_construct(
            prefix=str(prefix), asn=asn, max_length=None, country=country
        )


def _prefix(value: object, place: str) -> Prefix:
    if not isinstance(value, str):
        raise InvalidInput(Fault(place, "a prefix is expected"))
    try:
        return read_prefix(value)
    except ValueError as error:
        raise InvalidInput(Fault(place, f"{value[:60]!r} is no prefix: {error}")) from error


def _number(text: str | None) -> object:
    digits = text is not None and text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text or "0") if digits else text


def _asn(value: object, place: str) -> int:
    number = (
        _number(value[2:] if value[:2].upper() == "AS" else value)
        if isinstance(value, str)
        else value
    )
    if type(number) is not int or not 0 <= number <= _MAX_ASN:
        raise InvalidInput(Fault(place, f"{str(value)[:40]!r} is no AS number"))
    return number


def _length(value: object, prefix: Prefix, place: str) -> int:
    if type(value) is not int or not prefix.prefixlen <= value <= prefix.max_prefixlen:
        what = f"{str(value)[:20]!r} does not lie between {prefix.prefixlen} and the longest"
        raise InvalidInput(Fault(place, what))
    return value
