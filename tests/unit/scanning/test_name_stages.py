"""What is contacted because of a lookup: candidates only, public ones, and each for its reason."""

from cyberposture.model.observations import DNSFact, Fact, HostFact, PortFact
from cyberposture.scanning.name_stages import named_stage, policy_stage, server_stage

ALL = frozenset({"dns-direct", "dns-transfer", "tls-handshake", "http-exchange"})


def lookup(name: str, kind: str, *records: str) -> DNSFact:
    return DNSFact(name=name, kind=kind, outcome="answered", records=records)


def looked_up(subject: str, name: str, *lookups: DNSFact) -> Fact:
    return Fact.model_validate(
        {"address": name, "subject": subject, "technique": "dns-lookup", "outcome": "answered",
         "dns": lookups}
    )  # fmt: skip


def listening(address: str, port: int) -> Fact:
    ports = (PortFact(protocol="tcp", port=port, state="open"),)
    host = HostFact(address=address, state="up", ports=ports)
    return Fact(address=address, technique="tcp-ports", outcome="answered", host=host)


ZONE = looked_up(
    "domain", "example.gov.pk",
    lookup("example.gov.pk", "NS", "ns1.example.gov.pk.", "NS2.host.example."),
    lookup("ns1.example.gov.pk", "A", "9.9.9.1"), lookup("ns2.host.example", "A", "9.9.9.2"),
)  # fmt: skip


def test_own_name_servers_are_asked_and_those_outside_the_plan_are_not() -> None:
    wishes = server_stage(["9.9.9.1", "9.9.9.3"], [ZONE], ALL)
    assert [(w.technique.code, w.targets, w.ports, w.parameters) for w in wishes] == [
        ("dns-direct", ("9.9.9.1",), (53,), {"zone": "example.gov.pk"}),
        ("dns-transfer", ("9.9.9.1",), (53,), {"zone": "example.gov.pk"}),
    ]


def test_whoever_listens_for_names_is_asked_what_it_does_for_strangers() -> None:
    wishes = server_stage(["9.9.9.3"], [listening("9.9.9.3", 53)], ALL)
    assert [(w.technique.code, w.parameters) for w in wishes] == [("dns-direct", {})]
    assert server_stage(["9.9.9.3"], [listening("9.9.9.3", 80)], ALL) == []


def test_a_host_with_fragile_equipment_is_never_asked() -> None:
    seen = [ZONE, listening("9.9.9.1", 502)]
    assert server_stage(["9.9.9.1"], seen, ALL) == []


def test_only_what_a_letter_allows_is_wished_for() -> None:
    assert server_stage(["9.9.9.1"], [ZONE], frozenset({"tls-handshake"})) == []


def test_a_host_known_by_name_is_visited_where_the_name_leads_now_and_pinned_there() -> None:
    fact = looked_up("name", "www.example.gov.pk", lookup("www.example.gov.pk", "A", "9.9.9.7"))
    wishes = named_stage([fact], frozenset({"www.example.gov.pk"}), ALL)
    assert {(w.technique.code, w.ports) for w in wishes} == {
        ("tls-handshake", (443,)), ("http-exchange", (443,)), ("http-exchange", (80,))
    }  # fmt: skip
    assert {(w.targets, w.name, w.resolved) for w in wishes} == {
        (("9.9.9.7",), "www.example.gov.pk", ("9.9.9.7",))
    }
    assert named_stage([fact], frozenset(), ALL) == []


def test_nothing_is_contacted_where_a_public_name_leads_inside() -> None:
    mixed = lookup("www.example.gov.pk", "A", "9.9.9.7", "10.0.0.1")
    fact = looked_up("name", "www.example.gov.pk", mixed)
    assert named_stage([fact], frozenset({"www.example.gov.pk"}), ALL) == []


def test_the_policy_of_a_mail_domain_is_fetched_from_its_own_host_only() -> None:
    fact = looked_up(
        "mail-domain", "example.gov.pk",
        lookup("mta-sts.example.gov.pk", "A", "9.9.9.8", "9.9.9.9"),
        lookup("mx.example.gov.pk", "A", "9.9.9.10"),
    )  # fmt: skip
    (wish,) = policy_stage([fact], ALL)
    assert (wish.targets, wish.ports, wish.name) == (
        ("9.9.9.8",), (443,), "mta-sts.example.gov.pk"
    )  # fmt: skip
    assert wish.resolved == ("9.9.9.8", "9.9.9.9")
    assert wish.parameters == {"tls": 1, "mail-domain": "example.gov.pk"}
