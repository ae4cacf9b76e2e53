"""All checks of a bundle, one after the other, and what is printed of them."""

import sys
import zipfile
from pathlib import Path
from xml.parsers import expat

from .chains import check_chains
from .contacts import check_decisions, check_raw_files
from .letters import check_letters
from .manifest import check_manifest
from .opened import Bundle, open_bundle
from .scored import check_editions, check_score

UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError,
              ValueError, expat.ExpatError, zipfile.BadZipFile)  # fmt: skip


def check_subject(bundle: Bundle) -> None:
    """Require that the bundle is about what it says."""
    about = bundle.manifest["about"]
    if about["kind"] == "contact":
        asked = bundle.read("contact.json")["address"]
        held = [entry for entry, _ in bundle.contacts if asked in entry["data"]["targets"]]
        running = bundle.read("contact.json")["ended"] is None
        if about["address"] != asked or not (held or running):
            bundle.fail(f"subject: nothing here shows that {asked} was contacted with leave")
        else:
            bundle.ok(f"subject: the contact with {asked} is among those above")
    elif about["kind"] == "finding":
        finding = bundle.read("finding.json")
        looks = {one["artefact_sha256"] for one in bundle.read("observations.json")}
        raw = {one["sha256"] for one in bundle.read("raw.json")}
        if about["id"] != finding["code"]:
            bundle.fail("subject: the bundle holds another finding")
        elif looks - raw - {None}:
            bundle.fail("subject: raw files of the finding are missing")
        else:
            bundle.ok(f"subject: finding {finding['code']}, {finding['check']} at "
                      f"{finding['address']}")  # fmt: skip
    elif about["id"] != bundle.read("score/kept.json")["score"]:
        bundle.fail("subject: the bundle holds another score")
    for one in bundle.manifest["held_back"]:
        bundle.note(f"held back: {one['what']} ({one['why']})")


CHECKS = (
    check_manifest, check_chains, check_letters, check_decisions, check_raw_files, check_editions,
    check_score, check_subject,
)  # fmt: skip


def verify(bundle: Bundle) -> bool:
    """Look at everything, and return whether all of it holds; `bundle.lines` tells what was found.

    Whatever cannot be read counts as failed, and the rest is looked at all the same.
    """
    for check in CHECKS:
        try:
            check(bundle)
        except UNREADABLE as error:
            name = check.__name__.removeprefix("check_").replace("_", " ")
            bundle.fail(f"{name}: cannot be read: {type(error).__name__}: {error}")
    return bundle.failed == 0


def main(arguments: list[str], home: Path) -> int:
    """Verify what the arguments name, print what was found, and return the exit code.

    Without a name it is the bundle at `home`, where the program itself lies.
    """
    key = None
    if "--key" in arguments:
        place = arguments.index("--key")
        key, arguments = arguments[place + 1], arguments[:place] + arguments[place + 2 :]
    where = Path(arguments[0]) if arguments else home
    try:
        bundle = open_bundle(where, key)
    except UNREADABLE as error:
        sys.stdout.write(f"FAILED  {where} cannot be opened: {error}\n")
        return 1
    holds = verify(bundle)
    last = "all of it holds" if holds else f"{bundle.failed} things do not hold"
    text = "".join(f"{line}\n" for line in (*bundle.lines, f"{len(bundle.lines)} lines: {last}"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0 if holds else 1
