"""Every sentence with which services refuse something on a page has its Urdu.

The sentences are read from the source of all that pages reach, by what imports what: what is raised
there, with which words. A new one, or one that was reworded, is named here until the words know it.
What stays English has its reason in `ENGLISH`.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import cyberposture
from cyberposture import errors
from cyberposture.content.bundle import find_content
from cyberposture.reporting.sets.leaks import Kind, Leak
from cyberposture.reporting.words import load_words
from cyberposture.web.refusals import GROUP, Refusals
from cyberposture.web.surroundings import HERE

ROOT = Path(cyberposture.__file__).parent
ENGLISH = {
    "content/": "the catalogue is read when the program starts; whoever writes it works in English",
    "model/checks": "of a check in the catalogue, which is read when the program starts",
    "model/comparison": "of an edition of the catalogue",
    "model/controls": "of a control in the catalogue",
    "model/foreign": "of a foreign catalogue, which the command line reads",
    "model/indicators": "of an indicator in the catalogue",
    "model/instruments": "of an instrument in the catalogue",
    "model/reports": "of the definition of a report, read when the program starts",
    "model/setting_texts": "of a setting, read when the program starts",
    "model/translations": "of a translation of the catalogue",
    "reporting/": "of the definitions of reports; pages say what they lack",
    "scanning/judging/": "of the conditions of checks, which are compiled when the program starts",
    "scanning/matching/": "of the names of products in tables, which the command line takes in",
    "scanning/permission/leases": "between a scanner and the centre; no person stands between",
    "scanning/permission/gate": "of a caller that asked for too much; pages say its reasons",
    "scanning/permission/tickets": "of the program's own key",
    "scanning/techniques": "of a program of a technique; letters name techniques from a list",
    "scanning/sending/": "of the machine that scans",
    "scanning/timing/": "of the program's own figures",
    "scoring/": "of the program's own figures",
    "services/catalogue/drafts": "of a draft in a folder, which the command line reads",
    "services/scans/dispatch": "of a worker's queue",
    "services/scans/lending": "between a scanner and the centre; no person stands between",
    "services/scans/names": "of a worker's queue",
    "services/scans/sending": "of a worker's queue",
    "services/scans/zone": "of a scanner in a zone",
    "exchange/analysts/": "the command line writes these files",
    "exchange/oscal/": "the command line reads OSCAL; pages write it",
    "exchange/shared_folder": "between a scanner and the centre",
    "exchange/workbook/": "workbooks of the catalogue, which the command line reads and writes",
    "runtime": "of the machine, when the program starts",
    "settings": "of the machine, when the program starts",
    "clock": "of the program's own figures",
    "store/acts": "of the program: who writes is always known",
    "store/facts": "of a caller that asks for facts in no way: a fault of the program",
    "store/tables/": "of the program: its clock gives every moment a zone",
    "web/api/": "machines read it; what a token lacks is said in the words of the pages",
    "store/audit": "of the machine: the record is damaged",
    "store/database": "of the machine: the database is not as it should be",
    "store/heads": "of the machine: the record's heads are out of reach",
    "store/keys": "of the machine: a key is out of reach",
    "store/migration": "of the machine: the database is not as it should be",
    "store/seals": "of the machine: the record is damaged",
    "store/workers": "of a worker, when it starts",
    "store/writers": "of the machine: the database did not keep what was written",
}
"""What pages can reach by imports alone, and why nobody who reads Urdu is shown it."""
PLACES = {"Fault": 1, "WrongState": 0, "WrongUsage": 0, "NotAuthorised": 1, "Conflict": 1,
          "InvalidInput": 0, "MissingService": 0, "ValueError": 0, "refuse": 1}  # fmt: skip
"""In which place each kind of refusal takes its sentence."""
REMARKED = {
    "services/schedule/due": {"_moved": 2, "hold_back": 3, "_reason": -1, "every": -1},
    "services/scans/draining": {"_hold_back": 2},
    "services/scans/dispatch": {"_queue_again": 1},
    "services/scans/sending": {"Sent": 3},
    "services/scans/lending": {"Sent": 3},
    "services/scans/conduct": {},
    "services/scans/asking": {},
    "store/chunks": {},
    "store/verification": {"_note": 2, "AuditFault": 3},
}
"""Where remarks are worded that are kept and shown: the place that takes one in each call, -1 for a
function that returns it. What stands under the names `detail` and `why` is one as well."""
COMMAND = "cyberposture "
"""With it begins an advice that is a command: the same in every language."""
FACT = "\0"


def module_at(name: str) -> str | None:
    """Return the module of a dotted name as a path below the program, or None."""
    top, _, place = name.partition(".")
    for path in (f"{place.replace('.', '/')}{end}" for end in ("", "/__init__")):
        if top == "cyberposture" and (ROOT / f"{path}.py").is_file():
            return path
    return None


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / f"{name}.py").read_text())


def imported(name: str) -> Iterator[str]:
    """Yield the modules of the program that a module imports."""
    for node in tree_of(name).body:
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{one.name}" for one in node.names] + [node.module]
        for one in names:
            if (found := module_at(one)) is not None:
                yield found


def reached() -> list[str]:
    """Return all modules that the pages reach, by what imports what."""
    waiting = [str(one.relative_to(ROOT).with_suffix("")) for one in HERE.rglob("*.py")]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imported(name)
    return sorted(found)


REACHED = reached()
SHOWN = [name for name in REACHED if not any(name.startswith(one) for one in ENGLISH)]


@pytest.fixture(scope="module")
def refusals():
    shared = find_content(None).reports / "_shared"
    folders = [shared, *sorted(one for one in (HERE / "words").iterdir() if one.is_dir())]
    words = {code: load_words(folders, code) for code in ("en", "ur")}
    return Refusals(words["en"], words["ur"])


@cache
def shapes_in(name: str) -> tuple[tuple[int, str], ...]:
    """Return the sentences of a module with their lines; what is filled in stands as `FACT`."""
    return tuple(find_shapes(list(ast.walk(tree_of(name)))))


def find_shapes(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the sentences that are raised, with their lines."""
    given: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    given.setdefault(target.id, []).append(node.value)
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)):
            continue
        said = [one.value for one in node.keywords if one.arg == "advice"]
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        place = PLACES.get(called)
        if place is not None:
            for argument in node.args:
                if isinstance(argument, ast.Starred):  # a reason and its sentence, kept together
                    (pair,) = given.get(getattr(argument.value, "id", ""), [ast.Tuple(elts=[])])
                    said += pair.elts[1:]
            said += node.args[place : place + 1]
        for one in said:
            yield from ((node.lineno, shape) for shape in spelt(one, given))


