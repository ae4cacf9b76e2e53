"""Every sentence with which services refuse something on an institution's pages has its Urdu.

The sentences are read from the source of the services that those pages call: what is raised there,
with which words. A new one, or one that was reworded, is named here until the words know it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cyberposture
from cyberposture.reporting.words import load_words
from cyberposture.web.refusals import GROUP, Refusals
from cyberposture.web.surroundings import HERE

ROOT = Path(cyberposture.__file__).parent
SHOWN = (
    *(f"services/assessments/{name}" for name in (
        "asking", "assess", "attesting", "cards", "delegating", "discussing", "evidence",
        "extending", "importing", "library", "pieces", "questionnaire", "scoping", "still_open",
        "submission", "suggestions", "offline/elsewhere", "offline/merging", "offline/packs",
        "offline/papers", "offline/taking_in",
    )),
    *(f"services/people/{name}" for name in (
        "attempts", "memberships", "own_account", "passwords", "people", "roles",
        "second_factors", "signing_in", "signing_keys", "single_sign_on", "substitutes", "tokens",
    )),
    *(f"services/review/{name}" for name in (
        "appealing", "clarifying", "improving", "releasing", "speaking",
    )),
    *(f"services/reports/sets/{name}" for name in ("asked", "fetching", "plan")),
    "services/findings/acts", "services/scans/asking",
    *(f"store/{name}" for name in (
        "answering", "appeals", "assessments", "evidence", "extensions", "identities",
        "improvements", "people", "questions", "scopes", "stops",
    )),
    "model/foundation", "model/improvements", "model/life", "model/people",
    "web/belonging", "web/surroundings", "web/uploads",
)  # fmt: skip
"""What institutions' pages call: answering, evidence, handing in, people, the door, the account."""
PLACES = {"Fault": 1, "WrongState": 0, "NotAuthorised": 1, "Conflict": 1, "InvalidInput": 0,
          "MissingService": 0, "ValueError": 0}  # fmt: skip
"""In which place each kind of refusal takes its sentence."""
FACT = "\0"


@pytest.fixture(scope="module")
def refusals():
    folders = sorted(one for one in (HERE / "words").iterdir() if one.is_dir())
    words = {code: load_words([HERE / "words" / "frame", *folders], code) for code in ("en", "ur")}
    return Refusals(words["en"], words["ur"])


def shapes_in(name: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a module with their lines; what is filled in stands as `FACT`."""
    tree = ast.parse((ROOT / f"{name}.py").read_text())
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    given.setdefault(target.id, []).append(node.value)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        said = [one.value for one in node.keywords if one.arg == "advice"]
        place = PLACES.get(node.func.id)
        if place is not None:
            for argument in node.args:
                if isinstance(argument, ast.Starred):  # a reason and its sentence, kept together
                    (pair,) = given.get(getattr(argument.value, "id", ""), [ast.Tuple(elts=[])])
                    said += pair.elts[1:]
            said += node.args[place : place + 1]
        for one in said:
            yield from ((node.lineno, shape) for shape in spelt(one, given))


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


@pytest.mark.parametrize("name", SHOWN)
def test_each_sentence_of_a_service_is_said_in_urdu(refusals, name):
    missing = []
    for line, shape in shapes_in(name):
        sample = shape.replace(FACT, "7")
        if refusals.code_of(sample) is None:
            missing.append(f"{name}.py:{line}: {shape.replace(FACT, '{…}')}")
    assert missing == [], "add these to web/words/faults, in both languages"


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


def test_what_nobody_knows_and_what_is_english_stays_as_it_is(refusals):
    assert refusals.say("a sentence of tomorrow") == "a sentence of tomorrow"
    english = Refusals(refusals._english, refusals._english)
    assert english.say("say why not") == "say why not"


def test_both_languages_name_the_same_facts(refusals):
    english, urdu = refusals._english, refusals._words
    dropped = {"fault.is-for-name", "fault.is-in-state", "fault.not-there", "fault.pattern"}
    for key in (one for one in english.keys if one.startswith(GROUP)):
        one, other = ({name for _, name in words.pieces(key)} - {None} for words in (english, urdu))
        assert other <= one, key
        if key not in dropped and not (one - other) <= {"kind", "outcome", "expected", "role"}:
            pytest.fail(f"{key} loses {one - other}")
