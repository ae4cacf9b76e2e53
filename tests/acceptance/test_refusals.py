"""Without a valid authorisation nothing is sent: refused, on record, and proven on the wire."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

NOBODY_WATCHES = "watching packets needs tcpdump and root"
QUESTION = {
    *("gate", "now", "expected_s", "name", "resolved", "protocol", "load", "stop", "deny"),
    *("excluded_elsewhere", "authorisations", "windows", "blackouts"),
}


def placed(office: Any, value: Any) -> Any:
    """Return the value with the addresses of this run in their places."""
    text = json.dumps(value)
    for name in ("front", "back", "beyond", "scope"):
        text = text.replace(f"<{name}>", getattr(office, name))
    return json.loads(text)


def iso(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


# What is done to the office before somebody tries to scan. ------------------------------------


def nothing(_office: Any) -> None:
    pass


def letter(grant: bool = True, **changes: Any) -> Callable[[Any], None]:
    """Have a letter of the meadow office recorded, and granted."""

    def prepare(office: Any) -> None:
        office.record(office.terms("A-2", **placed(office, changes)))
        if grant:
            office.grant("A-2")

    return prepare


def letter_for(**changes: Any) -> Callable[[Any], None]:
    """Have a letter of the meadow office granted whose one entry is changed."""
    return lambda office: letter(scope=[office.entry(**changes)])(office)


def command(*words: str) -> Callable[[Any], None]:
    """Run a command."""

    def prepare(office: Any) -> None:
        office.do(*placed(office, words))

    return prepare


def window_elsewhere(office: Any) -> None:
    day = (datetime.now(UTC).weekday() + 3) % 7
    add_window(office, day, "00:00", 3600)


def window_too_short(office: Any) -> None:
    """It began with this minute and ends in one; at one packet a second the job takes longer."""
    now = datetime.now(UTC)
    add_window(office, now.weekday(), f"{now:%H:%M}", now.second + 60)


def add_window(office: Any, weekday: int, start: str, length_s: int) -> None:
    when = ("--weekday", weekday, "--start", start, "--length-s", length_s, "--zone", "UTC")
    office.do("calendar", "add", "window", "--institution", "hill-office", *when)


def blackout(*words: str) -> Callable[[Any], None]:
    def prepare(office: Any) -> None:
        when = ("--from", iso(hours=-1), "--until", iso(hours=1))
        office.do("calendar", "add", "blackout", "--title", "a holiday", *when, *words)

    return prepare


def withdrawn(office: Any) -> None:
    why = ("--withdrawn-by", "the director", "--reason", "works on the network")
    office.do("authorise", "revoke", "A-1", "--by", "b-analyst", *why)


def excluded_by_the_neighbour(office: Any) -> None:
    office.record(office.terms("A-2", exclusions=[f"{office.front}/32"]))


def altered(statement: str) -> Callable[[Any], None]:
    def prepare(office: Any) -> None:
        office.sql(statement)

    return prepare


GRANT_BY_ANOTHER = "update grants set document = json_set(document, '$.person', 'b-analyst')"
WIDER_SCOPE = "update authorisations set terms = json_set(terms, '$.scope[0].cidr', '127.0.0.0/8')"
HIGHER_LOAD = "update authorisations set terms = json_set(terms, '$.load', 4)"
OTHER_SIGNATURE = (
    "update grants set document = json_set(document, '$.signature', "
    "(select json_extract(receipt, '$.signature') from authorisations))"
)


@dataclass(frozen=True)
class Case:
    """Something that must not be scanned: how it comes about, what is asked, what is said."""

    name: str
    reason: str
    prepare: Callable[[Any], None] = nothing
    words: tuple[object, ...] = ("--address", "<front>")
    institution: str = "hill-office"
    settings: dict[str, Any] = field(default_factory=dict)


MEADOW: dict[str, Any] = {"institution": "meadow-office"}
CASES = (
    Case("no authorisation", "no-authorisation", **MEADOW),
    Case("not granted by a second person", "no-authorisation", letter(grant=False), **MEADOW),
    Case("outside its window", "outside-window", window_elsewhere),
    Case(
        "window too short", "does-not-fit-window", window_too_short,
        settings={"rate_pps": 1, "host_timeout_s": 3600},
    ),
    Case("letter withdrawn", "withdrawn", withdrawn),
    Case("above its load", "load-too-high", words=("--load", "4", "--address", "<front>")),
    Case("national blackout", "blackout", blackout()),
    Case("its own blackout", "blackout", blackout("--institution", "hill-office")),
    Case("everything stopped", "stopped", command("scan", "stop", "--all")),
    Case(
        "institution stopped", "stopped",
        command("scan", "stop", "--institution", "hill-office"),
    ),
    Case(
        "address range stopped", "excluded",
        command("scan", "stop", "--address", "<front>/32"),
    ),
    Case(
        "one address too many", "special-range",
        words=("--address", "<front>", "--address", "<beyond>"),
    ),
    Case(
        "port not allowed", "port-not-allowed",
        letter_for(ports=[4242]), **MEADOW,
    ),
    Case("own exclusion", "excluded", letter(exclusions=["<front>/32"]), **MEADOW),
    Case("exclusion of another institution", "excluded", excluded_by_the_neighbour),
    Case(
        "on the deny list", "denied-nationally",
        command("calendar", "add", "deny", "<front>/32", "--reason", "a hospital"),
    ),
    Case("expired", "expired", letter(valid_until=iso(days=-1)), **MEADOW),
    Case("not yet valid", "not-yet-valid", letter(valid_from=iso(days=1)), **MEADOW),
    Case(
        "loopback not expressly allowed", "special-range",
        letter_for(special_allowed=False), **MEADOW,
    ),
    Case("grant altered in the register", "no-authorisation", altered(GRANT_BY_ANOTHER)),
    Case("scope altered in the register", "no-authorisation", altered(WIDER_SCOPE)),
    Case("load altered in the register", "no-authorisation", altered(HIGHER_LOAD)),
    Case("signature altered in the register", "no-authorisation", altered(OTHER_SIGNATURE)),
    Case("grant removed from the register", "no-authorisation", altered("delete from grants")),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of trying."""

    case: Case
    done: Any
    asked: list[str]
    gate_log: list[dict[str, Any]]
    nmap_calls: list[str]


