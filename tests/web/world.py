"""Two institutions that know nothing of each other, somebody for every role, and all their rows.

`_places` fills the path of any route of the portal. A route that asks for something new needs one
line there: its name in the path (or its path up to that name, where the name alone means several
things), with a value that belongs to `OWN` and one to `FOREIGN`; or `absent()`, where no such row
was made here, and then only the guard before it is walked.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args
from uuid import uuid4

import network_rows
import proof_rows
from fastapi import FastAPI

from cyberposture.clock import utc_now
from cyberposture.model.consultations import Comment
from cyberposture.model.examples import ExampleFacts
from cyberposture.model.institutions import Institution
from cyberposture.model.offline import Brought
from cyberposture.model.people import Role
from cyberposture.runtime import Runtime, lay_workspace, open_runtime
from cyberposture.scanning.judging.examples import compile_facts
from cyberposture.services import setup
from cyberposture.services.assessments import asking, assess, delegating, discussing, rounds
from cyberposture.services.assessments.offline import papers, taking_in
from cyberposture.services.catalogue import comments, consultations, drafts
from cyberposture.services.findings import views as finding_views
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.institutions import entries, shared_services
from cyberposture.services.people import memberships, substitutes
from cyberposture.services.people.memberships import Given, Invitation
from cyberposture.services.people.passwords import digest_of
from cyberposture.services.register import Register
from cyberposture.services.reports.sets.asked import document_of
from cyberposture.services.reports.sets.plan import SetWanted
from cyberposture.services.scores import score
from cyberposture.settings import Settings
from cyberposture.store import assessments as kept_assessments
from cyberposture.store import institutions as kept_institutions
from cyberposture.store import people as kept_people
from cyberposture.store import report_sets, review_assignments, scans, sessions
from cyberposture.store import rounds as kept_rounds
from cyberposture.store.facts import insert_facts
from cyberposture.web.app import make_app

OWN, FOREIGN, NOWHERE = "hill-water", "meadow-power", "nowhere-office"
SECTORS = {OWN: "water", FOREIGN: "power", NOWHERE: "gas"}
AT_AN_INSTITUTION: frozenset[Role] = frozenset(
    {"institution-lead", "helper", "contributor", "observer", "signatory", "auditor"}
)
ROLES: tuple[Role, ...] = get_args(Role)
ROUND, CONTROL, CONSULTATION = "autumn", "GOV-01", "spring-draft"
FORM_KEY = "the-key-of-the-forms-of-this-session"


@dataclass
class World:
    """A register in use, the portal before it, and what stands in the paths of its routes."""

    runtime: Runtime
    app: FastAPI
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    """By name in a path and by institution: what stands there."""
    rows: dict[str, str] = field(default_factory=dict)
    """The keys of rows that were made, by what they are."""

    @property
    def register(self) -> Register:
        """The register itself."""
        return self.runtime.register

    def acting(self, person: str) -> Register:
        """Return the register as this person works with it."""
        return replace(self.register, actor=person)

    def at(self, later: timedelta, person: str) -> Register:
        """Return the register as this person works with it when this much time has passed."""
        clock = self.register.clock
        return replace(self.register, actor=person, clock=lambda: clock() + later)

    def person_of(self, role: Role) -> str:
        """Return who holds a role (at `OWN` where it is one of an institution)."""
        return f"p-{role}"

    def session_of(self, person: str) -> str:
        """Return the cookie of a new session, whose forms carry `FORM_KEY`."""
        token = secrets.token_urlsafe(32)
        with self.register.database.transaction() as connection:
            record = kept_people.get_person(connection, person)
            sessions.insert_session(
                connection, digest_of(token), record.id, FORM_KEY, self.register.clock()
            )
        return token


def settle(folder: Path, database_url: str | None = None) -> World:
    """Return the world, made in a folder by the same services that people use."""
    settings = Settings(workspace=folder / "workspace", database_url=database_url)
    lay_workspace(settings)
    runtime = open_runtime(settings, "tests")
    setup.adopt_content(runtime.register)
    setup.confirm_empty_deny_list(runtime.register)
    world = World(runtime, make_app(runtime))
    _found_institutions(world)
    _invite_everybody(world)
    _ask(world)
    _talk(world)
    _consult(world)
    world.places.update(_places(world))
    return world


def _found_institutions(world: World) -> None:
    for code in (OWN, FOREIGN):
        entries.add_institution(
            world.register,
            Institution(code=code, name=f"{code.title()} (invented)", sectors=(SECTORS[code],),
                        tier="A", features=("web",), contacts=("Porter, extension 9",)),
        )  # fmt: skip


def _invite_everybody(world: World) -> None:
    now = utc_now()
    with world.register.change("people-settled") as change:
        for role in ROLES:
            person = world.person_of(role)
            made = kept_people.Person(code=person, name=f"{role} (invented)",
                                      public_key=secrets.token_hex(32), invited_at=now)  # fmt: skip
            kept_people.insert_person(change.connection, made, change.by)
            held = kept_people.Membership(
                person=person, role=role, valid_from=now,
                institution=OWN if role in AT_AN_INSTITUTION else None,
                sector=SECTORS[OWN] if role == "sector-regulator" else None,
            )  # fmt: skip
            kept_people.insert_membership(change.connection, held, change.by)


def _ask(world: World) -> None:
    """Open a round for both, and give the review of the own one to the reviewer."""
    due = utc_now() + timedelta(days=30)
    rounds.open_round(world.register, ROUND, "Autumn", due)
    for code in (OWN, FOREIGN):
        assess.open_assessment(world.register, code, ROUND, profile="start")
    with world.register.change("review-assigned", OWN) as change:
        connection = change.connection
        change.institution_id = kept_institutions.get_institution_id(connection, OWN)
        round_id = kept_rounds.get_round(connection, ROUND).id
        assessment = kept_assessments.get_assessment(connection, change.institution_id, round_id)
        reviewer = kept_people.get_person(connection, world.person_of("reviewer"))
        review_assignments.insert_assignment(
            connection, change.institution_id, assessment.id, reviewer.id, change.by, part="first"
        )


def _talk(world: World) -> None:
    """Let the helper help in the round, and have something said at each institution."""
    delegating.engage_helper(world.register, OWN, ROUND, world.person_of("helper"))
    for code in (OWN, FOREIGN):
        world.rows[f"thread of {code}"] = str(
            discussing.open_thread(
                world.register, code, ROUND, CONTROL, "As I said.", is_for_reviewer=True
            )
        )
        asked = asking.ask(world.register, code, "What is meant?", round_code=ROUND)
        world.rows[f"question of {code}"] = asked


def _consult(world: World) -> None:
    """Open the content in use to comments, and let somebody without an account make one."""
    closes = utc_now() + timedelta(days=40)
    draft = drafts.read_consulted(world.register, None)
    consultations.open_consultation(
        world.acting(world.person_of("cert-administrator")), CONSULTATION, "The spring draft",
        draft, closes, zone="Asia/Karachi",
    )  # fmt: skip
    said = Comment(control=CONTROL, author="R. Reader (invented)", text="Say who decides.")
    made = comments.enter(world.acting("portal"), CONSULTATION, said)
    world.rows["comment"] = made.code


def _findings(world: World) -> dict[str, str]:
    """Let both show the same weakness to one look, and return the codes of the findings."""
    found = {NOWHERE: "F-0"}
    for code, address in ((OWN, "192.0.2.7"), (FOREIGN, "192.0.2.8")):
        host = ExampleFacts.model_validate({"rest": "closed", "services": {"23": "telnet"}})
        now = utc_now()
        facts = [
            fact.model_copy(update={"address": address, "started_at": now, "ended_at": now})
            for fact in compile_facts(host, "external")
        ]
        facts = [
            fact if fact.host is None
            else fact.model_copy(update={"host": fact.host.model_copy(update={"address": address})})
            for fact in facts
        ]  # fmt: skip
        with world.register.change("scan-imported", code) as change:
            connection = change.connection
            change.institution_id = kept_institutions.get_institution_id(connection, code)
            scan = scans.insert_scan(
                connection, change.institution_id, change.by, kind="imported", vantage="external",
                authorisations=[], plan={}, checks_digest=world.register.edition.checks,
                scanner="test",
            )  # fmt: skip
            scans.record_state(connection, scan.id, "running", at=now)
            insert_facts(connection, change.institution_id, scan.id, facts, at=now)
            judge_scan(world.register, connection, scan.id, change.by, may_close=True)
            scans.record_state(connection, scan.id, "done", at=now)
        found[code] = finding_views.list_findings(world.register, code)[0].code
    return found


def _people(world: World) -> dict[str, dict[str, str]]:
    """Let somebody stand in for somebody at both, and return who and with which role."""
    names = ("person", "membership", "substitution")
    found = {name: {NOWHERE: str(uuid4())} for name in names}
    for code in (OWN, FOREIGN):
        for person in (f"m-{code}", f"s-{code}"):
            asked = Invitation(person, f"{person} (invented)", Given("contributor", code))
            memberships.invite_person(world.register, asked)
        role = substitutes.get_belonging(world.register, f"m-{code}").roles[0].id
        until = utc_now() + timedelta(days=30)
        key = substitutes.name_substitute(world.register, role, f"s-{code}", until)
        for name, value in zip(names, (f"m-{code}", str(role), str(key)), strict=True):
            found[name][code] = value
    return found


def _services(world: World) -> dict[str, str]:
    """Let each run a service for the other, answered for one control, and return their codes."""
    found = {NOWHERE: "no-service"}
    expires = utc_now().date() + timedelta(days=300)
    for code, user in ((OWN, FOREIGN), (FOREIGN, OWN)):
        found[code] = f"mail-of-{code}"
        shared_services.found_service(world.register, code, found[code], "Mail for others")
        said = shared_services.Said("GOV-02", 2, expires, "Train your own people.", "E1")
        shared_services.answer_for_service(world.register, found[code], said)
        shared_services.use_service(world.register, user, found[code])
    return found


def _receipts(world: World) -> dict[str, str]:
    """Take in an empty workbook of each institution, and return the receipts' codes."""
    found = {NOWHERE: "i-2222-2222-2222"}
    for code in (OWN, FOREIGN):
        paper = papers.paper_of(
            world.register, papers.gather(world.register, code, ROUND),
            kind="workbook", language="en",
        )  # fmt: skip
        came = taking_in.Arrived("empty.xlsx", code.encode(), paper, Brought(), writer="tests")
        found[code] = taking_in.take_in(world.register, code, ROUND, came).receipt.code
    return found


