"""The network in the analysts' file: what was allowed, sent, seen and judged, and the findings."""

from collections.abc import Iterator

from cyberposture.exchange.analysts.institutions import INSTITUTION
from cyberposture.exchange.analysts.shape import Column, Row, Table, fields
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.model.observations import Fact
from cyberposture.store import authorisations, findings
from cyberposture.store.chunks import ChunkRecord, list_chunks
from cyberposture.store.facts import list_facts, list_latest_judgements

CHECK = Column("check_id", "text", "The check.", "checks.id")
ADDRESS = Column("address", "text", "The address.")
PROTOCOL = Column("protocol", "text", "tcp or udp; NULL: the host as a whole.", optional=True)
PORT = Column("port", "number", "The port; NULL: the host as a whole.", optional=True)
SUBKEY = Column(
    "subkey", "text", "Which of several things at one endpoint; empty for the only one."
)
VANTAGE = Column("vantage", "text", "From where it was looked: external, or internal:ZONE.")


def _authorisations(snapshot: Snapshot) -> Iterator[Row]:
    for institution, institution_id in snapshot.owners():
        found = authorisations.list_authorisations(
            snapshot.connection, institution_id=institution_id
        )
        for record in sorted(found, key=lambda one: one.code):
            yield {
                "institution": institution,
                **fields(record, "code", "valid_from", "valid_until", "withdrawn_at"),
                "load": record.terms.get("load"),
                "grants": len(record.grants),
                **fields(record, "terms_sha256", "letter_sha256"),
            }


def _scans(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "kind", "state", "vantage", "scanner", "checks_digest", "summary")
    for institution, institution_id in snapshot.owners():
        for scan in snapshot.scans_of(institution_id):
            yield {
                "institution": institution,
                **fields(scan, *plain, "started_at", "ended_at"),
                "planned_at": scan.act.at,
            }


def _scan_authorisations(snapshot: Snapshot) -> Iterator[Row]:
    for _, institution_id in snapshot.owners():
        for scan in snapshot.scans_of(institution_id):
            for code in sorted(set(scan.authorisations)):
                yield {"scan": scan.code, "authorisation": code}


def _chunk_id(scan_code: str, chunk: ChunkRecord) -> str:
    return f"{scan_code}/{chunk.number}"


def _chunks(snapshot: Snapshot) -> Iterator[Row]:
    for institution, institution_id in snapshot.owners():
        for scan in snapshot.scans_of(institution_id):
            for chunk in list_chunks(snapshot.connection, scan_id=scan.id):
                plan, answer = chunk.plan, chunk.gate or {}
                yield {
                    "id": _chunk_id(scan.code, chunk),
                    "institution": institution,
                    "scan": scan.code,
                    **{name: plan.get(name) for name in ("technique", "protocol", "targets")},
                    "target_count": len(plan.get("targets", ())),
                    **{name: plan.get(name) for name in ("ports", "name", "load")},
                    "authorisation": answer.get("authorisation"),
                    **fields(chunk, "state", "attempts", "artefact_sha256", "detail"),
                    **fields(chunk, "started_at", "ended_at"),
                }


def _open_ports(fact: Fact) -> list[str]:
    ports = fact.host.ports if fact.host is not None else ()
    return [f"{seen.protocol}/{seen.port}" for seen in ports if seen.state == "open"]


def _facts(snapshot: Snapshot) -> Iterator[Row]:
    connection = snapshot.connection
    for institution, institution_id in snapshot.owners():
        for scan in snapshot.scans_of(institution_id):
            chunks = {
                chunk.id: _chunk_id(scan.code, chunk)
                for chunk in list_chunks(connection, scan_id=scan.id)
            }
            for record in list_facts(connection, scan_id=scan.id):
                fact = record.fact
                ports = _open_ports(fact)
                yield {
                    "id": record.id,
                    "institution": institution,
                    "scan": scan.code,
                    "chunk": None if record.chunk_id is None else chunks.get(record.chunk_id),
                    **fields(fact, "address", "name", "technique", "vantage", "outcome"),
                    "host_state": None if fact.host is None else fact.host.state,
                    "open_ports": ports,
                    "open_port_count": len(ports),
                    "tls_endpoints": len(fact.tls),
                    "http_exchanges": len(fact.http),
                    "dns_lookups": len(fact.dns),
                    "artefact_sha256": fact.artefact,
                    "started_at": fact.started_at,
                    "observed_at": record.observed_at,
                }


