"""Writes the first version of a control, a check or a report, for its author to go on from.

A starter passes `catalogue check` as it is; every text that the author still owes begins with the
same two words, and `find_unwritten` finds them again.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.loader import Content, find_catalogue
from cyberposture.content.reading.control_files import NATIONAL
from cyberposture.content.reading.documents import build, read_text
from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.model.checks import Check
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.foundation import Model
from cyberposture.model.reports import ReportDefinition

OWED = "Write here"
_NOTE = re.compile(rf"\s*(?:#|\{{#) {OWED} (.*?)(?: #\}})?$")

CONTROL = """\
id: {id}
version: 1
title: {title}
statement: Write here one sentence that is true or false at an institution.
evidence_mode: "Q"
weight: 1
weight_reason: Write here why it weighs 5, 3 or 1.
tier: A
gate: null
applies_when: null
sources:
  # Write here D, Dg or Dc for I where the clause itself asks for it; I is our elaboration of it.
  - {{instrument: {instrument}, edition: {edition}, clause: {clause}, derivation: I}}
observations: []
intent: Write here why it matters, that is, what goes wrong where it is missing.
levels:
  "0": Write here what one sees where it is absent.
  "1": Write here what one sees where it holds in a part of the scope, and what is too little.
  "2": Write here what one sees where it holds in the whole scope.
  "3": Write here what was reviewed or proved within the last 12 months besides.
guidance:
  small: Write here what one person does this week.
  large: Write here what differs in a large institution.
evidence:
  - what: Write here a thing that a reviewer can hold
    max_age_days: 365
review:
  - Write here a question that finds the difference between paper and practice.
"""

CHECK = """\
id: {id}
version: 1
title: {title}
observation: {observation}
severity: medium
technique: tcp-ports
endpoints:
  ports: [{port}]
rollup: share
fails_when:
  port_open: any
says:
  pass: "Port {port} is closed at {{endpoint}}: {{detail}}."
  fail: "Port {port} is open at {{endpoint}}: {{detail}}."
  inconclusive: "Whether port {port} is open at {{endpoint}} is not known: {{detail}}."
why: Write here what can go wrong where it fails.
remedy: Write here what to do about it, step by step.
sources:
  - {{title: Write here the document that this rests on}}
examples:
  - name: it is closed
    facts: {{rest: closed}}
    verdict: pass
  - name: it is open
    facts: {{ports: {{"{port}": open}}, rest: closed}}
    verdict: fail
  - name: nothing came back in time
    facts: {{outcome: timed-out}}
    verdict: inconclusive
  - name: its port was not asked for
    facts: {{ports: {{"{other}": open}}}}
    verdict: not-tested
"""

REPORT = """\
# Write here for whom this report is.
id: {id}
title: {title}
subject: {subject}
template: report.html.j2
languages: [en]
audiences:
  board: "TLP:AMBER"
  cert: "TLP:AMBER+STRICT"
redaction:
  board:
    sees: [institutions]
  cert:
    sees: [addresses, people, own-words, institutions]
