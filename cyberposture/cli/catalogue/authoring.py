"""`cyberposture catalogue new`: the first version of a control, a check or a report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.surroundings import read_settings, say

if TYPE_CHECKING:
    from cyberposture.content.bundle import ContentFolders
    from cyberposture.content.loader import Content
    from cyberposture.content.writing.starters import Starter

app = typer.Typer(help="Write a starter that passes, for an author to go on from.")


@app.command("control")
def new_control(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help="The domain, such as IAM.")],
    title: Annotated[str, typer.Argument(help='The good condition, such as "Visitors sign in".')],
    clause: Annotated[
        str | None, typer.Option(help="The clause that it follows from; else any, to be replaced.")
    ] = None,
) -> None:
    """Write a control under the next free number of its domain."""
    from cyberposture.content.writing.starters import start_control

    _begin(
        context,
        lambda folders, content: start_control(
            folders, content, domain=domain.upper(), title=title, clause=clause
        ),
    )


@app.command("check")
def new_check(
    context: typer.Context,
    check_id: Annotated[str, typer.Argument(help="PACK.NAME, such as exposure.no-gopher.")],
    observation: Annotated[str, typer.Option(help="What it observes, such as O-PORT.")],
    port: Annotated[int, typer.Option(help="The TCP port that it looks at.")],
) -> None:
    """Write a check that fails where a port is open, with an example of each verdict."""
    from cyberposture.content.writing.starters import start_check

    _begin(
        context,
        lambda folders, content: start_check(
            folders, content, check_id=check_id, observation=observation, port=port
        ),
    )


@app.command("report")
def new_report(
    context: typer.Context,
    report_id: Annotated[str, typer.Argument(help="The report's name, such as exports.")],
    title: Annotated[str, typer.Option(help="What stands at its head.")] = "",
    subject: Annotated[
        str, typer.Option(help="Whom it tells of: institution, sector or nation.")
    ] = "institution",
) -> None:
    """Write a report's definition and template."""
    from cyberposture.content.writing.starters import start_report

    shown = title or report_id.replace("-", " ").capitalize()
    _begin(
        context,
        lambda folders, content: start_report(
            folders, content, report_id=report_id, title=shown, subject=subject
        ),
    )


def _begin(context: typer.Context, start: "Callable[[ContentFolders, Content], Starter]") -> None:
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_content
    from cyberposture.errors import WrongState

    folders = find_content(read_settings(context).content)
    starter = start(folders, load_content(folders))
    try:
        starter.write()
    except OSError as error:
        raise WrongState(
            f"{folders.root} cannot be written: {error.strerror}",
            advice="set CYBERPOSTURE_CONTENT to a folder of your own with the content in it",
        ) from error
    for path, _ in starter.files:
        typer.echo(path)
    say('What begins with "Write here" is yours to write; catalogue check lists it.')
