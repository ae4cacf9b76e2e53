"""The stop switch: anybody stops at once, on the wire too; two people agree before it ends."""

import shutil
import time
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

STOPS_WITHIN_S = 5
ENDS_WITHIN_S = 25
NOBODY_WATCHES = "watching packets needs tcpdump and root"


@dataclass(frozen=True)
class Ended:
    """A scan that somebody ended while it was sending."""

    stopped_at: float
    ended_at: float
    packets: list[Any] | None
    scan: dict[str, Any]
    said: str
    code: int


def wait_until_it_sends(office: Any) -> None:
    until = time.monotonic() + 30
    while not any(call.startswith("-oX") for call in office.nmap_calls()):
        assert time.monotonic() < until, "the scan did not begin"
        time.sleep(0.1)
    time.sleep(1)


def end_while_sending(office: Any, watching: Any, *words: str) -> Ended:
    """Start a slow scan, run the command when nmap is at work, and watch until all is quiet."""
    with watching(office.folder) as capture:
        running = office.start(
            "scan", "run", "--institution", "hill-office", rate_pps=2, host_timeout_s=600
        )
        try:
            wait_until_it_sends(office)
            office.do(*words)
            stopped_at = time.time()
            said, _ = running.communicate(timeout=30)
            ended_at = time.time()
        finally:
            if running.poll() is None:
                running.kill()
                running.communicate()
        time.sleep(1)
        packets = capture.packets() if capture is not None else None
    scan = office.do("scan", "list", "--json").document[0]
    return Ended(stopped_at, ended_at, packets, scan, said, running.returncode)


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "stop", "--all", "--complaint", "the printer is on fire"),
        (
            *("authorise", "revoke", "A-1", "--by", "b-analyst"),
            *("--withdrawn-by", "the director", "--reason", "the printer is on fire"),
        ),
    ],
    ids=["stopped", "withdrawn"],
)
def test_scan_that_is_ended_while_it_runs_falls_silent(office, services, watching, words):
    ended = end_while_sending(office, watching, *words)
    # What was seen until then is judged before the command ends; silent it is long before.
    assert ended.ended_at - ended.stopped_at < ENDS_WITHIN_S, ended.said
    assert ended.code == 4, ended.said
    assert ended.scan["state"] == "ended"
    assert ended.scan["summary"]["findings"]["closed"] == 0
    if ended.packets is None:
        pytest.skip(NOBODY_WATCHES)
    assert ended.packets, "nothing was sent before it was ended"
    assert ended.packets[-1].at < min(ended.ended_at, ended.stopped_at + STOPS_WITHIN_S)
    again = office.run("scan", "run", "--institution", "hill-office")
    assert again.refusal in ("stopped", "withdrawn")


def test_scan_that_is_denied_on_its_way_says_so_and_ends_with_exit_code_4(office, services):
    running = office.start("scan", "run", "--institution", "hill-office", rate_pps=20)
    try:
        wait_until_it_sends(office)
        office.do("calendar", "add", "deny", office.network, "--reason", "a hospital")
        said, _ = running.communicate(timeout=60)
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()
    assert running.returncode == 4, said
    assert "denied-nationally: scan-" in said
    assert "not tested: http-exchange at 1 of the addresses (denied-nationally)" in said
    scan = office.do("scan", "list", "--json").document[0]
    assert scan["state"] == "ended"
    assert {one["reason"] for one in scan["summary"]["denied"]} == {"denied-nationally"}


def test_two_analysts_must_agree_before_a_stop_of_everything_ends(office):
    code = office.do("scan", "stop", "--all").out.partition(":")[0]

    def agree(person: str, role: str, *key: object) -> Any:
        return office.run("scan", "resume", code, "--by", person, "--role", role, *key)

    assert "still holds" in agree("a-analyst", "cert-analyst").out
    assert agree("a-analyst", "cert-analyst").code == 5
    assert agree("o-officer", "cert-analyst").refusal == "wrong-role"
    assert agree("o-officer", "authorising-officer").refusal == "wrong-role"
    assert office.run("scan", "run", "--institution", "hill-office").refusal == "stopped"
    foreign = office.workspace / "keys" / "people" / "a-analyst.key"
    assert agree("b-analyst", "cert-analyst", "--key", foreign).refusal == "bad-signature"
    own = foreign.with_name("b-analyst.key")
    elsewhere = own.rename(office.folder / "b-analyst.key")
    assert agree("b-analyst", "cert-analyst").code == 5
    assert office.run("scan", "run", "--institution", "hill-office").refusal == "stopped"
    elsewhere.rename(own)
    assert "is lifted" in agree("b-analyst", "cert-analyst").out
    plan = office.do("scan", "plan", "--institution", "hill-office", "--json").document
    assert sorted(plan["targets"]) == sorted([office.front, office.back])
    assert office.nmap_calls() == []
