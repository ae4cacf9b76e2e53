"""`cyberposture institution`: the bodies that are assessed."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cyberposture.cli.options import By, Json, as_moment
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = "The bodies that are assessed."
app = typer.Typer()


@app.command("add")
def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Readable unique code, such as blue-canal-water.")],
    name: Annotated[str, typer.Option(help="Name as it is written.")],
    sector: Annotated[list[str], typer.Option(help="Sector; may be given more than once.")],
    tier: Annotated[str, typer.Option(help="A, G or X.")],
    feature: Annotated[list[str] | None, typer.Option(help="Such as web, mail, ot.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone, IANA name.")] = "Asia/Karachi",
    contact: Annotated[list[str] | None, typer.Option(help="Emergency contact.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Register one institution."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.institutions import Institution
    from cyberposture.services.institutions import entries as institutions

    new = build_row(
        Institution,
        "arguments",
        {
            "code": code,
            "name": name,
            "sectors": sector,
            "tier": tier,
            "features": feature or [],
            "zone": zone,
            "contacts": contact or [],
        },
    )
    institutions.add_institution(open_runtime(context).register, new, reason=reason)
    typer.echo(f"{code} is registered")


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML or CSV.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Register all institutions of a file, or none of them."""
    from cyberposture.services.institutions import entries as institutions

    found = institutions.import_institutions(open_runtime(context).register, file, reason=reason)
    typer.echo(f"{len(found)} institutions are registered")


@app.command("list")
def list_institutions(
    context: typer.Context,
    sector: Annotated[str | None, typer.Option(help="Only this sector.")] = None,
    as_json: Json = False,
) -> None:
    """List the institutions as they stand now."""
    from cyberposture.services.institutions import entries as institutions

    found = institutions.list_institutions(open_runtime(context).register, sector)
    if as_json:
        show_json([record.institution for record in found])
        return
    rows = (
        (r.institution.code, r.institution.name, ", ".join(r.institution.sectors),
         r.institution.tier, ", ".join(r.institution.features))
        for r in found
    )  # fmt: skip
    show_table(("institution", "name", "sectors", "tier", "features"), rows)
    say(f"{len(found)} institutions")


@app.command("show")
def show(
    context: typer.Context,
    code: str,
    as_json: Json = False,
) -> None:
    """Show one institution with what it declares."""
    from cyberposture.services.institutions import entries as institutions

    register = open_runtime(context).register
    record = institutions.get_institution(register, code)
    declared = institutions.get_declaration(register, code)
    if as_json:
        show_json({**record.institution.model_dump(mode="json"), "assets": declared.assets})
        return
    one = record.institution
    typer.echo(f"{one.code}  {one.name}")
    typer.echo(f"sectors {', '.join(one.sectors)}; tier {one.tier}; zone {one.zone}")
    typer.echo(f"features {', '.join(one.features) or 'none'}")
    typer.echo(f"declared: {len(declared.hosts())} hosts, {len(declared.addresses())} addresses")


@app.command("change")
def change(
    context: typer.Context,
    code: str,
    reason: Annotated[str, typer.Option(help="Why, such as the act that renames it.")],
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    parent: Annotated[
        str | None, typer.Option(help="Institution above it; `none` for none.")
    ] = None,
    sector: Annotated[list[str] | None, typer.Option(help="Its sectors from then on.")] = None,
    tier: Annotated[str | None, typer.Option(help="A, G or X.")] = None,
    contact: Annotated[list[str] | None, typer.Option(help="Its emergency contacts.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Moment; else now.")] = None,
) -> None:
    """Record that an institution is called or stands otherwise from a date on."""
    from cyberposture.services.institutions import life

    given = {"name": name, "parent": parent, "sectors": sector, "tier": tier, "contacts": contact}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if changes.get("parent") == "none":
        changes["parent"] = None
    moment = None if since is None else as_moment("--from", since)
    record = life.change_institution(
        open_runtime(context).register, code, changes, valid_from=moment, reason=reason
    )
    typer.echo(f"{code} has revision {record.revision} from {record.valid_from}")


@app.command("close")
def close(
    context: typer.Context,
    code: str,
    reason: Annotated[str, typer.Option(help="Why.")],
    at: Annotated[str | None, typer.Option(help="Moment; else now.")] = None,
) -> None:
    """Record that an institution exists no longer; what it earned stays."""
    from cyberposture.services.institutions import life

    moment = None if at is None else as_moment("--at", at)
    life.close_institution(open_runtime(context).register, code, at=moment, reason=reason)
    typer.echo(f"{code} is closed")


