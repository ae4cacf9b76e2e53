"""The shape of OSCAL documents as far as this program relies on it, as one JSON Schema.

It is looser than the official schemas on purpose: unknown keys pass, and ids may break the rules
for tokens, because documents in use do. What it lets through can be walked without surprises.
"""

from functools import cache
from typing import Any

import jsonschema_rs

KINDS = ("catalog", "profile", "mapping-collection")
"""The kinds of document that are read, as the one key at the top names them."""

SAID = {
    r"^\S+$": "must be an id without spaces",
    r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$": "must be a UUID",
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$": "must be a moment with its zone",
}
"""What each pattern asks for, in words."""

_ID_PATTERN, _UUID_PATTERN, _MOMENT_PATTERN = SAID
_TEXT = {"type": "string"}
_LINE = {"type": "string", "minLength": 1}
_ID = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": _ID_PATTERN}
_NAME = {"type": "string", "minLength": 1, "maxLength": 100}
_UUID = {"type": "string", "pattern": _UUID_PATTERN}
_MOMENT = {"type": "string", "pattern": _MOMENT_PATTERN}


def _list(item: dict[str, Any] | str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"$ref": f"#/$defs/{item}"} if isinstance(item, str) else item,
    }


def _object(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """Return an object's schema; underscores in the names stand for the hyphens of OSCAL."""
    named = {name.strip("_").replace("_", "-"): schema for name, schema in properties.items()}
    return {"type": "object", "required": list(required), "properties": named}


_HUNG = {"props": _list("prop"), "links": _list("link")}
_BLANKS = {
    "label": _TEXT,
    "usage": _TEXT,
    "values": _list(_TEXT),
    "select": _object(how_many=_TEXT, choice=_list(_TEXT)),
    "constraints": _list(_object()),
    "guidelines": _list(_object()),
    "class_": _TEXT,
    **_HUNG,
}
_BODY = {"params": _list("param"), "parts": _list("part"), **_HUNG}
_SELECTION = {"include_all": _object(), "include_controls": _list("select"),
              "exclude_controls": _list("select")}  # fmt: skip
_TOP = {"uuid": _UUID, "metadata": {"$ref": "#/$defs/metadata"},
        "back_matter": _object(resources=_list("resource"))}  # fmt: skip

_DEFINITIONS: dict[str, Any] = {
    "prop": _object(
        "name", "value", name=_LINE, value=_TEXT, ns=_TEXT, class_=_TEXT, group=_TEXT,
        remarks=_TEXT,
    ),
    "link": _object("href", href=_TEXT, rel=_TEXT, text=_TEXT),
    "param": _object("id", id=_ID, **_BLANKS),
    "part": _object(
        "name", name=_LINE, id=_LINE, ns=_TEXT, class_=_TEXT, title=_TEXT, prose=_TEXT,
        parts=_list("part"), **_HUNG,
    ),
    "control": _object(
        "id", "title", id=_ID, title=_TEXT, class_=_TEXT, controls=_list("control"), **_BODY
    ),
    "group": _object(
        "title", id=_ID, title=_TEXT, class_=_TEXT, groups=_list("group"),
        controls=_list("control"), **_BODY,
    ),
    "resource": _object(
        "uuid", uuid=_UUID, title=_TEXT, description=_TEXT,
        rlinks=_list(_object("href", href=_TEXT)), base64=_object("value", value=_TEXT),
        props=_list("prop"),
    ),
    "metadata": _object(
        "title", "last-modified", "version", "oscal-version", title=_LINE, last_modified=_MOMENT,
        version=_LINE, oscal_version=_LINE, roles=_list(_object()), parties=_list(_object()),
        document_ids=_list(_object("identifier", identifier=_TEXT)), **_HUNG,
    ),
    "select": _object(
        with_child_controls={"enum": ["yes", "no"]}, with_ids=_list(_ID),
        matching=_list(_object(pattern=_LINE)),
    ),
    "insert": _object(order={"enum": ["keep", "ascending", "descending"]}, **_SELECTION),
    "custom": _object(
        title=_TEXT, id=_ID, groups=_list("custom"), insert_controls=_list("insert"), **_BODY
    ),
    "alter": _object(
        "control-id",
        control_id=_ID,
        removes=_list(_object(
            by_name=_TEXT, by_class=_TEXT, by_id=_TEXT, by_item_name=_TEXT, by_ns=_TEXT,
        )),
        adds=_list(_object(
            position={"enum": ["before", "after", "starting", "ending"]}, by_id=_TEXT,
            title=_TEXT, **_BODY,
        )),
    ),
    "item": _object("type", "id-ref", type=_LINE, id_ref=_NAME),
    "framework": _object("type", "href", type=_LINE, href=_TEXT),
    "mapping": _object(
        "uuid", "source-resource", "target-resource", "maps", uuid=_UUID,
        source_resource={"$ref": "#/$defs/framework"},
        target_resource={"$ref": "#/$defs/framework"},
        maps=_list(_object(
            "relationship", "sources", "targets", relationship=_LINE, sources=_list("item"),
            targets=_list("item"), remarks=_TEXT, props=_list("prop"),
        )),
    ),
}  # fmt: skip

_DOCUMENTS: dict[str, Any] = {
    "catalog": _object(
        "uuid", "metadata", groups=_list("group"), controls=_list("control"),
        params=_list("param"), **_TOP,
    ),
    "profile": _object(
        "uuid", "metadata", "imports",
        imports={**_list(_object("href", href=_LINE, **_SELECTION)), "minItems": 1},
        merge=_object(
            combine=_object(method={"enum": ["use-first", "merge", "keep"]}), flat=_object(),
            as_is={"type": "boolean"}, custom={"$ref": "#/$defs/custom"},
        ),
        modify=_object(
            set_parameters=_list(_object("param-id", param_id=_ID, **_BLANKS)),
            alters=_list("alter"),
        ),
        **_TOP,
    ),
    "mapping-collection": _object(
        "uuid", "metadata", "mappings",
        mappings={"if": {"type": "array"}, "then": _list("mapping"),
                  "else": {"$ref": "#/$defs/mapping"}},
        **_TOP,
    ),
}  # fmt: skip


@cache
def validator(kind: str) -> jsonschema_rs.Validator:
    """Return what checks a whole document of this kind; values are left out of its messages."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": [kind],
        "properties": {kind: _DOCUMENTS[kind]},
        "$defs": _DEFINITIONS,
    }
    return jsonschema_rs.validator_for(schema, mask="the value", offline=True)
