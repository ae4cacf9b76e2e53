"""Which room may do what: the layers, and the few doors to dangerous things."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

DOORS = {"cli", "web", "worker", "__main__"}
"""The rooms that turn an error into an exit code, a page or a log line."""

PROCESS_STARTERS = {
    "cyberposture.scanning.sending.runner": "starts and ends nmap's process group",
}
"""The modules that may start a program, and why."""

NEVER_IMPORTED = {"psycopg", "python-multipart", "tzdata"}
"""Libraries that others load by name: SQLAlchemy a driver, FastAPI a parser, zoneinfo its zones."""

EXITS = ("os._exit", "sys.exit", "typer.Exit")
STARTERS = ("subprocess", "multiprocessing", "pty", "concurrent.futures.process")
STARTER_CALLS = (
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "os.fork",
    "os.popen",
    "os.posix_spawn",
    "os.system",
)
STARTER_PREFIXES = ("os.exec", "os.spawn")


def run_linter(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run import-linter and return what it said."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(linter), "--no-cache", "--no-logo", *options],
        check=False,
        capture_output=True,
        text=True,
    )


def faults(modules: list, is_fault: Callable[..., Iterator[ast.AST]]) -> list[str]:
    """Return where each fault stands that `is_fault(module)` yields a node for."""
    return [
        f"{module.at(node)} {ast.unparse(node)}" for module in modules for node in is_fault(module)
    ]


def test_rooms_import_only_from_rooms_below(checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    done = run_linter("--config", "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_doors_turn_errors_into_exit_codes(modules):
    def exits(module) -> Iterator[ast.AST]:
        if module.room in DOORS:
            return
        for node in module.outside_main_guard():
            is_raise = isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node)
            is_call = isinstance(node, ast.Attribute) and ast.unparse(node) in EXITS
            if is_raise or is_call:
                yield node

    assert faults(modules, exits) == []


def test_exit_codes_live_in_one_table_of_the_errors(modules):
    """Nobody hangs an exit code on an error outside the doors."""

    def codes(module) -> Iterator[ast.AST]:
        if module.room in DOORS:
            return
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr == "exit_code":
                yield node

    assert faults(modules, codes) == []


def test_python_nmap_is_imported_in_its_child_process_only(modules):
    importers = {
        module.name
        for module in modules
        for _, name in module.imports()
        if name.split(".")[0] == "nmap"
    }
    assert importers <= {"cyberposture.scanning.sending.nmap_child"}


def test_only_the_gate_makes_a_permitted_plan(modules):
    def makers(module) -> Iterator[ast.AST]:
        if module.name == "cyberposture.scanning.permission.gate":
            return
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                named = ast.unparse(node.func).split(".")
                if "PermittedPlan" in named or (
                    named[-1] in ("replace", "copy", "deepcopy")
                    and any("permitted" in ast.unparse(given) for given in node.args)
                ):
                    yield node

    assert faults(modules, makers) == []


def test_only_its_own_module_makes_a_permitted_lookup(modules):
    def makers(module) -> Iterator[ast.AST]:
        if module.name == "cyberposture.scanning.permission.lookups":
            return
        for node in ast.walk(module.tree):
            named = ast.unparse(node.func).split(".") if isinstance(node, ast.Call) else []
            if "PermittedLookup" in named:
                yield node

    assert faults(modules, makers) == []


def test_only_listed_modules_start_programs(modules):
    def starts(module) -> Iterator[ast.AST]:
        if module.name in PROCESS_STARTERS:
            return
        yield from (node for node, name in module.imports() if name in STARTERS)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute):
                text = ast.unparse(node)
                if text in STARTER_CALLS or text.startswith(STARTER_PREFIXES):
                    yield node

    assert faults(modules, starts) == []


def test_the_environment_is_read_in_settings_only(modules):
    def reads(module) -> Iterator[ast.AST]:
        if module.room == "settings":
            return
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                "os.environ",
                "os.environb",
                "os.getenv",
            ):
                yield node
        yield from (node for node, name in module.imports() if name in ("os.environ", "os.getenv"))

    assert faults(modules, reads) == []


def test_nobody_swallows_everything(modules):
    """`except Exception` stands in the worker's loop and the web's last resort alone; elsewhere
    a handler of everything cleans up and raises again.
    """

    def swallows(module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else "everything"
            is_last_resort = caught == "Exception" and module.room in ("web", "worker")
            raises_again = caught == "BaseException" and ast.unparse(node.body[-1]) == "raise"
            is_broad = caught in ("everything", "Exception", "BaseException")
            if is_broad and not is_last_resort and not raises_again:
                yield node.type or node

    assert faults(modules, swallows) == []


def test_every_library_in_use_is_a_declared_dependency(modules, checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    declared = {requirement_name(text) for text in (*project["dependencies"], *extras)}
    owners = packages_distributions()
    undeclared = {
        f"{module.at(node)} {name}"
        for module in modules
        for node, name in module.imports()
        if (top := name.split(".")[0]) not in sys.stdlib_module_names
        and top != "cyberposture"
        and not declared & {requirement_name(owner) for owner in owners.get(top, [top])}
    }
    assert undeclared == set()


def test_every_declared_dependency_is_in_use(modules, checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    owners = packages_distributions()
    used = {
        requirement_name(owner)
        for module in modules
        for _, name in module.imports()
        for owner in owners.get(name.split(".")[0], [])
    }
    declared = {requirement_name(text) for text in project["dependencies"]}
    assert declared - used - NEVER_IMPORTED == set()


def requirement_name(text: str) -> str:
    """Return the bare, normalised name of a requirement such as `psycopg[binary]>=3.3`."""
    bare = text
    for mark in "[<>=!~; ":
        bare = bare.split(mark)[0]
    return bare.lower().replace("_", "-")
