"""Where the command line cannot write, it says so in one line."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "command",
    [("catalogue", "schema"), ("catalogue", "export"), ("catalogue", "export", "--force")],
)
def test_place_that_cannot_be_written_is_told_in_one_line(tmp_path, checkout, command):
    taken = tmp_path / "taken"
    taken.touch()
    done = subprocess.run(
        [sys.executable, "-m", "cyberposture", *command, "--out", str(taken)],
        check=False, capture_output=True, text=True, cwd=checkout,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == f"{taken}: File exists\n"
