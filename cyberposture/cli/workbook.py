"""`cyberposture workbook`: an assessment as a spreadsheet, out and in again."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Institution, Json, one_of
from cyberposture.cli.receipts import (
    Language,
    ReceiptOut,
    Round,
    require_new,
    show_receipts,
    tell_made,
    tell_receipt,
)
from cyberposture.cli.surroundings import open_runtime

HELP = "Answer in a spreadsheet: one file that suffices for a full return."
app = typer.Typer()
app.command("receipts")(show_receipts)


@app.command("make")
def make(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="Where it is written.")],
    institution: Institution,
    round_code: Round,
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Make the workbook of an assessment: questions, guidance, answers so far, signature."""
    from cyberposture.services.assessments.offline import papers

    require_new(out)
    runtime = open_runtime(context)
    spoken = one_of(papers.LANGUAGES, language, "language")
    made = papers.make_workbook(
        runtime.register, runtime.folders.reports, institution, round_code, spoken
    )
    tell_made(made, out, as_json)


@app.command("take-in")
def take_in(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The workbook that was filled in.")],
    institution: Institution,
    round_code: Round,
    receipt: ReceiptOut = None,
    as_json: Json = False,
) -> None:
    """Take in a workbook cell by cell; what is good is kept, the rest is told by its address."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.services.assessments.offline import taking_in

    if receipt is not None:
        require_new(receipt)
    runtime = open_runtime(context)
    done = taking_in.take_in_workbook(
        runtime.register,
        runtime.folders.reports,
        institution,
        round_code,
        file_name=file.name,
        data=read_bytes(file, taking_in.MAX_BYTES),
    )
    tell_receipt(done, receipt, as_json)
