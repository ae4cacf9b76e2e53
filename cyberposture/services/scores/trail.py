"""Leads from a verdict back to the raw file, the scan and whoever allowed the look."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Verdict
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.store import chunks, scans
from cyberposture.store.chunks import ChunkRecord
from cyberposture.store.facts import FactRecord, JudgementRecord, list_facts
from cyberposture.store.scans import ScanRecord


@dataclass(frozen=True)
class Step:
    """One verdict on one endpoint with everything that it stands on."""

    check: str
    version: int
    address: str
    protocol: str
    port: int | None
    verdict: Verdict
    says: str
    observed_at: datetime
    technique: str
    scan: str
    vantage: str
    chunk: int | None
    artefact_sha256: str | None
    scanner: str
    parser: int | None
    authorisation: str | None


class Trail:
    """Follows verdicts of one institution; reads each scan, chunk and fact once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._scans: dict[UUID, ScanRecord] = {}
        self._chunks: dict[UUID, ChunkRecord] = {}
        self._facts: dict[UUID, FactRecord] = {}

    def _scan(self, scan_id: UUID) -> ScanRecord:
        if scan_id not in self._scans:
            self._scans[scan_id] = scans.get_scan_by_id(self._connection, scan_id)
            for chunk in chunks.list_chunks(self._connection, scan_id=scan_id):
                self._chunks[chunk.id] = chunk
            for record in list_facts(self._connection, scan_id=scan_id):
                self._facts[record.id] = record
        return self._scans[scan_id]

    def _speaking(
        self, record: JudgementRecord, technique: str, names: Iterable[UUID]
    ) -> FactRecord | None:
        """Return the fact that speaks most directly to a verdict.

        One that asked for the very port, then one by the check's own technique; where a host as a
        whole could not be judged, one that shows why.
        """
        port, told = record.judgement.port, record.judgement
        unclear = told.verdict == "inconclusive"

        def fits(one: FactRecord) -> tuple[bool, bool, bool, bool]:
            fact = one.fact
            tested = (fact.tested or {}).get(told.protocol or "tcp", ())
            asked = port is None or any(low <= port <= high for low, high in tested)
            shows = unclear and fact.outcome != "answered"
            return (asked, shows, fact.technique == technique, fact.technique.endswith("-ports"))

        found = [self._facts[fact_id] for fact_id in names if fact_id in self._facts]
        return max(found, key=fits, default=None)

    def follow(self, standing: CheckStanding) -> list[Step]:
        """Return the steps of one check's rows, in the order of the rows."""
        return [self._step(standing, record) for record in standing.rows]

    def _step(self, standing: CheckStanding, record: JudgementRecord) -> Step:
        scan = self._scan(record.scan_id)
        seen = self._speaking(record, standing.check.technique, record.facts)
        chunk = self._chunks.get(seen.chunk_id) if seen and seen.chunk_id else None
        gate = (chunk.gate or {}) if chunk is not None else {}
        told = record.judgement
        return Step(
            check=told.check,
            version=told.version,
            address=told.address,
            protocol=told.protocol or "",
            port=told.port,
            verdict=told.verdict,
            says=told.says,
            observed_at=seen.observed_at if seen else record.observed_at,
            technique=seen.fact.technique if seen else standing.check.technique,
            scan=scan.code,
            vantage=record.vantage,
            chunk=chunk.number if chunk is not None else None,
            artefact_sha256=seen.fact.artefact if seen else None,
            scanner=seen.fact.scanner if seen else scan.scanner,
            parser=seen.fact.parser if seen else None,
            authorisation=gate.get("authorisation"),
        )
