"""`cyberposture catalogue import FILE.xlsx --into FOLDER`: a workbook comes back."""

from pathlib import Path

import typer

from cyberposture.cli.surroundings import printable, show_json
from cyberposture.errors import NotFound, WrongUsage

_SHOWN = 8


def bring_back(file: Path, into: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring a workbook into a content folder, or only list what it would change."""
    from cyberposture.content.loader import load_checks
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.exchange.workbook.into import plan_import, write_import
    from cyberposture.exchange.workbook.opened import MAX_BYTES

    if into is None:
        raise WrongUsage(
            "a workbook is brought back into a content folder: --into FOLDER",
            advice="the folder that holds controls/, or controls/ itself",
        )
    if not into.is_dir():
        raise NotFound("folder", str(into))
    controls = into / "controls" if (into / "controls").is_dir() else into
    scanners = controls.parent / "scanners"
    codes = None
    if scanners.is_dir():
        codes = frozenset(one.code for one in load_checks(scanners).observations)
    plan = plan_import(controls, file.name, read_bytes(file, MAX_BYTES), codes)
    if not dry_run:
        write_import(plan)
    if as_json:
        show_json({"dry_run": dry_run, "folder": str(controls), "changes": [
            {"file": c.file, "kind": c.kind, "what": c.what} for c in plan.changes
        ]})  # fmt: skip
        return
    for change in plan.changes:
        more = len(change.what) - _SHOWN
        listed = [*change.what[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        what = f": {', '.join(listed)}" if listed else ""
        typer.echo(printable(f"{change.kind:8}{change.file}{what}"))
    number = len(plan.changes) or "no"
    files = "file" if len(plan.changes) == 1 else "files"
    typer.echo(f"{number} {files} {'would change' if dry_run else 'changed'}")
