"""What a script may rely on: exit codes, JSON, messages apart from it, located faults, doors."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from cyberposture.cli.app import app
from cyberposture.content.bundle import find_content

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

HILL = ("--institution", "hill-office")
ROUND = ("--round", "round-1")

SCAN = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -sT -sV -p 21-23 {address}" start="{began}" version="7.94">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
<host starttime="{began}" endtime="{began}"><status state="up" reason="user-set"/>
<address addr="{address}" addrtype="ipv4"/>
<ports><extraports state="closed" count="1"/>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/>
<service name="ssh" product="OpenSSH" version="7.4" method="probed" conf="10">
<cpe>cpe:/a:openbsd:openssh:7.4</cpe></service></port>
<port protocol="tcp" portid="23"><state state="open" reason="syn-ack"/>
<service name="telnet" method="probed" conf="10"/></port>
</ports></host>
<runstats><finished time="{began}" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""
OSCAL = {
    "uuid": "11111111-2222-4333-8444-555555555501",
    "metadata": {
        "title": "Rules of the harbour",
        "last-modified": "2026-01-01T00:00:00Z",
        "version": "7",
        "oscal-version": "1.2.1",
    },
}


def commands(
    group: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that lead to it."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
TAKES_JSON = {
    path for path, command in COMMANDS.items() if any("--json" in p.opts for p in command.params)
}


# Help, and the promise of --json. ---------------------------------------------------------------


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path):
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0
    assert "Usage: " in done.stdout
    assert COMMANDS[path].help


def test_help_needs_no_workspace_and_no_settings(furnished):
    done = furnished.run("--help", rate_pps="nonsense")
    assert (done.code, done.err) == (0, "")
    assert all(path[0] in done.out for path in COMMANDS)


def test_whatever_lists_or_shows_takes_json():
    listing = {path for path in COMMANDS if path[-1] in ("list", "show")}
    assert len(listing) > 15
    assert listing <= TAKES_JSON


def settled(office: Any) -> dict[str, str]:
    """Fill an office with one thing of every kind, and return their codes and files by name."""
    controls = office.do("catalogue", "list", "--tier", "A", "--json").document
    asked = [control["id"] for control in controls if control["evidence_mode"] != "N"]
    office.write("proof.txt", "Minutes of the board\n")
    sheet = "control,level,evidence_file,evidence_title,evidence_dated\n" + "".join(
        f"{control},3,{'proof.txt,Minutes,2026-01-15' if control == asked[0] else ',,'}\n"
        for control in asked
    )
    answers = office.write("answers of the hill office.csv", sheet)
    scan = office.write(
        "a scan.xml", SCAN.format(address=office.front, began=int(time.time()) - 60)
    )
    office.do("round", "open", "round-1", "--title", "One", "--due", "2036-01-01T00:00:00Z",
              "--repair-days", "0", "--repair-days-reason", "a test")  # fmt: skip
    office.do("assessment", "open", *HILL, *ROUND)
    office.do("assessment", "import", answers, *HILL, *ROUND)
    office.do("assessment", "submit", *HILL, *ROUND)
    office.do("webhook", "add", "http://127.0.0.1:9/", "--event", "finding-opened",
              "--by", "administrator")  # fmt: skip
    office.do("scan", "import", scan, *HILL, "--authorisation", "A-1")
    office.do("assessment", "questions", "ask", *HILL, "--text", "Which day counts?")
    office.do("service", "found", "platform", "--provider", "hill-office", "--title", "Platform")
    office.do("notice", "deliver")
    office.do("assessment", "finalise", *HILL, *ROUND)
    office.do("export", "oscal", *HILL, *ROUND, "--out", office.folder / "results.json")
    office.do("schedule", "add", "weekly", "--kind", "scan", "--trigger", "cron", "--spec",
              "0 3 * * 1", *HILL)  # fmt: skip
    office.do("calendar", "add", "deny", "127.0.0.0/24", "--reason", "a test")
    office.do("consultation", "open", "draft-1", "--title", "One", "--draft", "-", "--closes",
              "2036-01-01", "--by", "a-analyst")  # fmt: skip
    office.do("consultation", "comment", "draft-1", "--control", "IAM-10", "--author", "A",
              "--text", "It should say when.")  # fmt: skip
    office.write("comments.csv", "author,text\nC,Once more.\n")
    office.write("harbour.json", json.dumps({"catalog": {**OSCAL, "controls": []}}))
    crossed = {"uuid": OSCAL["uuid"], "maps": []}
    crossed |= {f"{end}-resource": {"type": "catalog", "href": "x"} for end in ("source", "target")}
    cross = json.dumps({"mapping-collection": {**OSCAL, "mappings": [crossed]}})
    office.do("catalogue", "import", office.write("cross.json", cross))
    head = "product,branch,ends_on,source"
    table = office.write("support.csv", f"{head}\nopenbsd:openssh,7,2019-10-09,a page\n")
    office.do("intel", "import", "support", table, "--as-of", "2026-01-01", "--by", "a-analyst")
    office.write("newer support.csv", f"{head}\nopenbsd:openssh,8,2031-10-09,a page\n")
    office.do("watch", "add", office.front, "cleartext.no-telnet-or-r-login", *HILL,
              "--by", "a-analyst")  # fmt: skip
    office.do("zone", "add", "plant-1", "--vantage", "internal:plant", "--public-key", "0" * 64,
              "--by", "a-analyst")  # fmt: skip
    later = SCAN.format(address=office.front, began=int(time.time()) - 30)
    return {
        "scan": office.ask("select code from scans where kind = 'imported'")[0][0],
        "finding": office.ask("select code from findings")[0][0],
        "comment": office.ask("select code from comments")[0][0],
        "notice": office.ask("select code from outbox")[0][0],
        "contradiction": office.ask("select code from contradictions")[0][0],
        "evidence": office.ask("select sha256 from blobs where kind = 'evidence'")[0][0],
        "address": office.front,
        "file": str(scan),
        "new key": f"{scan}.key",
        "newer file": str(office.write("a later scan.xml", later)),
        "table": office.ask("select sha256 from bundles")[0][0],
    }


@pytest.fixture(scope="module")
def busy(furnished, tmp_path_factory) -> tuple[Any, dict[str, str]]:
    office = furnished.copied_to(tmp_path_factory.mktemp("command line") / "busy office")
    return office, settled(office)


ARGUMENTS: dict[str, tuple[str, ...]] = {
    "settings": (),
    "doctor": (),
    "assessment imports": (*HILL, *ROUND),
    "assessment list": (),
    "assessment receipt": (*HILL, *ROUND),
    "assessment show": (*HILL, *ROUND),
    "attestation show": (*HILL, *ROUND),
    "audit bundle": (*("--finding", "<finding>", "--out", "proof.zip", "--by", "administrator"),),
    "audit contact": ("<address>",),
    "audit list": (),
    "audit replay": (),
    "audit verify": (),
    "authorise list": (),
    "authorise show": ("A-1",),
    "calendar list": HILL,
    "catalogue adopt": ("--dry-run",),
    "catalogue check": (),
    "catalogue coverage": (),
    "catalogue crosswalk": ("cross",),
    "catalogue diff": ("1.0", "-"),
    "catalogue editions": (),
    "catalogue import": ("harbour.json",),
    "catalogue imported": (),
    "catalogue instruments": (),
    "catalogue list": (),
    "catalogue parameters": (),
    "catalogue proposed": (),
    "catalogue show": ("IAM-10",),
    "catalogue translations": (),
    "consultation comment": ("draft-1", "--author", "B", "--text", "Why?"),
    "consultation event": (
        "draft-1",
        "--title",
        "Round table",
        "--date",
        "2026-01-15",
        "--place",
        "Here",
        "--host",
        "Us",
        "--attendance",
        "9",
        "--by",
        "a-analyst",
    ),
    "consultation import": ("draft-1", "comments.csv", "--by", "a-analyst"),
    "consultation list": (),
    "consultation open": (
        "draft-2",
        "--title",
        "Two",
        "--draft",
        "-",
        "--closes",
        "2036-01-01",
        "--by",
        "a-analyst",
    ),
    "consultation show": ("<comment>",),
    "contradiction list": (),
    "contradiction show": ("<contradiction>",),
    "declare diff": ("hosts.csv", *HILL),
    "declare import": ("hosts.csv", *HILL),
    "declare list": HILL,
    "declare revisions": HILL,
    "evidence library": HILL,
    "evidence list": HILL,
    "evidence show": ("<evidence>", *HILL, "--out", "proof again.txt"),
    "export analysts": ("analysts.sqlite",),
    "export check": ("results.json",),
    "export findings": ("--out", "findings.sarif", "--format", "sarif"),
    "export oscal": (*HILL, "--kind", "plan", *ROUND, "--out", "plan.json"),
    "export tables": ("--out", "tables"),
    "finding errors": (),
    "finding history": ("<finding>",),
    "finding list": (),
    "finding notices": (),
    "finding show": ("<finding>",),
    "indicator list": (),
    "indicator set": (
        "NAT-05",
        "--value",
        "12",
        "--source",
        "An invented budget",
        "--dated",
        "2026-06-30",
        "--by",
        "a-analyst",
    ),
    "institution list": (),
    "intel confirm": (
        *(*HILL, "--address", "<address>", "--port", "22", "--version", "7.4p1"),
        *("--person", "Head of operations", "--on", "2026-06-30", "--by", "a-analyst"),
    ),
    "intel confirmations": HILL,
    "intel import": (
        *("support", "newer support.csv", "--as-of", "2026-02-01", "--by", "a-analyst"),
    ),
    "intel list": (),
    "intel observe": (*HILL, "--by", "a-analyst"),
    "intel show": ("<table>",),
    "intel status": (),
    "institution show": ("hill-office",),
    "notice deliver": (),
    "notice list": (),
    "notice reminders": ("round-1",),
    "notice show": ("<notice>",),
    "people contact": ("a-analyst", "--language", "ur"),
    "people invite": ("c-analyst", "--name", "C", "--role", "cert-analyst"),
    "people link": ("a-analyst",),
    "people list": (),
    "report check": ("--report", "consultation"),
    "round list": (),
    "round show": ("round-1",),
    "scan diff": ("<scan>", "<scan>"),
    "scan import": ("<newer file>", *HILL, "--authorisation", "A-1"),
    "scan judge": ("<file>",),
    "scan list": (),
    "scan rejudge": HILL,
    "scan parse": ("<file>",),
    "scan plan": HILL,
    "scan record": (
        "contact-test",
        *HILL,
        "--result",
        "no",
        "--at",
        "2026-11-01T10:00:00Z",
        "--note",
        "Rang ten times.",
        "--contact",
        "extension 9",
        "--by",
        "a-analyst",
    ),
    "scan records": HILL,
    "scan show": ("<scan>",),
    "scan stops": (),
    "scan who": ("<address>",),
    "schedule due": (),
    "schedule list": (),
    "schedule next": (),
    "schedule show": HILL,
    "watch list": (),
    "webhook add": ("https://tools.example/", "--by", "administrator"),
    "webhook list": (),
    "zone add": (
        *("plant-2", "--vantage", "internal:mill", "--public-key", "1" * 64),
        *("--by", "a-analyst"),
    ),
    "zone centre-key": (),
    "zone key": ("plant-3", "--out", "<new key>"),
    "zone list": (),
    "assessment questions list": (),
    "assessment questions shared": (),
    "assessment scope waiting": (),
    "institution history": ("hill-office",),
    "institution publications": (),
    "pack receipts": (*HILL, "--round", "round-1"),
    "people grant": ("a-analyst", "--role", "sector-regulator", "--sector", "water"),
    "people roles": (),
    "round funnel": ("round-1",),
    "round measure": ("round-1",),
    "service list": (),
    "workbook receipts": (*HILL, "--round", "round-1"),
    "score compare": ("round-1",),
    "score explain": HILL,
    "score plan": HILL,
    "score recompute": ("--verify",),
    "score show": (),
}
ELSEWHERE = {
    *("demo", "gate decide", "score compute", "scan confirm", "scan run", "webhook test"),
    # In tests/web/test_review_commands.py and test_scope_commands.py:
    *("assessment asked-back", "assessment claims", "assessment plan", "assessment reviewers"),
    "assessment scope show",
    # In tests/unit/cli/test_pack_command.py:
    *("pack make", "pack check", "pack return", "pack take-in", "pack keep"),
    *("workbook make", "workbook take-in"),
    # In tests/services/test_belonging.py and test_statements_taken_in.py, as the service called:
    *("people substitute", "assessment propose"),
    # In tests/services/test_sets_of_reports.py, as the services that they call:
    *("report set", "report verify-set"),
}
"""Commands with --json that other tests run; the doors write a document a line."""


def test_every_command_with_json_is_tried():
    assert {" ".join(path) for path in TAKES_JSON} - ELSEWHERE == set(ARGUMENTS)


@pytest.fixture(scope="module")
def told(busy, two_at_a_time) -> dict[str, Any]:
    office, codes = busy

    def run(name: str) -> Any:
        words = [codes.get(word.strip("<>"), word) for word in ARGUMENTS[name]]
        return office.run(*name.split(), *words, "--json")

    return dict(zip(ARGUMENTS, two_at_a_time(run, ARGUMENTS), strict=True))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_json_is_one_document_and_nothing_else(told, name):
    done = told[name]
    assert done.code == 0, done.err
    document, end = json.JSONDecoder().raw_decode(done.out)
    assert isinstance(document, dict | list)
    assert done.out[end:] == "\n"


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name.endswith(" list")])
def test_every_list_holds_what_was_made(told, name):
    assert told[name].document


@pytest.mark.parametrize("name", ["round list", "catalogue show", "scan parse"])
def test_new_interpreter_says_the_same(busy, told, name):
    office, codes = busy
    words = [codes.get(word.strip("<>"), word) for word in ARGUMENTS[name]]
    alone = office.run_alone(*name.split(), *words, "--json")
    assert (alone.code, alone.out, alone.err) == (told[name].code, told[name].out, told[name].err)


def test_contradiction_says_whose_it_is_and_that_its_round_is_over(busy, told):
    of_round = {"institution": "hill-office", "round": "round-1", "round_state": "final"}
    for found in (*told["contradiction list"].document, told["contradiction show"].document):
        assert of_round.items() <= found.items()
    office, _ = busy
    header, *rows = office.do("contradiction", "list", *HILL).out.splitlines()
    assert header.split()[:3] == ["code", "institution", "round"]
    assert all("hill-office" in row and "round-1 (final)" in row for row in rows)
    assert rows


# Exit codes. ------------------------------------------------------------------------------------


def without_nmap(office: Any) -> dict[str, str]:
    """Return a search path that leads nowhere."""
    return {"search_path": str(office.folder / "missing")}


EXITS: dict[str, tuple[int, tuple[str, ...], str]] = {
    "done": (0, ("--version",), ""),
    "no such command": (2, ("institution", "nope"), "No such command 'nope'"),
    "options that exclude each other": (2, ("scan", "stop", "--all", *HILL), "say what is stopped"),
    "wrong content": (3, ("declare", "import", "letter.txt", *HILL), "letter.txt: "),
    "not authorised": (
        4, ("scan", "run", "--institution", "meadow-office"), "no-authorisation: ",
    ),
    "not found": (5, ("institution", "show", "nope"), "no institution called 'nope'"),
    "wrong state": (5, ("authorise", "grant", "A-1", "--by", "o-officer"), "granted A-1 already"),
    "nmap is missing": (6, ("scan", "run", *HILL), "apt-get install nmap"),
    "a check fails": (7, ("doctor",), "1 things are wrong"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXITS)
def test_exit_code_says_what_went_wrong(office, name):
    code, words, says = EXITS[name]
    done = office.run(*words, **(without_nmap(office) if code in (6, 7) else {}))
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err


def test_register_that_is_no_database_is_damage_and_exit_code_1(office):
    office.write("workspace/register.sqlite", b"no database at all\n" * 1000)
    done = office.run("institution", "list")
    assert done.code == 1
    assert "cannot be read" in done.err


@pytest.mark.parametrize("words", [("migrate",), ("init",), ("institution", "list")], ids=" ".join)
def test_register_of_another_program_is_a_wrong_state_and_told_in_a_sentence(office, words):
    office.sql("update alembic_version set version_num = 'cafe'")
    done = office.run(*words)
    assert done.code == 5
    assert done.err.startswith("the register has revision 'cafe', which this program never had\n")
    assert "Traceback" not in done.err


def test_server_out_of_reach_is_a_missing_service_and_its_password_a_secret(office):
    url = "postgresql://cyberposture:secret@127.0.0.1:1/register"
    done = office.run("institution", "list", database_url=url)
    assert done.code == 6
    assert "secret" not in done.err


def test_workspace_that_cannot_be_a_folder_is_a_missing_service(office):
    shutil.rmtree(office.workspace)
    office.workspace.write_text("a file\n")
    done = office.run("init")
    assert done.code == 6
    assert "cannot be a workspace" in done.err


def test_wrong_setting_is_named_with_its_variable(office):
    done = office.run("institution", "list", rate_pps="fast")
    assert (done.code, done.err.partition(":")[0]) == (3, "CYBERPOSTURE_RATE_PPS")


# Files and folders. -----------------------------------------------------------------------------


def test_names_with_spaces_and_dashes_are_names(furnished, tmp_path):
    office = furnished.copied_to(tmp_path / "an office -oN x")
    office.write("-oN new hosts.csv", f"id,addresses\nside,{office.back}\n")
    office.do("declare", "import", *HILL, "--", "-oN new hosts.csv")
    hosts = office.do("declare", "list", *HILL, "--json").document
    assert [host["id"] for host in hosts] == ["side"]


def without_rights() -> tuple[str, ...]:
    """Return what stands before a command so that permissions hold for root as well."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root ignores permissions, and there is no setpriv to give them up")
    return (setpriv, "--bounding-set", "-dac_override,-dac_read_search", "--")


