"""Indicators and a whole consultation by the command line, as a CERT and the public would do it."""

import csv
import io
import json
import shutil
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

BY = ("--by", "a-analyst")


@pytest.fixture
def desk(office):
    """An office in which the draft `draft-1` is open."""
    office.do(
        "consultation", "open", "draft-1", "--title", "The next edition", "--draft", "-",
        "--closes", "2036-12-31", "--group", "Colleges (invented):academia",
        "--group", "Banks: all of them:sector", *BY,
    )  # fmt: skip
    return office


def said(office, *words, **options):
    return office.do(
        "consultation", "comment", "draft-1", "--author", "Reader", "--text", "Say when.",
        *words, "--json", **options,
    ).document["code"]  # fmt: skip


def test_indicators_are_listed_entered_and_corrected(office):
    before = office.do("indicator", "list", "--json").document
    assert len(before) == 16
    assert {one["value"] for one in before} == {None}
    for value in ("37.5", "40"):
        office.do("indicator", "set", "NAT-05", "--value", value, "--source", "A paper (invented)",
                  "--dated", "2026-06-30", *BY)  # fmt: skip
    office.do("indicator", "set", "nat-06", "--value", "firms=12", "--value", "overdue=3",
              "--source", "A list (invented)", "--dated", "2026-06-30", *BY)  # fmt: skip
    told = {one["id"]: one for one in office.do("indicator", "list", "--json").document}
    assert (told["NAT-05"]["value"], told["NAT-05"]["revision"]) == ("40 %", 2)
    assert told["NAT-06"]["value"] == "firms 12 firms; overdue 3 audits"
    history = office.do("indicator", "list", "--history", "NAT-05", "--json").document
    assert [one["value"] for one in history] == ["37.5 %", "40 %"]
    assert "not yet entered" in office.do("indicator", "list").out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("NAT-05", "--value", "120", *BY), 3, "NAT-05 --value: bodies: '120' is not per cent"),
        (("NAT-06", "--value", "12", *BY), 3, "write FIGURE=VALUE; the figures are: firms, done"),
        (("NAT-99", "--value", "12", *BY), 5, "no indicator called 'NAT-99'"),
        (("NAT-05", "--value", "12", "--by", "o-officer"), 4, "wrong-role: "),
        (("NAT-05", "--value", "12"), 5, "say who acts: --by PERSON"),
        (("NAT-05", "--value", "12", "--dated", "soon", *BY), 2, "--dated: 'soon' is no day"),
    ],
)
def test_an_indicator_that_does_not_fit_is_refused(office, words, code, told):
    dated = () if "--dated" in words else ("--dated", "2026-06-30")
    done = office.run("indicator", "set", *words, "--source", "A paper", *dated)
    assert done.code == code, done
    assert told in done.err


def test_a_consultation_from_its_opening_to_its_report(desk):
    event = desk.do(
        "consultation", "event", "draft-1", "--title", "Round table", "--date", "2026-01-15",
        "--place", "Hill town", "--host", "A college", "--attendance", "40", *BY, "--json",
    ).document["event"]  # fmt: skip
    first = said(desk, "--control", "IAM-10", "--email", "reader@example.test")
    second = said(desk, "--clause", "3.5(1)", "--private")
    third = said(desk, "--on-behalf", "--event", event, "--group", "Banks: all of them", *BY)
    year = first[2:6]
    assert [first, second, third] == [f"C-{year}-000{n}" for n in (1, 2, 3)]
    sheet = desk.write("comments.csv", "control,author,text\nIAM-09,A,One.\n,B,=1+1\n")
    assert desk.do("consultation", "import", "draft-1", sheet, *BY, "--json").document == {
        "comments": [f"C-{year}-0004", f"C-{year}-0005"]
    }
    desk.do("consultation", "moderate", f"C-{year}-0005", "--hide", "--reason", "a test", *BY)
    desk.do("consultation", "dispose", first, "--outcome", "partly", "--reason", "Half of it.",
            "--changed", "IAM-10", *BY)  # fmt: skip
    shown = desk.do("consultation", "show", first, "--json").document
    assert shown["disposition"]["changed"] == ["IAM-10"]
    assert "example.test" not in json.dumps(shown)
    assert desk.do("consultation", "contact", first, *BY).out == "reader@example.test\n"

    view = desk.do("consultation", "list", "--json").document[0]
    assert (view["state"], view["counts"]["comments"], view["counts"]["waiting"]) == ("open", 5, 4)
    assert {group["name"]: group["kind"] for group in view["groups"]} == {
        "Colleges (invented)": "academia",
        "Banks: all of them": "sector",
    }
    refused = desk.run("consultation", "close", "draft-1", "--adopted", "1.0", "--reason", "x", *BY)
    assert refused.code == 5
    assert "adopted before this consultation opened" in refused.err

    page = desk.folder / "said.html"
    desk.do("consultation", "report", "draft-1", "--out", page)
    html = page.read_text()
    assert "Half of it." in html
    assert "example.test" not in html
    desk.do("consultation", "report", "draft-1", "--out", desk.folder / "s.csv", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO((desk.folder / "s.csv").read_text())))
    assert [row["code"] for row in rows] == [first, third, f"C-{year}-0004"]
    desk.do("consultation", "close", "draft-1", "--abandoned", "--reason", "a new law", *BY)
    assert desk.do("consultation", "list", "--json").document[0]["state"] == "abandoned"
    late = desk.run("consultation", "comment", "draft-1", "--author", "B", "--text", "Late.")
    assert late.code == 5
    desk.do("audit", "verify")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Karachi", "America/New_York"])
