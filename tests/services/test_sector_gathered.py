"""What a sector's report is made from: its own institutions, in this round and in those before."""

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.services.assessments import rounds
from cyberposture.services.reports import report
from cyberposture.services.reports.nation_inputs import is_of_nobody
from cyberposture.services.reports.sector_inputs import gather_sector
from cyberposture.services.reports.subjects import About
from cyberposture.services.scores import score

OURS, THEIRS, ELSEWHERE = "hill-water", "dale-water", "plain-power"


@pytest.fixture
def two_rounds(office):
    """Two waterworks and a power company; one of the waterworks stays away the second time."""
    for code, sector in ((OURS, "water"), (THEIRS, "water"), (ELSEWHERE, "power")):
        office.institution(code, sectors=(sector,))
    controls = office.register.content.catalogue.selected("A")
    answered = [one.id.replace("-", "_") for one in controls if one.levels is not None]
    for campaign, level in (("spring", 1), ("autumn", 2)):
        office.open_round(campaign)
        for code in (OURS, THEIRS, ELSEWHERE):
            office.answer(code, campaign, **dict.fromkeys(answered, level))
            if (code, campaign) != (THEIRS, "autumn"):
                score.finalise(office.register, code, campaign)
        office.clock.forward(days=40)
    return office


def gathered(office, round_code="autumn", *, is_whole=False):
    with office.register.reading() as connection:
        return gather_sector(office.register, connection, round_code, "water", is_whole=is_whole)


def test_the_sector_stands_alone_with_its_earlier_rounds(two_rounds):
    found = gathered(two_rounds)
    assert {row.code for row in found.nation.rows} == {OURS, THEIRS}
    assert {row.code for row in found.nation.rows if row.result is None} == {THEIRS}
    (before,) = found.past
    assert before.code == "spring"
    assert set(before.stood) == {OURS, THEIRS}
    declared, claims = before.stood[OURS]
    assert declared is not None and claims is not None and declared > claims
    assert gathered(two_rounds, "spring").past == ()


def test_who_may_not_read_small_groups_is_given_all_sectors_and_no_lists(two_rounds):
    found = gathered(two_rounds, is_whole=True)
    assert {row.code for row in found.nation.rows} == {OURS, THEIRS, ELSEWHERE}
    assert (found.past, found.contradictions) == ((), ())


def test_the_report_is_written_for_each_audience_and_goes_on_record(two_rounds, tmp_path):
    folders = find_content(None)
    rounds.close_round(two_rounds.register, "autumn")
    about = About(round_code="autumn", sector="water")
    names = {row.name for row in gathered(two_rounds).nation.rows}
    for audience in ("sector", "board", "public"):
        out = tmp_path / f"{audience}.html"
        # What the public is told is fixed in both rounds, for the one is told beside the other.
        fixed = ["public-figures-fixed"] * 2 if audience == "public" else []
        with two_rounds.adds("report-written", *fixed):
            report.write_report(
                two_rounds.register, folders, "sector", audience, about, out=out, language="ur"
            )
        named = {name for name in names if name in out.read_text()}
        assert named == (names if audience == "sector" else set())
    with pytest.raises(NotFound):
        report.write_report(
            two_rounds.register, folders, "sector", "sector",
            About(round_code="autumn", sector="nonsense"), out=tmp_path / "no.html",
        )  # fmt: skip
    with pytest.raises(WrongUsage, match="--sector"):
        report.write_report(
            two_rounds.register, folders, "sector", "sector", About(round_code="autumn"),
            out=tmp_path / "no.html",
        )  # fmt: skip


def test_what_the_network_contradicts_is_gathered_of_this_round(two_rounds):
    office = two_rounds
    office.declare(OURS, "127.52.0.1")
    office.open_round("winter")
    office.answer(OURS, "winter", IAM_09=3)
    office.look(OURS, "127.52.0.1", rest="closed", services={"22": "ssh"})
    office.clock.forward(days=15)
    score.finalise(office.register, OURS, "winter")
    found = gathered(office, "winter")
    assert {(one.institution, one.control) for one in found.contradictions} == {(OURS, "IAM-09")}
    assert sum(row.contradictions for row in found.nation.rows) == len(found.contradictions)
    assert gathered(office, "spring").contradictions == ()
    assert found.nation.is_invented, "all that was found stands at a loopback address"


@pytest.mark.parametrize(
    ("place", "is_nobodys"),
    [("127.40.1.4", True), ("::1", True), ("hill.example", True), ("mail.test.", True),
     ("198.51.100.7", False), ("10.1.2.3", False), ("hill.gov.pk", False), ("example", False)],
)  # fmt: skip
def test_only_what_nobody_can_have_is_called_invented(place, is_nobodys):
    assert is_of_nobody(place) == is_nobodys


def test_where_nothing_was_found_nothing_is_called_invented(two_rounds):
    assert not gathered(two_rounds).nation.is_invented
