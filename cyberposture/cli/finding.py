"""`cyberposture finding`: what is wrong on the network, since when, and what people say to it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cyberposture.cli.options import Json, OnlyInstitution, as_moment, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime
    from cyberposture.services.findings.views import FindingView
    from cyberposture.store.findings import FindingEvent

HELP = "What is wrong on the network, since when, and what people say to it."
app = typer.Typer()
Code = Annotated[str, typer.Argument(help="Code of the finding.")]
Who = Annotated[str, typer.Option("--by", help="Code of the person.")]
Key = Annotated[
    Path | None, typer.Option("--key", help="The person's private key; else in the workspace.")
]
Why = Annotated[str, typer.Option(help="Why.")]
Proof = Annotated[str, typer.Option(help="What shows it: a code of evidence, a letter, a file.")]
Until = Annotated[
    str | None, typer.Option(help="ISO 8601 moment with zone; else a year, which is the longest.")
]


@app.command("list")
def list_all(
    context: typer.Context,
    institution: OnlyInstitution = None,
    state: Annotated[str | None, typer.Option(help="open, closed, accepted …")] = None,
    waiting: Annotated[bool, typer.Option(help="Only what waits for somebody.")] = False,
    as_json: Json = False,
) -> None:
    """List findings by first sight, with their clocks and what waits for somebody."""
    from cyberposture.model.findings import FindingState
    from cyberposture.services.findings import views as finding_views

    wanted = None if state is None else one_of(get_args(FindingState), state, "state")
    found = finding_views.list_views(open_runtime(context).register, institution, wanted)
    found = [one for one in found if one.waits_for or not waiting]
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (one.finding.code, one.finding.severity, one.finding.key.check, one.finding.address,
         _port(one), one.finding.state, one.finding.first_seen.date(),
         "" if one.repair_by is None else one.repair_by.date(), one.waits_for, one.finding.says)
        for one in found
    )  # fmt: skip
    show_table(
        ("code", "severity", "check", "address", "port", "state", "since", "counts from",
         "waits for", ""),
        rows,
    )  # fmt: skip
    say(f"{len(found)} findings")


def _port(one: "FindingView") -> str:
    key = one.finding.key
    return "" if key.port is None else f"{key.protocol}/{key.port}"


@app.command("show")
def show(context: typer.Context, code: Code, as_json: Json = False) -> None:
    """Show one finding as it stands, with every event."""
    from cyberposture.services.findings import views as finding_views

    register = open_runtime(context).register
    one = finding_views.get_view(register, code)
    events = finding_views.get_history(register, code).events
    if as_json:
        show_json({**_document(one), "events": [_event(e) for e in events]})
        return
    for name, value in _document(one).items():
        if value not in (None, ""):
            typer.echo(f"{name.replace('_', ' ')}: {value}")
    _show_events(events)


@app.command("history")
def history(context: typer.Context, code: Code, as_json: Json = False) -> None:
    """Show what happened to one finding: when, what, who and why."""
    from cyberposture.services.findings import views as finding_views

    events = finding_views.get_history(open_runtime(context).register, code).events
    if as_json:
        show_json([_event(e) for e in events])
        return
    _show_events(events)


def _show_events(events: "tuple[FindingEvent, ...]") -> None:
    rows = (
        (e.number, e.act.at.isoformat(timespec="seconds"), e.kind, e.state, e.act.actor,
         e.act.reason)
        for e in events
    )  # fmt: skip
    show_table(("", "when", "what", "then", "who", "why"), rows)


@app.command("mark")
def mark(
    context: typer.Context, code: Code, by: Who, reason: Why, evidence: Proof,
    until: Until = None, key: Key = None,
) -> None:  # fmt: skip
    """Put forward that a finding is a false positive; it is one once a second person decides so."""
    from cyberposture.services.findings import acts as finding_acts

    runtime = open_runtime(context, by)
    ends = finding_acts.propose_false_positive(
        runtime.register, code, by, _private(runtime, by, key),
        reason=reason, evidence=evidence, until=_moment(until),
    )  # fmt: skip
    typer.echo(f"{code} would be a false positive until {ends.date()}: a second person must decide")


@app.command("dispute")
def dispute(context: typer.Context, code: Code, by: Who, reason: Why, evidence: Proof) -> None:
    """Dispute a finding for the institution; somebody who did not judge it decides."""
    from cyberposture.services.findings import acts as finding_acts

    register = open_runtime(context, by).register
    due = finding_acts.dispute(register, code, by, reason=reason, evidence=evidence)
    typer.echo(f"{code} is disputed; to be decided until {due.isoformat(timespec='minutes')}")


@app.command("decide")
def decide(
    context: typer.Context,
    code: Code,
    decision: Annotated[str, typer.Argument(help="stands: it is a finding; falls: it is none.")],
    by: Who,
    reason: Why,
    key: Key = None,
) -> None:
    """Decide a dispute or a proposal, as somebody who had no say in the finding before."""
    from cyberposture.services.findings import acts as finding_acts

    stands = one_of(("stands", "falls"), decision, "decision") == "stands"
    runtime = open_runtime(context, by)
    state = finding_acts.decide(
        runtime.register, code, by, _private(runtime, by, key), stands=stands, reason=reason
    )
    typer.echo(f"{code} {decision}: it is {state}")


@app.command("accept")
def accept(
    context: typer.Context, code: Code, by: Who, reason: Why, until: Until = None, key: Key = None
) -> None:
    """Take the risk of a finding as the institution's signatory; it stays visible and counts."""
    from cyberposture.services.findings import acts as finding_acts

    runtime = open_runtime(context, by)
    ends = finding_acts.accept(
        runtime.register, code, by, _private(runtime, by, key), reason=reason, until=_moment(until)
    )
    typer.echo(f"{code} is accepted until {ends.date()}; it counts in the score as before")