@dataclass(frozen=True)
class Refusals:
    """What came of all cases, what was met at the services, and what was seen on the wire."""

    outcomes: dict[str, Outcome]
    connections: int
    packets: list[Any] | None


def connections(services: Any) -> int:
    counted = (services.counters(one.address, one.port) for one in services.listening())
    return sum(one.connections for one in counted)


@pytest.fixture(scope="module")
def refusals(furnished, services, watching, two_at_a_time, tmp_path_factory) -> Refusals:
    folder = tmp_path_factory.mktemp("refusals")

    def play(case: Case) -> Outcome:
        office = furnished.copied_to(folder / case.name.replace(" ", "-"))
        case.prepare(office)
        words = placed(office, case.words)
        done = office.run("scan", "run", "--institution", case.institution, *words, **case.settings)
        asked = [word for word in words if word.startswith("127.")] or [office.front, office.back]
        return Outcome(case, done, asked, office.gate_log(), office.nmap_calls())

    before = connections(services)
    with watching(folder) as capture:
        outcomes = {one.case.name: one for one in two_at_a_time(play, CASES)}
        packets = capture.packets() if capture is not None else None
    return Refusals(outcomes, connections(services) - before, packets)


each_case = pytest.mark.parametrize("name", [case.name for case in CASES])


@each_case
def test_refused_scan_ends_with_exit_code_4_and_its_reason(refusals, name):
    one = refusals.outcomes[name]
    assert one.done.code == 4, one.done.err
    assert one.done.err.startswith(f"{one.case.reason}: ")
    assert one.done.out == ""


@each_case
def test_refused_scan_is_on_record_with_the_whole_question(refusals, name):
    one = refusals.outcomes[name]
    denied = [entry for entry in one.gate_log if entry["answer"]["decision"] == "deny"]
    refused = {"decision": "deny", "reason": one.case.reason, "authorisation": None}
    assert denied
    for entry in denied:
        assert entry["answer"] == refused
        assert set(entry["question"]) == {*QUESTION, "target", "port"}
        assert entry["question"]["target"] in one.asked


@each_case
def test_refused_scan_never_calls_nmap(refusals, name):
    assert refusals.outcomes[name].nmap_calls == []


def test_refused_scans_reach_no_service(refusals):
    assert refusals.connections == 0


def test_refused_scans_send_no_packet(refusals):
    if refusals.packets is None:
        pytest.skip(NOBODY_WATCHES)
    assert refusals.packets == []


def test_one_address_too_many_keeps_the_allowed_one_from_being_contacted(refusals):
    one = refusals.outcomes["one address too many"]
    allowed = [e for e in one.gate_log if e["answer"]["decision"] == "allow"]
    assert [e["question"]["targets"] for e in allowed] == [one.asked[:1]]
    assert one.nmap_calls == []