def remarks_in(name: str) -> Iterator[str]:
    """Yield the remarks that a module words."""
    nodes, places = list(ast.walk(tree_of(name))), REMARKED[name]
    given: dict[str, list[ast.expr]] = {}
    found: list[ast.expr] = []
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                given.setdefault(target, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
                given.setdefault(target, []).append(value)
            case ast.FunctionDef(name=called) if places.get(called) == -1:
                inner = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
                found += [one for one in inner if one is not None]
            case ast.Call(func=ast.Name() | ast.Attribute() as func):
                called = func.id if isinstance(func, ast.Name) else func.attr
                place = places.get(called, -1)
                found += node.args[place : place + 1] if place >= 0 else []
                found += [one.value for one in node.keywords if one.arg in ("detail", "why")]
    for one in found:
        parts = one.values if isinstance(one, ast.BoolOp) else [one]
        for part in parts:
            yield from (text for text in spelt(part, given) if text)


def spelt(node: ast.expr, given: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield the sentences that an expression may be."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            if any(isinstance(one, ast.Constant) and len(one.value.strip()) > 2 for one in parts):
                # A name of a known phrase stands for each of its phrases.
                yield from joined(parts, given)
        case ast.IfExp(body=one, orelse=other):
            yield from spelt(one, given)
            yield from spelt(other, given)
        case ast.Name(id=name):
            for value in given.get(name, ()):
                if isinstance(value, ast.Constant | ast.JoinedStr | ast.IfExp):
                    yield from spelt(value, given)
        case ast.Dict(values=values):
            for value in values:
                yield from spelt(value, given)


def joined(parts: list[ast.expr], given: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield what a formatted text may be: with `FACT`, or with the phrases kept under a name."""
    shapes = [""]
    for part in parts:
        if isinstance(part, ast.Constant):
            shapes = [shape + part.value for shape in shapes]
            continue
        value = part.value if isinstance(part, ast.FormattedValue) else part
        phrases = [FACT]
        if isinstance(value, ast.Name):
            phrases = [text for one in given.get(value.id, ()) if isinstance(one, ast.IfExp)
                       for text in spelt(one, given)] or [FACT]  # fmt: skip
        shapes = [shape + phrase for shape in shapes for phrase in phrases]
    yield from shapes


def test_the_walk_finds_what_is_there():
    """The walk itself is sound: known sentences of each form are found."""
    found = {shape for name in SHOWN for _, shape in shapes_in(name)}
    assert {
        "say why you need more time",
        f"at most {FACT} characters",
        "name, password or code is not right",
        "an institution is needed for this role",
        "you asked for more time already, and the CERT has not answered yet",
        "ask the lead of your institution",
    } <= found
    assert len(found) > 120


def test_each_sentence_that_a_page_can_show_is_said_in_urdu(refusals):
    missing = []
    for name in SHOWN:
        for line, shape in shapes_in(name):
            sample = shape.replace(FACT, "7")
            if refusals.code_of(sample) is None and not sample.startswith(COMMAND):
                missing.append(f"{name}.py:{line}: {shape.replace(FACT, '{…}')}")
    assert missing == [], "add these to web/words/refusing, in both languages"


def test_each_remark_that_a_page_can_show_is_said_in_urdu(refusals):
    """Why an address is due, what came of a chunk, and what is wrong with the record."""
    found = {one for name in REMARKED for one in remarks_in(name)}
    assert {"new: nobody has looked at it yet", "asked for by the institution", "every day",
            "its worker was lost", "an entry stands before the beginning"} <= found  # fmt: skip
    fillings = ("7", "high", "lost", "round 7")
    missing = [
        one
        for one in found
        if all(refusals.code_of(one.replace(FACT, filling)) is None for filling in fillings)
    ]
    assert missing == [], "add these to web/words/remarks, in both languages"
    said = refusals.say("a check of severity high failed")
    assert "high" not in said and "سنگین" in said
    said = refusals.say("ended by its worker: blind ended before it finished")
    assert not re.search("[a-z]{3}", said)


def test_every_reason_for_english_is_still_needed():
    assert [one for one in ENGLISH if not any(name.startswith(one) for name in REACHED)] == []


def test_errors_say_their_own_words_in_urdu(refusals):
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    always_told = (errors.CyberpostureError, errors.NotFound, errors.Refused)
    for one in kinds:
        if issubclass(one, errors.CyberpostureError) and one not in always_told:
            assert refusals.code_of(str(one.__doc__).splitlines()[0]) is not None, one
    for port, more in ((None, 0), (443, 0), (None, 2), (443, 2)):
        denied = [errors.Denied("192.0.2.1", port, "out-of-scope")] * (more + 1)
        assert "all ports" not in (said := refusals.say(str(errors.Refused(denied))))
        assert "پورٹ" in said


def test_what_comes_next_in_a_life_has_its_urdu(refusals):
    from cyberposture.model.life import NEXT, what_is_shut

    for state, advice in NEXT.items():
        assert refusals.code_of(advice) is not None, advice
        said, _ = what_is_shut(state, ["answering", "submitted"])
        assert refusals.code_of(said) is not None, said


def test_no_two_sentences_are_taken_for_each_other(refusals):
    english = refusals._english
    for key in (one for one in english.keys if one.startswith(GROUP)):
        facts = {name: "seven" for _, name in english.pieces(key) if name}
        assert refusals.code_of(str(english.say(key, **facts))) == (key, facts)


def test_urdu_keeps_the_facts_and_says_states_as_people_do(refusals):
    assert "GOV-01" in refusals.say("GOV-01 is not asked here")
    said = refusals.say("the assessment is answering, not finalised")
    assert "answering" not in said and "جواب دیے جا سکتے ہیں" in said
    both = refusals.say("the round autumn is closed. see the finding")
    assert (
        both == f"{refusals.say('the round autumn is closed')}۔ {refusals.say('see the finding')}"
    )
    assert refusals.say("not-your-round: a.khan helps in another round").startswith("a.khan")
    assert refusals.say("reason: say why not") == refusals.say("say why not")
    assert refusals.say("line 5: names no domain").startswith("سطر 5: ")


def test_facts_that_are_words_days_and_lists_are_said_in_urdu_too(refusals):
    said = refusals.say("something stands in the way: unanswered, not-attested")
    assert "unanswered" not in said and "، " in said and ", " not in said
    said = refusals.say("a.khan is none of: signatory, institution-lead")
    assert "دستخط کنندہ، ادارے کا رابطہ کار" in said
    said = refusals.say("the institution may comment until 2026-11-23T10:00:00+00:00")
    assert "23 نومبر 2026" in said and "15:00" in said
    assert "جمع ہو چکا ہے" in refusals.say("the plan is handed-in")
    said = refusals.say("9 controls are still to be settled: GOV-01, GOV-02 and 3 more")
    assert said.endswith("GOV-01، GOV-02 اور 3 مزید")
    assert "پہلا جائزہ کار" in refusals.say("b.aziz reviews this first already")
    said = refusals.say("kind: Input should be 'host', 'name' or 'prefix'")
    assert said.endswith("host، name، prefix")


def test_names_and_commands_keep_their_direction_and_are_escaped(refusals):
    said = refusals.say("there is a round called '<b>' already").__html__()
    assert '<bdi dir="ltr">&lt;b&gt;</bdi>' in said
    command = refusals.say("cyberposture audit verify")
    assert command == "cyberposture audit verify" and "<bdi" in command.__html__()


def test_what_a_set_leaks_and_leaves_out_is_said_in_urdu(refusals):
    for kind in get_args(Kind):
        for where in ("line 12", "its name", "the whole", "within word/document.xml",
                      "the name of a part", "its description", "its pages"):  # fmt: skip
            said = refusals.say(str(Leak("nation/ur.html", where, kind)))
            assert "nation/ur.html، " in said and not re.search("the | line| name|its", said)
    words = load_words([find_content(None).reports / one for one in ("_shared", "set")], "en")
    left = [one for one in words.keys if one.startswith("set.left-") and one != "set.left-out"]
    assert len(left) >= 9
    for key in left:
        facts = {name: 7 for _, name in words.pieces(key) if name}
        assert refusals.code_of(str(words.say(key, **facts))) is not None, key


def test_what_nobody_knows_and_what_is_english_stays_as_it_is(refusals):
    assert refusals.say("a sentence of tomorrow") == "a sentence of tomorrow"
    english = Refusals(refusals._english, refusals._english)
    assert english.say("say why not") == "say why not"


def test_both_languages_name_the_same_facts(refusals):
    english, urdu = refusals._english, refusals._words
    dropped = {"fault.is-for-name", "fault.is-in-state", "fault.not-there", "fault.pattern",
               "fault.tell-first"}  # fmt: skip
    for key in (one for one in english.keys if one.startswith(GROUP)):
        one, other = ({name for _, name in words.pieces(key)} - {None} for words in (english, urdu))
        assert other <= one, key
        lost = {"kind", "outcome", "expected", "role", "problem"}
        if key not in dropped and not one - other <= lost:
            pytest.fail(f"{key} loses {one - other}")
