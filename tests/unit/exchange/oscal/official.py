"""The official JSON schemas of OSCAL, where they lie beside the checkout."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
from oscal_samples import SCHEMAS

FILES = {
    "assessment-plan": "oscal_assessment-plan_schema.json",
    "assessment-results": "oscal_assessment-results_schema.json",
    "plan-of-action-and-milestones": "oscal_poam_schema.json",
}


@cache
def _validator(kind: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads((SCHEMAS / FILES[kind]).read_bytes()))


def fits(kind: str, document: Any) -> list[str]:
    """Return the faults of a document by the official schema of its kind."""
    return [
        f"{list(error.instance_path)}: {error.message[:300]}"
        for error in _validator(kind).iter_errors(document)
    ]
