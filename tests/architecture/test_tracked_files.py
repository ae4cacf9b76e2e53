"""What git keeps is fit to be published: no paths of one machine, no registry's address."""

import re

MACHINE_PATH = re.compile(r"(?<![\w.~%{}])/(?:root|work|home/\w+|Users/\w+)/")
REGISTRY = re.compile(
    r"pypi\.\w+/|pythonhosted|registry\.npm|^--(?:extra-)?index-url|^registry *=|simple/[a-z]+/",
    re.MULTILINE,
)
LOCKS_THAT_NAME_REGISTRIES = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"}
SIZE_BYTES = 2_000_000


def lines_with(tracked, checkout, pattern):
    """Return the lines of all tracked text files, but for this one, that the pattern finds."""
    found = []
    for path in tracked:
        if path.name == "test_tracked_files.py":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(checkout)}: {hit.group()}" for hit in pattern.finditer(text)]
    return found


def test_no_file_holds_a_path_of_one_machine(tracked, checkout):
    assert lines_with(tracked, checkout, MACHINE_PATH) == []


def test_no_file_names_a_registry(tracked, checkout):
    assert lines_with(tracked, checkout, REGISTRY) == []
    assert [path.name for path in tracked if path.name in LOCKS_THAT_NAME_REGISTRIES] == []


def test_no_large_or_compiled_file_is_kept(tracked, checkout):
    odd = [
        str(path.relative_to(checkout))
        for path in tracked
        if path.stat().st_size > SIZE_BYTES or path.suffix in (".pyc", ".whl", ".so", ".sqlite")
    ]
    assert odd == []


def pinned(path):
    """Return the logical lines of a lock file that pin a package."""
    lines = path.read_text().replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def test_every_locked_requirement_has_a_version_and_a_hash(checkout):
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = pinned(checkout / name)
        assert len(lines) > 30
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_both_lock_files_hold_the_same_versions(checkout):
    def versions(name):
        return {line.split(" ")[0] for line in pinned(checkout / name)}

    assert versions("requirements.txt") <= versions("requirements-dev.txt")