@pytest.fixture
def read_only(office) -> Iterator[Any]:
    paths = [office.workspace, *office.workspace.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    yield office
    for path, mode in modes.items():
        path.chmod(mode)


READING = {
    "audit verify": "chains that can be trusted",
    "audit list --limit 2": "2 entries",
    "authorise show A-1": "hill-office",
    "declare list --institution hill-office": "front",
    "people list": "a-analyst",
    "round list": "none",
}
WRITING = {
    "people invite new --name New --role observer": "Permission denied",
    "scan run --institution hill-office": "readonly",
    "scan stop --all": "readonly",
}


def test_read_only_workspace_is_read_and_left_as_it_is(read_only):
    before = sorted((p, p.stat().st_mtime_ns) for p in read_only.workspace.rglob("*"))
    for code, words in ((0, READING), (6, WRITING)):
        for line, said in words.items():
            done = read_only.run_alone(*line.split(), before=without_rights())
            assert (done.code, said in done.out + done.err) == (code, True), done
    assert sorted((p, p.stat().st_mtime_ns) for p in read_only.workspace.rglob("*")) == before
    assert read_only.nmap_calls() == []


# Content with faults. ---------------------------------------------------------------------------


def copy_of_content(folder: Path) -> Path:
    shipped = find_content(None)
    for part in (shipped.controls, shipped.scanners, shipped.reports):
        shutil.copytree(part, folder / part.name)
    return folder


def only(folder: Path, pattern: str) -> Path:
    # A second dot in the name tells a translation beside its source.
    found = sorted(path for path in folder.glob(pattern) if path.name.count(".") == 1)
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def change(path: Path, old: str, new: str) -> int:
    """Replace a text that stands in a file once, and return its line."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path}: {old!r} stands in it {text.count(old)} times"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


FAULTS: tuple[tuple[str, str, str, str], ...] = (
    ("controls/*/iam/IAM-10-*s.yaml", "weight: 5", "weight: five", "weight: "),
    ("controls/*/iam/IAM-09-*vpn.yaml", "tier: ", "colour: red\ntier: ", "colour: "),
    ("controls/*/iam/IAM-08-*.yaml", "tier: ", "id: IAM-08\ntier: ", "the key 'id' stands here"),
    ("controls/*/iam/IAM-06-*.yaml", "tier: ", "tier: &a ", "anchors and aliases"),
    ("controls/*/iam/IAM-03-*.yaml", "id: IAM-03", "id: IAM-99", "the file name must begin with"),
    ("controls/*/iam/IAM-02-*.yaml", "id: IAM-02", "id: IAM-01", "the file name must begin with"),
    ("controls/*/net/NET-02-*.yaml", "version: 1", "version: yes", "write true or false"),
    ("controls/*/net/NET-04-*.yaml", 'evidence_mode: "N"', 'evidence_mode: "Z"', "evidence_mode"),
    ("scanners/cleartext/no-plain-ftp.yaml", "O-CLEAR", "O-NONE", "unknown code O-NONE"),
    ("scanners/tls/no-weak-suites.yaml", "rollup: worst", "rollup: best", "rollup: "),
    ("scanners/web/hsts-is-set.yaml", "severity: low", "severity: !!str low", "the tag"),
    ("scanners/cleartext/pack.yaml", "id: cleartext", "id: other", "the id must be the folder's"),
    ("reports/institution/report.yaml", "id: institution", "id: nation", "the id must be the"),
)


def test_every_fault_of_an_edition_is_told_with_file_and_line(furnished, tmp_path):
    content = copy_of_content(tmp_path / "edition")
    expected = []
    for pattern, old, new, what in FAULTS:
        path = only(content, pattern)
        line = change(path, old, new)
        expected.append((f"{path.relative_to(content)}:{line}: ", what))
    done = furnished.run("catalogue", "check", content=content)
    assert done.code == 3
    told = done.err.splitlines()
    for place, what in expected:
        assert any(one.startswith(place) and what in one for one in told), f"{place}{what}"


def test_code_that_only_a_control_knows_is_told_with_file_and_line(furnished, tmp_path):
    content = copy_of_content(tmp_path / "edition")
    path = only(content, "controls/*/iam/IAM-10-*s.yaml")
    line = change(path, "O-CLEAR", "O-NONE")
    done = furnished.run("catalogue", "check", content=content)
    place = f"{path.relative_to(content)}:{line}: "
    assert (done.code, done.err) == (3, f"{place}unknown observation O-NONE\n")


# The doors. -------------------------------------------------------------------------------------


def test_score_door_answers_every_line_before_the_one_it_refuses(busy, told):
    office, _ = busy
    kept = told["score show"].document[0]
    good = json.dumps(kept["document"])
    wrong = json.dumps({**kept["document"], "colour": "red"})
    done = office.run("score", "compute", "-", given="\n".join([good, good, wrong, good]))
    assert [json.loads(line) for line in done.out.splitlines()] == [kept["result"]] * 2
    assert (done.code, done.err) == (3, "line 3: $.colour: unknown key\n")


QUESTION: dict[str, Any] = {
    "gate": 1, "now": "2026-11-19T02:14:00+05:00", "expected_s": 600, "target": "127.0.0.1",
    "name": None, "resolved": [], "protocol": "tcp", "port": 22, "load": 3, "stop": False,
    "deny": [], "excluded_elsewhere": [], "authorisations": [], "windows": [], "blackouts": [],
}  # fmt: skip


def test_gate_door_answers_every_line_before_the_one_it_refuses(furnished, tmp_path):
    nowhere = furnished.copied_to(tmp_path / "office")
    shutil.rmtree(nowhere.workspace)
    asked = [QUESTION, {**QUESTION, "stop": True}, {**QUESTION, "load": 5}, QUESTION]
    lines = "".join(f"{json.dumps(question)}\n" for question in asked)
    done = nowhere.run("gate", "decide", "-", given=lines)
    reasons = [json.loads(line)["reason"] for line in done.out.splitlines()]
    assert reasons == ["no-authorisation", "stopped"]
    assert done.code == 3
    assert done.err.startswith("line 3: $.load: ")
    assert not nowhere.workspace.exists()


def test_recompute_agrees_where_nothing_was_done(told):
    assert told["score recompute"].document == {"scores": 1, "differences": []}
