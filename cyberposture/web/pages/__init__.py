"""The pages of the portal, one module a subject: a module that has a router is a page."""

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from fastapi import APIRouter


def find_routers(package: ModuleType | None = None) -> Iterator[APIRouter]:
    """Yield the router of every module in a package (this one) and those in it, by name."""
    home = sys.modules[__name__] if package is None else package
    for found in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
        router = getattr(import_module(found.name), "router", None)
        if isinstance(router, APIRouter):
            yield router
