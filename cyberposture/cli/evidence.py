"""`cyberposture evidence`: the files behind answers, by digest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import Institution, Json, as_day
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime
    from cyberposture.services.assessments.pieces import Description, Limits

HELP = "What stands behind answers: files, links, observations, and what an institution holds."
app = typer.Typer()
Title = Annotated[str, typer.Option(help="What it is, in a few words.")]
Dated = Annotated[str, typer.Option(help="From which day it is: YYYY-MM-DD.")]
Expires = Annotated[str | None, typer.Option(help="Last day on which it speaks: YYYY-MM-DD.")]
Keeper = Annotated[str, typer.Option(help="Who keeps it current.")]
Round = Annotated[str, typer.Option("--round", help="Code of the round.")]
Code = Annotated[str, typer.Argument(help="Code of the piece: see `evidence library`.")]


@app.command("list")
def list_files(
    context: typer.Context,
    institution: Institution,
    kind: Annotated[str | None, typer.Option(help="evidence, letter or scan.")] = None,
    as_json: Json = False,
) -> None:
    """List the files that are kept for an institution, with kind, digest and size."""
    from cyberposture.services import files

    found = files.list_files(open_runtime(context).register, institution, kind)
    if as_json:
        show_json(
            [{"kind": b.kind, "sha256": b.sha256, "size_bytes": b.size_bytes, "at": b.at}
             for b in found]
        )  # fmt: skip
        return
    show_table(
        ("kind", "sha256", "bytes", "kept"),
        ((b.kind, b.sha256, b.size_bytes, b.at.date()) for b in found),
    )


@app.command("show")
def show(
    context: typer.Context,
    sha256: Annotated[str, typer.Argument(help="Digest; its beginning is enough.")],
    institution: Institution,
    out: Annotated[Path, typer.Option(help="Where the file is written.")],
    as_json: Json = False,
) -> None:
    """Write one kept file to a path, after checking its digest."""
    from cyberposture.services import files

    record = files.write_file(open_runtime(context).register, institution, sha256, out)
    if as_json:
        show_json({"kind": record.kind, "sha256": record.sha256,
                   "size_bytes": record.size_bytes, "out": out})  # fmt: skip
        return
    typer.echo(f"{record.kind} {record.sha256} ({record.size_bytes} bytes) is in {out}")


def _said(title: str, dated: str, expires: str | None, keeper: str) -> "Description":
    from cyberposture.services.assessments.pieces import Description

    until = None if expires is None else as_day("--expires", expires)
    return Description(title, as_day("--dated", dated), until, keeper)


def _limits(runtime: "Runtime") -> "Limits":
    from cyberposture.services.assessments.pieces import Limits

    return Limits(runtime.settings.upload_bytes, runtime.settings.evidence_pieces)


@app.command("library")
def list_library(
    context: typer.Context,
    institution: Institution,
    everything: Annotated[bool, typer.Option("--all", help="Withdrawn ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List an institution's evidence: what it is, until when it speaks, and for which controls."""
    from cyberposture.services.assessments import library

    register = open_runtime(context).register
    found = library.list_library(register, institution, with_withdrawn=everything)
    if as_json:
        show_json(
            [{"code": p.record.code, "revision": p.record.revision, "kind": p.record.kind,
              "title": p.record.title, "sha256": p.record.sha256, "media": p.record.media,
              "place": p.record.place, "dated": p.record.dated, "expires": p.record.expires,
              "keeper": p.record.keeper, "seen_at": p.record.seen_at, "speaks": p.speaks,
              "serves": [f"{s.round}/{s.control}" for s in p.serves]} for p in found]
        )  # fmt: skip
        return
    rows = ((p.record.code, p.record.kind, p.record.title, p.record.expires or "", p.speaks,
             len(p.serves)) for p in found)  # fmt: skip
    show_table(("code", "kind", "title", "expires", "speaks", "controls"), rows)


