"""Options that many commands share, so that they are called and explained alike everywhere."""

from typing import Annotated

import typer

Institution = Annotated[str, typer.Option("--institution", help="Code of the institution.")]
OnlyInstitution = Annotated[
    str | None, typer.Option("--institution", help="Only this institution.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
AnyJson = Annotated[bool, typer.Option("--json", help="It is JSON in any case.")]
