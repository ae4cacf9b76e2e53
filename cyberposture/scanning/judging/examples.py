"""Compiles the compact facts of a check's own examples to the facts of a scan, and tries them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from cyberposture.errors import Fault
from cyberposture.model.checks import Check, Checks, Example, Subject, Verdict
from cyberposture.model.examples import (
    ExampleCertificate,
    ExampleContactFile,
    ExampleContext,
    ExampleDNS,
    ExampleFacts,
    ExampleHTTP,
    ExampleMail,
    ExampleProduct,
    ExampleService,
    ExampleTalk,
    ExampleTLS,
)
from cyberposture.model.observations import (
    Certificate,
    ContactFile,
    DNSFact,
    ExtraPorts,
    Fact,
    HostFact,
    HTTPFact,
    Judgement,
    Looked,
    MailFact,
    PortFact,
    ProductFact,
    Range,
    ScriptOutput,
    ServiceFact,
    TLSFact,
)
from cyberposture.scanning.judging.declared import Flow, HostContext, zone_of_vantage
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.ports import PortKey

ADDRESS: Final = "192.0.2.7"
"""An address set aside for documentation. Source: RFC 5737, section 3."""
MOMENT: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
_INNER: Final = "internal:office"
_KEYS: Final[dict[Subject, str]] = {
    "host": ADDRESS,
    "name": "www.example.gov.pk",
    "domain": "example.gov.pk",
    "mail-domain": "example.gov.pk",
    "prefix": "192.0.2.0/24",
    "institution": "example",
}
"""What an example judges where it does not say. The name is no institution's."""


_WORST_FIRST: Final[tuple[Verdict, ...]] = (
    "fail",
    "inconclusive",
    "not-tested",
    "pass",
    "not-applicable",
)


def try_example(check: Check, example: Example) -> Verdict | None:
    """Return the verdict that the check gives on its example; None: on the port meant, none.

    Raises:
        InvalidInput: a condition of the check is wrong.
    """
    rows = _rows(check, example)
    given = {row.verdict for row in rows}
    return next((verdict for verdict in _WORST_FIRST if verdict in given), None)


def _rows(check: Check, example: Example) -> list[Judgement]:
    rows = compile_checks([check]).judge_host(*compile_example(check, example))
    return [row for row in rows if example.port in (None, row.port)]


def is_potential(check: Check, example: Example) -> bool:
    """Return whether the check opens a finding on its example that waits for confirmation.

    Raises:
        InvalidInput: a condition of the check is wrong.
    """
    return any(row.is_potential for row in _rows(check, example))


def try_examples(checks: Checks) -> list[Fault]:
    """Return a fault for each example of each check whose verdict is not the one it states.

    Raises:
        InvalidInput: a condition of a check is wrong.
    """
    faults = []
    for check in checks.checks:
        for example in check.examples:
            given = try_example(check, example)
            if given != example.verdict:
                what = f"gives {given or 'no verdict'}, not {example.verdict}"
                faults.append(Fault(f"{check.id}: example {example.name!r}", what))
            elif example.potential is not is_potential(check, example):
                what = f"is {'not ' if example.potential else ''}potential"
                faults.append(Fault(f"{check.id}: example {example.name!r}", what))
    return faults


def _key(text: str) -> PortKey:
    port, _, protocol = text.partition("/")
    return protocol or "tcp", int(port)


def vantage_of(check: Check, example: Example) -> str:
    """Return the vantage of an example: its own, else the check's, else `external`."""
    default = _INNER if check.vantage == "internal" else "external"
    return example.facts.vantage or default


def compile_example(check: Check, example: Example) -> tuple[list[Fact], HostContext, str]:
    """Return the facts of an example, what its institution declared, and its vantage."""
    vantage = vantage_of(check, example)
    facts = compile_facts(example.facts, vantage, check.endpoints.subject, check.technique)
    return facts, compile_context(example.facts.context, vantage), vantage


