"""`cyberposture catalogue translations`: what is there in another language, and what is not."""

from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.surroundings import read_settings, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.model.checks import Check
    from cyberposture.model.controls import Control
    from cyberposture.model.translations import State

ORDER: "tuple[State, ...]" = ("reviewed", "draft", "outdated", "missing")


def translations(
    context: typer.Context,
    language: Annotated[str, typer.Option(help="The language's code, such as ur.")] = "ur",
    as_json: Json = False,
) -> None:
    """Count the texts in another language: reviewed, draft, outdated, missing."""
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_content
    from cyberposture.content.translations import in_language

    content = load_content(find_content(read_settings(context).content))
    found = in_language(content.translations, language)
    controls = content.catalogue.controls
    groups = {f"controls, tier {tier}": [c for c in controls if c.tier == tier] for tier in "AGX"}
    counts = {name: found.count(group) for name, group in groups.items()}
    counts["checks"] = found.count(content.checks.checks)
    items: list[Control | Check] = [*controls, *content.checks.checks]
    if as_json:
        show_json({
            "language": language,
            "counts": {name: {s: count[s] for s in ORDER} for name, count in counts.items()},
            "items": [
                {"id": item.id, "state": found.state(item), "source": found.source_of(item)}
                for item in items
            ],
        })  # fmt: skip
        return
    show_table(
        ("texts", *ORDER), [(name, *(count[s] for s in ORDER)) for name, count in counts.items()]
    )
    outdated = [item.id for item in items if found.state(item) == "outdated"]
    if outdated:
        say(f"outdated: {', '.join(outdated)}")
