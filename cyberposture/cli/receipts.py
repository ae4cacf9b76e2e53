"""What the commands of workbooks and packs have in common: files out, and receipts shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import Institution, Json
from cyberposture.cli.surroundings import open_runtime, require_place, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.model.offline import SealedReceipt
    from cyberposture.services.assessments.offline.papers import Made

Round = Annotated[str, typer.Option("--round", help="Code of the round.")]
Language = Annotated[str, typer.Option("--language", help="en or ur.")]
ReceiptOut = Annotated[
    Path | None, typer.Option("--receipt", help="Where the receipt is written as a file.")
]


def write_new(out: Path, data: bytes) -> None:
    """Write a file that was not there.

    Raises:
        NotFound: there is no such folder.
        WrongState: something is there already.
    """
    from cyberposture.errors import WrongState

    require_place(out)
    try:
        with out.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise WrongState(f"{out} is there already; it is not overwritten") from error


def require_new(out: Path) -> None:
    """Return if a file can be written there; asked before anything goes on record.

    Raises:
        NotFound: there is no such folder.
        WrongState: something is there already.
    """
    from cyberposture.errors import WrongState

    require_place(out)
    if out.exists():
        raise WrongState(f"{out} is there already; it is not overwritten")


def tell_made(made: "Made", out: Path, as_json: bool) -> None:
    """Write a paper and tell what it is; the fingerprint goes to people on another way."""
    write_new(out, made.data)
    if as_json:
        show_json(
            {"path": out, "paper": made.paper.code, "kind": made.paper.kind,
             "institution": made.paper.institution, "round": made.paper.round,
             "questions": len(made.paper.seen), "sha256": made.sha256,
             "fingerprint": made.fingerprint}
        )  # fmt: skip
        return
    typer.echo(f"{out}: {made.paper.code}, {len(made.paper.seen)} questions, due {made.paper.due}")
    say(f"sealed with the key {made.fingerprint}; tell it on another way than the file")


def tell_receipt(sealed: "SealedReceipt", out: Path | None, as_json: bool) -> None:
    """Show what became of a file, and write the receipt where that was asked."""
    receipt, outcome = sealed.receipt, sealed.receipt.outcome
    if out is not None:
        write_new(out, sealed.model_dump_json(indent=1).encode())
    if as_json:
        show_json(sealed)
        return
    typer.echo(
        f"{receipt.code}: {len(outcome.taken)} answers are taken, {len(outcome.clashes)} clash, "
        f"{len(outcome.faults)} cells could not be taken, {outcome.unchanged} are unchanged"
    )
    for piece in outcome.pieces:
        state = "was listed before" if piece.was_there else "is listed"
        serves = ", ".join(piece.controls) or "nothing yet"
        typer.echo(f"{piece.code}: {piece.title!r} {state}, serves {serves}")
    for fault in outcome.faults:
        typer.echo(f"{fault.where}: {fault.what}")
    for clash in outcome.clashes:
        typer.echo(
            f"{clash.where}: {clash.control} was answered {clash.theirs.choice or 'nothing'} by "
            f"{clash.by} meanwhile, and {clash.yours.choice or 'nothing'} here"
        )
    if outcome.attested is not None:
        number = outcome.attested.number
        signed = outcome.attested.signed
        state = "not recorded" if number is None else f"recorded as attestation {number}"
        typer.echo(f"signed by {signed.name}, {signed.office}: {state}")
    say(f"audit entry {receipt.entry.seq}: {receipt.entry.digest}")


def show_receipts(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """List the receipts of everything that came back, newest first."""
    from cyberposture.services.assessments.offline import receipts

    found = receipts.list_receipts(open_runtime(context).register, institution, round_code)
    if as_json:
        show_json(found)
        return
    show_table(
        ("receipt", "kind", "file", "by", "at", "taken", "clashes", "not taken"),
        (_row(one) for one in found),
    )


def _row(sealed: "SealedReceipt") -> tuple[Any, ...]:
    one = sealed.receipt
    return (
        one.code, one.kind, one.file_name, one.by, one.at.isoformat(timespec="minutes"),
        len(one.outcome.taken), len(one.outcome.clashes), len(one.outcome.faults),
    )  # fmt: skip