def compile_context(context: ExampleContext, vantage: str) -> HostContext:
    """Return what the institution of an example declared."""
    flows = None
    if context.flows is not None:
        flows = tuple(
            Flow(
                flow.origin,
                flow.target,
                None if flow.ports is None else frozenset(_key(text) for text in flow.ports),
            )
            for flow in context.flows
        )
    services = context.services
    return HostContext(
        is_declared=context.declared,
        services=None if services is None else frozenset(_key(text) for text in services),
        zone=context.zone,
        scanner_zone=zone_of_vantage(vantage),
        flows=flows,
        selectors=context.selectors,
        official=context.official,
        addresses=None if context.addresses is None else frozenset(context.addresses),
    )


def _name_fact(facts: ExampleFacts, vantage: str, subject: Subject, technique: str) -> Fact:
    """Return the lookups and told facts of an example as one fact."""
    key = facts.subject or _KEYS[subject]
    return Fact(
        address=key,
        subject=subject,
        technique=technique,
        vantage=vantage,
        started_at=MOMENT,
        ended_at=MOMENT,
        outcome=facts.outcome,
        dns=tuple(_lookup(row, key) for row in facts.dns),
        told=facts.told,
    )


def _lookup(row: ExampleDNS, key: str) -> DNSFact:
    return DNSFact(
        name=row.name or (f"{row.under}.{key}" if row.under else key),
        kind=row.kind,
        outcome=row.outcome,
        records=row.records,
        server=row.server,
        authentic=row.authentic,
        authoritative=row.authoritative,
        unchecked=row.unchecked,
        size_bytes=row.size_bytes,
        asked_bytes=row.asked_bytes,
    )


def _tables_fact(facts: ExampleFacts, vantage: str) -> Fact:
    """Return what the tables of an example say of the products at its ports."""
    return Fact(
        address=ADDRESS,
        technique="data-versions",
        vantage=vantage,
        started_at=MOMENT,
        ended_at=MOMENT,
        outcome="answered",
        products=tuple(_product(row) for row in facts.products),
    )


def _product(row: ExampleProduct) -> ProductFact:
    return ProductFact(
        port=row.port,
        seen="an example 1.0",
        version="1.0",
        confirmation="example" if row.confirmed else None,
        flawed=Looked(answer=row.flawed, note=row.note),
        exploited=Looked(answer=row.exploited, note=row.note),
        unsupported=Looked(answer=row.unsupported, note=row.note),
    )


def compile_facts(
    facts: ExampleFacts,
    vantage: str = "external",
    subject: Subject = "host",
    technique: str = "tcp-ports",
) -> list[Fact]:
    """Return one fact for the ports of each protocol, one for the exchanges, one for what is told.

    Of what is no host there are lookups, told facts and pages only.
    """
    if subject != "host":
        named = _name_fact(facts, vantage, subject, technique)
        return [named.model_copy(update={"http": tuple(_http(row) for row in facts.http)})]
    told = [_name_fact(facts, vantage, subject, technique)] if facts.dns or facts.told else []
    told += [_tables_fact(facts, vantage)] if facts.products else []
    if told and facts == ExampleFacts(dns=facts.dns, told=facts.told, context=facts.context):
        return told
    return told + _host_facts(facts, vantage)


def _host_facts(facts: ExampleFacts, vantage: str) -> list[Fact]:
    keys = sorted({_key(text) for text in (*facts.ports, *facts.services, *facts.scripts)})
    protocols = sorted({protocol for protocol, _ in keys})
    is_bare = not (facts.tls or facts.http or facts.mail or facts.talks)
    if not protocols and (facts.rest or facts.outcome != "answered" or is_bare):
        protocols = ["tcp"]
    found = [_ports_fact(facts, vantage, protocol, keys) for protocol in protocols]
    if not is_bare:
        found.append(
            Fact(
                address=ADDRESS,
                technique="http-exchange" if facts.http else "tls-handshake",
                vantage=vantage,
                started_at=MOMENT,
                ended_at=MOMENT,
                outcome="answered",
                tls=tuple(_tls(row) for row in facts.tls),
                http=tuple(_http(row) for row in facts.http),
                mail=tuple(_mail(row) for row in facts.mail),
                services=tuple(_talk(row) for row in facts.talks),
            )
        )
    return found


