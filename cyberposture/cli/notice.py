"""`cyberposture notice`: what waits to go out by mail or telephone, what went, and what failed."""

from typing import Annotated, Any, get_args

import typer

from cyberposture.cli.options import Json, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table
from cyberposture.clock import to_iso

HELP = "What waits to go out by mail, telephone or to programs; what went, and what failed."
app = typer.Typer()
Code = Annotated[str, typer.Argument(help="Code of the notice.")]


@app.command("list")
def list_all(
    context: typer.Context,
    state: Annotated[
        str | None, typer.Option(help="queued, delivered, failed, withdrawn or digested.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="mail, inbox, telephone or webhook.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most notices to list.")] = 50,
    as_json: Json = False,
) -> None:
    """List notices, the newest first."""
    from cyberposture.services.post import queue_views
    from cyberposture.store.outbox import Channel, MessageState

    found = queue_views.list_notices(
        open_runtime(context).register,
        state=None if state is None else one_of(get_args(MessageState), state, "state"),
        channel=None if channel is None else one_of(get_args(Channel), channel, "channel"),
        limit=limit,
    )
    if as_json:
        show_json([_notice(one) for one in found])
        return
    rows = (
        (one.code, one.channel, one.recipient, one.state, one.attempts,
         to_iso(one.delivered_at)[:16] if one.delivered_at else "", one.problem or one.subject)
        for one in found
    )  # fmt: skip
    show_table(("notice", "by", "to", "", "tries", "out (UTC)", "problem or subject"), rows)


@app.command("show")
def show(context: typer.Context, code: Code, as_json: Json = False) -> None:
    """Show a notice with its text and every attempt to hand it over."""
    from cyberposture.services.post import queue_views

    found = queue_views.get_notice(open_runtime(context).register, code)
    if as_json:
        tries = [{"number": one.number, "at": one.at, "to": one.recipient, "outcome": one.outcome,
                  "answer": one.answer} for one in found.deliveries]  # fmt: skip
        show_json(_notice(found.message) | {"body": found.message.body, "tries": tries})
        return
    message = found.message
    typer.echo(f"{message.subject}\n\n{message.body}\n")
    typer.echo(f"{message.channel} to {message.recipient}: {message.state} {message.problem}")
    for one in found.deliveries:
        typer.echo(f"{to_iso(one.at)}  {one.outcome}  {one.recipient}  {one.answer}")


@app.command("deliver")
def deliver(context: typer.Context, as_json: Json = False) -> None:
    """Hand over now what is due; the clock does it by itself every two minutes."""
    from cyberposture.errors import MissingService
    from cyberposture.services.post import delivering
    from cyberposture.services.post.handing import Passed

    runtime = open_runtime(context)
    told = delivering.deliver_hooks(runtime.register, runtime.hook_route)
    desk = runtime.find_desk()
    mailed = Passed() if desk is None else delivering.deliver_mail(runtime.register, desk)
    if as_json:
        show_json(
            {"mail": vars(mailed), "webhook": vars(told), "has_mail_server": desk is not None}
        )
    else:
        rows = ((name, one.accepted, one.later, one.refused)
                for name, one in (("mail", mailed), ("webhook", told)))  # fmt: skip
        show_table(("by", "taken", "tried again later", "refused"), rows)
    if desk is None:
        say("no mail server is set (CYBERPOSTURE_SMTP_HOST): mail waits")
    if mailed.problem:
        raise MissingService(mailed.problem)


@app.command("retry")
def retry(
    context: typer.Context, code: Code, reason: Annotated[str, typer.Option(help="Why.")] = ""
) -> None:
    """Have a notice that failed, or waits, tried with the next delivery."""
    from cyberposture.services.post import queue_views

    queue_views.try_again(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is tried again")


@app.command("withdraw")
def withdraw(
    context: typer.Context, code: Code, reason: Annotated[str, typer.Option(help="Why.")]
) -> None:
    """Have a notice that waits never go out, or one that failed looked after no more."""
    from cyberposture.services.post import queue_views

    queue_views.withdraw(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} never goes out")


@app.command("told")
def told(
    context: typer.Context,
    code: Code,
    by: Annotated[str, typer.Option(help="Who of the CERT passed it on.")],
    how: Annotated[str, typer.Option(help="Such as: by telephone, to the porter.")],
) -> None:
    """Record that somebody passed a notice on, such as one that goes by telephone."""
    from cyberposture.services.post import queue_views

    queue_views.record_told(open_runtime(context).register, code, by, how)
    typer.echo(f"{code} was passed on")


@app.command("reminders")
def reminders(
    context: typer.Context,
    round_code: Annotated[str, typer.Argument(help="Code of the round.")],
    as_json: Json = False,
) -> None:
    """List the reminders of a round: to whom, how far ahead, and whether they went out."""
    from cyberposture.services.assessments import reminding

    found = reminding.list_reminders(open_runtime(context).register, round_code)
    if as_json:
        show_json([vars(one) for one in found])
        return
    rows = (
        (one.institution, one.last_day, one.days, one.person, to_iso(one.written_at)[:16],
         one.state, to_iso(one.delivered_at)[:16] if one.delivered_at else "", one.problem)
        for one in found
    )  # fmt: skip
    titles = ("institution", "last day", "days", "to", "written", "", "out (UTC)", "problem")
    show_table(titles, rows)


def _notice(one: Any) -> dict[str, Any]:
    names = ("code", "channel", "recipient", "subject", "language", "state", "attempts",
             "next_attempt_at", "delivered_at", "problem", "digest")  # fmt: skip
    return {"queued_at": one.act.at} | {name: getattr(one, name) for name in names}