"""

TEMPLATE = """\
{% extends "page.html.j2" %}
{% block content %}
{# Write here what the report tells; reports/README.md says what `view` holds. #}
{% include "method.html.j2" %}
{% include "editions.html.j2" %}
{% endblock %}
"""


@dataclass(frozen=True)
class Starter:
    """Files to write, none of which exists yet."""

    files: tuple[tuple[Path, str], ...]

    def write(self) -> None:
        """Write the files and the folders that they need."""
        for path, text in self.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def start_control(
    folders: ContentFolders, content: Content, *, domain: str, title: str, clause: str | None
) -> Starter:
    """Return a control of this domain under its next free number.

    Without a `clause` it cites the first that institutions can meet.

    Raises:
        NotFound: the catalogue has no such domain or clause.
        WrongUsage: no institution can meet the clause.
        InvalidInput: the title is too short or too long, or says "Ensure …".
    """
    catalogue = content.catalogue
    if domain not in {one.id for one in catalogue.framework.domains}:
        raise NotFound("domain", domain)
    cited = _cited(catalogue, clause)
    policy = next(one for one in catalogue.instruments if one.id == catalogue.framework.instrument)
    taken = {one.id for one in catalogue.controls} | {one.id for one in catalogue.retired}
    free = (f"{domain}-{number:02}" for number in NATIONAL)
    identity = next((code for code in free if code not in taken), None)
    if identity is None:
        raise WrongState(f"the domain {domain} has used all of its {len(NATIONAL)} numbers")
    text = CONTROL.format(
        id=identity,
        title=_quoted(title),
        instrument=_quoted(policy.short),
        edition=_quoted(policy.edition),
        clause=_quoted(cited),
    )
    name = f"{identity}-{_slug(title)}.yaml"
    build(Control, read_text(name, text))
    return Starter(((find_catalogue(folders.controls) / domain.lower() / name, text),))


def _cited(catalogue: Catalogue, wanted: str | None) -> str:
    """Return the clause that was named, else the first that institutions can meet."""
    can_be_met = {clause.id: clause.level in ("Q", "Q+N") for clause in catalogue.clauses}
    if wanted is None:
        wanted = next(clause for clause, can in can_be_met.items() if can)
    if wanted not in can_be_met:
        raise NotFound("clause", wanted)
    if not can_be_met[wanted]:
        raise WrongUsage(f"clause {wanted} is for the nation or for context: no control follows it")
    return wanted


def start_check(
    folders: ContentFolders, content: Content, *, check_id: str, observation: str, port: int
) -> Starter:
    """Return a check that fails where a port is open, with an example of each verdict.

    Raises:
        WrongUsage: the id has no pack in front.
        NotFound: there is no such pack or observation.
        WrongState: the check is there already.
        InvalidInput: id or port are not what they have to be.
    """
    pack, _, name = check_id.partition(".")
    if not name:
        raise WrongUsage(f"{check_id!r}: a check is called PACK.NAME")
    if pack not in {one.id for one in content.checks.packs}:
        raise NotFound("pack", pack, advice=f"make scanners/{pack}/pack.yaml first")
    if observation not in {one.code for one in content.checks.observations}:
        raise NotFound("observation", observation, advice="they are in scanners/observations.yaml")
    if content.checks.find(check_id) is not None:
        raise WrongState(f"there is a check {check_id} already")
    title = name.replace("-", " ").capitalize()
    text = CHECK.format(
        id=check_id,
        title=_quoted(title),
        observation=observation,
        port=port,
        other=443 if port != 443 else 80,
    )
    build(Check, read_text(f"{name}.yaml", text))
    return Starter(((folders.scanners / pack / f"{name}.yaml", text),))


def start_report(
    folders: ContentFolders, content: Content, *, report_id: str, title: str, subject: str
) -> Starter:
    """Return a report with its definition and a template that shows method and editions.

    Raises:
        WrongState: the report is there already.
        InvalidInput: id or subject are not what they have to be.
    """
    if report_id in {report.id for report in content.reports}:
        raise WrongState(f"there is a report {report_id} already")
    text = REPORT.format(id=report_id, title=_quoted(title), subject=_quoted(subject))
    build(ReportDefinition, read_text("report.yaml", text))
    home = folders.reports / report_id
    return Starter(((home / "report.yaml", text), (home / "report.html.j2", TEMPLATE)))


def find_unwritten(content: Content) -> dict[str, list[str]]:
    """Return, by id, the fields of controls and checks that still hold the words of a starter."""
    catalogue = content.catalogue
    items: list[Control | Check] = [
        *catalogue.controls, *catalogue.proposed, *content.checks.checks
    ]  # fmt: skip
    found = {item.id: list(_owed(item)) for item in items}
    return {identity: fields for identity, fields in found.items() if fields}


def find_notes(folders: ContentFolders) -> dict[str, str]:
    """Return, by file and line, the comments of starters that say what their author still owes.

    They stand beside what holds a word of its own already, such as the derivation of a control.
    """
    found = {}
    for root in (folders.controls, folders.scanners, folders.reports):
        for path in sorted(path for kind in ("*.yaml", "*.j2") for path in root.rglob(kind)):
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, start=1):
                note = _NOTE.match(line)
                if note:
                    where = f"{root.name}/{path.relative_to(root).as_posix()}:{number}"
                    found[where] = note[1]
    return found


def _owed(item: Model) -> Iterable[str]:
    for name in type(item).model_fields:
        if any(text.startswith(OWED) for text in _texts(getattr(item, name))):
            yield name


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Model):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)


def _quoted(text: str) -> str:
    """Return the text as a quoted YAML scalar: JSON's quoting is YAML's."""
    if any(ord(character) < 0x20 for character in text):
        raise WrongUsage(f"{text!r}: one line of text is expected")
    return json.dumps(text, ensure_ascii=False)


def _slug(title: str) -> str:
    """Return up to four words of the title for a file's name."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()
    return "-".join(words[:4]) or "control"
