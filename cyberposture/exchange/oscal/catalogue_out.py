"""Writes an edition of the catalogue as an OSCAL catalogue, the same bytes for the same content.

Domains are groups, clauses are resources that controls refer to, numbers are parameters. The rest
that holds an edition together (scale, sectors, instruments, …) has no place in OSCAL; it travels
as one resource.
"""

import base64
import json
from collections.abc import Mapping, Sequence

from cyberposture.content.digests import digest
from cyberposture.content.translations import Translations
from cyberposture.exchange.oscal.clause_in import (
    clause_fields,
    domain_fields,
    parameter_fields,
    parameter_id,
)
from cyberposture.exchange.oscal.control_out import add_records, control_out, title_line
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.translations import translation_parts
from cyberposture.exchange.oscal.words import is_value, metadata, own_prop, stable_uuid
from cyberposture.model.controls import Catalogue, Clause, Control, Domain, Framework
from cyberposture.model.parameters import Parameter

RULES = "rules.json"
"""The name of the resource that carries the rules."""


def catalogue_document(
    catalogue: Catalogue, *, modified: str, translations: Sequence[Translations] = ()
) -> Plain:
    """Return the document; `modified` is when the edition was last changed, with its zone.

    Controls carry their texts in the languages of `translations`.
    """
    framework = catalogue.framework
    uuids = clause_uuids(catalogue)
    known = {domain.id: domain for domain in framework.domains}
    strays = sorted({control.domain for control in catalogue.controls} - known.keys())
    groups = [_group(domain) for domain in framework.domains]
    groups += [
        {"id": id_, "title": id_, "props": [own_prop("undeclared", "yes")]} for id_ in strays
    ]
    params = [parameter_out(parameter) for parameter in catalogue.parameters]
    for group in groups:
        controls = [
            _control(control, uuids, translations)
            for control in catalogue.controls
            if control.domain == group["id"]
        ]
        if controls:
            group["controls"] = controls
    return {
        "catalog": {
            "uuid": catalogue_uuid(catalogue),
            "metadata": _metadata(framework, modified),
            **({"params": params} if params else {}),
            **({"groups": groups} if groups else {}),
            "back-matter": {
                "resources": [
                    *(_clause(clause, uuids[clause.id]) for clause in catalogue.clauses),
                    _rules(catalogue),
                ]
            },
        }
    }


def _control(
    control: Control, uuids: Mapping[str, str], translations: Sequence[Translations]
) -> Plain:
    made = control_out(control, uuids.get)
    made["parts"] += translation_parts(control.id, translations)
    return made


def catalogue_uuid(catalogue: Catalogue) -> str:
    """Return the identifier of this edition as an OSCAL document."""
    return stable_uuid("catalogue", digest(catalogue))


def clause_uuids(catalogue: Catalogue) -> dict[str, str]:
    """Return the identifier of each clause's resource; it is the same in all editions."""
    return {c.id: stable_uuid("clause", catalogue.framework.id, c.id) for c in catalogue.clauses}


def _metadata(framework: Framework, modified: str) -> Plain:
    made = metadata(framework.title, framework.version, modified, kind="catalogue")
    if is_value(framework.id):
        made["document-ids"] = [{"identifier": framework.id}]
    made["remarks"] = escape(framework.note)
    return made


def _group(domain: Domain) -> Plain:
    made: Plain = {
        "id": domain.id,
        "class": "domain",
        "title": title_line(domain.title),
        "props": [own_prop("factor-pct", domain.factor_pct)],
    }
    add_records(made, domain, domain_fields(made))
    return made


def parameter_out(parameter: Parameter) -> Plain:
    """Return the OSCAL parameter: our default is its value, and the reason for it its usage."""
    made: Plain = {
        "id": parameter_id(parameter.id),
        "class": parameter.unit,
        "props": [
            own_prop("stricter", parameter.stricter),
            *(own_prop("control", control) for control in parameter.controls),
        ],
        "label": title_line(parameter.title),
        "usage": escape(parameter.why),
        "values": [str(parameter.default)],
    }
    add_records(made, parameter, parameter_fields(made))
    return made


def _clause(clause: Clause, uuid: str) -> Plain:
    made: Plain = {
        "uuid": uuid,
        "title": title_line(f"Clause {clause.id}"),
        "description": escape(clause.text),
        "props": [
            own_prop(name, value)
            for name, value in (
                ("clause", clause.id),
                ("page", str(clause.page)),
                ("addressee", clause.addressee),
                ("demand", clause.demand),
                ("level", clause.level),
            )
            if is_value(value)
        ],
    }
    add_records(made, clause, clause_fields(made))
    return made


def _rules(catalogue: Catalogue) -> Plain:
    """Return the resource of everything that is told nowhere else in the document."""
    whole = catalogue.model_dump(mode="json", by_alias=True)
    domains = whole["framework"].pop("domains")
    del whole["clauses"], whole["controls"], whole["parameters"]
    whole["order"] = {
        "domains": [domain["id"] for domain in domains],
        "controls": [control.id for control in catalogue.controls],
    }
    text = json.dumps(whole, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return {
        "uuid": stable_uuid("rules", catalogue.framework.id),
        "title": "Rules of the catalogue",
        "description": "Scale, sectors, instruments and the rest that OSCAL has no place for.",
        "props": [own_prop("resource", "rules")],
        "base64": {
            "filename": RULES,
            "media-type": "application/json",
            "value": base64.b64encode(text.encode()).decode(),
        },
    }
