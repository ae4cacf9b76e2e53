"""A test has one name, and a file with real services is known by its own."""

import ast
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_two_collections_find_tests_of_the_same_names(checkout):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    runs = [
        subprocess.Popen(
            [*command, "tests"],
            cwd=checkout,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = (set(filter(is_name, run.communicate()[0].splitlines())) for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(first) > 1000
    assert first == second


def is_name(line):
    return line.startswith("tests/") and "::" in line


def test_files_that_start_real_services_are_known_by_their_names(checkout):
    beginnings = next(
        ast.literal_eval(node.value)
        for node in ast.parse((checkout / "tests" / "conftest.py").read_text()).body
        if isinstance(node, ast.Assign)
        and [getattr(target, "id", None) for target in node.targets] == ["WITH_SERVICES"]
    )
    marked = [
        path.relative_to(checkout).as_posix()
        for path in (checkout / "tests").rglob("test_*.py")
        if "pytest.mark.acceptance" in path.read_text(encoding="utf-8")
    ]
    marked.remove("tests/architecture/test_collection.py")
    assert marked
    assert [name for name in marked if not name.startswith(beginnings)] == []