@app.command("add")
def add(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or an address that begins with https://.")],
    institution: Institution,
    title: Title,
    dated: Dated,
    expires: Expires = None,
    keeper: Keeper = "",
) -> None:
    """List a file (kept encrypted) or a link as evidence, and show its code."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.services.assessments import evidence
    from cyberposture.services.assessments.pieces import NewFile

    runtime = open_runtime(context)
    said, limits = _said(title, dated, expires, keeper), _limits(runtime)
    if file.startswith(("https://", "http://")):
        done = evidence.add_link(runtime.register, institution, file, said, limits=limits)
    else:
        path = Path(file)
        sent = NewFile(read_bytes(path, limits.most_bytes, path.name), path.name)
        done = evidence.add_file(runtime.register, institution, sent, said, limits=limits)
    typer.echo(f"{done.record.code}{' is there already' if done.was_there else ''}")


@app.command("hold")
def hold(
    context: typer.Context,
    institution: Institution,
    title: Title,
    dated: Dated,
    sha256: Annotated[str, typer.Option(help="Its SHA-256 digest, 64 hexadecimal digits.")],
    place: Annotated[str, typer.Option(help="Where the institution keeps it.")],
    expires: Expires = None,
    keeper: Keeper = "",
) -> None:
    """List what the institution keeps itself; it counts once a reviewer saw it there."""
    from cyberposture.services.assessments import evidence

    runtime = open_runtime(context)
    said, limits = _said(title, dated, expires, keeper), _limits(runtime)
    done = evidence.hold(
        runtime.register, institution, said, sha256=sha256.lower(), place=place, limits=limits
    )
    typer.echo(done.record.code)


@app.command("observe")
def observe(
    context: typer.Context,
    check: Annotated[str, typer.Argument(help="A check that was seen to be well.")],
    institution: Institution,
) -> None:
    """List what the network shows of a check as evidence."""
    from cyberposture.services.assessments import evidence

    runtime = open_runtime(context)
    done = evidence.add_observation(runtime.register, institution, check, limits=_limits(runtime))
    typer.echo(done.record.code)


@app.command("attach")
def attach(
    context: typer.Context,
    code: Code,
    controls: Annotated[list[str], typer.Argument(metavar="CONTROL...")],
    institution: Institution,
    round_code: Round,
) -> None:
    """Let a piece serve controls, one after the other."""
    from cyberposture.services.assessments import evidence

    register = open_runtime(context).register
    for control in controls:
        use = evidence.Use(round_code, control.upper())
        is_new = evidence.attach(register, institution, use, code)
        typer.echo(f"{use.control}: {'attached' if is_new else 'attached already'}")


@app.command("detach")
def detach(
    context: typer.Context,
    code: Code,
    control: str,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")] = "",
) -> None:
    """Let a piece serve a control no more; it stays in the list."""
    from cyberposture.services.assessments import evidence

    use = evidence.Use(round_code, control.upper())
    evidence.detach(open_runtime(context).register, institution, use, code, reason=reason)
    typer.echo(f"{code} serves {use.control} no more")


@app.command("replace")
def replace(
    context: typer.Context,
    code: Code,
    file: Annotated[Path, typer.Argument(help="The file that takes its place.")],
    institution: Institution,
    title: Title,
    dated: Dated,
    expires: Expires = None,
    keeper: Keeper = "",
) -> None:
    """Put a newer file in the place of a piece, as its next revision."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.services.assessments import evidence
    from cyberposture.services.assessments.pieces import NewFile

    runtime = open_runtime(context)
    limits = _limits(runtime)
    sent = NewFile(read_bytes(file, limits.most_bytes, file.name), file.name)
    said = _said(title, dated, expires, keeper)
    done = evidence.replace_file(runtime.register, institution, code, sent, said, limits=limits)
    typer.echo(f"{code} is at revision {done.revision}")


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    code: Code,
    institution: Institution,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")],
) -> None:
    """Let a piece speak for nothing any more; it and its file stay on record."""
    from cyberposture.services.assessments import evidence

    evidence.withdraw(open_runtime(context).register, institution, code, reason=reason)
    typer.echo(f"{code} is withdrawn")


@app.command("seen")
def confirm_seen(
    context: typer.Context,
    code: Code,
    institution: Institution,
    reason: Annotated[str, typer.Option(help="What was seen and compared.")],
) -> None:
    """Record that a reviewer saw where the institution holds it what a piece says."""
    from cyberposture.services.assessments import evidence

    evidence.confirm_seen(open_runtime(context).register, institution, code, reason=reason)
    typer.echo(f"{code} was seen")
