"""What everybody may read of a consultation: the counts add up, and nothing private is in it."""

import csv
import io
import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from press import RENDERER, definitions, html_of

from cyberposture.reporting.consultation_files import COLUMNS, csv_text, json_text
from cyberposture.reporting.consultation_inputs import (
    ConsultationInputs,
    Disposed,
    GivenComment,
)
from cyberposture.reporting.publication import WITHHELD, Count, publish, without_addresses
from cyberposture.reporting.samples.consultation import (
    OPENED,
    a_comment,
    a_consultation,
    an_empty_consultation,
)
from cyberposture.reporting.view.comments import paragraphs
from cyberposture.reporting.view.consultation import ConsultationView, consultation_view

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
GROUPS = ("Colleges", "Banks", "Friends of open networks", None)


def view_of(inputs: ConsultationInputs) -> ConsultationView:
    report = definitions()["consultation"]
    return consultation_view(report, "public", RENDERER.words(report), inputs)


@cache
def usual() -> ConsultationInputs:
    return a_consultation()


@some.composite
def comments(draw) -> tuple[GivenComment, ...]:
    """Draw comments of every kind: private, hidden, answered or not, of any group."""
    made = []
    for number in range(draw(some.integers(0, 12))):
        days = draw(some.integers(0, 40))
        outcome = draw(some.sampled_from(["accepted", "partly", "rejected", None]))
        at = OPENED + timedelta(days=days, hours=draw(some.integers(0, 30)))
        disposed = None if outcome is None else Disposed(outcome, "Because.", (), at, at)
        made.append(
            a_comment(
                number,
                group=draw(some.sampled_from(GROUPS)),
                received_at=OPENED,
                is_public=draw(some.booleans()),
                hidden_why=draw(some.sampled_from([None, "names a person"])),
                disposed=disposed,
            )
        )
    return tuple(made)


@settings(max_examples=80, deadline=None)
@given(given_=comments())
def test_every_comment_is_counted_once_and_the_rows_add_up(given_):
    said = publish(a_consultation(0, comments=given_))
    assert said.all.total == len(given_)
    apart = [number for _, number in said.groups] + [said.private, said.hidden]
    for part in ("accepted", "partly", "rejected", "waiting"):
        assert sum(getattr(number, part) for number in apart) == getattr(said.all, part)
    assert len(said.shown) == sum(number.total for _, number in said.groups)
    assert said.all.waiting == sum(one.disposed is None for one in given_)
    view = view_of(a_consultation(0, comments=given_))
    assert [sum(column) for column in zip(*(row.counts for row in view.tally), strict=True)] in (
        list(view.total.counts), [],
    )  # fmt: skip
    assert sum(row.total for row in view.tally) == view.total.total == len(given_)
    if view.chart is not None:
        assert sum(int(bar.total) for bar in view.chart.bars) == len(given_)
    assert sum(len(subject.comments) for subject in view.subjects) == len(said.shown)
    document = json.loads(json_text(a_consultation(0, comments=given_)))
    assert len(document["comments"]) == len(said.shown)
    assert document["counts"]["all"] == {
        part: getattr(said.all, part) for part in ("accepted", "partly", "rejected", "waiting")
    }


def test_a_private_comment_is_counted_and_shown_nowhere():
    secret = a_comment(1, text="A secret of ours.", author="Nobody Known", is_public=False,
                       hidden_why="off the subject", affiliation="A hidden house")  # fmt: skip
    inputs = a_consultation(0, comments=(secret,))
    said = publish(inputs)
    assert (said.private.total, said.hidden.total, said.shown, said.removed) == (1, 0, (), ())
    for text in (html_of(inputs, "public"), json_text(inputs), csv_text(inputs)):
        for private in ("secret of ours", "Nobody Known", "hidden house", "off the subject"):
            assert private not in text


