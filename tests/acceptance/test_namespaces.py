"""Firewalls, zones, a scanner that is shut out: what only a network of several hosts can show."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import village as places
from village import DESK, DOOR, KEPT_OUT, OFFICE, OUTSIDE, PLANT, PUMP, SCREEN, Village

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

SSH = "remote-access.ssh-not-on-the-internet"
TELNET = "cleartext.no-telnet-or-r-login"
ZONES = "exposure.zones-are-kept-apart"
CONTROL = "ot.control-zone-is-closed-to-other-zones"
ASSETS: list[dict[str, Any]] = [
    {"id": "office", "kind": "zone", "addresses": []},
    {"id": "plant", "kind": "zone", "addresses": []},
    {"id": "door", "kind": "host", "addresses": [DOOR], "zone": "office"},
    {"id": "desk", "kind": "host", "addresses": [DESK], "zone": "office"},
    {"id": "pump", "kind": "host", "addresses": [PUMP], "zone": "plant"},
    {"id": "screen", "kind": "host", "addresses": [SCREEN], "zone": "plant"},
    {
        "id": "figures",
        "kind": "flow",
        "flow_from": "office",
        "flow_to": "plant",
        "services": [{"protocol": "tcp", "port": 80}],
    },
]


@pytest.fixture(scope="module")
def laid() -> Iterator[Village]:
    """The village: the internet sees web and SSH of one host, the office sees the plant's pages."""
    reason = places.why_not()
    if reason is not None:
        pytest.skip(reason)
    with places.village() as made:
        for origin, target in ((OUTSIDE, OFFICE), (OUTSIDE, PLANT), (OFFICE, PLANT)):
            made.shut_off(origin, target)
            made.shut_off(target, origin)
        for port in (22, 80):
            made.let_through(OUTSIDE, DOOR, port)
        made.let_through(OFFICE, PLANT, 80)
        yield made


@pytest.fixture
def utility(office):
    """An office that declared the village and may be scanned, but for one address."""
    office.do("declare", "import", office.write("village.yaml", json.dumps({"assets": ASSETS})),
              "--institution", "hill-office")  # fmt: skip
    scope = [office.entry(cidr="10.201.0.0/16")]
    techniques = ["tcp-ports", "tcp-connect", "ot-ports", "service-versions", "http-exchange"]
    changes = {"exclusions": [f"{KEPT_OUT}/32"], "techniques": techniques}
    office.record(office.terms("V-1", "hill-office", scope=scope, **changes))
    office.grant("V-1")
    return office


def scan(utility, laid: Village, place: str, *words: str) -> dict[str, Any]:
    """Scan from a place in the village and return the scan's document."""
    line = ("scan", "run", "--institution", "hill-office", "--json", *words)
    # Silence takes its time: nmap waits a second for each port, for so many at once.
    pace = {"connections_per_address": 10, "host_timeout_s": 12, "parallel_chunks": 8}
    done = utility.run_alone(*line, before=laid.within(place), **pace)
    assert done.code == 0, done
    found: dict[str, Any] = done.document
    return found


def verdicts(utility, check: str, code: str) -> dict[tuple[str, int], str]:
    """Return the verdicts of a check in a scan, by address and port (0: the host as a whole)."""
    rows = utility.ask(
        "select j.address, j.port, j.verdict from judgements j join scans s on s.id = j.scan_id "
        f"where s.code = '{code}' and j.check_id = '{check}'"
    )
    return {(address, port): verdict for address, port, verdict in rows}


def open_findings(utility) -> set[tuple[str, str]]:
    found = utility.do("finding", "list", "--institution", "hill-office", "--json").document
    return {(row["check"], row["address"]) for row in found if row["state"] == "open"}


@contextmanager
def watched(laid: Village, folder: Path) -> Iterator[Path | None]:
    """Write down, at the gate, whom the scanner outside speaks to."""
    if shutil.which("tcpdump") is None:
        yield None
        return
    file = folder / "gate"
    line = ["tcpdump", "-i", "outside", "-nn", "-q", "-l", "--immediate-mode", "src", OUTSIDE]
    with file.open("wb") as out:
        process = subprocess.Popen(
            [*laid.within("gate"), *line], stdout=out, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr is not None
            while "listening on" not in process.stderr.readline():
                assert process.poll() is None, "tcpdump did not start"
            yield file
        finally:
            process.terminate()
            process.communicate(timeout=10)


def spoken_to(seen: Path) -> set[str]:
    """Return every address to which a packet of the scanner went, in tcpdump's lines."""
    lines = [line for line in seen.read_text().splitlines() if " IP " in line]
    return {line.split(" > ")[1].split(":")[0].rsplit(".", 1)[0] for line in lines}


def test_a_firewall_is_neither_clean_nor_able_to_close_what_it_hides(utility, laid, tmp_path):
    with watched(laid, tmp_path) as seen:
        code = scan(utility, laid, "outside", "--address", DOOR, "--address", DESK)["code"]
    assert verdicts(utility, SSH, code)[(DOOR, 22)] == "fail"
    assert verdicts(utility, TELNET, code)[(DOOR, 23)] == "pass"  # it answered, on other ports
    unseen = {v for (a, _), v in verdicts(utility, TELNET, code).items() if a == DESK}
    assert unseen == {"inconclusive"}
    if seen is not None:
        assert spoken_to(seen) == {DOOR, DESK}  # and nobody else, not by any way

    # The defenders notice the scanner and shut it out: that mends nothing.
    before = open_findings(utility)
    assert (SSH, DOOR) in before
    laid.bar(OUTSIDE)
    try:
        again = scan(utility, laid, "outside", "--address", DOOR)
    finally:
        laid.unbar(OUTSIDE)
    assert again["summary"]["perhaps_blocked"]
    assert open_findings(utility) == before
    assert set(verdicts(utility, SSH, again["code"]).values()) == {"inconclusive"}


def test_a_hole_between_the_zones_is_found_and_nothing_is_sent_through_it(utility, laid):
    kept = scan(utility, laid, "office", "--vantage", "internal:office")["code"]
    assert verdicts(utility, CONTROL, kept)[(PUMP, 502)] == "pass"
    assert "fail" not in verdicts(utility, ZONES, kept).values()
    sent = laid.received("plant")
    assert f"{PUMP}:502" not in sent

    laid.let_through(OFFICE, PLANT, 502)
    laid.let_through(OFFICE, PLANT, 22)
    holed = scan(utility, laid, "office", "--vantage", "internal:office")["code"]
    assert verdicts(utility, CONTROL, holed)[(PUMP, 502)] == "fail"
    assert verdicts(utility, ZONES, holed)[(SCREEN, 0)] == "fail"
    assert {(CONTROL, PUMP), (ZONES, SCREEN)} <= open_findings(utility)
    # The controller was met and not spoken to, and nothing more was asked of its host.
    now = laid.received("plant")
    assert now[f"{PUMP}:502"] == 0
    assert now[f"{PUMP}:80"] == sent[f"{PUMP}:80"]
