"""`cyberposture service`: what one institution runs for others, answered once for all of them."""

from typing import Annotated, cast

import typer

from cyberposture.cli.options import Json, as_day, as_moment, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "Services that one institution runs for others."
app = typer.Typer()
LEVELS = ("0", "1", "2", "3")


@app.command("found")
def found(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Readable unique code, such as common-platform.")],
    provider: Annotated[str, typer.Option(help="The institution that runs it.")],
    title: Annotated[str, typer.Option(help="What it is called.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Name a service that an institution runs for others."""
    from cyberposture.services.institutions import shared_services

    register = open_runtime(context).register
    shared_services.found_service(register, provider, code, title, reason=reason)
    typer.echo(f"{code} is run by {provider}")


@app.command("answer")
def answer(
    context: typer.Context,
    code: str,
    control: str,
    level: Annotated[int, typer.Option(help="0 to 3: what holds for every user.")],
    until: Annotated[str, typer.Option(help="Last day on which the answer holds.")],
    duty: Annotated[str, typer.Option(help="What remains for each user; empty: nothing.")] = "",
    grade: Annotated[str, typer.Option(help="E0, or E1 with evidence.")] = "E0",
    reason: Annotated[str, typer.Option(help="How it is known.")] = "",
) -> None:
    """Answer a control for a service, once for all who use it."""
    from cyberposture.model.assessments import Level, OwnGrade
    from cyberposture.services.institutions import shared_services

    said = shared_services.Said(
        control,
        cast("Level", int(one_of(LEVELS, str(level), "level"))),
        as_day("--until", until),
        duty,
        cast("OwnGrade", one_of(("E0", "E1"), grade, "grade")),
    )
    register = open_runtime(context).register
    revision = shared_services.answer_for_service(register, code, said, reason=reason)
    typer.echo(f"{control} of {code} has revision {revision}")


@app.command("review")
def review(
    context: typer.Context,
    code: str,
    control: str,
    level: Annotated[int, typer.Option(help="0 to 3: what the reviewer found.")],
    grade: Annotated[str, typer.Option(help="E0 to E3.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Record what a reviewer found of a service's answer; it falls on every user."""
    from cyberposture.model.assessments import Grade, Level
    from cyberposture.services.institutions import shared_services

    revision = shared_services.review_service(
        open_runtime(context).register,
        code,
        control,
        cast("Level", int(one_of(LEVELS, str(level), "level"))),
        cast("Grade", one_of(("E0", "E1", "E2", "E3"), grade, "grade")),
        reason=reason,
    )
    typer.echo(f"{control} of {code} has revision {revision}")


@app.command("use")
def use(
    context: typer.Context,
    code: str,
    institution: Annotated[str, typer.Option(help="Who uses it.")],
    since: Annotated[str | None, typer.Option("--from", help="Moment; else now.")] = None,
    until: Annotated[str | None, typer.Option(help="Moment; else without an end.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Record that an institution uses a service, and so inherits its answers."""
    from cyberposture.services.institutions import shared_services

    shared_services.use_service(
        open_runtime(context).register,
        institution,
        code,
        valid_from=None if since is None else as_moment("--from", since),
        valid_until=None if until is None else as_moment("--until", until),
        reason=reason,
    )
    typer.echo(f"{institution} uses {code}")


@app.command("leave")
def leave(
    context: typer.Context,
    code: str,
    institution: Annotated[str, typer.Option(help="Who uses it no longer.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Record that an institution uses a service no longer, and answers for itself."""
    from cyberposture.services.institutions import shared_services

    shared_services.leave_service(open_runtime(context).register, institution, code, reason=reason)
    typer.echo(f"{institution} uses {code} no longer")


@app.command("close")
def close(
    context: typer.Context,
    code: str,
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Record that a service is run no longer."""
    from cyberposture.services.institutions import shared_services

    shared_services.close_service(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is closed")


@app.command("list")
def list_services(context: typer.Context, as_json: Json = False) -> None:
    """List the services with what was answered for them and how many use them."""
    from cyberposture.services.institutions import shared_services

    views = shared_services.list_services(open_runtime(context).register)
    if as_json:
        show_json(
            [
                {
                    "code": one.service.code,
                    "title": one.service.title,
                    "provider": one.service.provider,
                    "closed_at": one.service.closed_at,
                    "answers": [
                        {"control": a.control, "level": a.level, "grade": a.grade,
                         "expires": a.expires.isoformat(), "duty": a.duty,
                         "reviewed": None if a.reviewed_level is None
                         else [a.reviewed_level, a.reviewed_grade]}
                        for a in one.answers
                    ],
                    "users": [use.institution for use in one.users],
                }
                for one in views
            ]
        )  # fmt: skip
        return
    rows = (
        (one.service.code, one.service.title, one.service.provider, str(len(one.answers)),
         str(len(one.users)), "closed" if one.service.closed_at else "")
        for one in views
    )  # fmt: skip
    show_table(("service", "title", "provider", "answers", "users", ""), rows)
