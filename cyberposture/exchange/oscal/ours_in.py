"""Recognises our own exports, and makes a catalogue of ours out of one again, without loss."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pydantic import ValidationError

from cyberposture.content.translations import Translations
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.clause_in import clause_fields, domain_fields, parameter_fields
from cyberposture.exchange.oscal.control_in import control_fields
from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.read import OSCALDocument
from cyberposture.exchange.oscal.translations import is_translation, translation_fields
from cyberposture.exchange.oscal.words import find_own
from cyberposture.model.controls import Catalogue, Clause, Control, Domain
from cyberposture.model.foundation import Model
from cyberposture.model.parameters import Parameter
from cyberposture.model.translations import ControlTranslation

M = TypeVar("M", bound=Model)


def is_own_export(document: OSCALDocument) -> bool:
    """Return whether the document is a catalogue that this program exported whole."""
    return (
        document.kind == "catalog" and find_own(document.body["metadata"], "export") == "catalogue"
    )


def read_own_catalogue(document: OSCALDocument) -> Catalogue:
    """Return the catalogue that was exported as this document.

    Raises:
        InvalidInput: it is no export of ours, or was changed into something that is no catalogue
            of ours, with the JSON path of each fault.
    """
    if not is_own_export(document):
        raise InvalidInput(Fault(document.where(), "this is no catalogue that we exported"))
    reader = _Reader(document)
    rules = reader.rules()
    order = rules.pop("order", {})
    domains: list[Domain] = []
    controls: list[Control] = []
    for number, group in enumerate(document.body.get("groups", ())):
        if find_own(group, "undeclared") is None:
            domains += reader.made(Domain, domain_fields, group, ("groups", number))
    for path, control in reader.controls():
        controls += reader.made(Control, control_fields, control, path)
    parameters: list[Parameter] = []
    for number, param in enumerate(document.body.get("params", ())):
        parameters += reader.made(Parameter, parameter_fields, param, ("params", number))
    clauses: list[Clause] = []
    for path, resource in reader.resources():
        if find_own(resource, "resource") is None:
            clauses += reader.made(Clause, clause_fields, resource, path)
    reader.finish()
    framework = rules.get("framework")
    whole = {
        **rules,
        "framework": {**framework, "domains": _ordered(domains, order, "domains")}
        if isinstance(framework, dict)
        else framework,
        "clauses": clauses,
        "parameters": parameters,
        "controls": _ordered(controls, order, "controls"),
    }
    return reader.whole(whole)


def read_own_translations(document: OSCALDocument) -> tuple[Translations, ...]:
    """Return the texts in other languages that were exported with a catalogue of ours.

    Raises:
        InvalidInput: one is not as we export it, or stands twice, with the JSON path of each fault.
    """
    reader = _Reader(document)
    found: dict[str, dict[str, ControlTranslation]] = {}
    for path, control in reader.controls():
        for number, part in enumerate(control.get("parts", ())):
            if not is_translation(part):
                continue
            here = (*path, "parts", number)
            for one in reader.made(ControlTranslation, translation_fields, part, here):
                texts = found.setdefault(one.language, {})
                if control["id"] in texts:
                    reader.refuse(here, f"{control['id']} has a text in {one.language} already")
                texts[control["id"]] = one
    reader.finish()
    return tuple(Translations(language, texts) for language, texts in sorted(found.items()))


def _ordered(items: list[Any], order: Plain, key: str) -> tuple[Any, ...]:
    """Return the items in the order that the export noted; what is new comes last."""
    places = {identity: number for number, identity in enumerate(order.get(key, ()))}
    return tuple(sorted(items, key=lambda item: places.get(item.id, len(places))))


def _is_order(order: Any) -> bool:
    return isinstance(order, dict) and all(
        isinstance(ids, list) and all(isinstance(identity, str) for identity in ids)
        for ids in order.values()
    )


class _Reader:
    """Reads the pieces of a document and keeps the faults of all of them."""

    def __init__(self, document: OSCALDocument) -> None:
        self._document = document
        self._faults: list[Fault] = []

    def made(
        self, model: type[M], fields: Callable[[Plain], Plain], item: Plain, path: tuple[Any, ...]
    ) -> list[M]:
        """Return the one model that an item stands for, or none after noting its faults."""
        where = self._document.where(*path)
        try:
            return [model.model_validate(fields(item))]
        except ValidationError as error:
            self._note(error, where)
        except (KeyError, ValueError, RecursionError) as error:
            self._faults.append(Fault(where, f"not as we export it: {str(error)[:200]}"))
        return []

    def refuse(self, path: tuple[Any, ...], what: str) -> None:
        """Note one more fault."""
        self._faults.append(Fault(self._document.where(*path), what))

    def controls(self) -> Iterator[tuple[tuple[Any, ...], Plain]]:
        """Yield every control of the document with its path."""
        for number, group in enumerate(self._document.body.get("groups", ())):
            for place, control in enumerate(group.get("controls", ())):
                yield ("groups", number, "controls", place), control

    def _note(self, error: ValidationError, where: str) -> None:
        for item in error.errors(include_url=False, include_input=False):
            field = ".".join(str(part) for part in item["loc"])
            what = item["msg"].removeprefix("Value error, ")
            self._faults.append(Fault(where, f"{field}: {what}" if field else what))

    def resources(self) -> Iterator[tuple[tuple[Any, ...], Plain]]:
        """Yield every resource of the document with its path."""
        found = self._document.body.get("back-matter", {}).get("resources", ())
        for number, resource in enumerate(found):
            yield ("back-matter", "resources", number), resource

    def rules(self) -> Plain:
        """Return what the resource of the rules carries.

        Raises:
            InvalidInput: there is none, or it cannot be read.
        """
        for path, resource in self.resources():
            if find_own(resource, "resource") == "rules":
                try:
                    value = resource.get("base64", {}).get("value", "")
                    found = json.loads(base64.b64decode(value, validate=True))
                except (binascii.Error, ValueError, RecursionError) as error:
                    where = self._document.where(*path, "base64")
                    raise InvalidInput(Fault(where, "cannot be read as JSON in base64")) from error
                if isinstance(found, dict) and _is_order(found.get("order", {})):
                    return found
        raise InvalidInput(Fault(self._document.where("back-matter"), "the rules are missing"))

    def finish(self) -> None:
        """Raise the faults that were noted, if any."""
        if self._faults:
            raise InvalidInput(self._faults)

    def whole(self, fields: Plain) -> Catalogue:
        """Return the catalogue of these fields.

        Raises:
            InvalidInput: the rules do not fit.
        """
        try:
            return Catalogue.model_validate(fields)
        except ValidationError as error:
            self._note(error, self._document.where("back-matter"))
            raise InvalidInput(self._faults) from error
