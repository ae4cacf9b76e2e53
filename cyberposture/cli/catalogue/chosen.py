"""Which edition a command of the catalogue is about: the content in use, or one adopted before."""

from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.surroundings import open_runtime, read_settings

if TYPE_CHECKING:
    from cyberposture.content.loader import Content

Adopted = Annotated[
    str | None,
    typer.Option(
        "--edition",
        help="An adopted edition (its version, or the beginning of its digest) instead of the "
        "content in use.",
    ),
]


def read_content(context: typer.Context, edition: str | None) -> "Content":
    """Return the content in use, or all that was adopted with an edition.

    Raises:
        InvalidInput: the content in use has faults.
        NotFound: no adopted edition is meant.
        WrongState: several are.
    """
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_content
    from cyberposture.services.catalogue.adoption import get_adopted_content

    if edition is None:
        return load_content(find_content(read_settings(context).content))
    return get_adopted_content(open_runtime(context).register, edition)
