"""The report tells what the register holds, and of what is private nothing."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.errors import MissingService, NotFound, WrongUsage
from cyberposture.model.consultations import Comment, Disposition, Event, Group
from cyberposture.services.catalogue import adoption, comments, consultations
from cyberposture.services.catalogue.adoption import Draft
from cyberposture.services.proof import audit
from cyberposture.services.reports import report
from cyberposture.services.reports.consultation import write_consultation
from cyberposture.services.reports.subjects import About


def held(office) -> None:
    """Hold a consultation with a comment of every kind, and let an edition come of it."""
    content = office.register.content
    frame = content.catalogue.framework.model_copy(update={"version": "1.1"})
    catalogue = content.catalogue.model_copy(update={"framework": frame})
    draft = Draft(replace(content, catalogue=catalogue), identify(catalogue, content.checks))
    cert = office.acting()
    consultations.open_consultation(
        cert, "draft-1", "The next edition", draft, office.clock() + timedelta(days=14),
        zone="Asia/Karachi", groups=[Group(name="Colleges (fictional)", kind="academia")],
        reason="a law asks for it by May",
    )  # fmt: skip
    table = Event(title="Round table", held_on=date(2026, 11, 18), place="Hill town",
                  host="A college (fictional)", attendance=40)  # fmt: skip
    consultations.record_event(cert, "draft-1", table)
    said = [
        {
            "control": "IAM-10",
            "text": "It should say when.",
            "group": "Colleges (fictional)",
            "email": "one@example.test",
        },
        {"clause": "3.5(1)", "text": "Said aloud.", "on_behalf": True, "event": "E-2026-0001"},
        {"control": "IAM-10", "text": "For your eyes.", "is_public": False},
        {"text": "A slur against somebody."},
        {"control": "IAM-09", "text": "Write to me: one@example.test."},
    ]
    for number, one in enumerate(said):
        comments.enter(
            cert, "draft-1", Comment.model_validate({"author": f"Author {number}"} | one)
        )
    comments.moderate(cert, "C-2026-0004", "hide", reason="insults a person")
    office.clock.forward(days=15)
    for number in range(1, 6):
        outcome = "rejected" if number == 4 else "partly" if number == 5 else "accepted"
        changed = ("IAM-10",) if number == 1 else ()
        given = Disposition(outcome=outcome, reason=f"Reason {number}.", changed=changed)
        comments.dispose(cert, f"C-2026-000{number}", given)
    adoption.adopt(cert, draft, reason="decided")
    consultations.close_consultation(cert, "draft-1", adopted="1.1")


def written(office, form, name: str = "report") -> str:
    out = office.folder / f"{name}.{form}"
    path = write_consultation(office.register, find_content(None), "draft-1", out, form)
    return path.read_text(encoding="utf-8")


def test_the_page_tells_how_it_was_held_and_what_came_of_every_comment(office):
    held(office)
    page = written(office, "html")
    for told in (
        "The next edition", "NCSP-2021 1.1", "a law asks for it by May", "Colleges (fictional)",
        "Round table", "Hill town", "It should say when.", "Said aloud.", "Reason 1.",
        "insults a person", "C-2026-0004", "No login over cleartext protocols", "for 14 days",
    ):  # fmt: skip
        assert told in re.sub("<[^>]*>", "", page), told
    assert 'href="#E-2026-0001"' in page


def test_no_form_tells_what_is_private_or_hidden_or_how_to_reach_anybody(office):
    held(office)
    for form in ("html", "json", "csv"):
        text = written(office, form)
        for private in ("For your eyes", "A slur", "Author 2", "Author 3", "example.test"):
            assert private not in text, (form, private)


def test_the_files_for_machines_hold_the_same_counts(office):
    held(office)
    document = json.loads(written(office, "json"))
    counts = document["counts"]
    assert counts["all"] == {"accepted": 3, "partly": 1, "rejected": 1, "waiting": 0}
    assert counts["private"]["accepted"] == counts["hidden"]["rejected"] == 1
    assert counts["median_days"] == 15
    assert document["hidden"] == [{"code": "C-2026-0004", "reason": "insults a person"}]
    assert document["consultation"]["adopted"]["version"] == "1.1"
    found = list(csv.DictReader(io.StringIO(written(office, "csv"))))
    assert [row["code"] for row in found] == [one["code"] for one in document["comments"]] == [
        "C-2026-0001", "C-2026-0002", "C-2026-0005",
    ]  # fmt: skip
    assert found[0]["changed"] == "IAM-10"
    assert found[2]["text"] == "Write to me: [mail address]."


def test_a_report_that_was_written_is_on_record(office):
    held(office)
    written(office, "csv")
    (entry,) = audit.read_entries(office.register, kind="report-written")
    assert entry.data == {
        "consultation": "draft-1", "audience": "public", "language": "en", "format": "csv",
        "file": "report.csv",
    }  # fmt: skip


def test_a_report_on_nothing_or_to_nowhere_is_refused(office):
    folders = find_content(None)
    with office.refuses(NotFound, "draft-1"):
        write_consultation(office.register, folders, "draft-1", office.folder / "r.html", "html")
    held(office)
    with pytest.raises(WrongUsage, match="not made in 'fr'"):
        write_consultation(
            office.register, folders, "draft-1", office.folder / "r.html", "html", language="fr"
        )
    with office.refuses(MissingService):
        write_consultation(
            office.register, folders, "draft-1", Path("/dev/null/report.html"), "html"
        )


def test_what_a_draft_is_about_is_told_in_urdu(office):
    held(office)
    path = office.folder / "r.html"
    write_consultation(office.register, find_content(None), "draft-1", path, "html", language="ur")
    html = path.read_text()
    assert '<html lang="ur" dir="rtl">' in html
    assert "قومی سائبر سکیورٹی پالیسی 2021" in html


def test_the_general_command_for_reports_names_the_one_for_consultations(office):
    with pytest.raises(WrongUsage) as refusal:
        report.write_report(
            office.register, find_content(None), "consultation", "public", About(),
            out=office.folder / "r.html",
        )  # fmt: skip
    assert "consultation report CODE" in str(refusal.value.advice())
