"""A plan, a score and a plan of action that never change, of an invented port."""

from datetime import timedelta
from typing import Any

from assessed_samples import NOW, SHA, assessed
from score_documents import a_control, a_document, a_row, an_answer

from cyberposture.exchange.oscal.assessed import AssessedScore, Piece, Reviewed, Said, Seen
from cyberposture.exchange.oscal.frame import Frame
from cyberposture.exchange.oscal.plan_out import Engagement, PlanFacts, Planned, plan_document
from cyberposture.exchange.oscal.poam_out import ActionFacts, Measure, Weakness, poam_document
from cyberposture.exchange.oscal.results_out import results_document
from cyberposture.model.scores import ScoreDocument

CHECK = "remote-access.ssh"
ODD = " a\n=1+1 *bold* <b>"
"""A text as people may leave it."""
FRAME = Frame("calm-harbour-port", ODD, "harbour", "1", SHA, "cyberposture 1")
LETTER = Engagement(
    reference="A/1", valid_from=NOW, valid_until=NOW + timedelta(days=9), withdrawn_at=NOW,
    is_granted=True, load=3, load_words="light probing.", scope=("203.0.113.0/24, all ports",),
    exclusions=(), techniques=("tcp-ports",), letter_sha256=SHA, terms_sha256=SHA,
)  # fmt: skip
SCHEDULES = (
    Planned("nightly", "cron", "0 2 * * *", "Asia/Karachi", NOW, is_for_all=False),
    Planned("weekly", "interval", "604800", "UTC", None, is_for_all=True),
    Planned("once", "date", "2026-12-01T00:00:00+05:00", "UTC", NOW, is_for_all=False),
)
PLAN = PlanFacts(
    frame=FRAME, round="autumn", title=ODD, opens=NOW, due=NOW + timedelta(days=30), now=NOW,
    asked=("GOV-01", "IAM-09"), observed=("IAM-09", "NET-01"), letters=(LETTER,),
    schedules=SCHEDULES,
)  # fmt: skip
WEAK = Weakness(
    code="f-1", check="tls.modern", title=ODD, why=ODD, remedy="", severity="high", state="open",
    says=ODD, address="2001:db8::7", protocol="tcp", port=443, first_seen=NOW, last_seen=NOW,
    deadline=NOW + timedelta(days=7), is_proposed=False, marks=(),
)  # fmt: skip
MEASURE = Measure(
    code="i-1", what=ODD, controls=("GOV-01",), findings=("f-1", "f-gone"), keeper="The office",
    due=NOW + timedelta(days=90), budget=ODD, progress="under-way", note="half of it",
)  # fmt: skip
ACTIONS = ActionFacts(FRAME, "autumn", NOW, (WEAK,), (MEASURE,))


def a_score() -> AssessedScore:
    """Five controls that stand differently, one answered, reviewed and seen."""
    ids = ("IAM-09", "IAM-10", "IAM-11", "IAM-12", "IAM-13")
    document = a_document(
        controls=[a_control(one, evidence="Q+N" if one == "IAM-09" else "Q") for one in ids],
        answers=[
            an_answer("IAM-09", 3),
            an_answer("IAM-10", 2, review={"level": 3, "grade": "E3"}),
            an_answer("IAM-11", 1),
            an_answer("IAM-12", None, not_applicable="condition"),
            an_answer("IAM-13", 0),
        ],
        verdicts=[a_row("IAM-09", CHECK, **{"pass": 0, "fail": 1})],
    )
    piece = Piece(title="Policy", sha256=SHA, size_bytes=7, dated=NOW.date())
    said = {"not_applicable": None, "reason": "=1+1 *bold*\n<b>", "at": NOW}
    return assessed(
        ScoreDocument.model_validate(document),
        answers=(
            Said(control="IAM-09", level=3, evidence=(), **said),
            Said(control="IAM-10", level=2, evidence=(piece,), **said),
        ),
        reviews=(
            Reviewed(control="IAM-10", level=3, grade="E3", approves_not_applicable=False,
                     reason="shown", at=NOW),
        ),
        seen=(
            Seen(check=CHECK, version=2, address="203.0.113.7", protocol="tcp", port=22, subkey="",
                 vantage="external", verdict="fail", says="It answers.", at=NOW,
                 expires=NOW + timedelta(days=90), scan="s-1", artefact_sha256=SHA,
                 authorisation="A/1"),
        ),
    )  # fmt: skip


def documents_of_each_kind() -> dict[str, Any]:
    """Return one document of each kind, by the key at its top."""
    made = (plan_document(PLAN), results_document(a_score(), {}), poam_document(ACTIONS))
    return {kind: document for document in made for kind in document}
