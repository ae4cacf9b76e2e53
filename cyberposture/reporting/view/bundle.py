"""The front page of a bundle of evidence: what it is about, what lies in it, what was held back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.words import Words


@dataclass(frozen=True)
class Named:
    """One line of a list: a name, and what it is."""

    name: Text
    what: Text


@dataclass(frozen=True)
class Tongue:
    """The page in one language."""

    language: str
    direction: str
    words: Words
    about: tuple[Named, ...]
    parts: tuple[Named, ...]


@dataclass(frozen=True)
class BundlePage:
    """The whole page."""

    words: Words
    tongues: tuple[Tongue, ...]
    key: Text
    files: tuple[Named, ...]
    held_back: tuple[Named, ...]


_PARTS = ("manifest", "chains", "letters", "raw", "score", "finding", "contact", "observations",
          "edition", "zones", "verify")  # fmt: skip


def bundle_page(manifest: Mapping[str, Any], spoken: Sequence[Words]) -> BundlePage:
    """Return the page of a bundle with this manifest, in these languages."""
    files: Mapping[str, str] = manifest["files"]
    return BundlePage(
        words=spoken[0],
        tongues=tuple(_tongue(manifest, words) for words in spoken),
        key=given(manifest["key"]),
        files=tuple(Named(given(name), given(digest)) for name, digest in files.items()),
        held_back=tuple(
            Named(given(one["what"]), given(one["why"])) for one in manifest["held_back"]
        ),
    )


def _tongue(manifest: Mapping[str, Any], words: Words) -> Tongue:
    about = manifest["about"]
    shown = {"institution": f"{about['name']} ({about['institution']})", "subject": about["id"],
             "address": about.get("address"), "port": about.get("port"),
             "round": about.get("round"), "at": about.get("at")}  # fmt: skip
    lines = [Named(words.say("bundle.kind"), words.say(f"bundle.kinds.{about['kind']}"))]
    lines += [
        Named(words.say(f"bundle.about.{name}"), given(str(value)))
        for name, value in shown.items()
        if value is not None
    ]
    return Tongue(
        language=words.language,
        direction=words.direction,
        words=words,
        about=tuple(lines),
        parts=tuple(_parts(manifest["files"], words)),
    )


def _parts(files: Iterable[str], words: Words) -> Iterable[Named]:
    there = {name.partition("/")[0].partition(".")[0] for name in files} | {"manifest"}
    for part in _PARTS:
        if part in there:
            yield Named(
                words.say(f"bundle.parts.{part}.name"), words.say(f"bundle.parts.{part}.is")
            )