def _scores(world: World) -> dict[str, str]:
    """Keep a live score of both."""
    kept = {code: score.score_live(world.register, code) for code in (OWN, FOREIGN)}
    return {code: str(one.summary.id) for code, one in kept.items()} | {NOWHERE: str(uuid4())}


def absent() -> dict[str, str]:
    """Return what stands for a row that nobody made."""
    return dict.fromkeys((OWN, FOREIGN, NOWHERE), str(uuid4()))


def _sets(world: World) -> dict[str, str]:
    """Have sets of reports asked for, in each state but one that can be fetched."""
    told = {"leaked": {"places": ["nation.en.html, line 7: an address"]},
            "failed": {"problem": ""}, "gone": {"why": "over"}}  # fmt: skip
    for state in ("waiting", "making", "leaked", "failed", "gone"):
        wanted = SetWanted("board", "a-round-without-scores", OWN)
        with world.register.change("report-set-asked") as change:
            made = report_sets.insert_asked(
                change.connection, change.by, f"board-{state}", document_of(wanted)
            )
            report_sets.move(change.connection, made.code, state, told=told.get(state, {}))
    return absent()


def _places(world: World) -> dict[str, dict[str, str]]:
    """Return what fills the paths; `NOWHERE` is what never was."""

    def same(value: str) -> dict[str, str]:
        return dict.fromkeys((OWN, FOREIGN, NOWHERE), value)

    def own_rows(*, own: str, foreign: str) -> dict[str, str]:
        return {OWN: own, FOREIGN: foreign, NOWHERE: str(uuid4())}

    return {
        "institution": {code: code for code in (OWN, FOREIGN, NOWHERE)},
        "sector": dict(SECTORS),
        "round_code": same(ROUND),
        "domain": same("GOV"),
        "control": same(CONTROL),
        "token": same("a-link-that-nobody-made"),
        "code": absent(),
        "/institutions/{institution}/rounds/{round_code}/offline/receipts/{code}": _receipts(world),
        "finding": _findings(world),
        "service": _services(world),
        "indicator": same("NAT-01"),
        "canary": absent(),
        "set_code": _sets(world),
        "score_id": _scores(world),
        **_people(world),
        "factor": absent(),
        **network_rows.lay(world.register, world.runtime.folders.reports, (OWN, FOREIGN), ROUND,
                           NOWHERE),
        **proof_rows.lay(world.register, world.runtime.settings.workspace, (OWN, FOREIGN), ROUND,
                         NOWHERE),
        "consultation": same(CONSULTATION),
        "token_id": same(str(uuid4())),
        "comment": same(world.rows["comment"]),
        "question": own_rows(own=world.rows[f"question of {OWN}"],
                             foreign=world.rows[f"question of {FOREIGN}"]),
    }  # fmt: skip