def test_a_day_ends_at_midnight_in_the_zone_of_the_consultation(office, zone):
    office.do("consultation", "open", "soon", "--title", "S", "--draft", "-", "--closes",
              "2036-12-31", "--zone", zone, *BY)  # fmt: skip
    assert "2036-12-31" in office.do("consultation", "list").out
    closes = office.do("consultation", "list", "--json").document[0]["closes"]
    local = datetime.fromisoformat(closes).astimezone(ZoneInfo(zone))
    assert local.isoformat().startswith("2037-01-01T00:00:00")


def test_an_adopted_edition_is_linked_to_its_comments(desk):
    """The edition in force is adopted once more under a better title, after the draft opened."""
    code = said(desk, "--control", "GOV-01")
    root = desk.folder / "edition"
    shutil.copytree(desk.folder / "content", root)
    frame = root / "controls" / "ncsp-2021" / "framework.yaml"
    frame.write_text(frame.read_text().replace('version: "1.0"', 'version: "1.1"'))
    desk.do("catalogue", "adopt", root, "--reason", "decided", *BY)
    words = ("consultation", "close", "draft-1", "--adopted", "1.1", "--reason", "early", *BY)
    refused = desk.run(*words)
    assert refused.code == 5
    assert f"comments without a disposition: 1 ({code})" in refused.err
    desk.do("consultation", "dispose", code, "--outcome", "accepted", "--reason", "Yes.", *BY)
    desk.do(*words)
    view = desk.do("consultation", "list", "--json").document[0]
    assert view["state"] == "adopted"
    assert view["adopted"]["version"] == "1.1"


FAULTS = """control,author,text,publish
IAM-10,A,Good.,yes
IAM-99,B,No such control.,yes
,,Nobody says so.,perhaps
"""


def test_a_file_with_faults_enters_nothing_and_names_line_and_column(desk):
    before = desk.holdings()
    done = desk.run("consultation", "import", "draft-1", desk.write("c.csv", FAULTS), *BY)
    assert (done.code, done.err.splitlines()) == (3, [
        "c.csv:3: column control: IAM-99: the draft has no such control",
        "c.csv:4: column publish: 'perhaps'; write yes or no",
        "c.csv:4: column author: Field required",
    ])  # fmt: skip
    better = desk.write("e.csv", FAULTS.replace("perhaps", "yes").replace(",,Nob", ",Z,Nob"))
    done = desk.run("consultation", "import", "draft-1", better, *BY)
    assert done.err.splitlines() == [
        "e.csv:3: column control: IAM-99: the draft has no such control"
    ]
    assert desk.holdings() == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("open", "soon", "--title", "S", "--draft", "-", "--closes", "2020-01-01", *BY), 3,
         "less than 30 days"),
        (("open", "soon", "--title", "S", "--draft", "nowhere", "--closes", "2036-01-01", *BY), 5,
         "no folder of a draft called 'nowhere'"),
        (("open", "soon", "--title", "S", "--draft", "-", "--closes", "2036-01-01", "--group",
          "Friends", *BY), 2, "write NAME:KIND"),
        (("open", "soon", "--title", "S", "--draft", "-", "--closes", "2036-01-01", "--zone",
          "Moon/Sea", *BY), 2, "no zone 'Moon/Sea'"),
        (("comment", "draft-1", "--author", "A", "--text", "x", "--control", "IAM-99"), 3,
         "control: IAM-99: the draft has no such control"),
        (("comment", "draft-1", "--author", "A"), 2, "--text or with --file"),
        (("comment", "draft-9", "--author", "A", "--text", "x"), 5, "no consultation called"),
        (("dispose", "C-2026-0001", "--outcome", "noted", "--reason", "x", *BY), 2,
         "no outcome 'noted'"),
        (("moderate", "C-2026-0001", "--reason", "x", *BY), 2, "--hide or --restore"),
        (("show", "C-2026-9999"), 5, "no comment called"),
        (("close", "draft-1", *BY), 5, "is open until 2036-12-31 (Asia/Karachi)"),
        (("report", "draft-1", "--out", "r.pdf", "--format", "pdf"), 2, "no format 'pdf'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(desk, words, code, told):
    before = desk.holdings()
    done = desk.run("consultation", *words)
    assert done.code == code, done
    assert told in done.err, done.err
    assert desk.holdings() == before


def test_hostile_text_reaches_a_terminal_harmless_and_a_machine_unchanged(desk):
    hostile = "\x1b[2J<script>alert(1)</script>\u202e'; DROP TABLE comments; --"
    desk.write("hostile.txt", hostile)
    code = desk.do("consultation", "comment", "draft-1", "--author", "A\x1b[1m", "--file",
                   "hostile.txt", "--json").document["code"]  # fmt: skip
    for words in (("list", "draft-1"), ("show", code)):
        assert "\x1b" not in desk.do("consultation", *words).out
    assert desk.do("consultation", "show", code, "--json").document["text"] == hostile
    page = desk.folder / "said.html"
    desk.do("consultation", "report", "draft-1", "--out", page)
    assert "<script" not in page.read_text()
