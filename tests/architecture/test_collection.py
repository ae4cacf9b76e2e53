"""A test has one name, so that a run can be compared with the one before it."""

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
