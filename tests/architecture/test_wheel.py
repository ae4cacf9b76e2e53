"""The wheel: one new name in site-packages, with the content inside, and it runs from there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its good end and return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    clean = {name: value for name, value in kept.items() if not name.startswith("CYBERPOSTURE_")}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(checkout, tmp_path_factory) -> Path:
    """An environment with the locked requirements and the wheel, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=checkout)
    run(uv, "venv", "--quiet", "--python", sys.executable, "environment", cwd=folder)
    install = (uv, "pip", "install", "--quiet", "--python", "environment")
    run(*install, "--require-hashes", "-r", checkout / "requirements.txt", cwd=folder)
    before = names_in(folder)
    (wheel,) = folder.glob("*.whl")
    run(*install, "--no-deps", wheel, cwd=folder)
    (folder / "new-names").write_text("\n".join(sorted(names_in(folder) - before)))
    return folder


def site_packages(folder: Path) -> Path:
    (found,) = (folder / "environment").glob("lib/python*/site-packages")
    return found


def names_in(folder: Path) -> set[str]:
    return {path.name for path in site_packages(folder).iterdir()}


def test_wheel_puts_one_name_into_site_packages(installed):
    new = (installed / "new-names").read_text().splitlines()
    assert [name for name in new if not name.endswith(".dist-info")] == ["cyberposture"]
    assert len(new) == 2


@pytest.mark.parametrize("folder", ["controls", "scanners", "reports"])
def test_wheel_carries_every_content_file(installed, checkout, tracked, folder):
    carried = site_packages(installed) / "cyberposture" / "_content"
    ours = {
        path.relative_to(checkout) for path in tracked if path.is_relative_to(checkout / folder)
    }
    assert ours
    assert [str(path) for path in ours if not (carried / path).is_file()] == []


def test_installed_program_finds_its_content(installed):
    program = installed / "environment" / "bin" / "cyberposture"
    said = run(program, "catalogue", "list", "--json", cwd=installed)
    assert '"id"' in said


def test_installed_content_is_sound(installed):
    run(installed / "environment" / "bin" / "cyberposture", "catalogue", "check", cwd=installed)
