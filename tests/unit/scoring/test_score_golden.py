"""Golden cases of scoring version 1: they run for ever, whatever later versions compute."""

import json
from pathlib import Path

import pytest

from cyberposture.scoring.door import compute_lines

CASES = sorted((Path(__file__).parent / "golden").glob("*.json"))


def test_there_are_golden_cases() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_version_1_gives_the_golden_result(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert case["document"]["scoring"] == 1
    [line] = compute_lines([json.dumps(case["document"])])
    assert json.loads(line) == case["result"]
