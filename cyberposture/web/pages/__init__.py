"""The pages of the portal, one module a subject: a module that has a router is a page."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from fastapi import APIRouter


def find_routers() -> Iterator[APIRouter]:
    """Yield the router of every module in this folder and the folders in it, by name."""
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        router = getattr(import_module(found.name), "router", None)
        if isinstance(router, APIRouter):
            yield router
