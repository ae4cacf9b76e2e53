"""`cyberposture scan rejudge`, `diff` and `ask`: newer rules, two scans, and another look."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.services.findings.rejudging import Difference, Rejudged
    from cyberposture.services.findings.scan_diff import ScanDiff

BECAUSE = {
    "rule": "the rule changed",
    "network": "the network changed",
    "both": "the rule and the network changed",
}


def rejudge(
    context: typer.Context,
    scan: Annotated[str | None, typer.Option(help="Only this scan.")] = None,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """Judge kept facts anew by the present checks, beside the old judgements; nothing is sent."""
    from cyberposture.services.findings import rejudging

    found = rejudging.rejudge(open_runtime(context).register, scan=scan, institution=institution)
    if as_json:
        show_json([_rejudged(one) for one in found])
        return
    for one in found:
        before, after = (digest[:12] for digest in one.checks)
        same = "the same checks" if before == after else f"checks {before} before, {after} now"
        typer.echo(
            f"{one.scan} of {one.institution}: {one.judgements} judgements by {same}; "
            f"{len(one.differences)} differ, {one.opened} findings opened"
        )
        _show_verdicts(one.differences)
        for code in one.unseen:
            typer.echo(f"{code} is not seen by the present rule; the next look may close it")


def _rejudged(one: "Rejudged") -> dict[str, Any]:
    return {
        "scan": one.scan,
        "institution": one.institution,
        "judged_at": one.judged_at,
        "checks_before": one.checks[0],
        "checks": one.checks[1],
        "judgements": one.judgements,
        "differences": [_difference(each) for each in one.differences],
        "opened": one.opened,
        "unseen": one.unseen,
    }


def _difference(one: "Difference") -> dict[str, Any]:
    check, address, protocol, port, subkey = one.place
    return {
        "check": check,
        "address": address,
        "protocol": protocol,
        "port": port,
        "subkey": subkey,
        "before": one.before,
        "after": one.after,
        "version_before": one.versions[0],
        "version": one.versions[1],
        "because": one.cause,
        "says": one.says,
    }


def _show_verdicts(found: "list[Difference] | tuple[Difference, ...]") -> None:
    if not found:
        return
    rows = (
        (one.place[0], one.place[1], _where(one),
         f"{one.before or 'none'} → {one.after or 'none'}", BECAUSE[one.cause], one.says)
        for one in found
    )  # fmt: skip
    show_table(("check", "address", "port", "verdict", "because", ""), rows)


def _where(one: "Difference") -> str:
    _, _, protocol, port, _ = one.place
    return "" if port is None else f"{protocol}/{port}"


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="Code of one scan, usually the older.")],
    after: Annotated[str, typer.Argument(help="Code of the other.")],
    as_json: Json = False,
) -> None:
    """Put two scans of an institution side by side; what was not tested is never called closed."""
    from cyberposture.services.findings import scan_diff

    found = scan_diff.compare(open_runtime(context).register, before, after)
    if as_json:
        show_json(_document(found))
        return
    typer.echo(f"{found.institution}: {before} → {after}")
    if found.perhaps_blocked:
        typer.echo("the later scan was perhaps blocked: silent ports are undecided, not closed")
    typer.echo("\nWHAT CHANGED")
    _show_changes(found)
    typer.echo("\nWHAT ONE OF THEM DID NOT SEE (no change)")
    _show_unseen(found)


def _show_changes(found: "ScanDiff") -> None:
    changes = found.changes
    _show_list("hosts that answer now", changes.appeared)
    _show_list("hosts with nothing open any more", changes.vanished)
    rows = [("opened", *_port(one)) for one in changes.opened]
    rows += [("closed", *_port(one)) for one in changes.closed]
    rows += [("service", *_port(one)) for one in changes.services]
    rows += [
        ("certificate", one.address, f"tcp/{one.port}",
         f"valid until {one.valid_until[0].date()} → {one.valid_until[1].date()}"
         + ("" if one.issuers[0] == one.issuers[1] else f", now by {one.issuers[1]}"))
        for one in changes.certificates
    ]  # fmt: skip
    if rows:
        show_table(("", "address", "port", ""), rows)
    _show_verdicts(changes.verdicts)
    if not (rows or changes.appeared or changes.vanished or changes.verdicts):
        typer.echo("nothing")


def _show_unseen(found: "ScanDiff") -> None:
    unseen = found.unseen
    _show_list("looked at only before", unseen.only_before)
    _show_list("looked at only now", unseen.only_after)
    _show_list("answered before, silent now", unseen.silent)
    rows = [("undecided", *_port(one)) for one in unseen.undecided]
    rows += [("not tested", *_port(one)) for one in unseen.not_tested]
    if rows:
        show_table(("", "address", "port", ""), rows)
    _show_verdicts(unseen.verdicts)
    if not rows and not any(vars(unseen).values()):
        typer.echo("nothing")


def _port(one: Any) -> tuple[str, str, str]:
    return one.address, f"{one.protocol}/{one.port}", f"{one.before} → {one.after}"


def _show_list(what: str, addresses: list[str]) -> None:
    if addresses:
        typer.echo(f"{what}: {', '.join(addresses)}")


def _document(found: "ScanDiff") -> dict[str, Any]:
    changes, unseen = found.changes, found.unseen
    return {
        "institution": found.institution,
        "before": found.before.code,
        "after": found.after.code,
        "perhaps_blocked": found.perhaps_blocked,
        "changes": {
            "appeared": changes.appeared,
            "vanished": changes.vanished,
            "opened": [one._asdict() for one in changes.opened],
            "closed": [one._asdict() for one in changes.closed],
            "services": [one._asdict() for one in changes.services],
            "certificates": [one._asdict() for one in changes.certificates],
            "verdicts": [_difference(one) for one in changes.verdicts],
        },
        "not_seen": {
            "only_before": unseen.only_before,
            "only_after": unseen.only_after,
            "silent": unseen.silent,
            "undecided": [one._asdict() for one in unseen.undecided],
            "not_tested": [one._asdict() for one in unseen.not_tested],
            "verdicts": [_difference(one) for one in unseen.verdicts],
        },
    }


def ask(
    context: typer.Context,
    institution: Annotated[str, typer.Option(help="Code of the institution.")],
    address: Annotated[list[str], typer.Option(help="A declared address; repeatable.")],
    reason: Annotated[str, typer.Option(help="Why, such as: repaired.")] = "",
) -> None:
    """Have addresses looked at soon, after a repair; turn, windows and gate stay as they are."""
    from cyberposture.services.scans import asking

    found = asking.ask(open_runtime(context).register, institution, address, reason=reason)
    typer.echo(f"{len(found.addresses)} addresses are due now; {found.left} more may be asked for")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those of `scan`."""
    for command in (rejudge, diff, ask):
        app.command(command.__name__)(command)
