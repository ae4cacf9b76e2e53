"""A consultation from its opening to the edition that came of it, and what it refuses."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cyberposture.content.editions import identify
from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState, WrongUsage
from cyberposture.model.consultations import Amendment, Comment, Disposition, Event, Group
from cyberposture.services.catalogue import adoption, comments, consultations
from cyberposture.services.catalogue.adoption import Draft
from cyberposture.services.catalogue.consultations import ConsultationView
from cyberposture.services.catalogue.drafts import read_consulted
from cyberposture.services.proof import audit
from cyberposture.store.comments import CommentRecord

COLLEGES = Group(name="Colleges (fictional)", kind="academia", note="by letter")


DRAFTS: dict[bool, Draft] = {}


def a_draft(office, *, is_whole: bool = False) -> Draft:
    """Return the content in use as version 1.1, of a few controls alone unless it is whole."""
    if is_whole not in DRAFTS:
        content = office.register.content
        frame = content.catalogue.framework.model_copy(update={"version": "1.1"})
        first, *rest = content.catalogue.controls
        mended = first.model_copy(update={"title": f"{first.title} "})
        kept = [one for one in rest if is_whole or one.id in ("IAM-09", "IAM-10")]
        changes = {"framework": frame, "controls": (mended, *kept)}
        catalogue = content.catalogue.model_copy(update=changes)
        DRAFTS[is_whole] = Draft(
            replace(content, catalogue=catalogue), identify(catalogue, content.checks)
        )
    return DRAFTS[is_whole]


def opened(office, code: str = "draft-1", days: float = 30, **options: Any) -> ConsultationView:
    draft = options.pop("draft", None) or a_draft(office)
    plain = {"zone": "Asia/Karachi", "groups": [COLLEGES]} | options
    closes = office.clock() + timedelta(days=days, minutes=1)
    return consultations.open_consultation(
        office.acting(), code, "The next edition", draft, closes, **plain
    )


def say(office, text: str = "It should say when.", **said: Any) -> CommentRecord:
    late, by = said.pop("late", ""), said.pop("by", office.register)
    where = said.pop("consultation", "draft-1")
    plain = {"control": "IAM-10", "author": "Reader"} | said | {"text": text}
    return comments.enter(by, where, Comment.model_validate(plain), late=late)


def dispose(office, code: str, outcome: str = "accepted", **said: Any) -> CommentRecord:
    given = {"outcome": outcome, "reason": "It is right."} | said
    return comments.dispose(office.acting(), code, Disposition.model_validate(given))


def sheet(office, *rows: dict[str, str], name: str = "comments.csv") -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    writer.writerows(rows)
    return office.write(name, stream.getvalue())


# Opening.


def test_a_draft_is_open_to_everybody_from_the_moment_it_is_opened(office):
    view = opened(office)
    assert view.state == "open"
    assert [one.group for one in view.groups] == [COLLEGES]
    assert (view.record.consultation.edition, view.record.consultation.version) == (
        "NCSP-2021", "1.1",
    )  # fmt: skip
    # Nobody of the register, and no role at all.
    assert say(office).code == "C-2026-0001"


def test_the_bytes_of_the_draft_are_kept_and_it_is_not_in_force_by_that(office):
    draft = a_draft(office)
    record = opened(office, draft=draft).record.consultation
    assert (record.rules, record.texts) == (draft.edition.rules, draft.edition.texts)
    in_force = adoption.list_adoptions(office.register)
    assert [one.version for one in in_force] == ["1.0"]


def test_less_than_thirty_days_need_a_reason(office):
    office.acting()
    with office.refuses(InvalidInput, "less than 30 days"):
        opened(office, days=29)
    assert opened(office, days=29, reason="an emergency").record.act.reason == "an emergency"


@pytest.mark.parametrize("options", [{"days": -1, "reason": "too late"}, {"code": "Not A Code"}])
def test_what_makes_no_sense_opens_nothing(office, options):
    office.acting()
    with office.refuses(InvalidInput):
        opened(office, **options)


def test_a_code_is_taken_once_and_a_group_named_once(office):
    opened(office)
    with office.refuses(WrongState, "draft-1"):
        opened(office)
    with office.refuses(WrongState, "Colleges"):
        opened(office, "draft-2", groups=[COLLEGES, COLLEGES])


def test_a_draft_is_read_from_a_folder_of_controls_alone_or_of_all_content(office, tmp_path):
    root = office.reports.parent
    whole = read_consulted(office.register, root)
    alone = read_consulted(office.register, root / "controls")
    assert whole.edition == alone.edition == read_consulted(office.register, None).edition
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput):
        read_consulted(office.register, tmp_path / "empty")


# Commenting.


def test_a_comment_is_on_a_control_a_clause_or_the_draft_as_a_whole(office):
    opened(office)
    about = [
        say(office, control=None, clause="3.5(1)"),
        say(office, control=None),
        say(office, group=COLLEGES.name),
    ]
    assert [one.about for one in about] == ["3.5(1)", "", "IAM-10"]
    assert about[2].said.group == COLLEGES.name


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"control": "IAM-99"}, "control: IAM-99: the draft has no such control"),
        ({"control": None, "clause": "9.9"}, "clause: 9.9: the draft has no such clause"),
        ({"group": "Strangers"}, "group: Strangers: no such group is invited"),
    ],
)
def test_what_the_draft_does_not_have_is_refused_where_it_stands(office, said, fault):
    opened(office)
    with office.refuses(InvalidInput) as refusal:
        say(office, **said)
    assert str(refusal.value) == f"arguments: {fault}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""}, {"text": " \n "}, {"text": "x" * 10_001}, {"author": ""},
        {"author": "x" * 161}, {"affiliation": "x" * 201}, {"email": "no address"},
        {"email": "a@b c"}, {"control": "iam-10"}, {"clause": "3.5(1)"},
        {"event": "E-2026-0001"}, {"email": "<b>@example.test"},
    ],
)  # fmt: skip
def test_words_out_of_bounds_make_no_comment(wrong):
    plain = {"control": "IAM-10", "author": "Reader", "text": "It should say when."}
    with pytest.raises(ValueError, match="validation error"):
        Comment.model_validate(plain | wrong)


def test_the_same_comment_twice_is_refused_by_its_number(office):
    opened(office)
    say(office)
    with office.refuses(InvalidInput, "C-2026-0001 already"):
        say(office)
    say(office, control="IAM-09")
    say(office, author="Another reader")


def test_after_the_last_day_only_the_cert_enters_a_comment_and_for_a_reason(office):
    opened(office)
    cert, other = office.acting(), office.acting("other", "reviewer")
    office.clock.forward(days=31)
    with office.refuses(WrongState, "takes no more comments") as refusal:
        say(office)
    assert "--late" in str(refusal.value.advice())
    with office.refuses(NotAuthorised, "wrong-role"):
        say(office, by=other, late="came by post")
    assert say(office, by=cert, late="came by post").late_reason == "came by post"


def test_a_reason_for_being_late_is_not_kept_of_one_who_was_not(office):
    opened(office)
    assert say(office, late="just in case").late_reason == ""


def test_only_the_cert_speaks_on_behalf_of_others_and_for_an_event(office):
    opened(office)
    event = Event(title="Round table", held_on=date(2026, 11, 18), place="Hill town",
                  host="A college", attendance=40)  # fmt: skip
    held = consultations.record_event(office.acting(), "draft-1", event)
    with office.refuses(NotFound):
        say(office, on_behalf=True)
    made = say(office, by=office.acting(), on_behalf=True, event=held.code)
    assert (made.event, made.on_behalf) == ("E-2026-0001", True)
    with office.refuses(InvalidInput, "E-2026-0009: no such event"):
        say(office, by=office.acting(), on_behalf=True, event="E-2026-0009")


def test_an_event_to_come_is_not_recorded(office):
    opened(office)
    event = Event(title="Round table", held_on=date(2026, 12, 18), place="Hill town",
                  host="A college", attendance=40)  # fmt: skip
    with office.refuses(InvalidInput, "still to come"):
        consultations.record_event(office.acting(), "draft-1", event)


def test_a_group_may_be_invited_later_and_once(office):
    opened(office)
    guild = Group(name="A guild", kind="private")
    consultations.invite_group(office.acting(), "draft-1", guild)
    with office.refuses(WrongState, "A guild"):
        consultations.invite_group(office.acting(), "draft-1", guild)
    assert say(office, group="A guild").said.group == "A guild"


# Whole files.


def test_a_file_of_comments_is_entered_in_its_order(office):
    opened(office)
    rows = [
        {"control": "IAM-10", "clause": "", "author": "A", "text": "One.", "publish": "no",
         "email": "a@example.test"},
        {"control": "", "clause": "3.5(1)", "author": "B", "text": "Two,\nin two lines."},
        {"control": "", "clause": "", "author": "C", "text": "=1+1", "group": COLLEGES.name},
    ]  # fmt: skip
    codes = comments.import_comments(office.acting(), "draft-1", sheet(office, *rows))
    found = comments.list_comments(office.register, "draft-1")
    assert [one.code for one in found] == codes == [f"C-2026-000{n}" for n in (1, 2, 3)]
    assert [one.said.is_public for one in found] == [False, True, True]
    assert [one.said.text for one in found] == ["One.", "Two,\nin two lines.", "=1+1"]
    (entry,) = audit.read_entries(office.register, kind="comments-imported")
    assert (entry.data["first"], entry.data["last"], entry.data["comments"]) == (
        codes[0], codes[2], 3,
    )  # fmt: skip


def test_a_file_with_faults_enters_nothing_and_every_fault_is_located(office):
    opened(office)
    say(office, "Known.", author="D")
    rows = [
        {"control": "IAM-10", "author": "A", "text": "Good.", "publish": "yes"},
        {"control": "IAM-99", "author": "B", "text": "Good.", "publish": "yes"},
        {"control": "IAM-10", "author": "A", "text": "Good.", "publish": "yes"},
        {"control": "IAM-10", "author": "D", "text": "Known.", "publish": "yes"},
    ]
    rows += [
        {"control": "IAM-98", "author": "", "text": "Good.", "publish": "perhaps"},
        {"control": "iam 10", "author": "E", "text": "Good.", "publish": "no"},
    ]
    path = sheet(office, *rows)
    with office.refuses(InvalidInput) as refusal:
        comments.import_comments(office.acting(), "draft-1", path)
    told = [str(fault) for fault in refusal.value.faults]
    assert told[:-1] == [
        "comments.csv:3: column control: IAM-99: the draft has no such control",
        "comments.csv:4: this comment stands in comments.csv:2 already",
        "comments.csv:5: this comment is C-2026-0001 already",
        "comments.csv:6: column publish: 'perhaps'; write yes or no",
        "comments.csv:6: column author: Field required",
        "comments.csv:6: column control: IAM-98: the draft has no such control",
    ]
    assert told[-1].startswith("comments.csv:7: column control: ")
    assert "no such control" not in told[-1]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"publish": "perhaps"}, "comments.csv:2: column publish: 'perhaps'; write yes or no"),
        ({"author": ""}, "comments.csv:2: column author: Field required"),
        ({"email": "nobody"}, "comments.csv:2: column email: "),
        ({"event": "E-1"}, "comments.csv:2: column event: "),
        ({"colour": "red"}, "comments.csv:1: column 4: unknown heading 'colour'"),
    ],
)
def test_a_row_that_is_no_comment_is_refused_at_its_line_and_column(office, row, fault):
    opened(office)
    plain = {"control": "IAM-10", "author": "A", "text": "Good."}
    path = sheet(office, plain | row)
    with office.refuses(InvalidInput) as refusal:
        comments.import_comments(office.acting(), "draft-1", path)
    assert any(str(one).startswith(fault) for one in refusal.value.faults), refusal.value.faults


def test_a_file_without_rows_is_refused(office):
    opened(office)
    path = office.write("comments.csv", "author,text\n")
    with office.refuses(InvalidInput, "no comment stands under the heading"):
        comments.import_comments(office.acting(), "draft-1", path)


def test_the_same_file_twice_enters_nothing_the_second_time(office):
    opened(office)
    path = sheet(office, {"author": "A", "text": "One."}, {"author": "B", "text": "Two."})
    comments.import_comments(office.acting(), "draft-1", path)
    with office.refuses(InvalidInput, "C-2026-0001 already"):
        comments.import_comments(office.acting(), "draft-1", path)


# What becomes of a comment.


def test_an_author_may_mend_a_comment_and_withdraw_it_from_publication(office):
    opened(office)
    code = say(office).code
    cert = office.acting()
    comments.amend(cert, code, Amendment(text="It must say when."), reason="asked by letter")
    found = comments.amend(cert, code, Amendment(is_public=False))
    assert (found.said.text, found.said.is_public) == ("It must say when.", False)
    told = comments.get_comment(office.register, code).revisions
    assert [one.text for one in told] == [
        "It should say when.", "It must say when.", "It must say when.",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="say what changes"):
        Amendment()


def test_moderation_hides_and_restores_for_a_reason(office):
    opened(office)
    code, cert = say(office).code, office.acting()
    with office.refuses(WrongUsage, "--reason"):
        comments.moderate(cert, code, "hide", reason=" ")
    with office.refuses(WrongState, "shown already"):
        comments.moderate(cert, code, "restore", reason="a mistake")
    assert comments.moderate(cert, code, "hide", reason="names a private person").is_hidden
    with office.refuses(WrongState, "hidden already"):
        comments.moderate(cert, code, "hide", reason="again")
    assert comments.moderate(cert, code, "restore", reason="the name was removed").is_shown
    told = comments.get_comment(office.register, code).moderations
    assert [(m.action, m.act.reason) for m in told] == [
        ("hide", "names a private person"), ("restore", "the name was removed"),
    ]  # fmt: skip


def test_the_last_disposition_stands_and_the_first_is_kept(office):
    opened(office)
    code = say(office).code
    dispose(office, code, "rejected", reason="It stands elsewhere.")
    office.clock.forward(days=2)
    found = dispose(office, code, "partly", reason="On reflection.", changed=["IAM-10"])
    assert found.disposition is not None
    assert found.disposition.disposition.outcome == "partly"
    told = comments.get_comment(office.register, code).dispositions
    assert [one.disposition.outcome for one in told] == ["rejected", "partly"]
    assert found.first_disposed_at == told[0].act.at


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "noted"}, {"reason": ""}, {"outcome": "rejected", "changed": ["IAM-10"]},
        {"changed": ["iam-10"]}, {"changed": ["IAM-10", "IAM-10"]},
    ],
)  # fmt: skip
def test_a_disposition_that_contradicts_itself_is_none(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Disposition.model_validate({"outcome": "accepted", "reason": "It is right."} | wrong)


@pytest.mark.parametrize("role", ["reviewer", "sector-regulator", "national-observer"])
def test_only_the_cert_opens_answers_moderates_and_closes(office, role):
    opened(office)
    code = say(office).code
    by = office.acting("somebody", role)
    yes = Disposition(outcome="accepted", reason="Yes.")
    path = sheet(office, {"author": "A", "text": "One."})
    draft, later = a_draft(office), office.clock() + timedelta(days=40)
    for call in (
        lambda: consultations.open_consultation(by, "mine", "Mine", draft, later, zone="UTC"),
        lambda: consultations.invite_group(by, "draft-1", Group(name="Me", kind="donor")),
        lambda: comments.dispose(by, code, yes),
        lambda: comments.moderate(by, code, "hide", reason="I like it not"),
        lambda: comments.amend(by, code, Amendment(text="Nothing.")),
        lambda: comments.import_comments(by, "draft-1", path),
        lambda: comments.read_contact(by, code, reason="curious"),
        lambda: consultations.close_consultation(by, "draft-1", reason="enough"),
    ):
        with office.refuses(NotAuthorised, "wrong-role"):
            call()


# The end.


def test_before_its_last_day_a_consultation_is_closed_for_a_reason_only(office):
    opened(office)
    cert = office.acting()
    with office.refuses(WrongState, "is open until"):
        consultations.close_consultation(cert, "draft-1")
    view = consultations.close_consultation(cert, "draft-1", reason="the draft was withdrawn")
    assert view.state == "closed"
    with office.refuses(WrongState, "takes no more comments"):
        say(office)
    with office.refuses(WrongState, "closed already"):
        consultations.close_consultation(cert, "draft-1", reason="again")


def adopted(office) -> None:
    """Adopt the edition that came of the draft."""
    adoption.adopt(office.acting(), a_draft(office, is_whole=True), reason="decided")


def test_the_adopted_edition_is_linked_once_every_comment_has_its_disposition(office):
    opened(office)
    codes = [say(office, f"Comment {n}.").code for n in range(12)]
    comments.moderate(office.acting(), codes[0], "hide", reason="off the subject")
    office.clock.forward(days=31)
    adopted(office)
    cert = office.acting()
    for code in codes[2:]:
        dispose(office, code, changed=["IAM-10"])
    with office.refuses(WrongState) as refusal:
        consultations.close_consultation(cert, "draft-1", adopted="1.1")
    assert str(refusal.value) == ("comments without a disposition: 2 (C-2026-0001, C-2026-0002)")
    for code in codes[:2]:
        dispose(office, code, "rejected")
    view = consultations.close_consultation(cert, "draft-1", adopted="1.1")
    assert view.state == "adopted"
    assert view.adoption is not None
    assert (view.adoption.number, view.adoption.version) == (2, "1.1")
    assert view.tally.outcomes == {"accepted": 10, "rejected": 2}
    (entry,) = audit.read_entries(office.register, kind="consultation-closed")
    assert entry.data["rules"] == view.adoption.catalogue


def test_a_refusal_names_ten_comments_and_counts_the_others(office):
    opened(office)
    for number in range(13):
        say(office, f"Comment {number}.")
    office.clock.forward(days=31)
    adopted(office)
    with office.refuses(WrongState, "C-2026-0010 and 3 more"):
        consultations.close_consultation(office.acting(), "draft-1", adopted="1.1")


def test_an_edition_that_was_there_before_or_is_not_there_came_of_no_consultation(office):
    opened(office)
    office.clock.forward(days=31)
    cert = office.acting()
    with office.refuses(NotFound, "7.0"):
        consultations.close_consultation(cert, "draft-1", adopted="7.0")
    with office.refuses(WrongState, "adopted before this consultation opened"):
        consultations.close_consultation(cert, "draft-1", adopted="1.0")


def test_a_disposition_that_names_a_control_which_is_nowhere_keeps_it_open(office):
    opened(office)
    dispose(office, say(office).code, changed=["IAM-77"])
    office.clock.forward(days=31)
    adopted(office)
    with office.refuses(WrongState, r"IAM-77 \(C-2026-0001\)"):
        consultations.close_consultation(office.acting(), "draft-1", adopted="1.1")


def test_what_is_over_changes_no_more_but_what_everybody_may_see_of_it(office):
    opened(office)
    code, cert = say(office).code, office.acting()
    view = consultations.close_consultation(cert, "draft-1", abandoned=True, reason="a new law")
    assert view.state == "abandoned"
    guild = Group(name="A guild", kind="private")
    for call in (
        lambda: say(office, "More."),
        lambda: say(office, "More.", by=cert, late="came by post"),
        lambda: dispose(office, code),
        lambda: comments.amend(cert, code, Amendment(text="Else.")),
        lambda: consultations.invite_group(cert, "draft-1", guild),
        lambda: consultations.close_consultation(cert, "draft-1", adopted="1.0"),
    ):
        with office.refuses(WrongState, "is abandoned"):
            call()
    comments.moderate(cert, code, "hide", reason="a court asked for it")
    comments.amend(cert, code, Amendment(is_public=False))


def test_to_abandon_needs_a_reason_and_excludes_an_edition(office):
    opened(office)
    office.clock.forward(days=31)
    cert = office.acting()
    with office.refuses(WrongState, "for a reason only"):
        consultations.close_consultation(cert, "draft-1", abandoned=True)
    with office.refuses(WrongUsage):
        consultations.close_consultation(cert, "draft-1", abandoned=True, adopted="1.0")


def test_counts_add_up_whatever_was_hidden_withheld_or_late(office):
    opened(office)
    cert = office.acting()
    codes = [say(office, f"C {n}.", is_public=n % 3 > 0).code for n in range(9)]
    for code in codes[::2]:
        comments.moderate(cert, code, "hide", reason="a test")
    for code in codes[:4]:
        dispose(office, code, "partly")
    office.clock.forward(days=31)
    say(office, "Late.", by=cert, late="came by post")
    tally = consultations.get_consultation(office.register, "draft-1").tally
    assert (tally.comments, tally.late, tally.waiting) == (10, 1, 6)
    assert tally.shown + tally.private + tally.hidden == tally.comments
    assert (tally.private, tally.hidden) == (3, 3)


# What is private.


def test_the_audit_log_holds_no_text_name_or_address_of_an_author(office):
    opened(office)
    code = say(
        office, "A secret that nobody should read.", author="Zarmina Qaisrani",
        affiliation="A house by the river", email="zarmina@example.test", is_public=False,
    ).code  # fmt: skip
    cert = office.acting()
    path = sheet(office, {"author": "Bahram Lodhi", "text": "Another secret.",
                          "email": "bahram@example.test"})  # fmt: skip
    comments.import_comments(cert, "draft-1", path)
    comments.amend(cert, code, Amendment(text="A new secret."))
    assert comments.read_contact(cert, code, reason="an answer") == "zarmina@example.test"
    told = " ".join(repr(entry) for entry in audit.read_entries(office.register))
    for private in ("secret", "Zarmina", "river", "example.test", "Bahram"):
        assert private not in told, private
    assert "contact-read" in told
    assert "example.test" not in repr(comments.list_comments(office.register, "draft-1"))
    assert "example.test" not in repr(comments.get_comment(office.register, code))
