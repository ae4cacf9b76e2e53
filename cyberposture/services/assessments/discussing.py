"""What an institution's people say to each other at a control, and to the reviewer where they wish.

A thread is for the institution alone or, marked when it is opened, for the reviewer as well. A
reviewer sees no other, and what a reviewer opens is for both. Nothing is ever changed or erased.
"""

from collections.abc import Collection
from uuid import UUID

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.services.assessments.asked import open_asked
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.register import Register
from cyberposture.store import remarks
from cyberposture.store.remarks import RemarkKind, Thread

LONGEST_REMARK = 3000


def open_thread(
    register: Register,
    institution: str,
    round_code: str,
    control: str,
    text: str,
    *,
    is_for_reviewer: bool,
) -> UUID:
    """Say something about a control and return the key of the thread that it begins.

    Raises:
        InvalidInput: nothing is said, or too much.
        NotFound: institution, round or assessment is not there, or the control is not asked.
    """
    _require_text(text)
    with register.change("remark-made", f"{institution}/{control}") as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        if asked.find(control) is None:
            raise NotFound("control", control)
        thread_id = remarks.open_thread(
            change.connection,
            asked.institution_id,
            asked.assessment.id,
            change.by,
            control=control,
            text=text,
            is_for_reviewer=is_for_reviewer,
        )
        change.tell(round=round_code, thread=str(thread_id), is_for_reviewer=is_for_reviewer)
    return thread_id


def add_to_thread(
    register: Register,
    institution: str,
    round_code: str,
    thread_id: UUID,
    kind: RemarkKind,
    *,
    text: str = "",
    as_reviewer: bool = False,
) -> None:
    """Reply, settle the matter, or take it up again.

    `as_reviewer` is for somebody who is not of the institution: what is not marked for them is not
    there for them.

    Raises:
        InvalidInput: a reply says nothing, or anything says too much.
        NotFound: institution, round, assessment or thread is not there.
        WrongState: it is settled already, or was never settled.
    """
    if kind == "opened":
        raise InvalidInput(Fault("kind", "a thread is opened once"))
    if kind == "reply" or text:
        _require_text(text)
    with register.change("remark-made", institution) as change:
        change.institution_id, assessment = find_parts(change.connection, institution, round_code)
        thread = remarks.get_thread(change.connection, thread_id)
        is_hidden = as_reviewer and not thread.is_for_reviewer
        if thread.assessment_id != assessment.id or is_hidden:
            raise NotFound("thread", str(thread_id))
        if kind == "resolved" and thread.is_resolved:
            raise WrongState("this is settled already")
        if kind == "reopened" and not thread.is_resolved:
            raise WrongState("this is not settled yet")
        change.subject = f"{institution}/{thread.control}"
        number = remarks.add_remark(change.connection, thread_id, kind, text, change.by)
        change.tell(round=round_code, thread=str(thread_id), number=number, remark=kind)


def list_threads(
    register: Register,
    institution: str,
    round_code: str,
    *,
    controls: Collection[str] | None = None,
    as_reviewer: bool = False,
) -> list[Thread]:
    """Return the threads of an assessment, the oldest first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return remarks.list_threads(
            connection, assessment.id, controls=controls, for_reviewer_only=as_reviewer
        )


def _require_text(text: str) -> None:
    if not text.strip():
        raise InvalidInput(Fault("text", "say something"))
    if len(text) > LONGEST_REMARK:
        raise InvalidInput(Fault("text", f"at most {LONGEST_REMARK} characters"))
