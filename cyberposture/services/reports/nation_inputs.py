"""Fills the inputs of the nation's report: one row for each institution asked in a round."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.controls import Catalogue
from cyberposture.model.scores import ScoredDomain, ScoreDocument, ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.claims import claims_seen
from cyberposture.scoring.rollup import compute
from cyberposture.scoring.statistics import Standing
from cyberposture.services.catalogue.indicators import views_at
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.dependencies import gather_dependencies
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.services.review.measuring import measure
from cyberposture.store import (
    assessments,
    contradictions,
    findings,
    institutions,
    publication,
    rounds,
    scores,
)
from cyberposture.store.findings import FindingRecord
from cyberposture.store.rounds import RoundRecord
from cyberposture.store.scores import ScoreRecord

_EXAMPLES = (".example", ".test", ".invalid", ".localhost")


def baseline_of(catalogue: Catalogue, document: ScoreDocument) -> ScoreResult | None:
    """Return the result over the catalogue's controls of tier A: what is compared across tiers.

    Domains count alike in every sector here, for what is weighed differently is not comparable.
    None where the institution was asked a part of these controls only.
    """
    base = {control.id for control in catalogue.selected("A")}
    if not base <= {control.id for control in document.controls}:
        return None
    usual = [{"id": d.id, "factor_pct": d.factor_pct} for d in catalogue.framework.domains]
    return compute(
        document.model_copy(
            update={
                "domains": tuple(ScoredDomain.model_validate(domain) for domain in usual),
                "controls": tuple(c for c in document.controls if c.id in base),
                "answers": tuple(a for a in document.answers if a.control in base),
                "verdicts": tuple(v for v in document.verdicts if v.control in base),
            }
        )
    )


def _baseline(edition: Pinned, document: ScoreDocument | None) -> ScoreResult | None:
    """Return the result over the baseline of the edition that the score was made under."""
    return None if document is None else baseline_of(edition.catalogue, document)


class NationGatherer:
    """Gathers the inputs of the nation's report, or those of one sector, from one state."""

    def __init__(
        self,
        register: Register,
        connection: Connection,
        round_code: str,
        sector: str | None = None,
    ) -> None:
        self.sector = sector
        self.register = register
        self.connection = connection
        self.now = register.clock()
        self.round = rounds.get_round(connection, round_code)
        earlier = [
            r for r in rounds.list_rounds(connection) if r.round.opens < self.round.round.opens
        ]
        self.previous: RoundRecord | None = earlier[-1] if earlier else None
        self.edition = get_pinned(register, connection, self.round.round.edition)
        before = None if self.previous is None else self.previous.round.edition
        self.previous_edition = get_pinned(register, connection, before)
        self._earlier: dict[UUID, ScoreResult | None] = {}

    def gather(self) -> given.NationInputs:
        """Return everything."""
        records = institutions.list_institutions(
            self.connection, as_of=self.now, sector=self.sector
        )
        asked = {
            a.institution_id
            for a in assessments.list_assessments(self.connection, round_id=self.round.id)
        }
        rows = tuple(self._row(r) for r in records if r.id in asked)
        zones = [r.institution.zone for r in records]
        names = {r.id: r.institution.code for r in records if r.id in asked}
        standing = findings.list_findings(self.connection, states=("open", "disputed"))
        as_of = max(
            (s.as_of for s in scores.list_round_scores(self.connection, self.round.id)),
            default=self.now,
        )
        return given.NationInputs(
            content=content_of(self.register, self.edition),
            round_code=self.round.round.code,
            round_title=self.round.round.title,
            as_of=as_of,
            zone=max(set(zones), key=zones.count) if zones else "UTC",
            rows=rows,
            parameters=parameters_of(self.edition.catalogue),
            audit_head=head_of(self.connection, None),
            previous_title=self.previous.round.title if self.previous is not None else None,
            previous=self._previous(),
            sample=self._sample(),
            named=len(asked & self._named()),
            dependencies=gather_dependencies(self.connection, names, standing, self.now),
            failures=_failures(names, standing),
            indicators=self._indicators(),
            is_invented=are_invented(names, standing),
        )

    def _previous(self) -> tuple[Standing, ...] | None:
        """Return how all stood who were asked in the previous round, on its own baseline."""
        if self.previous is None:
            return None
        found = []
        records = institutions.list_institutions(self.connection, as_of=self.now)
        codes = {r.id: r.institution.code for r in records if self._is_of_sector(r)}
        for one in assessments.list_assessments(self.connection, round_id=self.previous.id):
            if one.institution_id not in codes:
                continue
            base = self._before(one.institution_id)
            known = base is not None and base.institution.band is not None
            found.append(
                Standing(
                    institution=codes[one.institution_id],
                    verified=base.institution.verified if base is not None and known else None,
                    band=None if base is None else base.institution.band,
                    has_answered=self._score(one.institution_id, self.previous) is not None,
                )
            )
        return tuple(found)

    def _is_of_sector(self, record: institutions.InstitutionRecord) -> bool:
        return self.sector is None or self.sector in record.institution.sectors

    def _before(self, institution_id: UUID) -> ScoreResult | None:
        """Return the baseline result of the previous round, made once for each institution."""
        if institution_id not in self._earlier:
            kept = self._score(institution_id, self.previous)
            document = None if kept is None else ScoreDocument.model_validate(kept.document)
            self._earlier[institution_id] = _baseline(self.previous_edition, document)
        return self._earlier[institution_id]

    def _named(self) -> set[UUID]:
        """Return who consented to be named in public, ever: what was published stays known."""
        return {one.institution_id for one in publication.list_consents(self.connection)}

    def _sample(self) -> given.ReviewSample:
        """Return what reviewers found of the sample that they drew in this round."""
        sectors = None if self.sector is None else frozenset({self.sector})
        found = measure(self.register, self.connection, self.round, sectors=sectors)
        return given.ReviewSample(found.complete, found.gap)

    def _indicators(self) -> tuple[given.EnteredIndicator, ...]:
        """Return the indicators of the present catalogue as they were entered last."""
        return tuple(
            given.EnteredIndicator(one.indicator)
            if one.record is None
            else given.EnteredIndicator(
                one.indicator, one.record.value, one.record.source, one.record.dated, one.is_due
            )
            for one in views_at(self.register, self.connection, self.now)
        )

    def _score(self, institution_id: UUID, campaign: RoundRecord | None) -> ScoreRecord | None:
        if campaign is None:
            return None
        return scores.find_score(self.connection, institution_id, round_id=campaign.id)

    def _row(self, record: institutions.InstitutionRecord) -> given.InstitutionRow:
        one = record.institution
        kept = self._score(record.id, self.round)
        document = ScoreDocument.model_validate(kept.document) if kept is not None else None
        open_now = contradictions.list_contradictions(
            self.connection, institution_id=record.id, states=("open", "disputed")
        )
        assessment = assessments.find_assessment(self.connection, record.id, self.round.id)
        return given.InstitutionRow(
            code=one.code,
            name=one.name,
            sector=one.sectors[0],
            tier=one.tier,
            result=ScoreResult.model_validate(kept.result) if kept is not None else None,
            baseline=_baseline(self.edition, document),
            previous_baseline=self._before(record.id),
            contradictions=len(
                {
                    c.control
                    for c in open_now
                    if assessment is not None and c.assessment_id == assessment.id
                }
            ),
            observation_overdue=document.observation_overdue if document is not None else False,
            claims={} if document is None else claims_seen(document),
        )


def are_invented(names: Collection[UUID], standing: Iterable[FindingRecord]) -> bool:
    """Return whether anything was found, and all of it where no real institution can be."""
    found = [one.address for one in standing if one.key.institution_id in names and one.address]
    return bool(found) and all(is_of_nobody(address) for address in found)


def is_of_nobody(place: str) -> bool:
    """Return whether an address is loopback, or a name is set aside for examples.

    Source: RFC 2606, section 2, June 1999.
    """
    try:
        return ip_address(place).is_loopback
    except ValueError:
        return place.rstrip(".").lower().endswith(_EXAMPLES)


def _failures(
    names: Mapping[UUID, str], standing: Iterable[FindingRecord]
) -> tuple[given.CheckFailure, ...]:
    at: dict[str, set[str]] = defaultdict(set)
    count: dict[str, int] = defaultdict(int)
    for finding in standing:
        if finding.key.institution_id in names:
            at[finding.key.check].add(names[finding.key.institution_id])
            count[finding.key.check] += 1
    return tuple(
        given.CheckFailure(check, tuple(sorted(codes)), count[check])
        for check, codes in sorted(at.items())
    )
