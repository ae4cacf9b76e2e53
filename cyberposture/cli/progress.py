"""A progress bar on a terminal, plain lines otherwise, always on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """Yield a function that shows stage, done and total."""
    if not sys.stderr.isatty():
        yield _plain(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None)

        def show(stage: str, done: int, of: int) -> None:
            shown.update(task, description=f"{title}: {stage}", completed=done, total=of)

        yield show


def _plain(title: str) -> Progress:
    """Return a function that writes one line for each stage that is over."""

    def show(stage: str, done: int, of: int) -> None:
        if done == of:
            sys.stderr.write(f"{title}: {stage}, {done} of {of}\n")

    return show
