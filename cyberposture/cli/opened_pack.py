"""Opens a pack beside its file: a small workspace with keys of its own, made on first opening."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.surroundings import say

if TYPE_CHECKING:
    from cyberposture.exchange.pack.file import OpenedPack
    from cyberposture.runtime import Runtime

PackFile = Annotated[Path, typer.Argument(metavar="PACK", help="The file that was handed out.")]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Where its answers are kept; else PACK.work beside it."),
]
Key = Annotated[
    str | None,
    typer.Option("--key", help="The fingerprint that the CERT told; another key is refused."),
]


@dataclass(frozen=True)
class Elsewhere:
    """An opened pack with the runtime over its answers."""

    pack: "OpenedPack"
    runtime: "Runtime"


def check(file: Path, key: str | None = None) -> "OpenedPack":
    """Return the pack in a file after all of it was found to be as it was sealed.

    Raises:
        InvalidInput: it is none, it was changed, or it bears another key than the one named.
    """
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.errors import Fault, InvalidInput
    from cyberposture.exchange.pack.file import MAX_BYTES
    from cyberposture.services.assessments.offline import elsewhere

    pack = elsewhere.check_pack(file.name, read_bytes(file, MAX_BYTES))
    told = "" if key is None else "".join(key.split()).lower()
    if key is not None and (len(told) < 16 or not pack.sealed.seal.key.startswith(told)):
        what = "it is not sealed with the key that was named"
        raise InvalidInput(Fault(file.name, what), advice="ask whoever gave you the pack")
    return pack


def open_elsewhere(file: Path, folder: Path | None, key: str | None = None) -> Elsewhere:
    """Return the opened pack; what was answered in it before is there again.

    Raises:
        InvalidInput: the pack was changed.
        WrongState: the folder holds the answers of another pack.
    """
    from cyberposture.runtime import lay_workspace, open_runtime
    from cyberposture.services.assessments.offline import elsewhere
    from cyberposture.settings import load_settings

    pack = check(file, key)
    work = folder or file.with_name(f"{file.name}.work")
    # Whatever register this machine has otherwise, a pack is never laid out in it.
    own = {"database_url": None, "master_key_file": None}
    settings = load_settings(workspace=work).model_copy(update=own)
    lay_workspace(settings)
    runtime = open_runtime(settings, elsewhere.WRITER)
    register = replace(runtime.register, shown_before=elsewhere.shown_by_network(pack))
    runtime = replace(runtime, register=register)
    if not elsewhere.is_laid_out(register, pack):
        elsewhere.lay_out(register, pack)
    return Elsewhere(pack, runtime)


def serve_pack(file: Path, folder: Path | None, key: str | None, port: int) -> None:
    """Serve the questions of a pack on this machine alone, until Ctrl-C.

    Raises:
        InvalidInput: the pack was changed.
        MissingService: the port cannot be had.
    """
    import uvicorn

    from cyberposture.store.seals import fingerprint
    from cyberposture.web.pack import make_pack_app

    opened = open_elsewhere(file, folder, key)
    paper = opened.pack.paper
    app, path = make_pack_app(opened.runtime, opened.pack)
    say(f"{paper.name}, {paper.title}; made {paper.made_at:%Y-%m-%d} by {paper.made_by}")
    say(f"sealed with the key {fingerprint(opened.pack.sealed.seal.key)}: is that the CERT's?")
    say("open this address in a browser on this machine; Ctrl-C ends it")
    typer.echo(f"http://127.0.0.1:{port}{path}")
    try:
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
        )
    finally:
        opened.runtime.close()
