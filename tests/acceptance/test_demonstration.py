"""The demonstration as a newcomer runs it: one command, and all that it promises can be looked at.

It runs once for all tests of this file, in a process of its own; afterwards only the ordinary
commands, and the register itself, are asked.
"""

import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cyberposture.model.gate import GateQuestion
from cyberposture.model.scores import ScoreDocument
from cyberposture.runtime import Runtime, open_runtime
from cyberposture.scanning.permission.gate import decide
from cyberposture.scanning.reading.parse import parse
from cyberposture.scoring.rollup import compute
from cyberposture.services import files
from cyberposture.services.assessments import rounds
from cyberposture.services.findings import views as finding_views
from cyberposture.services.institutions import entries as institutions
from cyberposture.services.proof import audit
from cyberposture.services.reports.sets.making import verify_set
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import schedules
from cyberposture.services.scores import contradictions, score
from cyberposture.settings import load_settings

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

POWER = "indus-valley-power"
MOST_CPU_S = 180
"""Alone it takes some 80 s on two cores. What it has of them beside other tests is not its doing,
so its processor time is bounded."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str
    cpu_s: float = 0

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def cpu_of_children() -> float:
    """Return the processor time of all programs that ended here and were waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(*words: str, cwd: Path | None = None) -> Done:
    """Run the command line with nothing of our own in its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CYBERPOSTURE_")}
    before = cpu_of_children()
    done = subprocess.run(
        [sys.executable, "-m", "cyberposture", *words],
        capture_output=True, text=True, timeout=600, env=environment, cwd=cwd, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr, cpu_of_children() - before)


@dataclass(frozen=True)
class Shown:
    """A demonstration that has run."""

    folder: Path
    done: Done

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def ask(self, *words: str) -> Done:
        """Run a command on the workspace."""
        return command("--workspace", str(self.workspace), *words)

    def told(self, *words: str) -> Any:
        """Return the JSON document of a command that must succeed."""
        done = self.ask(*words, "--json")
        assert done.code == 0, done
        return done.document


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The one run of the demonstration."""
    folder = tmp_path_factory.mktemp("demonstration") / "out"
    done = command("demo", "--out", str(folder), "--json")
    assert done.code == 0, done.err[-3000:]
    return Shown(folder, done)


@pytest.fixture(scope="session")
def runtime(shown: Shown) -> Iterator[Runtime]:
    """The register that the demonstration left, opened like any other."""
    opened = open_runtime(load_settings(workspace=shown.workspace), "a-visitor")
    yield opened
    opened.close()


def test_demonstration_comes_to_its_end_in_three_minutes_of_a_processor(shown: Shown) -> None:
    assert 0 < shown.done.cpu_s < MOST_CPU_S


def test_demonstration_tells_where_things_are_as_one_json_document(shown: Shown) -> None:
    told = shown.done.document
    places = {name: Path(told[name]) for name in ("index", "reports", "inputs", "workspace")}
    assert places["index"] == shown.folder / "index.html"
    assert all(place.exists() for place in places.values())
    assert len(told["sentences"]) == 3


def test_demonstration_tells_on_standard_error_what_goes_on(shown: Shown) -> None:
    assert "The gate refused department-of-invented-affairs: withdrawn" in shown.done.err


