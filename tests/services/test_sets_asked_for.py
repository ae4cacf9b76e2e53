"""A set that is asked for on the portal is made by the clock, fetched on record, and put away."""

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.errors import Corrupt, InvalidInput, MissingService, WrongState
from cyberposture.reporting.sets.leaks import Secrets
from cyberposture.services.assessments import rounds
from cyberposture.services.reports.sets import asked, filling, making, working
from cyberposture.services.reports.sets.asked import READERS, ask, list_sets
from cyberposture.services.reports.sets.fetching import fetch
from cyberposture.services.reports.sets.plan import HOLDS
from cyberposture.services.reports.sets.working import MOST_TRIES, Workshop, file_of, make_next
from cyberposture.services.scores import score
from cyberposture.store import report_sets

FOLDERS = find_content(None)
ROUND, HOUSE = "autumn", "hill-office"


@pytest.fixture
def shop(office):
    """One institution with a final score, and the place where sets are made."""
    office.open_round(ROUND)
    office.institution(HOUSE, name="Hill Office of Records", sectors=["government"])
    office.answer(HOUSE, ROUND, IAM_09=2, GOV_01=1)
    score.finalise(office.register, HOUSE, ROUND)
    return Workshop(office.register, FOLDERS, office.folder / "workspace-sets")


def asking(shop, reader="board", about=HOUSE, **more):
    given = {"language": "en", "with_pdf": False} | more
    return ask(replace(shop.register, actor="p-analyst"), reader, ROUND, about, **given)


def shown(shop, code):
    return next(one for one in list_sets(shop.register) if one.code == code)


def test_every_kind_of_set_can_be_asked_for():
    assert sorted(READERS.values()) == sorted(HOLDS)


def test_a_set_is_asked_for_made_and_fetched_on_record(office, shop):
    code = asking(shop)
    assert shown(shop, code).state == "waiting"
    with pytest.raises(WrongState, match="not there"):
        fetch(shop.register, shop.place, code)
    assert make_next(shop) == code
    assert make_next(shop) is None
    one = shown(shop, code)
    assert (one.state, one.reader, one.about, one.asked_by) == ("made", "board", HOUSE, "p-analyst")
    with office.adds("report-set-fetched"):
        got = fetch(replace(shop.register, actor="p-other"), shop.place, code)
    archive = zipfile.ZipFile(io.BytesIO(got.path.read_bytes()))
    manifest = archive.read(f"board-{ROUND}-{HOUSE}/manifest.json")
    assert hashlib.sha256(manifest).hexdigest() == got.manifest_sha256
    assert got.manifest_sha256 == one.told["manifest_sha256"]
    archive.extractall(office.folder / "unpacked")
    making.verify_set(office.folder / "unpacked" / f"board-{ROUND}-{HOUSE}")
    assert shop.place.stat().st_mode & 0o077 == 0
    assert got.path.stat().st_mode & 0o077 == 0


def test_what_cannot_be_made_is_refused_beside_its_field(shop):
    for given, field in (
        ({"reader": "press"}, "reader"),
        ({"about": ""}, "about"),
        ({"reader": "minister"}, "about"),
        ({"about": "nowhere-office"}, "about"),
        ({"reader": "sector", "about": "no-sector"}, "about"),
        ({"language": "fr"}, "language"),
    ):
        with pytest.raises(InvalidInput) as caught:
            asking(shop, **given)
        assert [fault.where for fault in caught.value.faults] == [field]


def test_the_public_is_told_of_a_round_that_is_over(office, shop):
    office.answer(office.institution("dale-office"), ROUND, IAM_09=2)
    with pytest.raises(InvalidInput, match="told once every institution that is asked") as caught:
        asking(shop, "public", "")
    assert [fault.where for fault in caught.value.faults] == ["round"]
    assert asking(shop, "minister", ""), "others read of it as it goes on"
    rounds.close_round(office.register, ROUND)
    code = asking(shop, "public", "")
    assert office.entries()["public-figures-fixed"] == 0, "the set fixes them, not the question"
    make_next(shop)
    make_next(shop)
    assert shown(shop, code).state == "made"
    assert office.entries()["public-figures-fixed"] == 1


def test_the_same_is_not_made_twice_at_once_and_a_newer_one_takes_its_place(shop):
    first = asking(shop)
    with pytest.raises(WrongState, match="being made already"):
        asking(shop)
    make_next(shop)
    second = asking(shop)
    make_next(shop)
    assert shown(shop, first).state == "gone"
    assert shown(shop, first).told["why"] == "replaced"
    assert not file_of(shop.place, first).exists()
    new = shown(shop, second)
    assert new.state == "made"
    assert new.told["rendered"] == 0, "nothing changed but that sets were asked for and made"


def test_old_sets_are_put_away_by_time_and_by_number(office, shop, monkeypatch):
    monkeypatch.setattr(working, "MOST_KEPT", 1)
    first, second = asking(shop), asking(shop, "minister", "")
    assert (make_next(shop), make_next(shop)) == (first, second)
    make_next(shop)
    assert [shown(shop, code).state for code in (first, second)] == ["gone", "made"]
    office.clock.forward(days=working.KEPT // timedelta(days=1) + 1)
    make_next(shop)
    assert shown(shop, second).told["why"] == "over"
    assert list(shop.place.glob("*.zip")) == []
    assert [one for one in shop.place.iterdir() if one.is_dir()] == []


def test_a_set_that_leaks_is_deleted_and_says_where_but_never_what(shop, monkeypatch):
    before = asking(shop)
    make_next(shop)
    leaking = Secrets(names=(("person", "Hill Office of Records"),))
    monkeypatch.setattr(filling, "secrets_of", lambda *_, **__: leaking)
    code = asking(shop)
    make_next(shop)
    one = shown(shop, code)
    assert one.state == "leaked"
    assert any("the name or code of a person" in line for line in one.told["places"])
    assert not any("Hill Office" in line for line in one.told["places"])
    assert shown(shop, before).told["why"] == "leaked", "it held the same"
    assert list(shop.place.glob("*.zip")) == []


def test_a_process_that_dies_or_ends_leaves_the_set_to_the_next(shop, monkeypatch):
    code = asking(shop)
    ended = replace(shop, is_ended=iter([False, *[True] * 50]).__next__)
    make_next(ended)
    assert shown(shop, code).state == "waiting"

    def die(*_, **__):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(working, "write_set", die)
        for _ in range(MOST_TRIES):
            with pytest.raises(RuntimeError):
                make_next(shop)
            assert shown(shop, code).state == "making"
        assert make_next(shop) is None
    assert shown(shop, code).state == "failed"


def test_a_set_that_was_changed_or_lies_elsewhere_is_not_handed_out(shop):
    code = asking(shop)
    make_next(shop)
    path = file_of(shop.place, code)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Corrupt):
        fetch(shop.register, shop.place, code)
    path.unlink()
    with pytest.raises(MissingService):
        fetch(shop.register, shop.place, code)


def test_only_so_many_wait(shop, monkeypatch):
    monkeypatch.setattr(asked, "MOST_WAITING", 1)
    asking(shop)
    with pytest.raises(WrongState, match="many sets"):
        asking(shop, "minister", "")
    with shop.register.reading() as connection:
        assert len(report_sets.list_asked(connection)) == 1
