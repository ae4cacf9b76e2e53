"""Factories for a fictional consultation: comments of every kind on a draft, with their answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cyberposture.model.consultations import GroupKind, Outcome
from cyberposture.reporting.consultation_inputs import (
    AdoptedEdition,
    ConsultationInputs,
    Disposed,
    GivenComment,
    HeldEvent,
    InvitedGroup,
)
from cyberposture.reporting.samples.contents import content, digest
from cyberposture.reporting.samples.institution import a_head
from cyberposture.reporting.samples.scores import AS_OF

OPENED = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
CLOSES = datetime(2026, 10, 5, 19, 0, tzinfo=UTC)
SUBJECTS = (
    "IAM-10", "IAM-10", "RES-04", "", "3.5(1)", "IAM-10", "NET-02", "SUP-03", "RES-04", "3.4(7)",
)  # fmt: skip
AUTHORS = (
    ("Sana Example", "College of the Hills (fictional)", "Colleges"),
    ("Imran Sample", "Invented Bank", "Banks"),
    ("A citizen", "", None),
    ("Office of the Valley (fictional)", "", "Federal bodies"),
    ("Guild of Software Houses (fictional)", "", "Software houses"),
)
TEXTS = (
    "The statement should say from which moment the days are counted; ours were counted from the "
    "notice, and a supplier read it otherwise.",
    "A small office cannot keep two people for this. Please let a neighbouring office do it for us."
    "\n\nWe propose:\n1. one person named in writing,\n2. a deputy at the ministry.",
    "This asks twice for what another control asks already.",
    "We support it as it stands.",
)
REASONS: dict[Outcome, str] = {
    "accepted": "The statement now names the moment: the day on which the flaw became known.",
    "partly": "Guidance for small institutions names shared posts; the duty itself stays.",
    "rejected": "The two look alike, but one asks for the plan and the other for its test.",
}
GROUPS: tuple[tuple[str, GroupKind], ...] = (
    ("Colleges", "academia"),
    ("Banks", "sector"),
    ("Federal bodies", "public-body"),
    ("Software houses", "private"),
    ("Friends of open networks", "civil-society"),
)


def a_comment(number: int, **change: Any) -> GivenComment:
    """Return one comment with its answer; every seventh is private, every eleventh hidden.

    Whatever is not named depends on the number alone.
    """
    luck = int(digest("comment", number)[:4], 16)
    subject = SUBJECTS[number % len(SUBJECTS)]
    author, affiliation, group = AUTHORS[luck % len(AUTHORS)]
    received = OPENED + timedelta(hours=7 * (number % 100), minutes=number)
    outcome: Outcome = ("accepted", "partly", "rejected")[luck % 3]
    disposed = Disposed(
        outcome=outcome,
        reason=REASONS[outcome],
        changed=() if outcome == "rejected" or "-" not in subject else (subject,),
        at=received + timedelta(days=14 + number % 9),
        first_at=received + timedelta(days=9 + number % 9),
    )
    plain = GivenComment(
        code=f"C-2026-{number:04}",
        about="control" if "-" in subject else "clause" if subject else "draft",
        subject=subject,
        author=author,
        affiliation=affiliation,
        group=group,
        text=TEXTS[luck % len(TEXTS)],
        received_at=received,
        event="E-2026-0001" if number % 6 == 4 else None,
        on_behalf=number % 6 == 4,
        late_reason="came by post after the last day" if number % 13 == 12 else "",
        revision=2 if number % 9 == 8 else 1,
        is_public=number % 7 != 6,
        hidden_why="names a private person" if number % 11 == 10 else None,
        disposed=disposed,
    )
    return replace(plain, **change)


def a_consultation(size: int = 24, **change: Any) -> ConsultationInputs:
    """Return a consultation of this many comments, by default one that ended in an edition.

    While it has not ended, every fifth comment waits for its answer.
    """
    is_over = change.get("state", "adopted") == "adopted"
    comments = tuple(a_comment(number) for number in range(1, size + 1))
    if not is_over:
        comments = tuple(
            replace(one, disposed=None) if n % 5 == 2 else one for n, one in enumerate(comments)
        )
    catalogue = content().catalogue
    plain = ConsultationInputs(
        content=content(),
        code="draft-1-1",
        title="Draft of edition 1.1",
        state="adopted",
        opens=OPENED,
        closes=CLOSES,
        zone="Asia/Karachi",
        as_of=AS_OF,
        audit_head=replace(a_head(), chain="system"),
        closed_at=CLOSES + timedelta(hours=9),
        adopted=AdoptedEdition(
            "NCSP-2021", "1.1", digest("rules"), digest("texts"), CLOSES + timedelta(days=40)
        ),
        concluded_at=CLOSES + timedelta(days=41),
        groups=tuple(
            InvitedGroup(name, kind, OPENED + timedelta(days=n), "by letter" if n % 2 else "")
            for n, (name, kind) in enumerate(GROUPS)
        ),
        events=(
            HeldEvent("E-2026-0001", "Round table of the north", date(2026, 9, 15), "Hill town",
                      "College of the Hills (fictional)", 42),
            HeldEvent("E-2026-0002", "Online session for the provinces", date(2026, 9, 22),
                      "online", "the central CERT", 118),
        ),
        comments=comments,
        controls={control.id: control.title for control in catalogue.controls},
        clauses={clause.id: clause.text for clause in catalogue.clauses},
    )  # fmt: skip
    return replace(plain, **change)


def an_empty_consultation() -> ConsultationInputs:
    """Return a consultation that has just opened, to which nobody was invited by name."""
    return a_consultation(
        0, state="open", groups=(), events=(), adopted=None, closed_at=None, concluded_at=None
    )
