"""A workbook of an assessment in somebody's hands, who fills cells in and hands it back."""

import io

from openpyxl import load_workbook

ANSWER, HOW = "E", "F"


class Book:
    """A workbook in somebody's hands."""

    def __init__(self, data):
        self.book = load_workbook(io.BytesIO(data))

    def row(self, control):
        sheet = self.book[control[:3]]
        return next(r for r in range(3, sheet.max_row + 1) if sheet[f"B{r}"].value == control)

    def put(self, control, answer=None, how=None):
        sheet, row = self.book[control[:3]], self.row(control)
        sheet[f"{ANSWER}{row}"], sheet[f"{HOW}{row}"] = answer, how
        return f"{control[:3]}!{ANSWER}{row}"

    def bytes(self):
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()
