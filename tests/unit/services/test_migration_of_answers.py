"""What becomes of old answers: one rule a kind of change, and nothing is ever lost."""

from datetime import date

import pytest
from edition_samples import first, first_edition, second, second_edition
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.content.comparing.books import book_of
from cyberposture.content.comparing.differences import compare
from cyberposture.model.assessments import Answer, Evidence
from cyberposture.model.comparison import KINDS
from cyberposture.services.catalogue.migration import FATES, inherit


def proof(name: str) -> Evidence:
    return Evidence(
        title=name, sha256=name[0] * 64, size_bytes=1, file_name=name, dated=date(2026, 1, 1)
    )


def answer(control: str, level: int | None = 2, **fields) -> Answer:
    return Answer(**{"control": control, "level": level} | fields)


@pytest.fixture(scope="module")
def changes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editions")
    old, new = first_edition(folder / "1"), second_edition(folder / "2")
    return compare(book_of(old), book_of(new)).changes


ASKED = [identity for identity in second() if identity != "IAM-10"]


def test_every_kind_of_change_has_its_rule():
    assert set(FATES) == set(KINDS)


def test_each_kind_of_change_follows_its_rule(changes):
    given = {i: answer(i, reason=f"said of {i}") for i in first() if i != "IAM-10"}
    found = inherit(changes, given, ASKED)
    assert sorted(found.carried) == ["GOV-01", "GOV-02", "GOV-04"]
    assert sorted(found.suggested) == ["GOV-03", "GOV-11", "GOV-12", "GOV-13"]
    assert (found.kept, found.unanswered) == (("GOV-08",), ("GOV-09",))
    assert found.carried["GOV-01"].answer == given["GOV-01"]
    split = found.suggested["GOV-12"]
    assert (split.kind, split.origins, split.why) == ("split", ("GOV-05",), "As agreed.")
    assert split.answer == given["GOV-05"].model_copy(update={"control": "GOV-12"})


def test_merged_control_takes_the_lowest_level_and_all_evidence(changes):
    given = {
        "GOV-06": answer("GOV-06", 3, reason="a book", evidence=(proof("a"), proof("b"))),
        "GOV-07": answer("GOV-07", 1, reason="by guards", evidence=(proof("b"), proof("c"))),
    }
    merged = inherit(changes, given, ASKED).suggested["GOV-13"]
    assert merged.origins == ("GOV-06", "GOV-07")
    assert merged.answer.level == 1
    assert merged.answer.reason == "GOV-06: a book\nGOV-07: by guards"
    assert [piece.title for piece in merged.answer.evidence] == ["a", "b", "c"]


def test_merged_control_inherits_nothing_from_half_an_answer(changes):
    for half in (None, answer("GOV-07", None)):
        given = {"GOV-06": answer("GOV-06"), **({"GOV-07": half} if half else {})}
        found = inherit(changes, given, ASKED)
        assert "GOV-13" in found.unanswered
        assert found.kept == ("GOV-06",)


@pytest.mark.parametrize(
    ("second_part", "level", "claim"),
    [
        (
            {"level": None, "not_applicable": "no guests"},
            None,
            "GOV-06: no desk\nGOV-07: no guests",
        ),
        ({"level": 1}, 1, None),
    ],
)
def test_merged_control_does_not_apply_only_where_no_part_did(changes, second_part, level, claim):
    given = {
        "GOV-06": answer("GOV-06", None, not_applicable="no desk"),
        "GOV-07": answer("GOV-07", **second_part),
    }
    merged = inherit(changes, given, ASKED).suggested["GOV-13"].answer
    assert (merged.level, merged.not_applicable) == (level, claim)


def test_claim_that_something_does_not_apply_is_inherited_as_one(changes):
    given = {"GOV-01": answer("GOV-01", None, not_applicable="no head")}
    assert inherit(changes, given, ASKED).carried["GOV-01"].answer == given["GOV-01"]


def test_what_is_not_asked_of_this_tier_inherits_nothing(changes):
    given = {"GOV-05": answer("GOV-05"), "GOV-01": answer("GOV-01")}
    found = inherit(changes, given, ["GOV-12"])
    assert (list(found.carried), list(found.suggested)) == ([], ["GOV-12"])
    assert (found.kept, found.unanswered) == (("GOV-01",), ())


@given(
    levels=st.dictionaries(st.sampled_from(list(first())), st.none() | st.integers(0, 3)),
    asked=st.sets(st.sampled_from(list(second()))),
)
@settings(max_examples=100, deadline=None)
def test_no_answer_is_lost_and_no_control_forgotten(changes, levels, asked):
    found = inherit(changes, {i: answer(i, level) for i, level in levels.items()}, asked)
    sides = [*found.carried, *found.suggested, *found.unanswered]
    assert sorted(sides) == sorted(asked)
    origins = {o for one in (found.carried | found.suggested).values() for o in one.origins}
    said = {control for control, level in levels.items() if level is not None}
    assert origins | set(found.kept) == said
    assert origins.isdisjoint(found.kept)
    for heir in (found.carried | found.suggested).values():
        assert heir.answer.level == min(levels[origin] for origin in heir.origins)
