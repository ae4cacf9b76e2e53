"""Decisions of the gate, the contacts that they allowed, and the raw files that came of these."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from .canonical_json import Json
from .gate import Gate, moment
from .opened import Bundle
from .raw_files import addresses_in


def check_decisions(bundle: Bundle) -> None:
    """Make each decision of the gate again, and require one before each contact."""
    for entry in bundle.of_kind("gate"):
        where = f"decision of {entry['at']} (entry {entry['seq']})"
        faults = list(_faults_of_decision(bundle, entry))
        for fault in faults:
            bundle.fail(f"{where}: {fault}")
        if not faults:
            pairs = list(_pairs(entry["data"]["question"]))
            letter = entry["data"]["answer"]["authorisation"]
            bundle.ok(f"{where}: {len(pairs)} pairs of address and port come out as logged, "
                      f"{entry['data']['answer']['reason']} by {letter}")  # fmt: skip
    for entry in bundle.of_kind("chunk-run"):
        where = f"contact of {entry['at']} (entry {entry['seq']})"
        faults = list(_faults_of_contact(bundle, entry))
        for fault in faults:
            bundle.fail(f"{where}: {fault}")
        if not faults:
            targets = ", ".join(entry["data"]["targets"]) or "no address, a name was looked up"
            bundle.ok(f"{where}: allowed right before by {entry['data']['authorisation']}: "
                      f"{targets}")  # fmt: skip


def _pairs(question: Json) -> Iterator[tuple[str, int | None]]:
    targets = question["targets"] if "targets" in question else [question["target"]]
    ports = question["ports"] if "ports" in question else [question["port"]]
    return ((target, port) for target in targets for port in ports or (None,))


def _faults_of_decision(bundle: Bundle, entry: Json) -> Iterator[str]:
    question, answer = entry["data"]["question"], entry["data"]["answer"]
    logged = (answer["reason"], answer["authorisation"])
    gate = Gate(question, bundle.zone)
    others = {gate.decide(*pair) + pair for pair in _pairs(question)}
    wrong = sorted(f"{target}: {reason}" for reason, letter, target, port in others
                   if (reason, letter) != logged)  # fmt: skip
    if wrong:
        yield f"the log says {answer['reason']}, the rules say {'; '.join(wrong[:5])}"
    code = answer["authorisation"]
    used = [one for one in question["authorisations"] if one["id"] == code]
    if code is not None and used:
        yield from _faults_of_use(bundle, code, used[0], moment(question["now"]))


def _faults_of_use(bundle: Bundle, code: str, used: Json, now: datetime) -> Iterator[str]:
    """Yield where the letter that a decision stood on is not the letter that was signed."""
    letter = bundle.letters.get(code)
    if letter is None:
        yield f"the letter {code} is not in the bundle"
        return
    terms = letter["terms"]
    scope = [{k: v for k, v in one.items() if k != "consent"} for one in terms["scope"]]
    if scope != used["scope"] or terms["exclusions"] != used["exclusions"]:
        yield f"the letter {code} was signed with another scope"
    if terms["load"] != used["load"] or any(
        moment(terms[name]) != moment(used[name]) for name in ("valid_from", "valid_until")
    ):
        yield f"the letter {code} was signed with other terms"
    for kinds, what in (
        (("authorisation-granted",), "granted"),
        (("notice-sent", "notice-waived"), "told to the institution"),
    ):
        done = [moment(one["at"]) for one in bundle.of_kind(*kinds) if one["subject"] == code]
        if not done or min(done) > now:
            yield f"the letter {code} was not {what} before"
    ended = [moment(one["at"]) for one in bundle.of_kind("authorisation-withdrawn")
             if one["subject"] == code]  # fmt: skip
    if ended and min(ended) + timedelta(seconds=5) < now:
        yield f"the letter {code} was withdrawn"


def _faults_of_contact(bundle: Bundle, entry: Json) -> Iterator[str]:
    data = entry["data"]
    found = None
    for one in bundle.of_kind("gate", "lookup"):
        same = one["chain"] == entry["chain"] and one["subject"] == entry["subject"]
        before = same and one["data"].get("chunk") == data["chunk"] and one["seq"] < entry["seq"]
        if before and one["data"].get("stage") == "send":
            found = one if one["data"]["answer"]["decision"] == "allow" else None
    if found is None:
        yield "no decision allowed it right before"
        return
    question, code = found["data"]["question"], data["authorisation"]
    if code != found["data"]["answer"]["authorisation"]:
        yield "it names another letter than the decision"
    if moment(entry["at"]) < moment(question["now"]):
        yield "it ended before it was decided"
    if found["kind"] == "lookup":
        yield from _faults_of_lookup(bundle, code, question)
        return
    gate = Gate(question, bundle.zone)
    for target in data["targets"]:
        if target not in question["targets"]:
            yield f"{target}: nobody asked the gate for it"
        reasons = {gate.decide(target, port)[0] for port in question["ports"] or (None,)}
        if reasons != {"allowed"}:
            yield f"{target} lies outside of what the letter allows: {', '.join(sorted(reasons))}"
    bundle.contacts.append((entry, question))


def _faults_of_lookup(bundle: Bundle, code: str, question: Json) -> Iterator[str]:
    """Yield where the letter does not name the name that was looked up."""
    names = [one for one in bundle.letters[code]["terms"]["scope"] if "name" in one]
    asked = question["name"].lower()
    if not any(asked == one["name"].lower()
               or (one["subdomains"] and asked.endswith("." + one["name"].lower()))
               for one in names):  # fmt: skip
        yield f"{asked} is no name that the letter {code} holds"


def check_raw_files(bundle: Bundle) -> None:
    """Hold each raw file against its digest, and against the contact that it came of."""
    if "raw.json" not in bundle.files:
        return
    for one in bundle.read("raw.json"):
        name, sha256 = one["file"], one["sha256"]
        if name is None:
            bundle.note(f"raw file {sha256}: held back ({one['why']})")
            continue
        faults = list(_faults_of_raw(bundle, one))
        for fault in faults:
            bundle.fail(f"raw file {sha256}: {fault}")
        if not faults:
            bundle.ok(f"raw file {sha256}: {one['is']}")


def _faults_of_raw(bundle: Bundle, one: Json) -> Iterator[str]:
    data, sha256 = bundle.files[one["file"]], one["sha256"]
    if one["is"] != "cut" and hashlib.sha256(data).hexdigest() != sha256:
        yield "its bytes are not those that were kept"
    if one["is"] in ("cut", "shared"):
        return  # what the log says of it is about others: the seal of the bundle vouches for it
    kinds = ("chunk-run", "scan-imported")
    of = [e for e in bundle.of_kind(*kinds) if e["data"].get("artefact_sha256") == sha256]
    if not of:
        yield "no contact in the log names it"
    runs = [entry for entry in of if entry["kind"] == "chunk-run"]
    allowed = {target for entry in runs for target in entry["data"]["targets"]}
    if any(entry["data"]["targets"] for entry in runs):
        for strange in sorted(addresses_in(data) - allowed):
            yield f"it shows {strange}, which nobody allowed"
