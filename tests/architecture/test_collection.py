"""A file with real services is known by its own name."""

import ast


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
