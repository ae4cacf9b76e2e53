"""Institutions change, merge, split and close, and what was stays as it was."""

from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.services.institutions import life
from cyberposture.store import institutions as kept


def stands(office, code, at):
    with office.register.reading() as connection:
        return kept.get_institution(connection, code, as_of=at).institution


def existing(office, at):
    with office.register.reading() as connection:
        found = kept.list_institutions(connection, as_of=at, active_only=True)
    return [one.institution.code for one in found]


def test_a_new_name_counts_from_its_date_and_the_old_one_before(office):
    office.institution("hill-office", name="Hill Office")
    today = office.clock()
    spring = today + timedelta(days=90)
    life.change_institution(
        office.register, "hill-office", {"name": "Hill and Dale Office"}, valid_from=spring,
        reason="act of parliament",
    )  # fmt: skip
    assert stands(office, "hill-office", office.clock()).name == "Hill Office"
    assert stands(office, "hill-office", spring).name == "Hill and Dale Office"
    versions = life.read_lineage(office.register, "hill-office").versions
    assert [one.institution.name for one in versions] == ["Hill Office", "Hill and Dale Office"]


def test_an_institution_moves_below_another_and_never_below_itself(office):
    for code in ("ministry", "department", "bureau"):
        office.institution(code)
    life.change_institution(office.register, "department", {"parent": "ministry"})
    life.change_institution(office.register, "bureau", {"parent": "department"})
    assert stands(office, "bureau", office.clock()).parent == "department"
    for parent in ("bureau", "ministry"):
        with office.refuses(InvalidInput, match="below itself"):
            life.change_institution(office.register, "ministry", {"parent": parent})
    with office.refuses(NotFound):
        life.change_institution(office.register, "ministry", {"parent": "nobody"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sectors": ["astrology"]}, InvalidInput),
        ({"tier": "Z"}, InvalidInput),
        ({"code": "other"}, InvalidInput),
        ({"tier": "A"}, WrongState),
    ],
)
def test_a_change_that_is_none_or_cannot_be_is_refused(office, changes, error):
    office.institution("hill-office")
    with office.refuses(error):
        life.change_institution(office.register, "hill-office", changes)


def test_a_merger_links_and_closes_and_rewrites_nothing(office):
    for code in ("hill-office", "dale-office", "vale-office"):
        office.institution(code)
    office.open_round()
    office.answer("hill-office", "autumn", GOV_01=2)
    before = office.clock()
    office.clock.forward(days=1)
    with office.adds("institutions-merged"):
        life.merge_institutions(
            office.register, ["hill-office", "dale-office"], "vale-office", reason="one water board"
        )
    assert existing(office, office.clock()) == ["vale-office"]
    assert existing(office, before) == ["dale-office", "hill-office", "vale-office"]
    lineage = life.read_lineage(office.register, "vale-office")
    assert [one.predecessor for one in lineage.before] == ["dale-office", "hill-office"]
    basis = office.basis("hill-office", "autumn", as_of=before)
    assert basis.answers["GOV-01"].answer.answer.level == 2
    with office.refuses(WrongState, match="closed already"):
        life.merge_institutions(office.register, ["hill-office"], "vale-office", reason="once more")


def test_a_split_links_the_parts_and_may_leave_the_rest(office):
    for code in ("water-and-power", "water", "power"):
        office.institution(code)
    life.split_institution(
        office.register, "water-and-power", ["water"], closes=False, reason="water leaves"
    )
    assert "water-and-power" in existing(office, office.clock())
    life.split_institution(office.register, "water-and-power", ["power"], reason="and power")
    assert existing(office, office.clock()) == ["power", "water"]
    after = life.read_lineage(office.register, "water-and-power").after
    assert [(one.successor, one.kind) for one in after] == [("water", "split"), ("power", "split")]
    for parts in ([], ["power", "power"], ["water-and-power"]):
        with office.refuses(InvalidInput):
            life.split_institution(office.register, "water-and-power", parts, reason="no")


def test_what_is_closed_is_closed_from_a_date(office):
    office.institution("hill-office")
    end = office.clock() + timedelta(days=10)
    life.close_institution(office.register, "hill-office", at=end, reason="abolished")
    assert existing(office, office.clock()) == ["hill-office"]
    assert existing(office, end) == []
