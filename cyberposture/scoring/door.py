"""The pure door of scoring: documents in as NDJSON, results out as NDJSON, one a line.

It needs no register and no network. It does not open files: the command line hands it lines.
"""

import json
from collections.abc import Iterable, Iterator

from cyberposture.model.ndjson import read_json
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.scoring.rollup import compute


def compute_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield one result for each document, in the same order, as compact ASCII JSON.

    Lines of nothing but white space are passed over, though they count as lines.

    Raises:
        InvalidInput: a line is refused; the results of all lines before it were yielded, and
            each fault names the line and the JSON path.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield write_result(compute(read_json(ScoreDocument, line, f"line {number}")))


def write_result(result: ScoreResult) -> str:
    """Return the result as compact ASCII JSON on one line, its keys in the published order."""
    return json.dumps(result.model_dump(), separators=(",", ":"))
