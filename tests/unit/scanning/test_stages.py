"""What is looked at next: gently, never a fragile port, never twice without need."""

from cyberposture.model.observations import Fact, HostFact, HTTPFact, PortFact, ServiceFact, TLSFact
from cyberposture.scanning.stages import (
    cut,
    fragile_stage,
    page_stage,
    port_stage,
    talk_stage,
    version_stage,
    whole_stage,
)
from cyberposture.scanning.techniques import TECHNIQUES, find_technique

EVERYTHING = frozenset(TECHNIQUES)
NEEDED = {"tcp-ports": (22, 80, 443, 502), "ot-ports": (502, 20000), "udp-ports": (161,)}
A, B = "127.0.0.1", "127.0.0.2"


def seen(
    address: str, *ports: int, technique: str = "tcp-ports", service: str | None = None
) -> Fact:
    found = tuple(
        PortFact(protocol="tcp", port=p, state="open", service=service,
                 method="probed" if service else None)
        for p in ports
    )  # fmt: skip
    host = HostFact(address=address, state="up", ports=found)
    return Fact(address=address, technique=technique, outcome="answered", host=host)


def visited(address: str, port: int, *, tls: str | None = None, web: str | None = None) -> Fact:
    return Fact(
        address=address,
        technique="http-exchange",
        outcome="answered",
        tls=(TLSFact(address=address, port=port, outcome=tls),) if tls else (),
        http=(HTTPFact(address=address, port=port, tls=bool(tls), outcome=web),) if web else (),
    )


def asked(wishes) -> set[tuple[str, tuple[str, ...], tuple[int, ...], str | None]]:
    return {(w.technique.code, w.targets, w.ports, w.name) for w in wishes}


def test_fragile_ports_come_first_and_only_where_they_were_agreed():
    (wish,) = fragile_stage([A], NEEDED, EVERYTHING, "s")
    assert (wish.technique.code, wish.ports) == ("ot-ports", (502, 20000))
    assert fragile_stage([A], NEEDED, EVERYTHING - {"ot-ports"}, "s") == []


def test_a_host_that_answers_on_a_fragile_port_gets_nothing_more():
    facts = [seen(A, 502, technique="ot-ports"), seen(B, 80)]
    assert {t for w in port_stage([A, B], NEEDED, EVERYTHING, facts, "s") for t in w.targets} == {B}
    facts.append(seen(A, 80))
    assert {w.targets for w in page_stage(facts, {}, EVERYTHING)} == {(B,)}
    assert {w.targets for w in version_stage(facts, EVERYTHING)} == {(B,)}


def test_the_port_scan_never_holds_a_fragile_port():
    for wish in port_stage([A], NEEDED, EVERYTHING, [], "s"):
        assert 502 not in wish.ports


def test_where_probing_is_not_allowed_an_ordinary_visit_still_is():
    gentle = frozenset({"tcp-connect", "http-exchange"})
    (wish,) = port_stage([A], NEEDED, gentle, [], "s")
    assert (wish.technique.code, wish.ports) == ("tcp-connect", (25, 80, 443))


def test_each_declared_name_is_visited_under_its_own_name():
    wishes = page_stage([seen(A, 443)], {A: ("a.example", "b.example")}, EVERYTHING)
    assert asked(wishes) == {
        (code, (A,), (443,), name)
        for code in ("tls-handshake", "http-exchange", "http-files")
        for name in ("a.example", "b.example")
    }


def test_nothing_is_visited_twice():
    facts = [seen(A, 80), visited(A, 80, web="answered")]
    assert page_stage(facts, {}, EVERYTHING) == []


def test_a_page_that_was_read_needs_no_version_detection():
    facts = [seen(A, 80, 443), visited(A, 80, web="answered")]
    facts.append(visited(A, 443, tls="answered", web="answered"))
    assert asked(version_stage(facts, EVERYTHING)) == {("tls-scripts", (A,), (443,), None)}


def test_what_kept_us_waiting_is_not_bothered_again():
    assert version_stage([seen(A, 80), visited(A, 80, web="timed-out")], EVERYTHING) == []


def test_what_no_visit_identified_is_asked_for_its_version():
    facts = [seen(A, 22, 993), visited(A, 993, tls="answered")]
    assert asked(version_stage(facts, EVERYTHING)) == {("service-versions", (A,), (22, 993), None)}


def test_a_web_service_on_an_odd_port_is_visited_once_it_is_known():
    facts = [seen(A, 9443, service="ssl/http")]
    assert {w.technique.code for w in page_stage(facts, {}, EVERYTHING)} == {
        "tls-handshake", "http-exchange", "http-files",
    }  # fmt: skip


def test_chunks_are_bounded_cover_everything_once_and_follow_the_seed():
    technique = find_technique("tcp-ports")
    targets = [f"127.0.1.{n}" for n in range(1, 40)] + ["::1"]
    ports = list(range(1, 2001))
    wishes = cut(technique, targets, ports, "seed")
    pairs = [(t, p) for w in wishes for t in w.targets for p in w.ports]
    assert len(pairs) == len(set(pairs)) == len(targets) * len(ports)
    assert all(len(w.targets) <= technique.max_hosts for w in wishes)
    assert all(len(w.ports) <= technique.max_ports for w in wishes)
    assert all(len({":" in t for t in w.targets}) == 1 for w in wishes)
    assert cut(technique, targets, ports, "seed") == wishes
    assert cut(technique, targets, ports, "other") != wishes


def test_all_ports_are_asked_host_by_host():
    assert [(w.targets, w.ports) for w in whole_stage([A], "s")] == [((A,), ())]


def test_what_is_open_is_talked_to_in_the_protocol_that_it_is_taken_to_speak():
    wishes = talk_stage([seen(A, 22, 25, 3389, 8080)], {A: ("mail.example",)}, EVERYTHING)
    assert {(w.technique.code, w.ports, w.name, w.parameters.get("speaks")) for w in wishes} == {
        ("service-greeting", (22,), None, "ssh"),
        ("smtp-exchange", (25,), "mail.example", None),
        ("smtp-relay", (25,), "mail.example", None),
        ("service-greeting", (3389,), None, "rdp"),
    }


def test_a_service_on_an_odd_port_is_talked_to_once_it_is_known_and_never_twice():
    found = seen(A, 2525, service="smtp")
    assert {w.technique.code for w in talk_stage([found], {}, EVERYTHING)} == {"smtp-exchange"}
    talked = ServiceFact(address=A, port=22, speaks="ssh", outcome="answered")
    fact = Fact(address=A, technique="service-greeting", outcome="answered", services=(talked,))
    assert talk_stage([seen(A, 22), fact], {}, EVERYTHING) == []


def test_relaying_is_asked_only_where_light_probing_is_allowed():
    gentle = frozenset({"smtp-exchange", "service-greeting"})
    assert {w.technique.code for w in talk_stage([seen(A, 25)], {}, gentle)} == {"smtp-exchange"}


def test_fragile_hosts_are_not_talked_to():
    assert talk_stage([seen(A, 22, 502)], {}, EVERYTHING) == []


def test_only_udp_ports_that_we_know_to_ask_are_asked():
    needed = {"udp-exchange": (123, 623, 9999)}
    (wish,) = port_stage([A], needed, EVERYTHING, [], "s")
    assert (wish.technique.code, wish.ports) == ("udp-exchange", (123, 623))
    assert port_stage([A], needed, frozenset({"http-exchange"}), [], "s") == []