@app.command("acknowledge")
def acknowledge(
    context: typer.Context,
    code: Code,
    who: Annotated[str, typer.Option(help="Who of the institution took note.")],
    reason: Annotated[str, typer.Option(help="How, such as by telephone.")] = "",
) -> None:
    """Record that the institution took note of a finding; urgent notices stop."""
    from cyberposture.services.findings import acts as finding_acts

    finding_acts.acknowledge(open_runtime(context).register, code, who=who, reason=reason)
    typer.echo(f"{code} is acknowledged")


@app.command("notices")
def notices(
    context: typer.Context, institution: OnlyInstitution = None, as_json: Json = False
) -> None:
    """List the urgent notices that were written: which step, how it goes out, to whom."""
    from cyberposture.services.findings import urgent

    found = urgent.list_notices(open_runtime(context).register, institution)
    if as_json:
        show_json(
            [{"code": m.code, "channel": m.channel, "recipient": m.recipient, "state": m.state,
              "written_at": m.act.at, "subject": m.subject, "body": m.body} for m in found]
        )  # fmt: skip
        return
    rows = (
        (m.act.at.isoformat(timespec="minutes"), m.channel, m.recipient, m.state, m.subject)
        for m in found
    )
    show_table(("written", "goes by", "to", "state", ""), rows)


@app.command("errors")
def errors(context: typer.Context, as_json: Json = False) -> None:
    """Show how often each check was wrong: disputes that were overturned, of those decided."""
    from cyberposture.services.findings import views as finding_views

    found = finding_views.error_rates(open_runtime(context).register)
    if as_json:
        show_json([{**vars(one), "rate_bp": one.rate_bp} for one in found])
        return
    rows = (
        (one.check, one.findings, one.disputed, one.upheld, one.overturned, one.lapsed,
         "" if one.rate_bp is None else f"{one.rate_bp / 100:.1f} %")
        for one in found
    )  # fmt: skip
    show_table(
        ("check", "findings", "disputed", "upheld", "overturned", "too late", "error rate"), rows
    )


def _private(runtime: "Runtime", person: str, key: Path | None) -> str:
    from cyberposture.services.people import people

    return people.read_key(key or runtime.key_file_of(person))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else as_moment("--until", text)


def _event(event: "FindingEvent") -> dict[str, Any]:
    return {"number": event.number, "kind": event.kind, "state": event.state, "at": event.act.at,
            "actor": event.act.actor, "reason": event.act.reason,
            "details": event.details}  # fmt: skip


def _document(one: "FindingView") -> dict[str, Any]:
    finding = one.finding
    return {
        "code": finding.code,
        "institution": one.institution,
        "check": finding.key.check,
        "subject": finding.key.subject,
        "address": finding.address,
        "protocol": finding.key.protocol,
        "port": finding.key.port,
        "subkey": finding.key.subkey,
        "vantage": finding.key.vantage,
        "severity": finding.severity,
        "urgent": one.is_urgent,
        "state": finding.state,
        "is_potential": finding.is_potential,
        "says": finding.says,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "opened_at": finding.opened_at,
        "counts_from": one.repair_by,
        "closed_at": finding.closed_at,
        "marked_until": finding.marked_until,
        "acknowledged_at": one.acknowledged_at,
        "waits_for": one.waits_for,
    }