def test_a_hidden_comment_is_counted_with_its_reason_alone():
    hidden = a_comment(1, text="A slur.", author="Somebody Rude", hidden_why="insults a person")
    inputs = a_consultation(0, comments=(hidden,))
    page = html_of(inputs, "public")
    for text in (page, json_text(inputs)):
        assert "insults a person" in text
        assert "C-2026-0001" in text
    for text in (page, json_text(inputs), csv_text(inputs)):
        assert "A slur" not in text
        assert "Somebody Rude" not in text


WRITTEN = "Write to me: zarmina.q+posture@mail.example.test, or to x@localhost. Thanks"


def test_no_form_of_the_report_holds_a_mail_address_wherever_one_was_written():
    inputs = usual()
    everywhere = replace(
        inputs,
        title=WRITTEN, short_why=WRITTEN, closed_why=WRITTEN,
        groups=tuple(replace(g, name=f"{g.name} {WRITTEN}", note=WRITTEN) for g in inputs.groups),
        events=tuple(replace(e, title=WRITTEN, place=WRITTEN, host=WRITTEN) for e in inputs.events),
        comments=tuple(
            replace(
                c, author=WRITTEN, affiliation=WRITTEN, text=WRITTEN, late_reason=WRITTEN,
                group=None if c.group is None else f"{c.group} {WRITTEN}",
                hidden_why=None if c.hidden_why is None else WRITTEN,
                disposed=None if c.disposed is None else replace(c.disposed, reason=WRITTEN),
            )
            for c in inputs.comments
        ),
    )  # fmt: skip
    for text in (html_of(everywhere, "public"), json_text(everywhere), csv_text(everywhere)):
        assert ADDRESS.findall(text) == []
        assert "@localhost" not in text
        assert WITHHELD in text
        assert "Write to me" in text


@example("0@A.bm-@A.rE")
@settings(max_examples=150)
@given(
    some.lists(
        some.one_of(
            some.emails(),
            some.text(max_size=20),
            some.sampled_from(["@", ".", "a@b", "'", '"', "<", "ملک@مثال.پاک", " "]),
        ),
        max_size=8,
    ).map("".join)
)
def test_whatever_is_written_leaves_no_plain_address(text):
    said = without_addresses(a_consultation(0, title=text)).title
    assert ADDRESS.findall(said.replace(WITHHELD, " ")) == []


def test_a_text_without_an_address_stays_as_it_is():
    text = "Meet us @ noon, or @home; 5 @ 10. An e-mail goes nowhere."
    assert without_addresses(a_consultation(0, title=text)).title == text


def test_a_long_hostile_text_takes_no_long_time():
    began = time.perf_counter()
    for text in ("a" * 10_000, "a." * 5_000 + "@", "@" * 10_000, "a@" * 5_000, "a@b." * 2_500):
        without_addresses(a_consultation(0, title=text))
    assert time.perf_counter() - began < 2


def test_days_until_an_answer_are_the_middle_of_those_answered():
    def answered(number: int, days: float) -> GivenComment:
        at = OPENED + timedelta(days=days)
        return a_comment(number, received_at=OPENED, is_public=True, hidden_why=None,
                         disposed=Disposed("accepted", "Yes.", (), at, at))  # fmt: skip

    inputs = a_consultation(0, comments=(answered(1, 3.9), answered(2, 20), answered(3, 5)))
    assert publish(inputs).median_days == 5
    assert publish(a_consultation(0, comments=(answered(1, 0.5),))).median_days == 0
    assert publish(an_empty_consultation()).median_days is None


def test_an_answer_that_was_changed_later_counts_from_the_first():
    at = OPENED + timedelta(days=4)
    changed = Disposed("accepted", "On reflection.", (), OPENED + timedelta(days=30), at)
    one = a_comment(1, received_at=OPENED, disposed=changed)
    assert publish(a_consultation(0, comments=(one,))).median_days == 4