def pairs(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the question of an entry for each address and port that it stands for."""
    question = dict(entry["question"])
    targets = question.pop("targets", None) or [question.pop("target")]
    ports = question.pop("ports") if "ports" in question else [question.pop("port")]
    for target in targets:
        for port in ports or [None]:
            yield {**question, "target": target, "port": port}


def ask_again(office: Any, entries: list[dict[str, Any]]) -> None:
    """Hand every question on record to the pure door, which must answer the same."""
    asked = [(question, entry["answer"]) for entry in entries for question in pairs(entry)]
    lines = "".join(json.dumps(question) + "\n" for question, _ in asked)
    done = office.run("gate", "decide", "-", given=lines)
    assert done.code == 0, done.err
    assert [json.loads(line) for line in done.out.splitlines()] == [a for _, a in asked]


def test_every_decision_on_record_comes_out_again_at_the_pure_door(refusals, furnished):
    entries = [entry for one in refusals.outcomes.values() for entry in one.gate_log]
    assert len(entries) >= len(CASES)
    ask_again(furnished, entries)


def hosts(call: str) -> set[str]:
    """Return the hosts of a call as the stand-in noted it."""
    return set(call.removeprefix("-oX - ").partition(" -n ")[0].split())


def test_allowed_scan_is_noted_by_the_stand_in_and_seen_on_the_wire(office, services, watching):
    before = connections(services)
    with watching(office.folder) as capture:
        done = office.do("scan", "run", "--institution", "hill-office", "--json").document
        packets = capture.packets() if capture is not None else None
    assert done["state"] == "done"
    contacted = [hosts(call) for call in office.nmap_calls() if call.startswith("-oX - ")]
    assert set().union(*contacted) == {office.front, office.back}
    assert connections(services) > before
    if packets is not None:
        assert any(f"> {office.front}." in packet.line for packet in packets)
        assert not any(office.beyond in packet.line for packet in packets)
    entries = office.gate_log()
    assert entries
    for entry in entries:
        allowed = {"decision": "allow", "reason": "allowed", "authorisation": "A-1"}
        assert entry["answer"] == allowed
        assert set(entry["question"]) == {*QUESTION, "targets", "ports"}
    ask_again(office, entries)


# Two people, each with a key of their own. -----------------------------------------------------


def add(office: Any, by: str, *more: object) -> Any:
    terms = office.terms("A-2")
    return office.run("authorise", "add", terms, "--letter", "letter.txt", "--by", by, *more)


def test_letter_is_received_by_an_analyst_with_their_own_key_only(office):
    keys = office.workspace / "keys" / "people"
    assert add(office, "o-officer").refusal == "wrong-role"
    assert add(office, "a-analyst", "--key", keys / "b-analyst.key").refusal == "bad-signature"
    assert office.do("authorise", "list", "--institution", "meadow-office", "--json").document == []


def test_letter_is_granted_by_an_officer_with_their_own_key_only(office):
    office.record(office.terms("A-2"))
    keys = office.workspace / "keys" / "people"
    grant = ("authorise", "grant", "A-2", "--by")
    assert office.run(*grant, "b-analyst").refusal == "wrong-role"
    wrong = office.run(*grant, "o-officer", "--key", keys / "b-analyst.key")
    assert wrong.refusal == "bad-signature"
    assert scan_of_meadow(office) == "no-authorisation"


def test_who_received_the_letter_cannot_grant_it_in_another_role(office):
    office.record(office.terms("A-2"))
    give_both_roles = (
        "insert into memberships (id, person_id, role, institution_id, valid_from, actor, reason, "
        "at) select lower(hex(randomblob(16))), "
        "(select id from people where code = 'a-analyst'), role, institution_id, "
        "valid_from, actor, reason, at from memberships where role = 'authorising-officer'"
    )
    office.sql(give_both_roles)
    assert office.run("authorise", "grant", "A-2", "--by", "a-analyst").refusal == "same-person"
    assert scan_of_meadow(office) == "no-authorisation"


def scan_of_meadow(office: Any) -> str:
    done = office.run("scan", "run", "--institution", "meadow-office")
    assert office.nmap_calls() == []
    return done.refusal


@pytest.mark.parametrize(
    "statement",
    [
        "update authorisations set terms = '{}'",
        "update authorisations set terms = 'no JSON'",
        "update authorisations set terms = json_set(terms, '$.scope[0].cidr', '127.1')",
        "update people set public_key = '00'",
    ],
)
def test_nothing_is_sent_where_what_allows_it_cannot_be_read(office, statement):
    office.sql(statement)
    done = office.run("scan", "run", "--institution", "hill-office")
    assert done.code == 1
    assert "cannot be read, so nothing is sent" in done.err
    assert office.nmap_calls() == []
