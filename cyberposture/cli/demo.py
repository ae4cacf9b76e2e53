"""The demonstration: a fictional nation, from registration to reports, on loopback addresses only.

Everything goes through the ordinary services, so that all that it made can be looked at afterwards
with the ordinary commands.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from cyberposture.cli.demo_cast import (
    Stage,
    answer_round,
    enter_institution,
    invite_people,
    obtain_authorisation,
)
from cyberposture.cli.demo_tables import confirm_one_version, take_in_tables
from cyberposture.clock import to_iso, utc_now
from cyberposture.errors import NotAuthorised, WrongState
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.nation import Scene, nation, resolver_of
from cyberposture.laboratory.nation_names import RESOLVER
from cyberposture.laboratory.ports import moved, needed_port_offset
from cyberposture.runtime import lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.assessments import rounds
from cyberposture.services.scans import asking, scan
from cyberposture.services.schedule import schedules
from cyberposture.services.scores import score
from cyberposture.settings import load_settings
from cyberposture.worker.schedule import ScheduleClock
from cyberposture.worker.works import WORKS

MARK = "DEMONSTRATION"
LEFT = frozenset({MARK, "index.html", "inputs", "laboratory", "reports", "workspace"})
"""What a demonstration leaves in its folder."""
FIRST, SECOND = "laboratory-1", "laboratory-2"
AT_ONCE = 6
"""Scans of institutions that run side by side."""
OFFICE = "internal:office"
BOARDS = 3
"""So many boards get a set of their own; the CERT's holds every institution."""
MINISTER = "minister"
"""The folder of the set with the nation alone."""


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    began = time.monotonic()
    typer.echo(f"{what} …", nl=False, err=True)
    yield
    typer.echo(f" {time.monotonic() - began:.1f} s", err=True)


def _settings(out: Path, trust_store: Path) -> Any:
    workspace = out / "workspace"
    offset = needed_port_offset()
    return load_settings(
        workspace=workspace,
        database_url=f"sqlite:///{(workspace / 'register.sqlite').resolve()}",
        rate_pps=1000,
        connections_per_address=4,
        parallel_chunks=4,
        host_timeout_s=20,
        stop_poll_s=0.5,
        trust_store_file=trust_store,
        laboratory_port_offset=offset,
        resolver=f"{RESOLVER}:{moved(53, offset)}",
        cert_name="Loopback CERT (fictional)",
        cert_name_ur="لوپ بیک CERT (فرضی)",
        cert_mail="questions@cert.example",
        cert_url="https://cert.example/",
        scanner_id="laboratory-scanner",
        scanner_contact="duty desk of the fictional CERT",
        scanner_addresses="127.0.0.1",
        duty_telephone="extension 1 of the fictional CERT",
    )


def _clear(out: Path) -> None:
    """Make room for a new demonstration: only what an earlier one left is taken away.

    Raises:
        WrongState: something in the folder was not made by a demonstration.
    """
    if not out.exists():
        return
    found = {path.name for path in out.iterdir()}
    if found and (MARK not in found or found - LEFT):
        raise WrongState(
            f"{out} holds something that no demonstration made", advice="name a new folder"
        )
    shutil.rmtree(out)


def _prepare(out: Path) -> Stage:
    _clear(out)
    (out / "laboratory").mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text("This folder is replaced by the next demonstration.\n")
    certificates = Certificates(out / "laboratory")
    settings = _settings(out, certificates.ca_file)
    lay_workspace(settings)
    runtime = open_runtime(settings, "demonstration")
    setup.adopt_content(runtime.register)
    setup.confirm_empty_deny_list(runtime.register)
    scenes = nation()
    hosts = [resolver_of(scenes), *(host for scene in scenes for host in scene.hosts)]
    laboratory = Laboratory(hosts, certificates, settings.laboratory_port_offset)
    return Stage(out, runtime, laboratory, scenes, {})