class Outward(HTMLParser):
    """Collects what a page would fetch or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [v or "" for k, v in attrs if k in ("src", "href", "action", "srcset")]


def pages(shown: Shown) -> dict[str, str]:
    found = [shown.folder / "index.html", *(shown.folder / "reports").rglob("*.html")]
    return {
        path.relative_to(shown.folder).as_posix(): path.read_text(encoding="utf-8")
        for path in found
    }


def test_each_institution_and_the_nation_has_a_report_in_both_languages(
    shown: Shown, runtime: Runtime
) -> None:
    codes = [r.institution.code for r in institutions.list_institutions(runtime.register)]
    for language in ("en", "ur"):
        wanted = {f"reports/cert/institutions/{code}.{language}.html" for code in codes}
        wanted |= {f"reports/{audience}/nation.{language}.html" for audience in ("cert", "public")}
        assert wanted <= set(pages(shown))


def test_every_set_is_what_its_manifest_says_and_tells_nobody_too_much(shown: Shown) -> None:
    folders = sorted((shown.folder / "reports").glob("[!.]*"))
    found = {folder.name: verify_set(folder) for folder in folders}
    assert {"cert", "public", "minister"} < set(found)
    assert sum(manifest.audience == "board" for manifest in found.values()) == 4
    for language in ("en", "ur"):
        printed = shown.folder / "reports" / "minister" / f"nation.{language}.pdf"
        assert printed.read_bytes().startswith(b"%PDF-")
    public = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (shown.folder / "reports" / "public").rglob("*")
        if path.is_file()
    )
    assert "Loopback CERT (fictional)" in public
    public = public.replace("Loopback CERT (fictional)", "")  # who issues it, and named for that
    assert re.findall(r"127\.40\.\d+\.\d+|fictional\)|Example", public) == []


def test_every_page_stands_by_itself(shown: Shown) -> None:
    for name, text in pages(shown).items():
        page = Outward()
        page.feed(text)
        is_list = Path(name).name.startswith("list.")
        assert page.tags["html"] == 1, name
        assert page.tags["iframe"] == page.tags["link"] == 0, name
        assert page.tags["script"] == is_list, name
        home = shown.folder / name
        for link in page.links:
            path = link.partition("#")[0]
            assert not re.match(r"[a-z]+:|/", path), (name, link)
            target = (home.parent / path).resolve() if path else home
            assert target.is_relative_to(shown.folder.resolve()), (name, link)
            assert target.is_file(), (name, link)
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", text) == [], name


def test_start_page_leads_to_every_set_and_every_institution(shown: Shown) -> None:
    page = Outward()
    page.feed((shown.folder / "index.html").read_text(encoding="utf-8"))
    led = {link.partition("#")[0] for link in page.links if link.startswith("reports/")}
    made = set(pages(shown))
    starts = {name for name in made if name.endswith("/index.html")}
    own = {n for n in made if n.startswith("reports/cert/institutions/") and n.endswith(".en.html")}
    assert led == starts | own | {"reports/cert/nation.en.html"}


def test_reports_say_that_the_institutions_are_invented(shown: Shown) -> None:
    named = ("cert/institutions/", "cert/nation", "cert/list", "board-")
    for name, text in pages(shown).items():
        if any(part in name for part in named):
            assert "(fictional)" in text, name


def test_nation_is_large_enough(runtime: Runtime) -> None:
    records = institutions.list_institutions(runtime.register)
    sectors = Counter(record.institution.sectors[0] for record in records)
    assert len(records) >= 8
    assert len(sectors) >= 3
    assert max(sectors.values()) >= 5
    hosts = [
        address
        for record in records
        for address in institutions.get_declaration(
            runtime.register, record.institution.code
        ).addresses()
    ]
    assert len(set(hosts)) >= 24
    assert all(address.startswith("127.") for address in hosts)


def raw_files(runtime: Runtime) -> Iterator[bytes]:
    """Yield every raw scan file."""
    for record in institutions.list_institutions(runtime.register):
        for kept in files.list_files(runtime.register, record.institution.code, "scan"):
            with runtime.register.reading() as connection:
                yield runtime.register.blobs.get(
                    connection, kept.institution_id, "scan", kept.sha256
                )


def test_nmap_itself_identified_a_dozen_kinds_of_services(runtime: Runtime) -> None:
    kinds = {
        port.service
        for data in raw_files(runtime)
        if data.startswith(b"<?xml")
        for host in parse(io.BytesIO(data)).hosts
        for port in host.ports
        if port.state == "open" and port.method == "probed" and port.service != "tcpwrapped"
    }
    # Without root there is no UDP scan, and on moved ports nmap names fewer services.
    assert len(kinds) >= (12 if os.geteuid() == 0 else 8), kinds


def test_nothing_but_loopback_was_ever_contacted(runtime: Runtime) -> None:
    for view in scan_views.list_scans(runtime.register):
        for chunk in scan_views.get_scan(runtime.register, view.record.code).chunks:
            assert all(target.startswith("127.40.") for target in chunk.plan["targets"])


def test_network_contradicts_a_claim(shown: Shown, runtime: Runtime) -> None:
    found = contradictions.list_contradictions(runtime.register, POWER)
    assert "IAM-09" in {one.record.control for one in found}
    listed = shown.told("contradiction", "list")
    assert len(listed) >= len(found) >= 1


def standing_of(shown: Shown, institution: str, control: str) -> Any:
    return shown.told("score", "explain", control, "--institution", institution)


def test_slow_host_is_inconclusive_and_never_called_clean(shown: Shown) -> None:
    note = standing_of(shown, POWER, "WEB-05")
    endpoints = [
        row
        for check in note["checks"]
        for row in check["endpoints"]
        if row["address"] == "127.40.1.6"
    ]
    assert {row["verdict"] for row in endpoints} == {"inconclusive"}
    assert all(check["counts"]["inconclusive"] for check in note["checks"])
    assert note["explanation"]["score"]["verified"] is None


def test_refused_institution_is_on_record_with_the_reason_and_was_not_contacted(
    shown: Shown,
) -> None:
    code = "department-of-invented-affairs"
    decisions = shown.told("audit", "list", "--kind", "gate", "--institution", code)
    assert decisions
    assert {d["answer"]["reason"] for d in decisions} == {"withdrawn"}
    assert shown.told("scan", "who", "127.40.9.1")["last"] is None
    assert shown.told("scan", "list", "--institution", code) == []


def test_address_that_was_left_out_of_the_authorisation_was_not_contacted(shown: Shown) -> None:
    assert shown.told("scan", "who", "127.40.1.9")["last"] is None


def test_second_round_saw_the_repairs(runtime: Runtime) -> None:
    found = finding_views.list_findings(runtime.register)
    closed = {(f.key.check, f.address) for f in found if f.state == "closed"}
    assert {
        ("cleartext.no-telnet-or-r-login", "127.40.1.3"),
        ("exposure.stores-ask-for-a-login", "127.40.3.2"),
        ("remote-access.no-remote-desktop-on-the-internet", "127.40.6.2"),
        ("exposure.stores-ask-for-a-login", "127.40.8.4"),
    } <= closed
    assert len(closed) < len(found)


def test_both_rounds_are_scored(runtime: Runtime) -> None:
    campaigns = [one.round.code for one in rounds.list_rounds(runtime.register)]
    assert len(campaigns) == 2
    scored = Counter(one.round for one in score.list_scores(runtime.register))
    count = len(institutions.list_institutions(runtime.register))
    assert [scored[one] for one in campaigns] == [count, count]


def test_band_is_missing_where_too_little_is_known(runtime: Runtime) -> None:
    bands = {
        one.institution: one.record.result["institution"]["band"]
        for one in score.list_scores(runtime.register)
    }
    assert bands["juniper-hill-solar"] is None
    assert bands["karakoram-grid"] is not None


def test_schedule_rows_started_the_second_scan_and_the_reports(runtime: Runtime) -> None:
    rows = schedules.list_schedules(runtime.register)
    assert {row.kind for row in rows} == {"scan", "due", "report"}
    assert all(row.last_run is not None for row in rows)
    ran = audit.read_entries(runtime.register, kind="schedule-ran")
    assert {entry.data["problem"] for entry in ran} == {""}
    started = {view.record.kind for view in scan_views.list_scans(runtime.register)}
    assert started == {"manual", "scheduled", "tables"}


def test_repaired_host_that_was_asked_for_was_looked_at_by_itself(runtime: Runtime) -> None:
    (turn,) = audit.read_entries(runtime.register, kind="turns-given")
    ((institution, addresses),) = turn.data["batches"].items()
    (asked,) = audit.read_entries(runtime.register, kind="look-asked-for")
    assert asked.subject == institution
    found = [
        view.record.state
        for view in scan_views.list_scans(runtime.register, institution)
        if view.record.plan["targets"] == addresses
    ]
    assert found == ["done"]


def test_record_is_intact(shown: Shown) -> None:
    told = shown.told("audit", "verify")
    assert told["intact"] is True
    assert told["faults"] == []
    assert told["entries"] > 500


def test_every_score_comes_out_again(shown: Shown) -> None:
    told = shown.told("score", "recompute", "--verify")
    assert told["differences"] == []
    assert told["scores"] >= 18


def test_stored_scores_are_what_the_pure_door_gives(shown: Shown) -> None:
    kept = shown.told("score", "show")
    assert len(kept) >= 18
    for one in kept:
        document = ScoreDocument.model_validate(one["document"])
        assert compute(document).model_dump(mode="json") == one["result"]


def test_logged_questions_get_the_logged_answers_from_the_pure_door(shown: Shown) -> None:
    decisions = shown.told("audit", "list", "--kind", "gate")
    assert len(decisions) > 200
    for decision in decisions:
        asked = decision["question"]
        rest = {k: v for k, v in asked.items() if k not in ("targets", "ports")}
        pairs = (
            [(target, port) for target in asked["targets"] for port in asked["ports"] or [None]]
            if "targets" in asked
            else [(asked["target"], asked["port"])]
        )
        # The first and the last pair stand for all: the unit tests of the gate ask each one.
        for target, port in {pairs[0], pairs[-1]}:
            question = GateQuestion.model_validate({**rest, "target": target, "port": port})
            assert decide(question).model_dump() == decision["answer"]


def test_number_is_explained_down_to_answer_raw_file_and_authorisation(shown: Shown) -> None:
    done = shown.ask("score", "explain", "IAM-09", "--institution", POWER)
    assert done.code == 0
    for part in (
        "Claim       level 3",
        "remote-access.ssh-not-on-the-internet",
        "127.40.1.4 tcp/22",
        "raw file sha256",
        "allowed by LAB-",
        "granted by o-officer",
        "CONTRADICTED",
    ):
        assert part in done.out


def test_raw_file_that_the_explanation_names_holds_the_endpoint(
    shown: Shown, tmp_path: Path
) -> None:
    note = standing_of(shown, POWER, "IAM-09")
    (row,) = [
        row
        for check in note["checks"]
        for row in check["endpoints"]
        if row["verdict"] == "fail" and row["address"] == "127.40.1.4"
    ]
    digest = row["artefact_sha256"]
    listed = shown.told("evidence", "list", "--institution", POWER, "--kind", "scan")
    assert digest in {one["sha256"] for one in listed}
    out = tmp_path / "raw.xml"
    done = shown.ask("evidence", "show", digest[:12], "--institution", POWER, "--out", str(out))
    assert done.code == 0, done
    with out.open("rb") as stream:
        hosts = parse(stream).hosts
    services = {
        port.service
        for host in hosts
        if host.address == "127.40.1.4"
        for port in host.ports
        if port.state == "open"
    }
    assert services == {"ssh"}


def test_answer_to_is_it_us_comes_with_whom_to_call(shown: Shown) -> None:
    done = shown.ask("scan", "who", "127.40.1.4")
    assert done.code == 0
    for part in ("last contact", "allowed by LAB-", POWER, "extension 101", "audit head"):
        assert part in done.out


def test_analysts_get_one_file(shown: Shown, tmp_path: Path) -> None:
    out = tmp_path / "analysts.sqlite"
    done = shown.ask("export", "analysts", str(out))
    assert done.code == 0, done
    assert out.read_bytes().startswith(b"SQLite format 3\0")
    assert out.stat().st_mode & 0o077 == 0


def test_folder_that_holds_something_else_is_refused(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    done = command("demo", "--out", str(tmp_path))
    assert done.code == 5
    assert str(tmp_path) in done.err
    assert "name a new folder" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_demonstration_to_which_something_was_added_is_not_replaced(shown: Shown) -> None:
    note = shown.folder / "my-notes.txt"
    note.write_text("what I found out")
    try:
        done = command("demo", "--out", str(shown.folder))
        assert done.code == 5
        assert note.exists()
        assert (shown.folder / "index.html").exists()
    finally:
        note.unlink()


def is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


@pytest.mark.parametrize(
    "pattern",
    [
        "workspace/keys/**/*.key",
        "workspace/heads.jsonl",
        "workspace/register.sqlite*",
        "laboratory/*.key",
    ],
)
def test_secrets_are_for_their_owner_alone(shown: Shown, pattern: str) -> None:
    found = list(shown.folder.glob(pattern))
    assert found
    assert [path for path in found if is_open_to_others(path)] == []


def test_nobody_else_may_enter_the_workspace(shown: Shown) -> None:
    folders = [shown.workspace, *(p for p in shown.workspace.rglob("*") if p.is_dir())]
    assert [path for path in folders if is_open_to_others(path)] == []
