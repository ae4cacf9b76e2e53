"""Plan, results and plan of action of an institution as OSCAL, made from one state of the register.

What comes back from `make_...` is not handed out yet: `handing` does that, and puts it on record.
"""

from datetime import datetime

from cyberposture import __version__
from cyberposture.exchange.oscal.assessed import AssessedScore
from cyberposture.exchange.oscal.frame import Frame
from cyberposture.exchange.oscal.plan_out import PlanFacts, plan_document
from cyberposture.exchange.oscal.poam_out import ActionFacts, poam_document
from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.results_out import results_document
from cyberposture.exchange.oscal.words import OSCAL_VERSION, encode
from cyberposture.model.controls import Catalogue
from cyberposture.model.institutions import Institution
from cyberposture.services.assessments.asked import open_asked, takes_answer
from cyberposture.services.catalogue.pinned import Pinned, get_present
from cyberposture.services.exports import assessed, engaged, open_work
from cyberposture.services.exports.handing import Made
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import Basis, find_kept_score, gather_basis, gather_kept
from cyberposture.store import institutions
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.scores import ScoreRecord

PROGRAM = f"cyberposture {__version__}"


def make_plan(
    register: Register, institution: str, round_code: str, *, version: str = OSCAL_VERSION
) -> Made:
    """Return the assessment plan of an institution in a round, as it stands now.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code, answered=False)
        now = register.clock()
        campaign = asked.campaign.round
        facts = PlanFacts(
            frame=_frame(asked.institution, asked.pinned, version),
            round=campaign.code,
            title=campaign.title,
            opens=campaign.opens,
            due=asked.due,
            now=now,
            asked=tuple(one.id for one in asked.controls if takes_answer(one)),
            observed=tuple(one.id for one in asked.controls if one.observations),
            letters=engaged.letters_of(connection, asked.institution_id),
            schedules=engaged.schedules_of(connection, asked.institution_id),
        )
        owner = institutions.get_institution(connection, institution, as_of=now)
    return _made("plan", plan_document(facts), owner, round_code, as_of=now)


def make_results(
    register: Register,
    institution: str,
    round_code: str | None = None,
    *,
    version: str = OSCAL_VERSION,
) -> Made:
    """Return the assessment results of a round's score; without a round, of this moment's standing.

    Raises:
        NotFound: institution or round is not there, or the round has no score of it yet.
    """
    score, catalogue, owner = gather_score(register, institution, round_code)
    titles = {control.id: control.title for control in catalogue.controls}
    facts = {
        "document_sha256": score.heading.document_sha256,
        "result_sha256": score.heading.result_sha256,
    }
    document = results_document(score, titles, version)
    moment = score.heading.as_of
    return _made("results", document, owner, round_code, as_of=moment, facts=facts)


def gather_score(
    register: Register, institution: str, round_code: str | None
) -> tuple[AssessedScore, Catalogue, InstitutionRecord]:
    """Return a score with its ground, the catalogue it stands on, and whose it is.

    Raises:
        NotFound: institution or round is not there, or the round has no score of it yet.
    """
    with register.reading() as connection:
        kept: ScoreRecord | None = None
        if round_code is None:
            basis: Basis = gather_basis(register, connection, institution, None, register.clock())
        else:
            kept = find_kept_score(connection, institution, round_code)
            if kept is None:
                raise assessed.no_score(institution, round_code)
            basis = gather_kept(register, connection, institution, round_code, kept)
        score = assessed.tell_score(connection, basis, kept, PROGRAM)
        return score, basis.pinned.catalogue, basis.institution


def make_poam(
    register: Register,
    institution: str,
    round_code: str | None = None,
    *,
    version: str = OSCAL_VERSION,
) -> Made:
    """Return the plan of action of an institution: open findings, and a round's improvement plan.

    Without a round it is the newest improvement plan.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: nothing is open and nothing planned.
    """
    now = register.clock()
    weaknesses = open_work.weaknesses_of(register, institution)
    with register.reading() as connection:
        owner = institutions.get_institution(connection, institution, as_of=now)
        planned, measures = open_work.measures_of(connection, owner, round_code)
        facts = ActionFacts(
            frame=_frame(owner.institution, get_present(register), version),
            round=planned,
            now=now,
            weaknesses=weaknesses,
            measures=measures,
        )
    return _made("poam", poam_document(facts), owner, planned, as_of=now)


def _frame(institution: Institution, pinned: Pinned, version: str) -> Frame:
    framework = pinned.catalogue.framework
    return Frame(
        institution.code, institution.name, framework.id, framework.version,
        pinned.edition.rules, PROGRAM, version,
    )  # fmt: skip


def _made(
    kind: str,
    document: Plain,
    owner: InstitutionRecord,
    round_code: str | None,
    *,
    as_of: datetime,
    facts: dict[str, str] | None = None,
) -> Made:
    code = owner.institution.code
    return Made(
        kind="oscal-exported",
        name=f"{code}-{round_code or 'live'}-{kind}.json",
        media_type="application/json",
        data=encode(document, is_large=kind == "results"),
        as_of=as_of,
        institution=code,
        institution_id=owner.id,
        facts={"document": kind, "round": round_code, **(facts or {})},
    )
