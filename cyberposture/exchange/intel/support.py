"""Reads our own table of the days on which the support of products ends.

CSV with the headings `product`, `branch`, `ends_on`, `source`; or JSON, an object with `as_of` and
`products`, a list of objects with the same four names. `product` is a CPE name of either spelling,
or `vendor:product`; `branch` the leading numbers of its versions (2.4), empty for all of them;
`ends_on` the first day without support, as YYYY-MM-DD; `source` where the maker says so.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.csv_stream import read_table
from cyberposture.exchange.intel.json_stream import read_stream
from cyberposture.exchange.intel.opened import Opened
from cyberposture.exchange.intel.rows import Told, build, read_moment
from cyberposture.model.intel import SupportEnd
from cyberposture.scanning.matching.cpe import find_cpe
from cyberposture.scanning.matching.versions import is_branch

COLUMNS = ("product", "branch", "ends_on", "source")
_Said = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    product: _Said
    branch: Annotated[str, Field(max_length=100)] = ""
    ends_on: Annotated[date, Field(strict=False)]
    source: _Said


def read_support(source: Opened, told: Told, *, is_json: bool) -> Iterator[SupportEnd]:
    """Yield every row; `told` is filled in by the end.

    Raises:
        InvalidInput: a row is wrong, or says of a branch what another row says otherwise.
    """
    seen: dict[tuple[str, str, str], str] = {}
    for place, value in _json_rows(source, told) if is_json else _csv_rows(source):
        row = build(_Row, place, value)
        vendor, product = _key(row.product, place)
        if row.branch and not is_branch(row.branch):
            raise InvalidInput(Fault(place, f"branch: {row.branch!r} is not numbers and points"))
        key = (vendor, product, row.branch)
        if key in seen:
            raise InvalidInput(Fault(place, f"the same branch stands in {seen[key]} already"))
        seen[key] = place
        yield SupportEnd(
            vendor=vendor,
            product=product,
            branch=row.branch,
            ends_on=row.ends_on,
            source=row.source,
        )


def _csv_rows(source: Opened) -> Iterator[tuple[str, Any]]:
    yield from read_table(source, COLUMNS, ("product", "ends_on", "source"))


def _json_rows(source: Opened, told: Told) -> Iterator[tuple[str, Any]]:
    for path, value in read_stream(source, "products"):
        place = f"{source.name}: {path}"
        if path.startswith("$.products["):
            yield place, value
        elif path == "$.as_of":
            told.as_of = read_moment(value, place)
        else:
            raise InvalidInput(Fault(place, "unknown key; allowed: as_of, products"))


def _key(text: str, place: str) -> tuple[str, str]:
    cpe = find_cpe(text)
    key = cpe.key() if cpe is not None else None
    if key is None and not text.startswith("cpe:"):
        vendor, colon, product = text.lower().partition(":")
        key = (vendor.strip(), product.strip()) if colon else None
    if key is None or not all(key):
        what = f"product: {text[:60]!r} is neither a CPE name nor vendor:product"
        raise InvalidInput(Fault(place, what))
    return key
