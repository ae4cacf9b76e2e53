"""README's table of settings and the class say the same, in both directions."""

import re

from cyberposture.settings import Settings, describe, load_settings

ROW = re.compile(r"^\| `(CYBERPOSTURE_[A-Z_]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def test_readme_tells_every_setting_with_default_unit_and_text(checkout):
    rows = ROW.findall((checkout / "README.md").read_text(encoding="utf-8"))
    told = [tuple(cell.strip() for cell in row) for row in rows]
    lines = describe(load_settings())
    assert told == [
        (line.variable, f"`{line.default}`" if line.default else "–", line.unit or "–", line.text)
        for line in lines
    ]


def test_no_other_file_invents_a_setting(tracked, checkout):
    known = {f"CYBERPOSTURE_{name.upper()}" for name in Settings.model_fields}
    places = [
        path for path in tracked if path.suffix in (".md", ".py") or path.parent.name == ".ci"
    ]
    invented = {
        f"{path.relative_to(checkout)}: {name}"
        for path in places
        if "tests" not in path.parts
        for name in re.findall(r"CYBERPOSTURE_[A-Z][A-Z_]+", path.read_text(encoding="utf-8"))
        if name not in known
    }
    assert invented == set()
