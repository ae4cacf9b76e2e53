"""The demonstration: a fictional nation, from registration to reports, on loopback addresses only.

Everything goes through the ordinary services, so that all that it made can be looked at afterwards
with the ordinary commands.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from cyberposture.clock import to_iso, utc_now
from cyberposture.errors import NotAuthorised, WrongState
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.claims import ClaimFiles, write_claims
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.nation import Scene, nation
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.model.assessments import Review
from cyberposture.runtime import Runtime, lay_workspace, open_runtime
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.scoring.assemble import applies
from cyberposture.services import (
    assess,
    authorise,
    institutions,
    people,
    rounds,
    scan,
    schedules,
    score,
    setup,
)
from cyberposture.settings import load_settings
from cyberposture.worker.schedule import ScheduleClock
from cyberposture.worker.works import WORKS

FIRST, SECOND = "laboratory-1", "laboratory-2"
REVIEWS = 28
"""How many of the heaviest answers a reviewer looks at, where one comes."""
AT_ONCE = 6
"""Scans of institutions that run side by side."""
OFFICE = "internal:office"


@dataclass(frozen=True)
class Stage:
    """The folder of one demonstration and what runs in it."""

    out: Path
    runtime: Runtime
    laboratory: Laboratory
    scenes: tuple[Scene, ...]
    claims: dict[str, ClaimFiles]

    def acting(self, person: str) -> Any:
        """Return the register in which this person acts."""
        return self.runtime.acting_as(person).register


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    began = time.monotonic()
    typer.echo(f"{what} …", nl=False, err=True)
    yield
    typer.echo(f" {time.monotonic() - began:.1f} s", err=True)


def _settings(out: Path, trust_store: Path) -> Any:
    workspace = out / "workspace"
    return load_settings(
        workspace=workspace,
        database_url=f"sqlite:///{(workspace / 'register.sqlite').resolve()}",
        rate_pps=1000,
        connections_per_address=4,
        parallel_chunks=4,
        host_timeout_s=20,
        stop_poll_s=0.5,
        trust_store_file=trust_store,
        laboratory_port_offset=needed_port_offset(),
        scanner_id="laboratory-scanner",
        scanner_contact="duty desk of the fictional CERT",
    )


def _prepare(out: Path) -> Stage:
    if out.exists() and any(out.iterdir()):
        raise WrongState(
            f"{out} is not empty", advice="name a new folder, or remove this one yourself"
        )
    (out / "laboratory").mkdir(parents=True, exist_ok=True)
    certificates = Certificates(out / "laboratory")
    settings = _settings(out, certificates.ca_file)
    lay_workspace(settings)
    runtime = open_runtime(settings, "demonstration")
    setup.adopt_content(runtime.register)
    setup.confirm_empty_deny_list(runtime.register)
    scenes = nation()
    hosts = [host for scene in scenes for host in scene.hosts]
    laboratory = Laboratory(hosts, certificates, settings.laboratory_port_offset)
    return Stage(out, runtime, laboratory, scenes, {})


def _invite(stage: Stage) -> None:
    for code, name, role in (
        ("a-analyst", "Amina Example", "cert-analyst"),
        ("o-officer", "Omar Example", "authorising-officer"),
        ("r-reviewer", "Rida Example", "reviewer"),
    ):
        key = stage.runtime.key_file_of(code)
        people.invite(stage.runtime.register, code, name, role, key)  # type: ignore[arg-type]  # three roles of the list


def _enter(stage: Stage, scene: Scene) -> None:
    """Register an institution with what it declares."""
    register = stage.acting("a-analyst")
    catalogue = stage.runtime.register.content.catalogue
    code = scene.institution.code
    institutions.add_institution(register, scene.institution, reason="registration")
    asked = tuple(
        c for c in catalogue.selected(scene.institution.tier) if applies(c, scene.institution)
    )
    titles = {domain.id: domain.title for domain in catalogue.framework.domains}
    folder = stage.out / "inputs" / code
    files = write_claims(scene, asked, titles, folder, utc_now().date())
    stage.claims[code] = files
    institutions.import_declaration(register, files.assets, code)


def _authorise(stage: Stage, number: int, scene: Scene) -> None:
    """Have the letter written, signed, recorded by one person and granted by another."""
    code = scene.institution.code
    reference = f"LAB-{utc_now().year}-{number:03}"
    analyst, officer = stage.acting("a-analyst"), stage.acting("o-officer")
    opt_in = ("udp-ports", "ot-ports") if scene.has_plant else ("udp-ports",)
    exclusions = tuple(f"{address}/32" for address in scene.undeclared_to_us)
    letter = authorise.request_letter(
        analyst, stage.runtime.folders.reports, code, reference, load=3, days=30,
        exclusions=exclusions, opt_in=opt_in, special_allowed=True,
    )  # fmt: skip
    folder = stage.out / "inputs" / code
    signed = folder / "letter-signed.txt"
    signed.write_text(letter.text + f"\nSigned: chief executive of {scene.institution.name}\n")
    terms = folder / "authorisation.yaml"
    terms.write_text(json.dumps(_terms(scene, reference, letter.sha256, opt_in), indent=1) + "\n")
    key_of = stage.runtime.key_file_of
    authorise.add(analyst, terms, signed, "a-analyst", people.read_key(key_of("a-analyst")))
    authorise.grant(officer, reference, "o-officer", people.read_key(key_of("o-officer")))
    if scene.withdraws:
        authorise.withdraw(
            analyst, reference, "a-analyst", people.read_key(key_of("a-analyst")),
            withdrawn_by="the department's director", reason="works on the network until spring",
        )  # fmt: skip


def _terms(
    scene: Scene, reference: str, letter_sha256: str, opt_in: tuple[str, ...]
) -> dict[str, Any]:
    now = utc_now()
    techniques = [t.code for t in TECHNIQUES.values() if not t.opt_in] + list(opt_in)
    return {
        "id": reference,
        "institution": scene.institution.code,
        "request_sha256": letter_sha256,
        "signatory": "Chief executive (invented)",
        "signatory_role": f"chief executive of {scene.institution.name}",
        "power_to_sign_checked": "compared with the fictional register of offices",
        "valid_from": to_iso(now),
        "valid_until": to_iso(now + timedelta(days=30)),
        "scope": [
            {"cidr": f"{host.address}/32", "ports": None, "special_allowed": True}
            for host in scene.hosts
        ],
        "exclusions": [f"{address}/32" for address in scene.undeclared_to_us],
        "techniques": techniques,
        "load": 3,
        "emergency_contacts": list(scene.institution.contacts),
    }


def _answer(stage: Stage, scene: Scene, round_code: str) -> None:
    code = scene.institution.code
    register = stage.acting(f"lead-of-{code}")
    assess.open_assessment(register, code, round_code)
    assess.import_answers(register, stage.claims[code].answers, code, round_code)
    assess.submit(register, code, round_code)
    if scene.reviewed:
        _review(stage, scene, round_code)


def _review(stage: Stage, scene: Scene, round_code: str) -> None:
    """Have a reviewer look at the heaviest answers; some claims prove to be a level too high."""
    register = stage.acting("r-reviewer")
    code = scene.institution.code
    standing = assess.list_standing(register, code, round_code)
    catalogue = register.content.catalogue
    answered = [
        (control, one.answer.answer.level)
        for control, one in standing.items()
        if one.answer is not None and one.answer.answer.level is not None
    ]
    weights = {control.id: control.weight for control in catalogue.controls}
    answered.sort(key=lambda pair: (-weights[pair[0]], pair[0]))
    for number, (control, level) in enumerate(answered[:REVIEWS]):
        found = max(level - 1, 0) if number % 5 == 4 else level
        says = "as claimed" if found == level else "one site was found without it"
        seen = {"control": control, "level": found, "grade": "E2", "reason": f"On site: {says}."}
        assess.review(register, code, round_code, Review.model_validate(seen))


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
    codes = []
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


def _schedule_reports(stage: Stage) -> list[str]:
    register = stage.acting("a-analyst")
    codes = []
    reports: list[tuple[str, str, str | None, str]] = [
        ("institution", "board", scene.institution.code, f"{scene.institution.code}.html")
        for scene in stage.scenes
    ]
    reports += [("nation", "cert", None, "nation.html")]
    for name, audience, institution, file in reports:
        code = f"report-{name}-{institution or 'all'}"
        schedules.add_schedule(
            register, code, "report", "date", _in_a_moment(), institution=institution,
            arguments={"report": name, "audience": audience, "round": SECOND,
                       "out": str(stage.out / "reports" / file)},
        )  # fmt: skip
        codes.append(code)
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
    """Run everything into the folder `out`, which must be new or empty; return where things are.

    Raises:
        WrongState: the folder is not empty.
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
    return _tell(stage, sentences, time.monotonic() - began)


