"""`cyberposture pack`: an assessment in one sealed file, for a machine without network."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.opened_pack import Folder, Key, PackFile, check, open_elsewhere
from cyberposture.cli.options import Institution, Json, as_day
from cyberposture.cli.receipts import (
    ReceiptOut,
    Round,
    require_new,
    show_receipts,
    tell_made,
    tell_receipt,
    write_new,
)
from cyberposture.cli.surroundings import open_runtime, say, show_json

HELP = "Answer without a network: make a pack, open it elsewhere, and bring its return back."
app = typer.Typer()
app.command("receipts")(show_receipts)


@app.command("make")
def make(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT.pack.sqlite", help="Where it is written.")],
    institution: Institution,
    round_code: Round,
    as_json: Json = False,
) -> None:
    """Make the pack of an assessment; `cyberposture serve --pack FILE` opens it elsewhere."""
    from cyberposture.services.assessments.offline import packs

    require_new(out)
    made = packs.make_pack(open_runtime(context).register, institution, round_code)
    tell_made(made, out, as_json)


@app.command("check")
def check_file(file: PackFile, key: Key = None, as_json: Json = False) -> None:
    """Check a pack's seal and every table, without any register; exit code 3 if it was changed."""
    from cyberposture.store.seals import fingerprint

    pack = check(file, key)
    paper = pack.paper
    told = {
        "pack": paper.code, "institution": paper.institution, "round": paper.round,
        "edition": paper.edition_name, "made_at": paper.made_at, "made_by": paper.made_by,
        "questions": len(paper.seen), "rows": {name: len(rows) for name, rows in
                                               pack.tables.items()},
        "fingerprint": fingerprint(pack.sealed.seal.key),
    }  # fmt: skip
    if as_json:
        show_json(told)
        return
    typer.echo(
        f"{paper.code} is whole: {paper.name}, {paper.title}, {len(paper.seen)} questions, "
        f"made {paper.made_at:%Y-%m-%d} by {paper.made_by}"
    )
    say(f"sealed with the key {told['fingerprint']}: compare it with the one that you were told")


@app.command("return")
def hand_back(
    file: PackFile,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.return.json", help="Where it is written; .return.zip with files."
        ),
    ],
    folder: Folder = None,
    signed_by: Annotated[str | None, typer.Option(help="Who attests the answers.")] = None,
    office: Annotated[str | None, typer.Option(help="The office of who attests.")] = None,
    day: Annotated[str | None, typer.Option(help="The day of the signature: YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """Make the return of an opened pack, read it again, and only then write it."""
    from cyberposture.errors import WrongUsage
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.offline import Signed
    from cyberposture.services.assessments.offline import elsewhere

    require_new(out)
    parts = (signed_by, office, day)
    if any(parts) and not all(parts):
        raise WrongUsage("--signed-by, --office and --day belong together")
    signed = None
    if signed_by and office and day:
        value = {"name": signed_by, "office": office, "day": as_day("--day", day)}
        signed = build_row(Signed, "arguments", value)
    opened = open_elsewhere(file, folder)
    try:
        made = elsewhere.make_return(opened.runtime.register, opened.pack, signed)
    finally:
        opened.runtime.close()
    write_new(out, made.data)
    if as_json:
        show_json(
            {"path": out, "number": made.number, "answers": made.answers, "pieces": made.pieces}
        )
        return
    typer.echo(
        f"{out}: return {made.number} with {made.answers} answers, {made.pieces} pieces of evidence"
    )


@app.command("take-in")
def take_in(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The return of a pack.")],
    institution: Institution,
    round_code: Round,
    receipt: ReceiptOut = None,
    as_json: Json = False,
) -> None:
    """Take in the return of a pack, once; what others answered meanwhile is never overwritten."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.exchange.pack.returned import MAX_RETURN_BYTES
    from cyberposture.services.assessments.offline import packs

    if receipt is not None:
        require_new(receipt)
    done = packs.take_in_return(
        open_runtime(context).register,
        institution,
        round_code,
        file_name=file.name,
        data=read_bytes(file, MAX_RETURN_BYTES),
    )
    tell_receipt(done, receipt, as_json)


@app.command("keep")
def keep(
    file: PackFile,
    receipt: Annotated[Path, typer.Argument(help="The receipt that came for its return.")],
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Keep a receipt in an opened pack, after its seal was checked, and show it."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.services.assessments.offline import elsewhere, taking_in

    opened = open_elsewhere(file, folder)
    try:
        kept = elsewhere.keep_receipt(
            opened.runtime.register,
            opened.pack,
            file_name=receipt.name,
            data=read_bytes(receipt, taking_in.MAX_BYTES),
        )
    finally:
        opened.runtime.close()
    tell_receipt(kept, None, as_json)
