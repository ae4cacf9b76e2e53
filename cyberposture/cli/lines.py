"""Lines in, lines out, for the pure doors: what was answered before a fault has been printed."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cyberposture.errors import Fault, InvalidInput

MAX_LINE = 50_000_000


def read_lines(source: Path) -> Iterator[str]:
    """Yield the lines of a file, or of standard input for `-`.

    Raises:
        InvalidInput: the file cannot be read, is not UTF-8, or holds a line beyond any sense.
    """
    try:
        stream = sys.stdin.buffer if str(source) == "-" else source.open("rb")
    except OSError as error:
        raise InvalidInput(Fault(str(source), error.strerror or "cannot be read")) from error
    with stream:
        number = 0
        while data := stream.readline(MAX_LINE + 1):
            number += 1
            if len(data) > MAX_LINE:
                raise InvalidInput(Fault(f"line {number}", f"longer than {MAX_LINE} bytes"))
            try:
                yield data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InvalidInput(Fault(f"line {number}", "not UTF-8 text")) from error


def write_lines(lines: Iterable[str]) -> None:
    """Write each line to standard output as it comes."""
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
    finally:
        sys.stdout.flush()