def _scan(stage: Stage, scene: Scene, vantage: str) -> str:
    """Scan one institution; return the gate's reason where it refuses, else nothing."""
    request = scan.Request(scene.institution.code, kind="manual", reason="first look")
    try:
        scan.run_scan(
            stage.acting("a-analyst"), scan.from_vantage(stage.runtime.scanner, vantage), request
        )
    except NotAuthorised as error:
        return f"{scene.institution.code}: {error}"
    return ""


def _visits(stage: Stage) -> list[tuple[Scene, str]]:
    """Return every look that is due: all from outside, plants also from the office."""
    found = [(scene, "external") for scene in stage.scenes]
    return found + [(scene, OFFICE) for scene in stage.scenes if scene.has_plant]


def _first_scans(stage: Stage) -> list[str]:
    refusals: list[str] = []
    visits = _visits(stage)
    with (
        typer.progressbar(length=len(visits), label="Scanning", file=sys.stderr) as shown,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        for future in [pool.submit(_scan, stage, scene, v) for scene, v in visits]:
            refusals += [future.result()] if future.result() else []
            shown.update(1)
    return refusals


def _finalise(stage: Stage, round_code: str) -> None:
    for scene in stage.scenes:
        score.finalise(stage.acting("r-reviewer"), scene.institution.code, round_code)


def _in_a_moment() -> str:
    return to_iso(utc_now() + timedelta(seconds=1))


def _run_schedules(stage: Stage, label: str, add: Callable[[], Sequence[str]]) -> None:
    """Add schedule rows and let the clock run until each of them ran."""
    codes = set(add())
    clock = ScheduleClock(stage.runtime, WORKS, at_once=AT_ONCE)
    clock.start()
    try:
        with typer.progressbar(length=len(codes), label=label, file=sys.stderr) as shown:
            done = 0
            while done < len(codes):
                time.sleep(0.3)
                rows = schedules.list_schedules(stage.runtime.register)
                now_done = sum(r.last_run is not None for r in rows if r.code in codes)
                shown.update(now_done - done)
                done = now_done
    finally:
        clock.stop()


def _schedule_scans(stage: Stage) -> list[str]:
    codes = [_look_again(stage)]
    for scene, vantage in _visits(stage):
        if scene.withdraws:
            continue
        place = vantage.replace(":", "-")
        code = f"second-scan-{scene.institution.code}-{place}"
        schedules.add_schedule(
            stage.acting("a-analyst"), code, "scan", "date", _in_a_moment(),
            institution=scene.institution.code, arguments={"vantage": vantage},
        )  # fmt: skip
        codes.append(code)
    return codes


def _look_again(stage: Stage) -> str:
    """Have an institution ask for a look after a repair; what is due is looked at by itself."""
    repaired = next(repair.address for scene in stage.scenes for repair in scene.repairs)
    owner = next(s for s in stage.scenes if any(r.address == repaired for r in s.repairs))
    asking.ask(
        stage.acting("a-analyst"), owner.institution.code, [repaired], reason="it was repaired"
    )
    schedules.add_schedule(stage.acting("a-analyst"), "due", "due", "date", _in_a_moment())
    return "due"


def _schedule_reports(stage: Stage) -> list[str]:
    """Have the sets written: of the CERT, the public, the minister, and a few boards.

    The minister's alone is printed: institutions on paper would take longer than all the rest.
    """
    register = stage.acting("a-analyst")
    boards = [scene.institution.code for scene in stage.scenes][:BOARDS]
    wanted: list[tuple[str, str, str | None]] = [
        *(("cert", "cert", None), ("public", "public", None), (MINISTER, "board", None)),
        *((f"board-{code}", "board", code) for code in boards),
    ]
    codes = []
    for folder, audience, institution in wanted:
        schedules.add_schedule(
            register, f"set-{folder}", "report", "date", _in_a_moment(), institution=institution,
            arguments={"report": "set", "audience": audience, "round": SECOND,
                       "pdf": folder == MINISTER, "out": str(stage.out / "reports" / folder)},
        )  # fmt: skip
        codes.append(f"set-{folder}")
    return codes


def _open_round(stage: Stage, code: str, title: str) -> None:
    rounds.open_round(
        stage.acting("a-analyst"), code, title, utc_now() + timedelta(days=14), repair_days=0,
        repair_days_reason="a demonstration lasts minutes, so failures count at once in it",
    )  # fmt: skip


def _repair(stage: Stage) -> int:
    repairs = [repair for scene in stage.scenes for repair in scene.repairs]
    for repair in repairs:
        stage.laboratory.repair(repair.address, repair.port, repair.service)
    return len(repairs)


def run_demonstration(out: Path) -> dict[str, Any]:
    """Run everything into the folder `out` and return where things are.

    The folder must be new, or hold an earlier demonstration, which is replaced. What goes on
    meanwhile is told on standard error.

    Raises:
        WrongState: the folder holds something else.
        MissingService: a port of the laboratory cannot be used, or nmap is not there.
    """
    began = time.monotonic()
    stage = _prepare(out.resolve())
    try:
        with stage.laboratory:
            refusals = _play(stage)
        from cyberposture.cli.demo_index import write_index

        sentences = write_index(stage.runtime, stage.out, SECOND, refusals)
    finally:
        stage.runtime.close()
    return {
        "index": str(stage.out / "index.html"),
        "reports": str(stage.out / "reports"),
        "inputs": str(stage.out / "inputs"),
        "workspace": str(stage.runtime.settings.workspace),
        "sentences": list(sentences[:3]),
        "seconds": round(time.monotonic() - began, 1),
    }


def _play(stage: Stage) -> list[str]:
    count = len(stage.laboratory.listening())
    with told(f"Registering {len(stage.scenes)} institutions ({count} services are running)"):
        invite_people(stage)
        _open_round(stage, FIRST, "Laboratory round 1")
        for number, scene in enumerate(stage.scenes, start=1):
            enter_institution(stage, scene)
            obtain_authorisation(stage, number, scene)
            answer_round(stage, scene, FIRST)
        take_in_tables(stage.acting("a-analyst"), stage.out / "inputs" / "tables")
    refusals = _first_scans(stage)
    for refusal in refusals:
        typer.echo(f"The gate refused {refusal}", err=True)
    with told("Scoring the first round, and opening the second"):
        analyst, today = stage.acting("a-analyst"), utc_now().date()
        confirm_one_version(analyst, "blue-canal-water", "127.40.6.3", today)
        _finalise(stage, FIRST)
        rounds.close_round(stage.acting("a-analyst"), FIRST)
        _open_round(stage, SECOND, "Laboratory round 2")
        for scene in stage.scenes:
            answer_round(stage, scene, SECOND)
    typer.echo(f"Repairing {_repair(stage)} services", err=True)
    _run_schedules(stage, "Second scan, started by its schedule", lambda: _schedule_scans(stage))
    with told("Scoring the second round"):
        _finalise(stage, SECOND)
    _run_schedules(stage, "Reports, started by their schedule", lambda: _schedule_reports(stage))
    return refusals


def show_demonstration(done: Mapping[str, Any]) -> None:
    """Write what a demonstration showed, where things are, and how to look on."""
    typer.echo("")
    for sentence in done["sentences"]:
        typer.echo(f"  • {sentence}")
    typer.echo("")
    typer.echo(f"Start page  {done['index']}")
    typer.echo(f"Reports     {done['reports']}")
    typer.echo(f"Inputs      {done['inputs']}")
    typer.echo(f"Workspace   {done['workspace']}")
    workspace = os.path.relpath(done["workspace"])
    example = f"cyberposture --workspace {workspace} score explain IAM-09"
    typer.echo(f"Look on     {example} --institution indus-valley-power")
    typer.echo(f"Took        {done['seconds']:.0f} s")
