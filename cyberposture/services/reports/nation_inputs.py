"""Fills the inputs of the nation's report: one row for each institution asked in a round."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.controls import Catalogue
from cyberposture.model.institutions import Declaration
from cyberposture.model.scores import ScoredDomain, ScoreDocument, ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.rollup import compute
from cyberposture.services.catalogue.indicators import views_at
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.store import (
    assessments,
    contradictions,
    declarations,
    findings,
    institutions,
    rounds,
    scores,
)
from cyberposture.store.rounds import RoundRecord
from cyberposture.store.scores import ScoreRecord


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
            shared=self._shared({r.id: r.institution.code for r in records if r.id in asked}),
            failures=self._failures({r.id: r.institution.code for r in records if r.id in asked}),
            indicators=self._indicators(),
        )

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
        before = self._score(record.id, self.previous)
        document = ScoreDocument.model_validate(kept.document) if kept is not None else None
        earlier = ScoreDocument.model_validate(before.document) if before is not None else None
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
            previous_baseline=_baseline(self.previous_edition, earlier),
            contradictions=sum(
                assessment is not None and c.assessment_id == assessment.id for c in open_now
            ),
            observation_overdue=document.observation_overdue if document is not None else False,
        )

    def _shared(self, names: dict[UUID, str]) -> tuple[given.SharedService, ...]:
        """Return suppliers and hosting that at least two institutions declare."""
        users: dict[tuple[str, str], set[str]] = defaultdict(set)
        failing: dict[tuple[str, str], set[str]] = defaultdict(set)
        standing = findings.list_findings(self.connection, states=("open", "disputed"))
        failed = {(f.key.institution_id, f.address) for f in standing}
        for institution_id, code in names.items():
            declared = declarations.get_declaration(self.connection, institution_id, as_of=self.now)
            for kind, name in _declared_services(declared):
                users[(kind, name)].add(code)
            for host in declared.hosts():
                if any((institution_id, address) in failed for address in host.addresses):
                    failing[("hosting", host.third_party or "")].add(code)
        return tuple(
            given.SharedService(
                name=name,
                kind="hosting" if kind == "hosting" else "supplier",
                institutions=tuple(sorted(codes)),
                failing=tuple(sorted(failing[(kind, name)])),
            )
            for (kind, name), codes in sorted(users.items())
            if len(codes) > 1
        )

    def _failures(self, names: dict[UUID, str]) -> tuple[given.CheckFailure, ...]:
        at: dict[str, set[str]] = defaultdict(set)
        count: dict[str, int] = defaultdict(int)
        standing = findings.list_findings(self.connection, states=("open", "disputed"))
        for finding in standing:
            if finding.key.institution_id in names:
                at[finding.key.check].add(names[finding.key.institution_id])
                count[finding.key.check] += 1
        return tuple(
            given.CheckFailure(check, tuple(sorted(codes)), count[check])
            for check, codes in sorted(at.items())
        )


def _declared_services(declared: Declaration) -> list[tuple[str, str]]:
    found = [("hosting", host.third_party) for host in declared.hosts() if host.third_party]
    found += [
        ("supplier", asset.title or asset.id)
        for asset in declared.assets
        if asset.kind == "supplier"
    ]
    return found
