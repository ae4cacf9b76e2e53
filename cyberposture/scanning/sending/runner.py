"""Runs one permitted plan with nmap in a process group of its own, and ends it when told to.

It accepts nothing but a `PermittedPlan`, which only the gate can make. It stores nothing and
judges nothing: what comes back is nmap's own XML and how the run ended.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cyberposture.clock import Clock
from cyberposture.errors import MissingService
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.techniques import (
    Pace,
    expected_seconds,
    find_technique,
    host_list,
    nmap_arguments,
)

RunOutcome = Literal["finished", "failed", "timed-out", "stopped"]
MEMORY_BYTES = 2 * 1024**3
KILL_AFTER_S = 2.0
_PROC = Path("/proc")


@dataclass(frozen=True)
class Run:
    """How a run ended. `xml` is nmap's output, None where there is none."""

    outcome: RunOutcome
    started_at: datetime
    ended_at: datetime
    arguments: tuple[str, ...]
    xml: bytes | None = None
    said: str = ""
    scanner: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What a run needs from its process: a search path for nmap, a clock, and a stop switch.

    `must_stop` is asked every `poll_s` seconds; where it raises, the run is stopped as well,
    because a worker that cannot read the stop switch must not go on sending.
    """

    search_path: str
    clock: Clock
    must_stop: Callable[[], bool]
    poll_s: float = 1.0


@dataclass(frozen=True)
class _Job:
    """What the child is told, and where it leaves nmap's output."""

    hosts: str
    words: tuple[str, ...]
    timeout_s: int
    output: Path

    def as_line(self) -> str:
        job = {
            "hosts": self.hosts,
            "arguments": shlex.join(self.words),
            "timeout_s": self.timeout_s,
            "output": str(self.output),
            "memory_bytes": MEMORY_BYTES,
        }
        return json.dumps(job) + "\n"


def _job(permitted: PermittedPlan, pace: Pace, exclude: Sequence[str], home: Path) -> _Job:
    plan = permitted.plan
    technique = find_technique(plan.technique)
    exclude_file = None
    if exclude:
        exclude_file = home / "exclude"
        exclude_file.write_text("\n".join(exclude) + "\n")
    words = nmap_arguments(
        technique, plan.targets, plan.ports, pace, name=plan.name, exclude_file=exclude_file
    )
    ports = len(plan.ports) if plan.ports is not None else 65_535
    patience_s = 2 * expected_seconds(technique, len(plan.targets), ports, pace) + 30
    return _Job(host_list(plan.targets), tuple(words), patience_s, home / "output.xml")


def end_group(process: subprocess.Popen[str]) -> None:
    """End the process and all that it started: TERM first, KILL after two seconds."""
    for number, patience_s in ((signal.SIGTERM, KILL_AFTER_S), (signal.SIGKILL, KILL_AFTER_S)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            continue
    # The leader may be gone while nmap, which ignores its parent's end, is still there.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _await_end_of_group(process.pid)


def _await_end_of_group(group: int) -> None:
    """Wait until no process of the group runs: a killed one may still be about to die.

    Whoever was told that a run ended may rely on it that nothing of it sends any more.
    """
    until = time.monotonic() + KILL_AFTER_S
    while time.monotonic() < until and any(_runs_in(group, entry) for entry in _PROC.iterdir()):
        time.sleep(0.01)


def _runs_in(group: int, entry: Path) -> bool:
    """Return whether an entry of /proc is a process of the group that has not ended yet."""
    if not entry.name.isdigit():
        return False
    try:
        told = (entry / "stat").read_text()
    except OSError:
        return False
    # The name, in brackets, may hold anything; state, parent and group follow it.
    state, _parent, own_group = told.rpartition(")")[2].split()[:3]
    return int(own_group) == group and state not in ("Z", "X")


def _wait(
    process: subprocess.Popen[str], until: float, not_after: datetime | None, around: Surroundings
) -> RunOutcome | None:
    """Return why the run had to be ended, or None when it ended by itself."""
    while True:
        try:
            process.wait(timeout=around.poll_s)
            return None
        except subprocess.TimeoutExpired:
            pass
        _give_sign(process)
        if time.monotonic() > until:
            return "timed-out"
        if not_after is not None and around.clock() >= not_after:
            return "stopped"
        if around.must_stop():
            return "stopped"


def _give_sign(process: subprocess.Popen[str]) -> None:
    """Tell the child that somebody still looks at the stop switch for it."""
    assert process.stdin is not None
    # It may have ended by itself meanwhile.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write("\n")
        process.stdin.flush()


def _start(job: _Job, home: Path, around: Surroundings) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "cyberposture.scanning.sending.nmap_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env={"PATH": around.search_path, "HOME": str(home), "TMPDIR": str(home), "LANG": "C"},
        start_new_session=True,
        text=True,
    )
    # Standard input stays open: the child takes its closing, or a long silence, as our end.
    assert process.stdin is not None
    process.stdin.write(job.as_line())
    process.stdin.flush()
    return process


def run_nmap(
    permitted: PermittedPlan, pace: Pace, around: Surroundings, exclude: Sequence[str] = ()
) -> Run:
    """Run the permitted plan once and return how it ended, with nmap's XML.

    `exclude` (deny list and exclusions, as CIDRs) goes to nmap as a second net.

    Raises:
        MissingService: the nmap program cannot be found.
        WrongUsage: the plan lies outside its technique's bounds.
    """
    started = around.clock()
    with tempfile.TemporaryDirectory(prefix="cyberposture-") as folder:
        home = Path(folder)
        job = _job(permitted, pace, exclude, home)
        process = _start(job, home, around)
        ended_by: RunOutcome | None = "stopped"
        output = ""
        try:
            until = time.monotonic() + job.timeout_s + 10
            ended_by = _wait(process, until, permitted.not_after, around)
            if ended_by is None and process.stdout is not None:
                output = process.stdout.read()
        finally:
            if ended_by is not None:
                end_group(process)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    # A sign of life that nobody read any more may still be in it.
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
        xml = job.output.read_bytes() if ended_by is None and job.output.exists() else None
    span = (started, around.clock())
    return _concluded(ended_by, output, xml, job.words, span)


def _concluded(
    ended_by: RunOutcome | None,
    output: str,
    xml: bytes | None,
    words: tuple[str, ...],
    span: tuple[datetime, datetime],
) -> Run:
    if ended_by is not None:
        return Run(ended_by, *span, words, said="ended before it finished")
    answer = json.loads(output) if output.strip() else {"outcome": "failed", "said": "no answer"}
    if answer["outcome"] == "missing":
        raise MissingService(
            f"nmap cannot be run: {answer['said']}", advice="install it: apt-get install nmap"
        )
    scanner = f"nmap {answer['version']}" if answer.get("version") else "nmap"
    outcomes: dict[str, RunOutcome] = {"finished": "finished", "timed-out": "timed-out"}
    outcome = outcomes.get(answer["outcome"], "failed")
    return Run(outcome, *span, words, xml, str(answer["said"]), scanner)
