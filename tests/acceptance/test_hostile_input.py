"""Whatever stands in a file or an option, the answer is a located error, and nothing is changed."""

import json
import queue
from dataclasses import dataclass, field
from typing import Any

import pytest

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

SPELLINGS = (
    "127.1",
    "2130706433",
    "0x7f000001",
    "127.0.0.*",
    "127.0.0.01",
    "127.0.0.1-9",
    "127.0.0.1,127.0.0.2",
    "127.0.0.1/32",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::1%lo",
    "[::1]",
    "-oN /tmp/x",
    "hill.example",
    "127.0.0.1 --script=all",
)
"""Texts that nmap, the shell or a resolver may take for an address, and we never do."""
SHOWN = [text if text.startswith("::ffff:7") else f"{text!r}:" for text in SPELLINGS]
NAMES = ("-oN /tmp/x", "two words", "a\nb", "$(id)", "../../etc", "host.example.", "127.0.0.1", "")
QUESTIONED = ("GOV-01", "GOV-03", "GOV-05", "IAM-01", "IAM-02", "IAM-06", "INC-01", "INC-03")
"""Controls that take an answer."""
NETWORK_ONLY = "IAM-10"

HILL = ("--institution", "hill-office")
DECLARE = ("declare", "import", *HILL)
AUTHORISE = ("authorise", "add", "--letter", "letter.txt", "--by", "a-analyst")
PARSE, JUDGE = ("scan", "parse"), ("scan", "judge")
IMPORT = ("scan", "import", *HILL, "--authorisation", "A-1")
ANSWER = ("assessment", "import", *HILL, "--round", "round-1")
ROUND = ("--title", "Round", "--due", "2030-01-01T00:00:00+00:00")
BLACKOUT = ("calendar", "add", "blackout", "--title", "x")

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {n} "{f"&{o};" * 10}">' for o, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>\n<nmaprun>&i;</nmaprun>"
)
EXTERNAL = (
    '<?xml version="1.0"?>\n<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
    '<nmaprun args="&x;"/>'
)
DEEP = "<nmaprun>" + "<a>" * 500 + "</a>" * 500 + "</nmaprun>"
HEADING = "control,level,not_applicable,reason,evidence_file,evidence_title,evidence_dated\n"


@dataclass(frozen=True)
class Case:
    """Files and words of a command, and what must be said about them."""

    name: str
    words: tuple[object, ...]
    says: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    code: int = 3


def of_file(
    name: str, words: tuple[object, ...], file: str, content: str | bytes, *says: str
) -> Case:
    """Return the case of a command that reads one file; `says` begins with file and line."""
    return Case(name, (*words, file), tuple(f"{file}{one}" for one in says), {file: content})


def of_words(name: str, words: tuple[object, ...], *says: str, code: int = 3) -> Case:
    return Case(name, words, says, code=code)


