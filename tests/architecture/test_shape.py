"""How the code is cut: sizes, names, and a sentence on everything that others use."""

import ast

MODULE_LINES = 400
FUNCTION_LINES = 50
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_modules_stay_within_400_lines(modules):
    long = {
        str(module.path): count
        for module in modules
        if (count := len(module.text.splitlines())) > MODULE_LINES
    }
    assert long == {}


def test_functions_stay_under_50_lines(modules):
    long = [
        f"{module.at(node)} {node.name}: {count}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
        and (count := (node.end_lineno or 0) - node.lineno + 1) >= FUNCTION_LINES
    ]
    assert long == []


def test_names_say_what_a_module_is_for(modules):
    vague = [
        str(module.path)
        for module in modules
        if NAMES_THAT_SAY_NOTHING & {part.strip("_") for part in module.name.split(".")}
    ]
    assert vague == []


def test_every_module_opens_with_a_sentence(modules):
    assert [str(module.path) for module in modules if not ast.get_docstring(module.tree)] == []


def test_every_public_function_and_class_says_what_it_is(modules):
    silent = [
        f"{module.at(node)} {node.name}"
        for module in modules
        for node in module.tree.body
        if isinstance(node, Function | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_silenced_rules_give_their_reason(modules):
    """A `noqa` or `type: ignore` names its rule and says why, behind another `#` or a dash."""
    bare = [
        f"{module.path}:{number} {line.strip()}"
        for module in modules
        for number, line in enumerate(module.text.splitlines(), start=1)
        for mark in ("# noqa", "# type: ignore", "# pragma: no cover")
        if mark in line and not any(sign in line.split(mark, 1)[1] for sign in ("#", " - ", "— "))
    ]
    assert bare == []


def test_test_files_have_names_of_their_own(checkout):
    names = [path.name for path in (checkout / "tests").rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