@app.command("merge")
def merge(
    context: typer.Context,
    codes: Annotated[list[str], typer.Argument(help="Institutions that go up in another one.")],
    into: Annotated[str, typer.Option(help="The one that follows them.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    at: Annotated[str | None, typer.Option(help="Moment; else now.")] = None,
) -> None:
    """Record that institutions went up in another one: linked, and nothing rewritten."""
    from cyberposture.services.institutions import life

    moment = None if at is None else as_moment("--at", at)
    life.merge_institutions(open_runtime(context).register, codes, into, at=moment, reason=reason)
    typer.echo(f"{', '.join(codes)} went up in {into}")


@app.command("split")
def split(
    context: typer.Context,
    code: str,
    part: Annotated[list[str], typer.Option(help="An institution that came out of it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    remains: Annotated[bool, typer.Option("--remains", help="It goes on beside them.")] = False,
    at: Annotated[str | None, typer.Option(help="Moment; else now.")] = None,
) -> None:
    """Record that an institution became several: linked, and nothing rewritten."""
    from cyberposture.services.institutions import life

    moment = None if at is None else as_moment("--at", at)
    life.split_institution(
        open_runtime(context).register, code, part, at=moment, closes=not remains, reason=reason
    )
    typer.echo(f"{code} became {', '.join(part)}")


@app.command("history")
def history(context: typer.Context, code: str, as_json: Json = False) -> None:
    """Show what an institution was called and where it stood over time, and whom it followed."""
    from cyberposture.services.institutions import life

    found = life.read_lineage(open_runtime(context).register, code)
    if as_json:
        show_json(
            {
                "versions": [
                    {"valid_from": one.valid_from, **one.institution.model_dump(mode="json")}
                    for one in found.versions
                ],
                "before": [asdict(one) for one in found.before],
                "after": [asdict(one) for one in found.after],
            }
        )
        return
    rows = (
        (str(v.valid_from), v.institution.name, v.institution.parent or "",
         ", ".join(v.institution.sectors), v.institution.tier, v.act.reason)
        for v in found.versions
    )  # fmt: skip
    show_table(("from", "name", "parent", "sectors", "tier", "why"), rows)
    for link in (*found.before, *found.after):
        typer.echo(f"{link.valid_from}  {link.predecessor} {link.kind}: {link.successor}")


@app.command("consent-publication")
def consent_publication(
    context: typer.Context,
    code: str,
    signatory: Annotated[str, typer.Option(help="Who signed for the institution, and as what.")],
    reference: Annotated[str, typer.Option(help="Where the signed paper or attestation is found.")],
    paper: Annotated[Path | None, typer.Option(help="The paper itself, to be kept.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    by: By = None,
) -> None:
    """Record that an institution agreed in writing to be named in public reports."""
    from cyberposture.services.institutions import publication

    publication.consent(
        open_runtime(context, by).register, code,
        signatory=signatory, reference=reference, paper=paper, reason=reason,
    )  # fmt: skip
    typer.echo(f"{code} may be named in public from now on")


@app.command("withdraw-publication")
def withdraw_publication(
    context: typer.Context,
    code: str,
    reason: Annotated[str, typer.Option(help="Why.")],
    by: By = None,
) -> None:
    """Record that an institution takes that back: sets made from now on do not name it."""
    from cyberposture.services.institutions import publication

    publication.withdraw_consent(open_runtime(context, by).register, code, reason=reason)
    typer.echo(f"{code} is named in public no more; sets that were given out keep its name")


@app.command("publications")
def publications(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(help="Else all.")] = None,
    as_json: Json = False,
) -> None:
    """List who agreed to be named in public reports, on which paper, and who took it back."""
    from cyberposture.services.institutions import publication

    found = publication.list_consents(open_runtime(context).register, code)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = (
        (one.institution, one.signatory, one.reference, str(one.act.at), one.act.actor,
         "" if one.withdrawn_at is None else f"{one.withdrawn_at} {one.withdrawn_why}")
        for one in found
    )  # fmt: skip
    show_table(("institution", "signed by", "paper", "since", "recorded by", "withdrawn"), rows)
