"""A score computed anew, its answers, and the edition that it was computed under."""

import hashlib
from collections.abc import Iterator
from typing import Any

from .canonical_json import Json, digest_of
from .opened import Bundle
from .scores import score, shown


def check_score(bundle: Bundle) -> None:
    """Compute the score anew, and hold it against what was kept and what the log knows."""
    if "score/document.json" not in bundle.files:
        return
    document, result = bundle.read("score/document.json"), bundle.read("score/result.json")
    kept = bundle.read("score/kept.json")
    again = score(document)
    whole = again["institution"]
    if again == result:
        bundle.ok(f"score: computed anew, it is the same: declared {shown(whole['declared'])}, "
                  f"verified {shown(whole['verified'])}, band {whole['band']}")  # fmt: skip
    else:
        before = bundle.failed
        for name, (ours, theirs) in _differences(again, result):
            bundle.fail(f"score: {name} is {theirs} in the bundle, and {ours} by the rules")
        if bundle.failed == before:
            bundle.fail("score: the result in the bundle holds more than the rules give")
    logged = [one for one in bundle.of_kind("scored", "finalised", "appeal-decided")
              if one["data"].get("score") == kept["score"]]  # fmt: skip
    digests = {"document_sha256": digest_of(document), "result_sha256": digest_of(result)}
    if not logged:
        bundle.fail("score: the log holds no entry of it")
    for name, value in digests.items():
        if any(one["data"][name] != value for one in logged):
            bundle.fail(f"score: it is not the {name.partition('_')[0]} that the log knows")
    if logged and all(one["data"][name] == value for one in logged
                      for name, value in digests.items()):  # fmt: skip
        bundle.ok("score: document and result are those that the log took the digests of")
    _check_answers(bundle, document)


def _differences(again: Json, result: Json) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in again["institution"].items():
        if result["institution"].get(name) != value:
            yield f"{name} of the whole", (value, result["institution"].get(name))
    for kind in ("domains", "controls"):
        given = {one["id"]: one for one in result[kind]}
        for one in again[kind]:
            for name, value in one.items():
                if given.get(one["id"], {}).get(name) != value:
                    yield f"{name} of {one['id']}", (value, given.get(one["id"], {}).get(name))


def _check_answers(bundle: Bundle, document: Json) -> None:
    scored = {one["control"]: one for one in document["answers"]}
    before = bundle.failed
    answers = bundle.read("score/answers.json")
    for one in answers:
        used = scored.get(one["control"])
        said = {"level": None, "not_applicable": None, "review": None} if used is None else used
        review = one["review"] or {}
        levels = (one["level"], review.get("level"))
        if levels != (said["level"], (said["review"] or {}).get("level")):
            bundle.fail(f"answers: {one['control']} is not the answer that was scored")
    # What was inherited or corrected is held back, and said to be; what a scope leaves out is none.
    here = {one["control"] for one in answers}
    here |= {one["what"].removeprefix("answer to ") for one in bundle.manifest["held_back"]}
    for name, used in sorted(scored.items()):
        is_answer = used["level"] is not None or used["not_applicable"] not in (None, "condition")
        if is_answer and name not in here:
            bundle.fail(f"answers: {name} was scored, and its answer is not here")
    if bundle.failed == before:
        bundle.ok(f"answers: {len(answers)} are those that were scored")


def check_editions(bundle: Bundle) -> None:
    """Hold catalogue, checks and texts against their digests, and the score against them."""
    adopted = {one["data"].get(kind) for one in bundle.of_kind("edition-adopted")
               for kind in ("catalogue", "checks", "texts")}  # fmt: skip
    for name in bundle.named("edition/"):
        kind = name.removeprefix("edition/").removesuffix(".json")
        sha256 = hashlib.sha256(bundle.files[name]).hexdigest()
        if sha256 != bundle.manifest["editions"].get(kind):
            bundle.fail(f"edition: {kind}: not the one that it was made under")
        elif sha256 not in adopted:
            bundle.fail(f"edition: {kind}: the log knows of no such one")
        else:
            bundle.ok(f"edition: {kind}: {sha256[:12]}, as the register adopted it")
    if {"score/document.json", "edition/catalogue.json"} <= bundle.files.keys():
        rules, document = bundle.read("edition/catalogue.json"), bundle.read("score/document.json")
        weights = {one["id"]: one["weight"] for one in rules["controls"]}
        odd = [one["id"] for one in document["controls"]
               if weights.get(one["id"]) != one["weight"]]  # fmt: skip
        if rules["framework"]["scale"] != document["parameters"]:
            bundle.fail("edition: the score was computed with other parameters")
        elif odd:
            bundle.fail(f"edition: other weights than the catalogue's: {', '.join(odd[:5])}")
        else:
            bundle.ok("edition: parameters and weights of the score are the catalogue's")
