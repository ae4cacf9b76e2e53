"""`cyberposture scan` at night: is it us, stop it, answer whoever rang, go on when two agree."""

import time
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from cyberposture.cli.options import Json, as_moment, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

SILENCE_S = 5.0
"""By then whoever sent has ended it and said so."""


def register(app: typer.Typer) -> None:
    """Add these commands to `cyberposture scan`."""
    for name, command in (
        ("stop", stop),
        ("stops", stops),
        ("answer", answer),
        ("resume", resume),
        ("who", who),
        ("runbook", runbook),
    ):
        app.command(name)(command)


def stop(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Everything, everywhere.")] = False,
    institution: Annotated[str | None, typer.Option(help="One institution.")] = None,
    address: Annotated[str | None, typer.Option(help="An address or a CIDR.")] = None,
    code: Annotated[str | None, typer.Option("--scan", help="One scan.")] = None,
    reason: Annotated[str, typer.Option(help="Why; not needed.")] = "",
    stop_code: Annotated[
        str | None, typer.Option("--code", help="The code on a notice; no name is needed.")
    ] = None,
    complaint: Annotated[str, typer.Option(help="What the caller said.")] = "",
    drain: Annotated[
        bool, typer.Option("--drain", help="Let what is being sent come to its end.")
    ] = False,
) -> None:
    """Stop at once. Anybody may; proof is asked only to resume."""
    from cyberposture.services.permission import stop as service

    register = open_runtime(context).register
    made = service.stop(
        register, everything=everything, institution=institution, cidr=address, scan=code,
        code=stop_code, drain=drain, reason=reason, complaint=complaint,
    )  # fmt: skip
    typer.echo(f"{made.code}: stopped")
    awaited = service.list_awaited(register, made)
    until = time.monotonic() + SILENCE_S
    while awaited and not drain and time.monotonic() < until:
        time.sleep(0.2)
        awaited = service.list_awaited(register, made)
    for worker in awaited:
        say(f"no word yet from {worker}; it ends by itself, see: cyberposture scan stops")


def resume(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the stop.")],
    by: Annotated[str, typer.Option(help="Code of the person who agrees.")],
    role: Annotated[str, typer.Option(help="In which role, such as cert-analyst.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="The person's private key; else in the workspace.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Agree, under one's own key, to send again; two people must."""
    from cyberposture.model.people import Role
    from cyberposture.services.people import people
    from cyberposture.services.permission import stop as service

    held = one_of(get_args(Role), role, "role")
    runtime = open_runtime(context, by)
    private = people.read_key(key or runtime.key_file_of(by))
    done = service.agree_to_resume(runtime.register, code, by, held, private)
    if not done:
        typer.echo(f"{code} still holds: a second person must agree")
        return
    typer.echo(f"{code} is lifted")
    say("the stop code of the institution is new: write and send its notice again")


def answer(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the stop.")],
    text: Annotated[str, typer.Option(help="What was answered.")],
    by: Annotated[str, typer.Option(help="Code of the person who answers.")],
) -> None:
    """Record what was answered to whoever asked for a stop."""
    from cyberposture.services.permission import stop as service

    service.answer(open_runtime(context, by).register, code, by, text)
    typer.echo(f"{code}: the answer is on record")


def stops(
    context: typer.Context,
    active: Annotated[bool, typer.Option("--active", help="Only those that hold now.")] = False,
    as_json: Json = False,
) -> None:
    """List stops: what, why, which workers fell silent, what was answered, who agreed to go on."""
    from cyberposture.services.permission import stop as service

    found = service.list_views(open_runtime(context).register, active_only=active)
    documents: list[dict[str, Any]] = [
        {"code": one.record.code, "what": one.subject, "speed": one.record.speed,
         "at": one.record.act.at,
         "by": one.record.act.actor, "reason": one.record.act.reason,
         "complaint": one.record.complaint, "answer": one.record.answer,
         "resumed_at": one.record.resumed_at,
         "acknowledged": [{"worker": a.worker, "at": a.at} for a in one.acknowledged],
         "agreed": [{"person": r.act.actor, "role": r.role, "at": r.act.at} for r in one.agreed]}
        for one in found
    ]  # fmt: skip
    if as_json:
        show_json(documents)
        return
    rows = (
        (d["code"], d["what"], d["at"].isoformat(timespec="seconds"),
         "ended" if d["resumed_at"] else "holds", len(d["acknowledged"]),
         "yes" if d["answer"] else "no", " ".join(a["person"] for a in d["agreed"]),
         d["reason"] or d["complaint"])
        for d in documents
    )  # fmt: skip
    columns = ("stop", "what", "since", "", "silent workers", "answered", "agreed to go on", "why")
    show_table(columns, rows)


def who(
    context: typer.Context,
    address: str,
    at: Annotated[str | None, typer.Option(help="ISO 8601 moment with zone; else now.")] = None,
    as_json: Json = False,
) -> None:
    """Is it us? Answer whether we contact an address, and who allowed it."""
    from cyberposture.services.permission import stop as service

    moment = None if at is None else as_moment("--at", at)
    found = service.who(open_runtime(context).register, address, moment)
    last = found.running[0] if found.running else found.last
    document: dict[str, Any] = {
        "address": found.address,
        "at": found.at,
        "running": len(found.running),
        "institution": found.institution,
        "signatory": found.signatory,
        "contacts": list(found.contacts),
        "last": None
        if last is None
        else {"scan": last.scan, "chunk": last.number,
              "began": last.started_at, "ended": last.ended_at,
              "technique": last.plan["technique"], "load": last.plan["load"],
              "authorisation": (last.gate or {}).get("authorisation"), "outcome": last.outcome},
        "head": None if found.head is None else vars_of(found.head),
    }  # fmt: skip
    if as_json:
        show_json(document)
        return
    if last is None:
        typer.echo(f"no contact by us with {address}")
    else:
        state = "running now" if found.running else f"last contact began {last.started_at}"
        typer.echo(f"{address}: {state}; scan {last.scan}, {last.plan['technique']}, load "
                   f"{last.plan['load']}")  # fmt: skip
        typer.echo(f"allowed by {document['last']['authorisation']} of {found.institution}"
                   f"{', signed by ' + found.signatory if found.signatory else ''}; "
                   f"call: {'; '.join(found.contacts) or 'nobody is named'}")  # fmt: skip
    if found.head is not None:
        typer.echo(f"audit head: chain {found.head.chain}, entry {found.head.seq}, "
                   f"{found.head.digest}")  # fmt: skip


def vars_of(head: Any) -> dict[str, Any]:
    """Return the fields of a signed head as a plain object."""
    from dataclasses import asdict

    return asdict(head)


def runbook(
    context: typer.Context,
    language: Annotated[
        str, typer.Option(help="en; another one, such as ur, stands below the English text.")
    ] = "en",
) -> None:
    """Print the page for the night: who is it, stop, silence, answer, go on."""
    from cyberposture.cli.surroundings import read_settings
    from cyberposture.content.bundle import find_content
    from cyberposture.services.permission.letters import render_paper

    settings = read_settings(context)
    reports = find_content(settings.content).reports
    telephone = settings.duty_telephone or ""
    typer.echo(render_paper(reports, "night", language, {"telephone": telephone}).text, nl=False)
