"""A process that has the program imported already and forks for each command that it is given.

A fork is a process like any other: it has its own arguments, environment, folder and files, runs
`python -m cyberposture` from its first line, and ends with its exit code. It only spares the half
second that the imports take, and as much for reading content of which no file changed since, a few
hundred times.

Started by `conftest.py`, it reads a job a line as JSON and answers with the exit code.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyberposture.content import editions, loader
from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.errors import CyberpostureError

ROOMS = ("cyberposture.cli", "cyberposture.services", "cyberposture.scanning")


class Kept:
    """Content that was read before, and its edition, as long as no file of it changes."""

    def __init__(self) -> None:
        self._load: Callable[..., Any] = loader.load_content
        self._identify: Callable[..., Any] = editions.identify
        self._contents: dict[Any, Any] = {}
        self._editions: dict[Any, Any] = {}

    def load_content(self, folders: ContentFolders) -> Any:
        """Return what the loader returns."""
        key = signature(folders)
        if key not in self._contents:
            self._contents[key] = self._load(folders)
        return self._contents[key]

    def identify(self, *parts: Any) -> Any:
        """Return what the product's own function returns for these very objects."""
        key = tuple(id(part) for part in parts)
        if key not in self._editions:
            # With the parts, so that no other object ever gets their place in memory.
            self._editions[key] = (self._identify(*parts), parts)
        return self._editions[key][0]

    def warm(self, environment: dict[str, str]) -> None:
        """Read the content of the next command before it forks; a fault is for it to tell."""
        named = environment.get("CYBERPOSTURE_CONTENT")
        try:
            content = self.load_content(find_content(Path(named) if named else None))
        except CyberpostureError:
            return
        self.identify(content.catalogue, content.checks, content.translations)
        gc.freeze()  # no fork need look through all of it for what is garbage


def signature(folders: ContentFolders) -> Any:
    """Return what differs as soon as a file of the content does."""
    files = sorted(
        path
        for folder in (folders.controls, folders.scanners, folders.reports)
        for path in folder.resolve().rglob("*")
    )
    told = ((path, path.lstat()) for path in files)
    return tuple((str(path), stat.st_mtime_ns, stat.st_size, stat.st_mode) for path, stat in told)


def preload(kept: Kept) -> None:
    """Import what commands import, and read or open nothing."""
    loader.load_content = kept.load_content
    editions.identify = kept.identify
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    importlib.import_module("cyberposture.runtime")


def become(job: dict[str, Any]) -> None:
    """Turn this fork into the command: files, folder, environment, arguments, and a last hour."""
    signal.alarm(job["patience_s"])
    for number, (name, flags) in enumerate(
        (("given", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))
    ):
        os.dup2(os.open(job[name], flags), number)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv = ["cyberposture", *job["words"]]


def run() -> int:
    """Run the command, and return its exit code."""
    code: Any = 0
    try:
        runpy.run_module("cyberposture", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    gc.collect()  # what a process closes at its end, such as the database, is closed now
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def main() -> None:
    """Serve until standard input closes."""
    kept = Kept()
    preload(kept)
    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        kept.warm(job["environment"])
        child = os.fork()
        if child == 0:
            become(job)
            # Not by `sys.exit`: to tear down what was imported takes longer than most commands.
            os._exit(run())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