def _play(stage: Stage) -> list[str]:
    count = len(stage.laboratory.listening())
    with told(f"Registering {len(stage.scenes)} institutions ({count} services are running)"):
        _invite(stage)
        _open_round(stage, FIRST, "Laboratory round 1")
        for number, scene in enumerate(stage.scenes, start=1):
            _enter(stage, scene)
            _authorise(stage, number, scene)
            _answer(stage, scene, FIRST)
    refusals = _first_scans(stage)
    for refusal in refusals:
        typer.echo(f"The gate refused {refusal}", err=True)
    with told("Scoring the first round, and opening the second"):
        _finalise(stage, FIRST)
        rounds.close_round(stage.acting("a-analyst"), FIRST)
        _open_round(stage, SECOND, "Laboratory round 2")
        for scene in stage.scenes:
            _answer(stage, scene, SECOND)
    typer.echo(f"Repairing {_repair(stage)} services", err=True)
    _run_schedules(stage, "Second scan, started by its schedule", lambda: _schedule_scans(stage))
    with told("Scoring the second round"):
        _finalise(stage, SECOND)
    _run_schedules(stage, "Reports, started by their schedule", lambda: _schedule_reports(stage))
    return refusals


def _tell(stage: Stage, sentences: Sequence[str], seconds: float) -> dict[str, Any]:
    workspace = stage.runtime.settings.workspace
    typer.echo("")
    for sentence in sentences[:3]:
        typer.echo(f"  • {sentence}")
    typer.echo("")
    typer.echo(f"Start page  {stage.out / 'index.html'}")
    typer.echo(f"Reports     {stage.out / 'reports'}")
    typer.echo(f"Inputs      {stage.out / 'inputs'}")
    typer.echo(f"Workspace   {workspace}")
    example = f"cyberposture --workspace {os.path.relpath(workspace)} score explain IAM-09"
    typer.echo(f"Look on     {example} --institution indus-valley-power")
    typer.echo(f"Took        {seconds:.0f} s")
    return {
        "index": str(stage.out / "index.html"),
        "reports": str(stage.out / "reports"),
        "workspace": str(workspace),
        "sentences": list(sentences[:3]),
        "seconds": round(seconds, 1),
    }
