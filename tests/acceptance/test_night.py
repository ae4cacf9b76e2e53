"""The page for the night, walked command by command while a scan is under way."""

import re
import shlex
import shutil
import time
from typing import Any

import pytest

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

COMMAND = re.compile(r"^ +\$ cyberposture (.+)$", re.MULTILINE)
CODE = re.compile(r"\b[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}\b")
ENDED_WITHIN_S = 30


def commands(page: str) -> list[list[str]]:
    return [shlex.split(line) for line in COMMAND.findall(page)]


def filled(words: list[str], values: dict[str, str]) -> list[str]:
    return [values.get(word, word) for word in words]


def wait_until_it_sends(office: Any) -> None:
    until = time.monotonic() + 30
    while not any(call.startswith("-oX") for call in office.nmap_calls()):
        assert time.monotonic() < until, "the scan did not begin"
        time.sleep(0.1)


def code_on_notice(office: Any) -> str:
    return CODE.findall(office.do("authorise", "notice", "A-1").out)[0]


def test_page_for_the_night_is_walked_from_the_call_to_the_next_scan(office, services):
    page = office.do("scan", "runbook").out
    assert "extension 4" in page
    assert len(page.splitlines()) <= 60, "it is one page"
    values = {
        "ADDRESS": office.front, "WHAT THE CALLER SAID": "the pumps stutter",
        "CODE": code_on_notice(office), "WHAT YOU SAID": "It was us; it has ended.",
        "PERSON": "a-analyst", "OTHER": "b-analyst", "ROLE": "cert-analyst",
    }  # fmt: skip
    said: list[tuple[str, str]] = []
    stops: list[str] = []
    running = office.start("scan", "run", "--institution", "hill-office", rate_pps=2)
    try:
        wait_until_it_sends(office)
        for words in commands(page):
            for code in stops if "STOP" in words else [""]:
                done = office.do(*filled(words, values | {"STOP": code}))
                said.append((" ".join(words[:2]), done.out))
            if words[:2] == ["scan", "stop"]:
                stops.append(done.out.partition(":")[0])
            if len(stops) == 1 and words[:2] == ["scan", "stop"]:
                # That the last packet leaves within five seconds is measured elsewhere; the
                # command goes on to judge what was seen until then.
                running.communicate(timeout=ENDED_WITHIN_S)
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()
    told = dict(said)
    assert len(stops) == len(set(stops)) == 3
    assert "running now" in next(out for name, out in said if name == "scan who")
    assert "running now" not in told["scan who"]
    assert "head of the office" in told["audit contact"].lower()
    assert "granted by   o-officer" in told["audit contact"]
    assert "is lifted" in told["scan resume"]
    (view,) = [one for one in office.do("scan", "stops", "--json").document
               if one["complaint"] == "the pumps stutter"]  # fmt: skip
    assert view["answer"] == "It was us; it has ended."
    assert view["acknowledged"] and view["resumed_at"]
    assert [one["person"] for one in view["agreed"]] == ["a-analyst", "b-analyst"]
    went_on(office, values["CODE"])


def went_on(office: Any, old_code: str) -> None:
    """Look at what stands after the night: the scan may go on, and the code is a new one."""
    plan = office.do("scan", "plan", "--institution", "hill-office", "--json").document
    assert plan["targets"]
    assert office.run("scan", "stop", "--code", old_code).code == 5
    office.do("authorise", "notice", "A-1", "--out", "notice.txt")
    assert code_on_notice(office) != old_code
    proved = office.do("audit", "replay", "--json").document
    assert proved["proved"] and proved["contacts"] > 0


def test_page_in_urdu_names_the_same_commands(office):
    page = office.do("scan", "runbook", "--language", "ur").out
    english = commands(office.do("scan", "runbook").out)
    assert commands(page) == english * 2
    assert office.run("scan", "runbook", "--language", "fr").code == 5


def test_forged_log_makes_the_replay_fail(office):
    assert office.do("audit", "replay", "--json").document["proved"]
    office.sql("update audit_entries set data = replace(data, 'o-officer', 'a-analyst') "
               "where kind = 'authorisation-granted'")  # fmt: skip
    done = office.run("audit", "replay", "--without-files")
    assert done.code == 7
    assert "letter: A-1 was granted by its receiver" in done.out


def test_record_of_two_people_counts_when_the_second_confirms(office):
    kept = office.do(
        "scan", "record", "test-name", "--institution", "hill-office", "--result", "yes",
        "--at", "2026-11-01T10:00:00Z", "--note", "At the front desk.", "--name", "test.example",
        "--vantage", "internal:office", "--by", "a-analyst", "--json",
    ).document  # fmt: skip
    assert kept["state"] == "planned"
    assert office.run("scan", "confirm", kept["code"], "--by", "a-analyst").refusal == "same-person"
    done = office.do("scan", "confirm", kept["code"], "--by", "b-analyst", "--json").document
    assert done["summary"]["verdicts"]["pass"] == 1


def test_declaration_is_compared_between_two_revisions(office):
    more = office.write("more.csv", f"id,addresses\nfront,{office.front}\nside,{office.beyond}\n")
    office.do("declare", "import", more, "--institution", "hill-office", "--reason", "a new wing")
    mine = ("--institution", "hill-office")
    found = office.do("declare", "diff", *mine, "--from", "1", "--to", "2", "--json").document
    assert found == {"added": ["side"], "changed": [], "removed": ["back"]}
    assert office.do("declare", "diff", *mine, "--from", "2", "--json").document["added"] == []
    then = office.do("declare", "list", *mine, "--at", "1", "--json").document
    assert [asset["id"] for asset in then] == ["back", "front"]
    assert [r["reason"] for r in office.do("declare", "revisions", *mine, "--json").document] == [
        "", "a new wing",
    ]  # fmt: skip
    assert office.run("declare", "diff", *mine).code == 2
    assert office.run("declare", "diff", *mine, "--from", "yesterday").code == 2
    assert office.run("declare", "diff", *mine, "--from", "9").code == 5