def _judgements(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("address", "protocol", "port", "subkey", "verdict", "says")
    for institution, institution_id in snapshot.owners():
        codes = {scan.id: scan.code for scan in snapshot.scans_of(institution_id)}
        found = list_latest_judgements(snapshot.connection, institution_id, as_of=snapshot.as_of)
        for record in found:
            told = record.judgement
            yield {
                "id": record.id,
                "institution": institution,
                "check_id": told.check,
                "check_version": told.version,
                **fields(told, *plain),
                "scan": codes[record.scan_id],
                "facts": [str(fact_id) for fact_id in record.facts],
                **fields(record, "vantage", "checks_digest", "observed_at", "judged_at"),
            }


def _findings(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "address", "severity", "state", "says", "is_potential", "first_seen")
    for institution, institution_id in snapshot.owners():
        found = findings.list_findings(snapshot.connection, institution_id=institution_id)
        for record in sorted(found, key=lambda one: (one.first_seen, one.code)):
            yield {
                "institution": institution,
                "check_id": record.key.check,
                **fields(record.key, "subject", "protocol", "port", "subkey", "vantage"),
                **fields(record, *plain, "last_seen", "opened_at", "closed_at", "marked_until"),
            }


def _finding_events(snapshot: Snapshot) -> Iterator[Row]:
    connection = snapshot.connection
    for _, institution_id in snapshot.owners():
        known = findings.list_findings(connection, institution_id=institution_id)
        codes = {record.id: record.code for record in known}
        events = findings.list_events(connection, institution_id=institution_id)
        for event in sorted(events, key=lambda one: (codes[one.finding_id], one.number)):
            yield {
                "finding": codes[event.finding_id],
                **fields(event, "number", "kind", "state", "details"),
                "reason": event.act.reason,
                "at": event.act.at,
            }


AUTHORISATIONS = Table(
    "authorisations",
    "The written scan authorisations; who signed and who may be called is not here.",
    ("code",),
    (
        Column("code", "text", "The reference number on the letter."),
        INSTITUTION,
        Column("valid_from", "moment", "From when it holds."),
        Column("valid_until", "moment", "Until when it holds."),
        Column("withdrawn_at", "moment", "From when it was withdrawn.", optional=True),
        Column("load", "number", "The heaviest load that it allows, 0 to 4.", optional=True),
        Column("grants", "number", "How many people granted it; without any it allows nothing."),
        Column("terms_sha256", "text", "Digest of the terms that were signed."),
        Column("letter_sha256", "text", "Digest of the signed letter."),
    ),
    _authorisations,
)
SCANS = Table(
    "scans",
    "Each run: planned, sent in chunks, judged.",
    ("code",),
    (
        Column("code", "text", "Its readable, unique code."),
        INSTITUTION,
        Column("kind", "text", "scheduled, manual, imported or canary."),
        Column("state", "text", "planned, running, done, ended (before its end) or failed."),
        VANTAGE,
        Column("scanner", "text", "Which scanner ran it."),
        Column("checks_digest", "text", "Digest of the checks that it was planned for."),
        Column("summary", "json", "What came of it, in numbers.", optional=True),
        Column("planned_at", "moment", "When it was planned."),
        Column("started_at", "moment", "When it began.", optional=True),
        Column("ended_at", "moment", "When it ended.", optional=True),
    ),
    _scans,
    indexes=(("institution", "planned_at"),),
)
SCAN_AUTHORISATIONS = Table(
    "scan_authorisations",
    "Under which authorisations each scan was planned.",
    ("scan", "authorisation"),
    (
        Column("scan", "text", "The scan.", "scans.code"),
        Column("authorisation", "text", "The authorisation.", "authorisations.code"),
    ),
    _scan_authorisations,
)
CHUNKS = Table(
    "chunks",
    "The pieces in which a scan was sent: what was sent where, and what allowed it.",
    ("id",),
    (
        Column("id", "text", "SCAN/NUMBER, as the audit log names it."),
        INSTITUTION,
        Column("scan", "text", "The scan.", "scans.code"),
        Column("technique", "text", "What was done."),
        Column("protocol", "text", "tcp or udp."),
        Column("targets", "json", "The addresses that it was for."),
        Column("target_count", "number", "How many addresses that are."),
        Column("ports", "json", "The ports that it was for; NULL: all.", optional=True),
        Column("name", "text", "The name under which they were spoken to.", optional=True),
        Column("load", "number", "Its load on the targets, 0 to 4."),
        Column("authorisation", "text",
               "The authorisation by which the gate allowed it; NULL: it was not allowed or sent.",
               "authorisations.code", optional=True),
        Column("state", "text", "queued, running, done, ended or failed."),
        Column("attempts", "number", "How often it was taken up."),
        Column("artefact_sha256", "text", "Digest of the raw file.", optional=True),
        Column("detail", "text", "What was noted at its end."),
        Column("started_at", "moment", "When it was first taken up.", optional=True),
        Column("ended_at", "moment", "When it ended.", optional=True),
    ),
    _chunks,
)  # fmt: skip
FACTS = Table(
    "facts",
    "What was seen, one row a look at an address, in numbers; the raw file has the rest.",
    ("id",),
    (
        Column("id", "text", "The look's key in the register; judgements name it."),
        INSTITUTION,
        Column("scan", "text", "The scan.", "scans.code"),
        Column("chunk", "text", "The chunk; NULL: it came from elsewhere.", "chunks.id",
               optional=True),
        ADDRESS,
        Column("name", "text", "The name under which it was spoken to.", optional=True),
        Column("technique", "text", "How it was looked."),
        VANTAGE,
        Column("outcome", "text", "answered, timed-out, no-answer, not-tested or error."),
        Column("host_state", "text", "up or down, where nmap told.", optional=True),
        Column("open_ports", "json", "The ports that were open, as protocol/port."),
        Column("open_port_count", "number", "How many ports that are."),
        Column("tls_endpoints", "number", "How many endpoints our TLS probe spoke to."),
        Column("http_exchanges", "number", "How many pages our HTTP probe asked for."),
        Column("dns_lookups", "number", "How many names were looked up."),
        Column("artefact_sha256", "text", "Digest of the raw file.", optional=True),
        Column("started_at", "moment", "When the look began.", optional=True),
        Column("observed_at", "moment", "When the look ended."),
    ),
    _facts,
    indexes=(("address", "observed_at"),),
)  # fmt: skip
JUDGEMENTS = Table(
    "judgements",
    "What stands for each endpoint of each check: the newest look, however long ago it was.",
    ("id",),
    (
        Column("id", "text", "Its key in the register."),
        INSTITUTION,
        CHECK,
        Column("check_version", "number", "The version of the check that judged."),
        ADDRESS,
        PROTOCOL,
        PORT,
        SUBKEY,
        VANTAGE,
        Column("verdict", "text",
               "pass, fail, not-applicable, inconclusive or not-tested; silence is never a pass."),
        Column("says", "text", "The verdict in a sentence."),
        Column("scan", "text", "The scan.", "scans.code"),
        Column("facts", "json", "The looks that it rests on, as facts.id."),
        Column("checks_digest", "text", "Digest of the checks that judged."),
        Column("observed_at", "moment", "When it was seen."),
        Column("judged_at", "moment", "When it was judged."),
    ),
    _judgements,
    indexes=(("institution", "check_id", "verdict"), ("address",), ("verdict",)),
)  # fmt: skip
FINDINGS = Table(
    "findings",
    "What is wrong at an endpoint, from its first sight to its repair.",
    ("code",),
    (
        Column("code", "text", "Its readable, unique code."),
        INSTITUTION,
        CHECK,
        Column("subject", "text", "The declared asset, or the address where none is declared."),
        ADDRESS,
        PROTOCOL,
        PORT,
        SUBKEY,
        VANTAGE,
        Column("severity", "text", "critical, high, medium or low."),
        Column("state", "text", "open, closed, false-positive, accepted or disputed."),
        Column("says", "text", "What is wrong, in a sentence."),
        Column("is_potential", "flag", "Whether it waits for confirmation."),
        Column("first_seen", "moment", "When it was seen first."),
        Column("last_seen", "moment", "When it was seen last."),
        Column("opened_at", "moment", "Since when it is there this time; later than the first "
               "sight once it came back."),
        Column("closed_at", "moment", "When it was closed.", optional=True),
        Column("marked_until", "moment", "Until when its mark holds.", optional=True),
    ),
    _findings,
    indexes=(("state", "opened_at"), ("address",)),
    search=("says",),
)  # fmt: skip
FINDING_EVENTS = Table(
    "finding_events",
    "Everything that happened to a finding, oldest first; not by whom.",
    ("finding", "number"),
    (
        Column("finding", "text", "The finding.", "findings.code"),
        Column("number", "number", "Its place in the finding's life, counted from 1."),
        Column("kind", "text", "What happened."),
        Column("state", "text", "The finding's state afterwards."),
        Column("details", "json", "More about it.", optional=True),
        Column("reason", "text", "Why; may be empty."),
        Column("at", "moment", "When."),
    ),
    _finding_events,
)

TABLES = (
    AUTHORISATIONS,
    SCANS,
    SCAN_AUTHORISATIONS,
    CHUNKS,
    FACTS,
    JUDGEMENTS,
    FINDINGS,
    FINDING_EVENTS,
)
"""Each table after those that it refers to."""
