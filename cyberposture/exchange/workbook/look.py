"""How our workbooks look: the colours, the kinds of cells, and texts that never become formulas."""

import re
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cyberposture.errors import Fault, InvalidInput

BRAND, INK, SOFT, WASH, LINE, PAPER, OPEN = (
    "#0B5D4E", "#18222C", "#55616C", "#F4F2EC", "#DCD8CD", "#FFFFFF", "#FFF9DB",
)  # fmt: skip
LONGEST = 32_767
"""Signs that one cell holds. Source: Microsoft, Excel specifications and limits, 2024."""

_RISKY = ("=", "+", "-", "@", "\t", "\r")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_TEXT = {"num_format": "@", "text_wrap": True, "valign": "top", "indent": 1, "bottom": 1,
         "bottom_color": LINE, "font_name": "Calibri", "font_size": 10,
         "font_color": INK}  # fmt: skip

KINDS: dict[str, dict[str, Any]] = {
    "text": _TEXT | {"locked": False},
    "key": _TEXT | {"locked": False, "bold": True, "font_color": BRAND, "bg_color": WASH},
    "number": _TEXT | {"locked": False, "num_format": "0", "align": "center", "indent": 0},
    "choice": _TEXT | {"locked": False, "align": "center", "indent": 0},
    "open": _TEXT | {"locked": False, "bg_color": OPEN},
    "open_day": _TEXT | {"locked": False, "bg_color": OPEN, "num_format": "yyyy-mm-dd"},
    "fixed": _TEXT,
    "fixed_key": _TEXT | {"bold": True, "font_color": BRAND, "bg_color": WASH},
    "header": {"bold": True, "font_name": "Calibri", "font_size": 10, "font_color": PAPER,
               "bg_color": BRAND, "text_wrap": True, "valign": "vcenter", "border": 1, "indent": 1,
               "border_color": PAPER},
    "title": {"font_name": "Calibri", "font_size": 22, "bold": True, "font_color": BRAND,
              "valign": "vcenter"},
    "subtitle": {"font_name": "Calibri", "font_size": 11, "font_color": SOFT, "text_wrap": True,
                 "valign": "top"},
    "heading": {"font_name": "Calibri", "font_size": 13, "bold": True, "font_color": BRAND,
                "bottom": 2, "bottom_color": BRAND},
    "prose": {"font_name": "Calibri", "font_size": 11, "font_color": INK, "text_wrap": True,
              "valign": "top"},
    "step_name": {"font_name": "Calibri", "font_size": 11, "bold": True, "font_color": INK,
                  "valign": "top", "text_wrap": True},
    "step": {"font_name": "Calibri", "font_size": 11, "bold": True, "font_color": BRAND,
             "valign": "top", "align": "center"},
    "link": {"font_name": "Calibri", "font_size": 11, "bold": True, "font_color": BRAND,
             "underline": 1, "valign": "top"},
}  # fmt: skip


class Look:
    """The formats of one workbook, each made once, and the only way to write a cell."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[str, bool, bool], Format] = {}

    def format(self, kind: str, *, is_risky: bool = False, is_rtl: bool = False) -> Format:
        """Return the format of a kind of cell; a risky text is marked as text in its cell too."""
        key = (kind, is_risky, is_rtl)
        if key not in self._made:
            more: dict[str, Any] = {"quote_prefix": True} if is_risky else {}
            if is_rtl:
                more["reading_order"] = 2
            self._made[key] = self._workbook.add_format(KINDS[kind] | more)
        return self._made[key]

    def put(
        self, sheet: Worksheet, row: int, column: int, value: str | int | None, kind: str
    ) -> None:
        """Write a text, a number or an empty cell, never a formula or a link.

        Raises:
            InvalidInput: no cell can hold the text.
        """
        if value is None or value == "":
            sheet.write_blank(row, column, None, self.format(kind))
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self.format(kind))
        else:
            _require_writable(sheet, row, column, value)
            # A line of Urdu that begins with a Latin name is Urdu all the same.
            look = self.format(
                kind, is_risky=value.startswith(_RISKY), is_rtl=_ARABIC.search(value) is not None
            )
            sheet.write_string(row, column, value, look)


def _require_writable(sheet: Worksheet, row: int, column: int, text: str) -> None:
    where = f"{sheet.get_name()}, row {row + 1}, column {column + 1}"
    if len(text) > LONGEST:
        raise InvalidInput(Fault(where, f"{len(text)} signs; a cell holds {LONGEST}"))
    odd = _UNWRITABLE.search(text)
    if odd is not None:
        raise InvalidInput(Fault(where, f"no cell can hold {odd[0]!r}"))
