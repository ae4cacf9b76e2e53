"""Puts a contact and what allowed it into words that a lawyer reads without asking back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cyberposture.services.permission.letters import LOADS

_MOST_PORTS = 12


def contact_note(told: dict[str, Any], question: str) -> str:
    """Return the note of one contact, as lines of text; `question` is what was asked about."""
    lines = [_sentence(told), ""]
    lines += [f"{what:12} {value}" for what, value in _facts(told)]
    lines += ["", "To prove it to somebody who does not trust us:",
              f"  cyberposture audit bundle --contact {question} --out contact.zip"]  # fmt: skip
    return "\n".join(lines)


def no_contact(question: str, at: str | None) -> str:
    """Return what is said where the log knows of no contact."""
    until = "" if at is None else f" begun before {at}"
    return (
        f"no contact by us with {question}{until} is on record. That the log is whole, and no file "
        "shows more than it: cyberposture audit verify, cyberposture audit replay"
    )


def _sentence(told: dict[str, Any]) -> str:
    """Return the answer in one sentence; what follows are its parts."""
    return (
        f"{told['address']} was contacted at {_moment(told['began'])}. {told['signatory']}, "
        f"{told['signatory_role']}, had allowed it in the letter {told['authorisation']} of "
        f"{told['institution_name']}; {_person(told, told['received_by'])} had received the "
        f"letter, and {_people(told, told['granted_by'])} had granted it as the second person."
    )


def _facts(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rule, entry = told["rule"], told["rule"]["entry"]
    end = "and is running now" if told["running"] else f"to {_moment(told['ended'])}"
    yield "contact", f"{_moment(told['began'])} {end}; scan {told['scan']}, {told['vantage']}"
    yield "", f"{told['technique']}, {_ports(told['ports'])}; load {told['load']}: "\
              f"{LOADS[told['load']]}"  # fmt: skip
    yield "rule", f"{rule['reason']}, asked right before, at {rule['asked_at']}"
    yield "", f"this entry of the letter holds the address: {_scope(rule['scope'])}"
    yield "letter", f"{told['authorisation']} of {told['institution_name']} "\
                    f"({told['institution']})"  # fmt: skip
    yield "", f"in force {_moment(told['valid_from'])} to {_moment(told['valid_until'])}, up to "\
              f"load {told['load_allowed']}"  # fmt: skip
    yield "", f"sha256 of the signed paper: {told['letter_sha256']}"
    text = told["request_sha256"]
    yield (
        "",
        "our text was not matched to it"
        if text is None
        else (f"sha256 of our text, which it was matched to: {text}"),
    )
    withdrawn = told["withdrawn_at"]
    yield "", "never withdrawn" if withdrawn is None else f"withdrawn at {_moment(withdrawn)}"
    party = told["third_party"]
    yield (
        "third party",
        "none: the addresses are the institution's own"
        if party is None
        else (f"{party['third_party']} consented; sha256 of its sheet: {party['letter_sha256']}"),
    )
    yield "signatory", f"{told['signatory']}, {told['signatory_role']}"
    yield "", f"power to sign: {told['power_to_sign_checked']}"
    yield "received by", _person(told, told["received_by"])
    yield "granted by", _people(told, told["granted_by"])
    yield "told", "the institution was told at " + _moment(told["told_at"])
    yield "call", "; ".join(told["emergency_contacts"])
    yield "log", f"chain {entry['chain']}, entry {entry['seq']}, digest {entry['digest']}"


def _moment(at: datetime | None) -> str:
    return "no moment on record" if at is None else f"{at:%d %B %Y %H:%M:%S} UTC"


def _person(told: dict[str, Any], code: str) -> str:
    name = told["names"].get(code, code)
    return code if name == code else f"{code} ({name})"


def _people(told: dict[str, Any], codes: list[str]) -> str:
    return ", ".join(_person(told, code) for code in codes)


def _ports(ports: tuple[int, ...] | None) -> str:
    if ports is None:
        return "all ports"
    shown = ", ".join(str(port) for port in ports[:_MOST_PORTS])
    more = f" and {len(ports) - _MOST_PORTS} more" if len(ports) > _MOST_PORTS else ""
    return f"port{'' if len(ports) == 1 else 's'} {shown}{more}"


def _scope(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "none by number: a name that the letter holds led there"
    special = "; reserved addresses expressly too" if entry["special_allowed"] else ""
    return f"{entry['cidr']}, {_ports(entry['ports'])}{special}"
