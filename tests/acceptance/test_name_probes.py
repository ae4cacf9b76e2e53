"""Questions to servers that answer oddly, or not at all: nothing is believed that was not said."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import permit
from cyberposture.scanning.sending import ask as asking
from cyberposture.scanning.sending.ask import Asker, ask
from cyberposture.scanning.sending.probe_server import look_at_name_server

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

HOST = "127.0.0.1"
Answer = Callable[[dns.message.Message], bytes | None]


@contextmanager
def a_server(answer: Answer) -> Iterator[tuple[tuple[str, int], list[dns.message.Message]]]:
    """Run a server of datagrams that answers as told; give its place and what it was asked."""
    asked: list[dns.message.Message] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind((HOST, 0))
        channel.settimeout(0.1)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    wire, peer = channel.recvfrom(4096)
                except TimeoutError:
                    continue
                asked.append(dns.message.from_wire(wire))
                said = answer(asked[-1])
                if said is not None:
                    channel.sendto(said, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield channel.getsockname(), asked
        finally:
            ended.set()
            thread.join()


def reply(query: dns.message.Message, *records: str, code: int = 0) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.set_rcode(dns.rcode.Rcode(code))
    for record in records:
        owner, kind, text = record.split(" ", 2)
        answer.answer.append(dns.rrset.from_text(owner, 60, "IN", kind, text))
    return answer


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, "no-record"), (3, "no-such-name"), (2, "failed"), (5, "refused"), (9, "failed")],
)
def test_every_kind_of_answer_is_kept_apart(code: int, outcome: str) -> None:
    with a_server(lambda query: reply(query, code=code).to_wire()) as (where, _):
        assert ask("example.gov.pk", "TXT", where).fact.outcome == outcome


def test_an_answer_to_another_question_and_garbage_are_failures() -> None:
    def another(query: dns.message.Message) -> bytes:
        other = dns.message.make_query("other.example", "TXT", id=query.id)
        return reply(other, "other.example. TXT mine").to_wire()

    for answer in (another, lambda _: b"\x00" * 40, lambda _: b"x"):
        with a_server(answer) as (where, _):
            fact = ask("example.gov.pk", "TXT", where).fact
        assert (fact.outcome, fact.records) == ("failed", ())


def test_silence_is_a_time_out_and_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "QUERY_S", 0.2)
    with a_server(lambda _: None) as (where, asked):
        assert ask("example.gov.pk", "TXT", where).fact.outcome == "timed-out"
    assert len(asked) == asking.TRIES


def test_a_stop_is_not_kept_waiting_for_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "QUERY_S", 0.2)
    with a_server(lambda _: None) as (where, asked):
        asker = Asker(where, lambda: bool(asked))
        assert asker.find("example.gov.pk", "TXT").outcome == "timed-out"
        assert asker.find("example.gov.pk", "MX").detail == "stopped"
    assert (len(asked), asker.was_stopped) == (1, True)


def test_records_are_bounded_in_number_and_length() -> None:
    def many(query: dns.message.Message) -> bytes:
        query.use_edns(0, payload=65_000)
        records = (f"example.gov.pk. A 192.0.2.{n}" for n in range(200))
        texts = [r.split(" ", 2)[2] for r in records]
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text("example.gov.pk.", 60, "IN", "A", *texts))
        return answer.to_wire(max_size=65_000)

    with a_server(many) as (where, _):
        fact = ask("example.gov.pk", "A", where).fact
    assert len(fact.records) == asking.MOST_RECORDS
    assert "200 records" in fact.detail


def test_aliases_are_followed_and_a_cut_chain_is_no_absence() -> None:
    whole = ("example.gov.pk. CNAME a.example.", "a.example. A 192.0.2.1")
    with a_server(lambda query: reply(query, *whole).to_wire()) as (where, _):
        fact = ask("example.gov.pk", "A", where).fact
    assert (fact.outcome, fact.records, fact.alias) == ("answered", ("192.0.2.1",), "a.example")
    with a_server(lambda query: reply(query, whole[0]).to_wire()) as (where, _):
        assert ask("example.gov.pk", "A", where).fact.outcome == "failed"


def test_text_of_every_kind_comes_out_as_text() -> None:
    odd = 'example.gov.pk. TXT "a" "b\\"c" "\\195\\164" "\\255\\000"'
    with a_server(lambda query: reply(query, odd).to_wire()) as (where, _):
        (record,) = ask("example.gov.pk", "TXT", where).fact.records
    assert record == 'ab"cä\\xff\x00'


def test_a_name_that_is_none_is_never_asked() -> None:
    with a_server(lambda query: reply(query).to_wire()) as (where, asked):
        asker = Asker(where, lambda: False, most_questions=3)
        for name in ("a..b", "x" * 64 + ".example", ".".join(["abc"] * 80)):
            assert asker.find(name, "A").outcome == "failed"
        assert "more than 3" in asker.find("example.gov.pk", "A").detail
    assert asked == []


def permitted_transfer(port: int):
    """Return the permission to ask one loopback server for a zone."""
    plan = Plan(
        job="job-1", technique="dns-transfer", protocol="tcp", targets=(HOST,), ports=(port,),
        load=3, name=None, expected_s=10, parameters={"zone": "example.gov.pk"},
    )  # fmt: skip
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    scope = [{"cidr": "127.0.0.1/32", "ports": None, "special_allowed": True}]
    question = ChunkQuestion.model_validate(
        {
            "gate": 1, "now": now, "expected_s": 10, "name": None, "resolved": [],
            "protocol": "tcp", "load": 3, "stop": False, "deny": [], "excluded_elsewhere": [],
            "authorisations": [
                {"id": "A-1", "granted": True, "valid_from": now.replace(year=2025),
                 "valid_until": now.replace(year=2027), "withdrawn_at": None, "load": 3,
                 "scope": scope, "exclusions": []}
            ],
            "windows": [], "blackouts": [], "targets": [HOST], "ports": [port],
        }
    )  # fmt: skip
    return permit(plan, question)


def test_of_a_transfer_only_the_first_message_is_read() -> None:
    sent: list[int] = []
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            channel, _ = listener.accept()
            with channel:
                size = struct.unpack(">H", channel.recv(2))[0]
                query = dns.message.from_wire(channel.recv(size))
                start = "example.gov.pk. SOA ns1. a. 1 2 3 4 5"
                wire = reply(query, start, "secret.example.gov.pk. A 192.0.2.1").to_wire()
                channel.settimeout(3)
                try:
                    while sum(sent) < 50_000_000:
                        sent.append(channel.send(struct.pack(">H", len(wire)) + wire))
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        (fact,) = look_at_name_server(permitted_transfer(listener.getsockname()[1]))
        thread.join()
    assert (fact.outcome, fact.records) == ("answered", ())
    assert "secret" not in fact.model_dump_json()
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b"", "refused"), (b"\x00\x04abcd", "failed"), (b"\xff\xff" + b"a" * 20, "failed")],
)
def test_a_transfer_that_ends_oddly_gives_nothing_away(said: bytes, outcome: str) -> None:
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            channel, _ = listener.accept()
            with channel:
                channel.recv(4096)
                channel.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        (fact,) = look_at_name_server(permitted_transfer(listener.getsockname()[1]))
        thread.join()
    assert fact.outcome == outcome
