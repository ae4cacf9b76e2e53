"""The package as these tests see it: source files with their syntax trees, never imported."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HANDED_OUT = "cyberposture/services/proof/bundle/verify.py"
"""What auditors run of the program in every bundle of evidence, elsewhere: it imports what lies
beside it there, under another name than here."""


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str
    """Dotted, such as `cyberposture.scanning.permission.gate`; a package goes by its own name."""
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The part after `cyberposture`, such as `scanning`; empty for the package itself."""
        return self.name.partition(".")[2].partition(".")[0]

    def at(self, node: ast.AST) -> str:
        """Return where a node stands, as file and line."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Yield each import of another module, wherever it stands, with the full name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                above = self.name.split(".")[: -node.level] if node.level else []
                whole = ".".join((*above, node.module))
                yield node, whole
                yield from ((node, f"{whole}.{alias.name}") for alias in node.names)

    def outside_main_guard(self) -> Iterator[ast.AST]:
        """Yield every node but those under `if __name__ == "__main__":`."""
        kept = [node for node in self.tree.body if not is_main_guard(node)]
        for statement in kept:
            yield from ast.walk(statement)


def is_main_guard(node: ast.stmt) -> bool:
    """Return whether a statement is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def read_module(checkout: Path, path: Path) -> Module:
    """Return the module in the file at `path`."""
    parts = path.relative_to(checkout).with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    return Module(
        name=".".join(parts).removesuffix(".__init__"),
        path=path.relative_to(checkout),
        text=text,
        tree=ast.parse(text, str(path)),
    )


@pytest.fixture(scope="session")
def modules(checkout: Path) -> list[Module]:
    """Every source file of the package, by name, but the one that is only handed out."""
    paths = sorted(set((checkout / "cyberposture").rglob("*.py")) - {checkout / HANDED_OUT})
    return [read_module(checkout, path) for path in paths]


@pytest.fixture(scope="session")
def tracked(checkout: Path) -> list[Path]:
    """Every file that git keeps; the test is skipped where this is no git checkout."""
    if not (checkout / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=checkout, check=True, capture_output=True, text=True
    )
    paths = (checkout / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
