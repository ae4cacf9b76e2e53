"""`cyberposture webhook`: programs of the CERT that are told of events."""

from typing import Annotated, get_args

import typer

from cyberposture.cli.options import Json, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = """Programs of the CERT that are told of events, by signed POST requests.

A body is JSON: id, event, at, institution, data. Of each request the receiver checks
Cyberposture-Signature: "v1=" and the HMAC-SHA-256, in hexadecimal, under the secret, over the text
of Cyberposture-Timestamp, a full stop, and the body as it came. It compares in constant time,
refuses a timestamp more than 300 seconds from its own clock, and forgets no id within that time:
what was sent twice has the same id (Cyberposture-Event) and a new timestamp. Any 2xx takes the
event; 410 ends it; all else is tried again for five days. No order is promised: sort by `at`.
"""
app = typer.Typer()
ByAdmin = Annotated[str, typer.Option("--by", help="The administrator who does it.")]


@app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="https://…, or http:// to this machine.")],
    by: ByAdmin,
    event: Annotated[
        list[str] | None,
        typer.Option(help="finding-opened, finding-reopened, answers-submitted, scans-stopped, "
                          "score-finalised; again for more; else all."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Have a program told of what happens from now on; its secret is printed this once."""
    from cyberposture.services.post import hooks

    known = get_args(hooks.Event)
    events = tuple(one_of(known, one, "event") for one in event or known)
    runtime = open_runtime(context, by)
    new = hooks.add_webhook(runtime.register, url, events, by, reason=reason)
    if as_json:
        show_json({"code": new.record.code, "url": url, "events": new.record.events,
                   "secret": new.secret})  # fmt: skip
        return
    typer.echo(f"{new.record.code} is told of: {', '.join(new.record.events)}")
    typer.echo(new.secret)
    say("give the secret to the program now; it is not shown again")


@app.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List the programs that are told of events, and those that were."""
    from cyberposture.services.post import hooks

    found = hooks.list_webhooks(open_runtime(context).register)
    if as_json:
        show_json(
            [{"code": one.code, "url": one.url, "events": one.events, "ended_at": one.ended_at}
             for one in found]
        )  # fmt: skip
        return
    rows = ((one.code, one.url, ", ".join(one.events), "ended" if one.ended_at else "")
            for one in found)  # fmt: skip
    show_table(("webhook", "address", "events", ""), rows)


@app.command("end")
def end(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the webhook.")],
    by: ByAdmin,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Have a program told of nothing any more, of what waits for it neither."""
    from cyberposture.services.post import hooks

    gone = hooks.end_webhook(open_runtime(context, by).register, code, by, reason=reason)
    typer.echo(f"{code} is told of nothing any more; {gone} events were withdrawn")


@app.command("test")
def test(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the webhook.")],
    as_json: Json = False,
) -> None:
    """Send a program an event of the kind `test` now; ends with 7 where it does not take it."""
    from cyberposture.errors import CheckFailed
    from cyberposture.services.post import hooks

    runtime = open_runtime(context)
    answer = hooks.try_webhook(runtime.register, runtime.hook_route, code)
    if as_json:
        show_json({"outcome": answer.outcome, "answer": answer.said})
    else:
        typer.echo(f"{answer.outcome}: {answer.said}")
    if answer.outcome != "accepted":
        raise CheckFailed("the program did not take the event")