# Files.


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_sheet_holds_one_row_a_comment_and_no_cell_can_calculate():
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'plain, with "quotes"\nand a line']
    inputs = a_consultation(
        0, comments=tuple(
            a_comment(n, text=text, is_public=True, hidden_why=None)
            for n, text in enumerate(hostile, start=1)
        ),
    )  # fmt: skip
    found = rows(csv_text(inputs))
    assert tuple(found[0]) == COLUMNS
    assert [row["text"] for row in found] == [
        *(f"'{text}" for text in hostile[:5]), hostile[5],
    ]  # fmt: skip
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in found for cell in row.values())


def test_files_and_page_show_the_same_comments():
    page = html_of(usual(), "public")
    document = json.loads(json_text(usual()))
    codes = [one["code"] for one in document["comments"]]
    assert [row["code"] for row in rows(csv_text(usual()))] == codes
    assert sorted(re.findall(r'<article class="said" id="(C-[0-9-]+)"', page)) == sorted(codes)
    assert document["consultation"]["adopted"]["version"] == "1.1"
    assert document["consultation"]["draft"]["version"] == "1.0"


def test_an_empty_consultation_has_empty_files():
    document = json.loads(json_text(an_empty_consultation()))
    assert document["comments"] == []
    assert rows(csv_text(an_empty_consultation())) == []


# The page.


def test_the_first_sentences_say_how_long_how_many_and_what_came_of_it():
    said = " ".join(view_of(usual()).lead)
    assert "was open to everybody's comments for 35 days, from 1 Sep 2026 to 5 Oct 2026." in said
    assert "24 comments came in. 18 were taken up, 12 of them in part." in said
    assert "NCSP-2021 1.1 was adopted on 15 Nov 2026." in said
    assert "wait" not in said


def test_while_it_is_open_the_page_says_until_when_and_how_many_wait():
    said = " ".join(view_of(a_consultation(10, state="open", closed_at=None, adopted=None)).lead)
    assert "has been open to everybody's comments since 1 Sep 2026, until 5 Oct 2026." in said
    assert "2 wait for an answer." in said


def test_closed_early_it_was_open_until_that_day_for_a_reason():
    early = OPENED + timedelta(days=3)
    view = view_of(
        a_consultation(0, state="abandoned", closed_at=early, closed_why="an error in the draft",
                       concluded_at=early, concluded_why="a new law", adopted=None)
    )  # fmt: skip
    assert "for 3 days, from 1 Sep 2026 to 4 Sep 2026." in view.lead[0]
    facts = {str(what): str(fact) for what, fact in view.facts}
    assert facts["Closed before its day because"] == "an error in the draft"
    assert facts["Abandoned because"] == "a new law"


def test_subjects_stand_in_the_order_of_draft_policy_and_catalogue():
    codes = [subject.code for subject in view_of(usual()).subjects]
    assert codes == ["", "3.4(7)", "3.5(1)", "IAM-10", "NET-02", "RES-04", "SUP-03"]


def test_a_comment_is_shown_whole_in_its_paragraphs():
    assert paragraphs("One.\nTwo.\n\n\n  \nThree.") == (("One.", "Two."), ("Three.",))
    long = "word " * 1_990
    (only,) = paragraphs(long)
    assert only == (long.strip(),)
    assert paragraphs("<b>\x00\u202e") == (("<b>\ufffd\ufffd",),)


def test_many_comments_stand_folded_and_few_stand_open():
    assert not view_of(usual()).is_long
    assert view_of(a_consultation(80)).is_long
    assert "<details" in html_of(a_consultation(80), "public")


@pytest.mark.parametrize("size", [0, 1, 2_000])
def test_it_is_made_within_seconds_whatever_its_size(size):
    inputs = a_consultation(size)
    began = time.perf_counter()
    page = html_of(inputs, "public")
    assert time.perf_counter() - began < 10
    assert len(page.encode()) < 3_000_000


def test_counts_know_their_sum():
    assert Count(1, 2, 3, 4).total == 10
