"""The command line starts at once: what a command does not need is not loaded for it."""

import subprocess
import sys

HEAVY = {
    "alembic", "cryptography", "jinja2", "jsonschema_rs", "numpy", "openpyxl", "pydantic",
    "sqlalchemy", "xlsxwriter", "yaml",
}  # fmt: skip
LOADED = "import sys, cyberposture.cli.app; print(*sys.modules)"


def test_the_command_line_starts_without_models_tables_or_readers(checkout):
    done = subprocess.run(
        [sys.executable, "-c", LOADED], check=True, capture_output=True, text=True, cwd=checkout
    )
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert not loaded & HEAVY
