"""The runner with the real nmap on loopback: what it returns, and that it can be ended whole."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cyberposture.clock import utc_now
from cyberposture.errors import MissingService
from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.sending.runner import Surroundings, run_nmap
from cyberposture.scanning.techniques import Pace

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


def permitted(ports: list[int], *, ends_in: timedelta = timedelta(days=1)) -> PermittedPlan:
    now = utc_now()
    scope = [{"cidr": "127.77.0.0/24", "ports": None, "special_allowed": True}]
    question = {
        "gate": 1, "now": now.isoformat(), "expected_s": 1, "name": None, "resolved": [],
        "protocol": "tcp", "load": 3, "stop": False, "deny": [], "excluded_elsewhere": [],
        "windows": [], "blackouts": [], "targets": ["127.77.0.1"], "ports": ports,
        "authorisations": [
            {"id": "A-1", "granted": True, "valid_from": (now - timedelta(days=1)).isoformat(),
             "valid_until": (now + ends_in).isoformat(), "withdrawn_at": None, "load": 3,
             "scope": scope, "exclusions": []}
        ],
    }  # fmt: skip
    plan = Plan(job="j-1", technique="tcp-ports", protocol="tcp", targets=("127.77.0.1",),
                ports=tuple(ports), load=3, name=None, expected_s=1)  # fmt: skip
    return permit(plan, ChunkQuestion.model_validate(question))


def around(must_stop=lambda: False, search_path: str | None = None) -> Surroundings:
    path = os.environ["PATH"] if search_path is None else search_path
    return Surroundings(path, utc_now, must_stop, poll_s=0.2)


def processes_naming(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if words and words[0].endswith(b"nmap") and text.encode() in words:
            found.append(int(folder.name))
    return found


SLOW = Pace(rate_pps=1, host_timeout_s=600)
MANY = list(range(2000, 2100))


def test_a_permitted_plan_is_run_and_its_xml_comes_back():
    run = run_nmap(permitted([80]), Pace(rate_pps=100), around())
    assert run.outcome == "finished"
    assert run.xml is not None
    assert b'portid="80"' in run.xml
    assert run.scanner.startswith("nmap ")
    assert run.started_at < run.ended_at


def test_a_stop_reaches_the_last_packet_within_five_seconds():
    began = time.monotonic()
    run = run_nmap(permitted(MANY), SLOW, around(lambda: time.monotonic() - began > 1))
    assert run.outcome == "stopped"
    assert run.xml is None
    assert time.monotonic() - began < 6
    assert processes_naming("127.77.0.1") == []


def test_an_unreadable_stop_switch_stops_the_run():
    def broken() -> bool:
        raise MissingService("the register cannot be reached")

    with pytest.raises(MissingService, match="register"):
        run_nmap(permitted(MANY), SLOW, around(broken))
    assert processes_naming("127.77.0.1") == []


def test_a_run_ends_with_its_permission():
    began = time.monotonic()
    run = run_nmap(permitted(MANY, ends_in=timedelta(seconds=2)), SLOW, around())
    assert run.outcome == "stopped"
    assert time.monotonic() - began < 8


def test_a_missing_nmap_is_named_with_the_way_to_get_it(tmp_path):
    with pytest.raises(MissingService) as caught:
        run_nmap(permitted([80]), Pace(), around(search_path=str(tmp_path)))
    assert "apt-get install nmap" in (caught.value.advice() or "")


def test_no_nmap_outlives_a_killed_parent(tmp_path):
    here = Path(__file__)
    code = (
        "import importlib.util as u; "
        f"s = u.spec_from_file_location('t', {str(here)!r}); m = u.module_from_spec(s); "
        "s.loader.exec_module(m); "
        "m.run_nmap(m.permitted(m.MANY), m.SLOW, m.around())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    deadline = time.monotonic() + 20
    while not processes_naming("127.77.0.1") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_naming("127.77.0.1"), "nmap never started"
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while processes_naming("127.77.0.1") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_naming("127.77.0.1") == []
