"""The commands that stand by themselves: init, migrate, doctor, settings, report, demo."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.serve import serve, show_first_link
from cyberposture.cli.surroundings import (
    read_settings,
    say,
    show_json,
    show_table,
    surroundings,
)


def init(
    context: typer.Context,
    administrator: Annotated[
        str, typer.Option(help="Code of the first administrator.")
    ] = "administrator",
    name: Annotated[str, typer.Option(help="Name of the first administrator.")] = "Administrator",
) -> None:
    """Make a workspace, with keys, tables, edition and administrator; ends with a link for them."""
    from cyberposture.runtime import lay_workspace, public_key_path
    from cyberposture.runtime import open_runtime as opened
    from cyberposture.services import setup
    from cyberposture.services.people import people

    settings = read_settings(context)
    lay_workspace(settings)
    runtime = opened(settings, surroundings(context).actor_name())
    setup.adopt_content(runtime.register, reason="a new register begins")
    setup.confirm_empty_deny_list(runtime.register)
    setup.set_watch(runtime.register)
    if not people.list_people(runtime.register):
        key = runtime.key_file_of(administrator)
        people.invite(runtime.register, administrator, name, "cert-administrator", key)
        say(f"private key of {administrator}: {key}")
    say(f"public key for auditors: {public_key_path(settings)}")
    if not settings.operating_body.name:
        say("pages, letters and reports speak of the central CERT until CYBERPOSTURE_CERT_NAME "
            "is set; CYBERPOSTURE_CERT_TELEPHONE and _MAIL tell whom to call")  # fmt: skip
    typer.echo(f"the workspace {settings.workspace} is ready")
    show_first_link(runtime)
    runtime.close()


def migrate(context: typer.Context) -> None:
    """Bring the register to this version's form; on a failure nothing is changed."""
    from cyberposture.store.database import open_database

    database = open_database(read_settings(context).register_url)
    try:
        typer.echo(f"the register has revision {database.migrate()}")
    finally:
        database.close()


def settings(context: typer.Context, as_json: Json = False) -> None:
    """Print every setting with its value, unit, default and origin; secrets are masked."""
    from cyberposture.settings import describe

    lines = describe(read_settings(context))
    if as_json:
        show_json([vars(line) for line in lines])
        return
    rows = ((x.variable, x.value, x.unit or "", x.default, x.origin, x.text) for x in lines)
    show_table(("setting", "value", "unit", "default", "origin", ""), rows)


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Say what is wrong with this set-up, and what to do."""
    from cyberposture.cli.doctor import examine
    from cyberposture.errors import CheckFailed

    found = examine(read_settings(context), surroundings(context).actor_name())
    if as_json:
        show_json([vars(one) for one in found])
    else:
        rows = (("ok" if x.is_well else "WRONG", x.what, x.says, x.advice) for x in found)
        show_table(("", "what", "", "do"), rows)
    if not all(one.is_well for one in found):
        raise CheckFailed(f"{sum(not one.is_well for one in found)} things are wrong")


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for workspace, inputs and reports.")],
    as_json: Json = False,
) -> None:
    """Run the whole main job on the loopback laboratory, end to end."""
    from cyberposture.cli.demo import run_demonstration, show_demonstration

    done = run_demonstration(out)
    if as_json:
        show_json(done)
    else:
        show_demonstration(done)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    for command in (init, migrate, settings, doctor, demo, serve):
        app.command(command.__name__)(command)