def _ports_fact(facts: ExampleFacts, vantage: str, protocol: str, keys: list[PortKey]) -> Fact:
    own = [port for key_protocol, port in keys if key_protocol == protocol]
    asked: tuple[Range, ...] = tuple((port, port) for port in own)
    extra: tuple[ExtraPorts, ...] = ()
    if facts.rest is not None:
        asked = ((1, 65_535),)
        extra = (ExtraPorts(protocol=protocol, state=facts.rest, count=65_535 - len(own)),)
    return Fact(
        address=ADDRESS,
        technique=f"{protocol}-ports",
        vantage=vantage,
        started_at=MOMENT,
        ended_at=MOMENT,
        outcome=facts.outcome,
        tested={protocol: asked},
        host=HostFact(
            address=ADDRESS,
            state="up",
            timed_out=facts.outcome == "timed-out",
            ports=tuple(_port(facts, protocol, port) for port in own),
            extra=extra,
        ),
    )


def _port(facts: ExampleFacts, protocol: str, port: int) -> PortFact:
    text = str(port) if protocol == "tcp" else f"{port}/{protocol}"
    found = facts.services.get(text)
    service = ExampleService(name=found) if isinstance(found, str) else found
    scripts = facts.scripts.get(text, {})
    return PortFact(
        protocol=protocol,
        port=port,
        state=facts.ports.get(text, "open"),
        service=service.name if service else None,
        product=service.product if service else None,
        version=service.version if service else None,
        extra_info=service.extra if service else None,
        method=("table" if service.guessed else "probed") if service else None,
        scripts=tuple(
            ScriptOutput(id=name, output=said)
            if isinstance(said, str)
            else ScriptOutput(id=name, tables=said)
            for name, said in scripts.items()
        ),
    )


def _certificate(row: ExampleCertificate) -> Certificate:
    return Certificate(
        subject=f"CN={row.names[0]}" if row.names else "",
        issuer=row.issuer,
        names=row.names,
        not_before=MOMENT + timedelta(days=row.begins_in_days),
        not_after=MOMENT + timedelta(days=row.days_left),
        key_kind=row.key_kind,
        key_bits=row.key_bits,
        signature_hash=row.signature_hash,
        sha256="0" * 64,
        trusted=row.trusted,
        trust_problem=row.problem,
        matches_name=row.matches_name,
    )


def _tls(row: ExampleTLS) -> TLSFact:
    return TLSFact(
        address=ADDRESS,
        port=row.port,
        name=row.name,
        outcome=row.outcome,
        version=row.version if row.outcome == "answered" else None,
        certificate=_certificate(row.certificate) if row.certificate else None,
    )


def _mail(row: ExampleMail) -> MailFact:
    return MailFact(
        address=ADDRESS,
        port=row.port,
        asked=row.asked,
        outcome=row.outcome,
        abilities=row.abilities,
        starttls=None if row.at_once else "STARTTLS" in row.abilities,
        tls=_tls(row.tls) if row.tls else None,
        relay=row.relay,
        reply=row.reply,
    )


def _talk(row: ExampleTalk) -> ServiceFact:
    protocol, port = _key(row.port)
    return ServiceFact.model_validate(
        {"address": ADDRESS, "protocol": protocol, "port": port, "speaks": row.speaks,
         "outcome": row.outcome, "told": row.told}
    )  # fmt: skip


def _contact_file(row: ExampleContactFile) -> ContactFile:
    days = row.expires_in_days
    expires = None if days is None else MOMENT + timedelta(days=days)
    return ContactFile(contacts=row.contacts, expires=expires)


def _http(row: ExampleHTTP) -> HTTPFact:
    return HTTPFact(
        address=ADDRESS,
        port=row.port,
        name=row.name,
        tls=row.tls,
        path=row.path,
        outcome=row.outcome,
        status=row.status if row.outcome == "answered" else None,
        headers=tuple((name.lower(), value) for name, value in row.headers.items()),
        cookies=row.cookies,
        marks=row.marks,
        contact_file=_contact_file(row.contact_file) if row.contact_file else None,
    )
