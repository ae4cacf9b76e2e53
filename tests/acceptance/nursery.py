"""A process that has the program imported already and forks for each command that it is given.

A fork is a process like any other: it has its own arguments, environment, folder and files, runs
`python -m cyberposture` from its first line, and ends with its exit code. It only spares the half
second that the imports take, a few hundred times.

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
from typing import Any

ROOMS = ("cyberposture.cli", "cyberposture.services", "cyberposture.scanning")


def preload() -> None:
    """Import what commands import, and read or open nothing."""
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
    preload()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            # Not by `sys.exit`: to tear down what was imported takes longer than most commands.
            os._exit(run())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