def listed(key: str, items: list[Any], **others: Any) -> str:
    """Return YAML that holds a list, one item a line."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in others.items()]
    return "\n".join([*lines, f"{key}:", *(f"  - {json.dumps(item)}" for item in items), ""])


def host(number: int, **facts: Any) -> dict[str, Any]:
    return {"id": f"host-{number}", "kind": "host", **facts}


TERMS: dict[str, Any] = {
    "id": "A-9",
    "institution": "meadow-office",
    "signatory": "Head",
    "signatory_role": "head",
    "power_to_sign_checked": "seen",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2036-01-01T00:00:00Z",
    "load": 3,
    "emergency_contacts": ["duty desk"],
}
SCOPE = [{"cidr": "127.0.0.1/32", "ports": None, "special_allowed": True}]
SCOPES = [
    {"cidr": text if "/" in text else f"{text}/32", "ports": None, "special_allowed": True}
    for text in SPELLINGS
    if text != "127.0.0.1/32"
]
NAMED_SCOPES = [{"name": name, "subdomains": False} for name in NAMES]
FIRST = len(TERMS) + 2
"""The line of the first item in a file of terms."""

FILES = (
    of_file(
        "addresses in CSV", DECLARE, "a.csv",
        "id,addresses\n" + "".join(f'host-{n},"{text}"\n' for n, text in enumerate(SPELLINGS)),
        *(f":{line}: {text}" for line, text in enumerate(SHOWN, start=2)),
    ),
    of_file(
        "addresses in YAML", DECLARE, "a.yaml",
        listed("assets", [host(n, addresses=[text]) for n, text in enumerate(SPELLINGS)]),
        *(f":{line}: {text}" for line, text in enumerate(SHOWN, start=2)),
    ),
    of_file(
        "two addresses in a cell", DECLARE, "b.csv", 'id,addresses\nh,"127.0.0.1\n127.0.0.2"\n',
        ":3: '127.0.0.1\\n127.0.0.2': ",
    ),
    of_file(
        "names", DECLARE, "n.yaml",
        listed("assets", [host(n, names=[text]) for n, text in enumerate(NAMES)]),
        *(f":{line}: assets.{line - 2}.names.0: " for line in range(2, 2 + len(NAMES))),
    ),
    of_file(
        "words of an asset", DECLARE, "w.yaml",
        listed("assets", [
            host(0, addresses=["127.0.0.1"], colour="red"),
            {"id": "-oN", "kind": "host", "addresses": ["127.0.0.1"]},
            {"id": "ghost", "kind": "ghost"},
            host(3, addresses=["127.0.0.1"], services=[{"port": 99999}]),
        ]),
        ":2: assets.0.colour: ", ":3: assets.1.id: ", ":4: assets.2.kind: ", ":5: assets.3.serv",
    ),
    of_file(
        "columns", DECLARE, "c.csv", "id,addresses,colour\nh,127.0.0.1,red\n",
        ":1: column 3: unknown heading 'colour'",
    ),
    of_file(
        "cells", DECLARE, "d.csv",
        "id,addresses,services\nh,127.0.0.1,sctp/1\nh,127.0.0.1,tcp/1,2\n",
        ":3: 4 cells under 3 headings",
    ),
    of_file("open quote", DECLARE, "q.csv", 'id,addresses\n"h,127.0.0.1\n', ":2: "),
    of_file(
        "of another institution", DECLARE, "o.yaml",
        listed("assets", [host(0, addresses=["127.0.0.1"])], institution="meadow-office"),
        ": is the declaration of meadow-office",
    ),
    of_file("other kind of file", DECLARE, "a.exe", b"MZ", ": assets come as .yaml or .csv"),
    of_file("YAML bomb", DECLARE, "bomb.yaml", BOMB, ":1: anchors and aliases are not allowed"),
    of_file(
        "YAML anchor", DECLARE, "anchor.yaml", "assets:\n  - &a {id: x}\n  - *a\n",
        ":2: anchors and aliases are not allowed",
    ),
    of_file("YAML key twice", DECLARE, "twice.yaml", "assets: []\nassets: []\n", ":2: the key"),
    of_file(
        "YAML tag", DECLARE, "tag.yaml", "assets:\n  - !!python/object/apply:os.getpid []\n",
        ":2: the tag tag:yaml.org,2002:python/object/apply:os.getpid is not allowed",
    ),
    of_file(
        "YAML nested", DECLARE, "deep.yaml", "assets: " + "[" * 500 + "]" * 500,
        ":1: nested deeper than 32",
    ),
    of_file("YAML twice", DECLARE, "both.yaml", "assets: []\n---\nassets: []\n", ":2: a second"),
    of_file("no text", DECLARE, "bytes.yaml", b"assets: []\n\xff\xfe\n", ":2: not UTF-8 text"),
    of_file("no YAML", DECLARE, "no.yaml", "assets: [\n", ":2: "),
    of_file("empty YAML", DECLARE, "empty.yaml", "", ":1: "),
    of_file("empty CSV", DECLARE, "empty.csv", "", ":1: an empty file"),
    of_file(
        "institutions", ("institution", "import"), "i.yaml",
        listed("institutions", [
            {"code": "-oN", "name": "x", "sectors": ["water"], "tier": "A"},
            {"code": "../x", "name": "x", "sectors": ["water"], "tier": "Q"},
            {"code": "x", "name": "x", "sectors": [], "tier": "A", "zone": "Mars/Base"},
        ]),
        ":2: institutions.0.code: ", ":3: institutions.1.code: ", ":3: institutions.1.tier: ",
        ":4: institutions.2.sectors: ", ":4: institutions.2.zone: ",
    ),
    of_file(
        "scope", AUTHORISE, "scope.yaml", listed("scope", SCOPES, **TERMS),
        *(f":{FIRST + n}: scope.{n}.<cidr>.cidr: " for n in range(len(SCOPES))),
    ),
    of_file(
        "names of a scope", AUTHORISE, "named.yaml", listed("scope", NAMED_SCOPES, **TERMS),
        *(f":{FIRST + n}: scope.{n}.<name>.name: " for n in range(len(NAMES))),
    ),
    of_file(
        "exclusions", AUTHORISE, "excl.yaml",
        listed("exclusions", list(SPELLINGS), scope=SCOPE, **TERMS),
        *(f":{FIRST + 1 + n}: exclusions.{n}: " for n, s in enumerate(SPELLINGS) if "/" not in s),
    ),
    of_file(
        "keys of terms", AUTHORISE, "keys.yaml",
        listed("scope", SCOPE, **TERMS, colour="red", granted_by="a-analyst"),
        f":{FIRST - 1}: colour: ", f":{FIRST}: granted_by: ",
    ),
    of_file(
        "values of terms", AUTHORISE, "values.yaml",
        listed(
            "scope", SCOPE,
            **{**TERMS, "id": "-oN", "load": 5, "valid_until": "2025-01-01T00:00:00Z"},
        ),
        ":1: id: ", ":7: valid_until: the validity ends before it begins", ":8: load: ",
    ),
    of_file(
        "institution of terms", AUTHORISE, "inst.yaml",
        listed("scope", SCOPE, **{**TERMS, "institution": "-oN /tmp/x"}), ":2: institution: ",
    ),
    of_file(
        "technique of terms", AUTHORISE, "tech.yaml",
        listed("scope", SCOPE, **TERMS, techniques=["tcp-ports", "script-all"]),
        f":{FIRST - 1}: unknown technique script-all",
    ),
    of_file(
        "columns of answers", ANSWER, "h.csv", "control;level\nGOV-01;1\n",
        ":1: column 1: unknown heading 'control;level'",
    ),
    of_file(
        "cells of answers", ANSWER, "v.csv",
        HEADING + "GOV-01,4,,,,,\nGOV-05,two,,,,,\nGOV-03,2,because,,,,\nnope,1,,,,,\n"
        "IAM-01,1,,,letter.txt,T,soon\n",
        ":2: column level: '4'", ":3: column level: 'two'", ":4: a level and not_applicable",
        ":5: column control: ", ":6: column evidence.0.dated: ",
    ),
    of_file(
        "control answered twice", ANSWER, "t.csv", HEADING + "GOV-01,1,,,,,\nGOV-01,2,,,,,\n",
        ":3: GOV-01 is answered in t.csv:2 already",
    ),
    of_file(
        "controls that take no answer", ANSWER, "k.csv",
        HEADING + f"ZZZ-99,1,,,,,\n{NETWORK_ONLY},1,,,,,\n",
        ":2: no control ZZZ-99", f":3: {NETWORK_ONLY} takes no answer",
    ),
    of_file(
        "evidence elsewhere", ANSWER, "e.csv",
        HEADING + "".join(
            f"{control},1,,,{file},T,2026-01-01\n" for control, file in zip(
                QUESTIONED,
                ("../letter.txt", "/etc/passwd", "link", "missing", "programs", "empty", "a\0b",
                 "x" * 400),
                strict=True,
            )
        ),
        *(f":{line}: evidence " for line in range(2, 10)),
    ),
    of_file(
        "answers in YAML", ANSWER, "y.yaml",
        listed("answers", [
            {"control": "GOV-01", "level": 7}, {"control": "GOV-05", "level": True},
            {"control": "GOV-03", "level": 1.5}, {"control": "IAM-01", "level": 1, "grade": "E3"},
        ]),
        ":2: answers.0.level: ", ":3: answers.1.level: ", ":4: answers.2.level: ",
        ":5: answers.3.grade: ",
    ),
    of_file(
        "answers of another", ANSWER, "z.yaml",
        listed("answers", [{"control": "GOV-01"}], institution="meadow-office", round="round-9"),
        ": holds the answers of meadow-office", ": holds answers for the round round-9",
    ),
)  # fmt: skip

SCANNED = "<nmaprun scanner='nmap'></nmaprun>"
ASKED = "# asked for\n127.0.0.1\n" + "".join(f"{text}\n" for text in SPELLINGS)
REQUESTED = Case(
    "requested",
    (*PARSE, "scanned.xml", "--requested", "asked.txt"),
    tuple(
        f"asked.txt:{line}: {text!r} is no IP address"
        for line, text in enumerate(SPELLINGS, start=3)
        if not text.startswith("::ffff:")
    ),
    {"scanned.xml": SCANNED, "asked.txt": ASKED},
)

XML = tuple(
    of_file(name, words, f"{name.replace(' ', '-')}.xml", content, says)
    for words, name, content, says in (
        (PARSE, "entity bomb", ENTITIES, ":1: the document type declares entities"),
        (PARSE, "entity of a file", EXTERNAL, ":2: the document type declares entities"),
        (PARSE, "other root", "<html/>", ":1: the root element is <html>"),
        (PARSE, "nothing", "", ":1: "),
        (PARSE, "no XML", "Nmap scan report for 127.0.0.1\n", ":1: "),
        (PARSE, "deep XML", DEEP, ":1: elements are nested deeper than 64"),
        (JUDGE, "entity bomb", ENTITIES, ":1: the document type declares entities"),
        (IMPORT, "entity bomb", ENTITIES, ":1: the document type declares entities"),
        (IMPORT, "other root", "<html/>", ":1: the root element is <html>"),
    )
)

NOT_AN_ADDRESS = tuple(f"{text!r}: " for text in SPELLINGS)
WORDS = (
    of_words(
        "addresses to scan",
        ("scan", "run", *HILL, *(word for text in SPELLINGS for word in ("--address", text))),
        *NOT_AN_ADDRESS,
    ),
    of_words("newline in an address", ("scan", "run", *HILL, "--address", "127.0.0.1\n127.0.0.2"),
             "'127.0.0.1\\n127.0.0.2': not an address"),
    *(
        of_words(f"who is {text}", ("scan", "who", "--", text), f"{text!r}: not ")
        for text in ("127.1", "-oN", "::ffff:127.0.0.1")
    ),
    of_words("option instead of an address", ("scan", "who", "-oN"), "No such option: -o", code=2),
    of_words("range to stop", ("scan", "stop", "--address", "127.1/8"), "'127.1/8': "),
    of_words(
        "vantage", ("scan", "run", *HILL, "--vantage", "internal:$(id)"), "a vantage is", code=2
    ),
    of_words("load", ("scan", "run", *HILL, "--load", "5"), "--load", code=2),
    of_words(
        "denied range", ("calendar", "add", "deny", "127.1", "--reason", "x"), "cidr: not a CIDR"
    ),
    of_words(
        "blackout", (*BLACKOUT, "--from", "soon", "--until", "later"), "soon", code=2,
    ),
    of_words(
        "window", ("calendar", "add", "window", *HILL, "--weekday", "1", "--start", "25:00",
                   "--length-s", "9000000", "--zone", "Mars/Base"),
        "arguments: start: ", "arguments: length_s: ", "arguments: zone: ",
    ),
    of_words(
        "letter", ("authorise", "request", *HILL, "--reference", "-oN", "--out", "out.txt",
                   "--exclude", "127.1"),
        "arguments: reference: ", "arguments: exclusions.0: ",
    ),
    of_words(
        "technique of a letter", ("authorise", "request", *HILL, "--reference", "A-3", "--out",
                                  "out.txt", "--technique", "script-all"),
        "no technique 'script-all'", code=2,
    ),
    of_words(
        "institution", ("institution", "add", "--name", "x", "--sector", "water", "--tier", "A",
                        "--", "-oN"),
        "arguments: code: ",
    ),
    of_words("institution to scan", ("scan", "run", "--institution", "-oN /tmp/x"), "'-oN /tmp/x'",
             code=5),
    of_words(
        "person", ("people", "invite", "../../../outside/x", "--name", "x", "--role", "reviewer"),
        "arguments: code: ",
    ),
    of_words(
        "who withdraws", ("authorise", "revoke", "A-1", "--by", "-oN", "--withdrawn-by", "",
                          "--reason", "", "--key", "workspace/keys/people/a-analyst.key"),
        "arguments: person: ", "arguments: withdrawn_by: ", "arguments: reason: ",
    ),
    of_words(
        "key", ("authorise", "grant", "A-1", "--by", "o-officer", "--key", "programs"),
        "programs: cannot be read as a key file",
    ),
    of_words("round", ("round", "open", "-x/../y", *ROUND), "No such option", code=2),
    of_words(
        "code of a round", ("round", "open", "--title", "", *ROUND[2:], "--", "../y"),
        "arguments: code: ", "arguments: title: ",
    ),
    of_words(
        "schedule", ("schedule", "add", "--kind", "scan", "--trigger", "interval", "--spec", "60",
                     "--arguments", "[1]", "--", "../y"),
        "arguments: code: ", "arguments: arguments: ",
    ),
    of_words(
        "interval", ("schedule", "add", "x", "--kind", "scan", "--trigger", "interval", "--spec",
                     "-60"),
        "'-60' in 'UTC' is no interval", code=2,
    ),
    of_words(
        "endless interval", ("schedule", "add", "x", "--kind", "scan", "--trigger", "interval",
                             "--spec", "9" * 30),
        "in 'UTC' is no interval", code=2,
    ),
    of_words(
        "review", ("assessment", "review", NETWORK_ONLY, *HILL, "--round", "round-1", "--level",
                   "3", "--grade", "E3", "--reason", "x"),
        f"{NETWORK_ONLY} takes no review",
    ),
    of_words("file like an option", (*DECLARE, "--", "-oN.csv"), "-oN.csv: No such file"),
    of_words("place to write", ("authorise", "request", *HILL, "--reference", "A-3", "--out",
                                "missing/out.txt"), "no folder called 'missing'", code=5),
)  # fmt: skip
CASES = (*FILES, REQUESTED, *XML, *WORDS)


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what the workspace held before and after."""

    done: Any
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def answers(furnished, two_at_a_time, tmp_path_factory) -> dict[str, Answer]:
    folder = tmp_path_factory.mktemp("hostile")
    first = furnished.copied_to(folder / "first")
    first.do("round", "open", "round-1", *ROUND)
    first.do("assessment", "open", *HILL, "--round", "round-1")
    first.write("empty", "")
    (first.folder / "link").symlink_to("/etc/passwd")
    offices: queue.Queue[Any] = queue.Queue()
    offices.put(first)
    offices.put(first.copied_to(folder / "second"))

    def play(case: Case) -> Answer:
        office = offices.get()
        try:
            for name, content in case.files.items():
                office.write(name, content)
            before = office.holdings()
            return Answer(office.run(*case.words), before, office.holdings())
        finally:
            offices.put(office)

    return dict(zip((case_id(case) for case in CASES), two_at_a_time(play, CASES), strict=True))


def case_id(case: Case) -> str:
    return f"{' '.join(map(str, case.words[:2]))}: {case.name}"


each_case = pytest.mark.parametrize("case", CASES, ids=case_id)


def flat(text: str) -> str:
    """Return a message without the frame that the command line draws around wrong options."""
    return " ".join(text.replace("│", " ").split())


@each_case
def test_hostile_input_is_refused_with_its_place(answers, case):
    done = answers[case_id(case)].done
    assert done.code == case.code, done.err or done.out
    for expected in case.says:
        assert flat(expected) in flat(done.err)
    assert done.out == ""


@each_case
def test_refused_input_changes_nothing(answers, case):
    answer = answers[case_id(case)]
    assert answer.after == answer.before


def test_hostile_input_writes_nothing_beside_the_workspace(answers, furnished):
    assert answers
    assert not (furnished.folder.parent / "outside").exists()
