"""Two editions side by side: every id once, declarations first, and proposals that decide nothing.

The two ISM releases are those of ../shared/samples/oscal; SOURCES.md there counts their changes.
"""

import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from edition_samples import control, first, first_edition, gone, heir, second_edition
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.content.comparing.books import book_of, comparable
from cyberposture.content.comparing.differences import compare
from cyberposture.content.comparing.likeness import MOST
from cyberposture.model.comparison import Book, Comparable, Comparison
from cyberposture.model.controls import Clause, Control, Retired


def entry(identity: str, statement: str = "It is as it ought to be.", **fields: Any) -> Comparable:
    return Comparable(id=identity, title="A title", texts={"statement": statement}, **fields)


def book(*entries: Comparable, **fields: Any) -> Book:
    return Book(**{"name": "book", "version": "1", "entries": entries} | fields)


def ours(*controls: dict[str, Any], retired: tuple[dict[str, Any], ...] = ()) -> Book:
    """Return a book of our controls, as `book_of` makes them."""
    entries = [comparable(Control.model_validate(one), "Governance") for one in controls]
    return book(*entries, retired=tuple(Retired.model_validate(row) for row in retired))


def kinds(comparison: Comparison) -> dict[tuple[tuple[str, ...], tuple[str, ...]], str]:
    return {(change.old, change.new): change.kind for change in comparison.changes}


def required_to_account(old: Book, new: Book, found: Comparison) -> None:
    """Require that each id of either side stands in exactly one change."""
    for side, ids in (
        (old, Counter(chain.from_iterable(c.old for c in found.changes))),
        (new, Counter(chain.from_iterable(c.new for c in found.changes))),
    ):
        assert ids == Counter(one.id for one in side.entries)


def test_declared_editions_come_out_as_their_author_says(tmp_path):
    old, new = first_edition(tmp_path / "1"), second_edition(tmp_path / "2")
    found = compare(book_of(old), book_of(new))
    required_to_account(book_of(old), book_of(new), found)
    assert kinds(found) == {
        (("GOV-01",), ("GOV-01",)): "unchanged",
        (("GOV-02",), ("GOV-02",)): "reworded",
        (("GOV-03",), ("GOV-03",)): "stronger",
        (("GOV-04",), ("GOV-04",)): "weaker",
        (("GOV-05",), ("GOV-11", "GOV-12")): "split",
        (("GOV-06", "GOV-07"), ("GOV-13",)): "merged",
        (("GOV-08",), ()): "removed",
        ((), ("GOV-09",)): "new",
        (("IAM-10",), ("IAM-10",)): "unchanged",
    }
    declared = {change.kind for change in found.changes if change.declared}
    assert declared == {"stronger", "weaker", "split", "merged", "removed"}
    assert found.proposals == ()
    assert (found.old, found.new) == ("NCSP-2021 1.0", "NCSP-2021 2.0")
    assert {clause.kind for clause in found.clauses} == {"unchanged"}
    assert found.frame == ()


def test_without_declarations_ids_decide_and_likeness_is_only_proposed(tmp_path):
    old = book_of(first_edition(tmp_path / "1"))
    new = book_of(second_edition(tmp_path / "2", declared=False))
    found = compare(old, new)
    required_to_account(old, new, found)
    assert found.counts() == {
        "unchanged": 2, "reworded": 1, "stronger": 1, "weaker": 1,
        "split": 0, "merged": 0, "removed": 4, "new": 4,
    }  # fmt: skip
    assert not any(change.declared for change in found.changes)
    assert {(p.kind, p.old, p.new) for p in found.proposals} == {
        ("split", ("GOV-05",), ("GOV-11", "GOV-12")),
        ("merged", ("GOV-06", "GOV-07"), ("GOV-13",)),
    }


def test_words_that_changed_are_shown_in_their_place(tmp_path):
    old, new = first_edition(tmp_path / "1"), second_edition(tmp_path / "2")
    (change,) = compare(book_of(old), book_of(new)).of_kind("reworded")
    ((name, words),) = [(w.text, w.words) for w in change.wording]
    assert name == "statement"
    assert [(w.change, w.words) for w in words] == [
        ("same", "The board hears about security incidents"),
        ("gone", "every"),
        ("came", "each"),
        ("same", "quarter."),
    ]


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"weight": 5}, "stronger", "weight 3 → 5"),
        ({"weight": 1}, "weaker", "weight 3 → 1"),
        ({"tier": "A"}, "stronger", "tier G → A"),
        ({"tier": "X"}, "weaker", "tier G → X"),
        ({"gate": "X"}, "stronger", "gate from tier none → X"),
        ({"evidence": [{"what": "Minutes", "max_age_days": 90}]}, "stronger", "none → 90"),
        ({"applies_when": {"feature": "web"}}, "weaker", 'none → {"feature":"web"}'),
        ({"weight": 1, "gate": "G"}, "stronger", "weight 3 → 1; gate from tier none → G"),
        ({"version": 2}, "stronger", "its author says that the meaning changed"),
        ({"statement": "It is quite another thing."}, "reworded", "other words: statement"),
        ({"statement": "All of it  is as\nit ought to be."}, "unchanged", ""),
        ({"weight_reason": "A table says so."}, "unchanged", ""),
    ],
)
def test_rules_say_whether_more_is_asked(change, kind, says):
    before = control("RSK-01", tier="G")
    (found,) = compare(ours(before), ours(before | change)).changes
    assert (found.kind, found.declared) == (kind, False)
    assert says in found.why


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([("O-CLEAR", "S")], [("O-CLEAR", "R")], "stronger"),
        ([("O-CLEAR", "C")], [("O-CLEAR", "R")], "weaker"),
        ([("O-CLEAR", "C")], [("O-CLEAR", "C"), ("O-WEB", "S")], "stronger"),
        ([("O-CLEAR", "C"), ("O-WEB", "S")], [("O-CLEAR", "C")], "weaker"),
        ([("O-CLEAR", "C")], [("O-WEB", "C")], "stronger"),
        ([("O-CLEAR", "C"), ("O-WEB", "S")], [("O-WEB", "S"), ("O-CLEAR", "C")], "unchanged"),
    ],
)
def test_observations_say_whether_more_is_asked(before, after, kind):
    def seen(uses):
        rows = [{"code": code, "direction": direction} for code, direction in uses]
        return ours(control("RSK-01", evidence_mode="Q+N", observations=rows))

    assert compare(seen(before), seen(after)).changes[0].kind == kind


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [("Q", "Q+N", "stronger"), ("Q+N", "Q", "weaker"), ("Q+N", "N", "stronger"),
     ("N", "Q+N", "stronger")],
)  # fmt: skip
def test_what_the_network_decides_is_looked_at_again(before, after, kind):
    sides = [book(entry("RSK-01", evidence_mode=mode)) for mode in (before, after)]
    assert compare(*sides).changes[0].kind == kind


def test_declaration_wins_over_what_the_rules_say():
    after = control("RSK-01", weight=5, version=2, supersedes=[heir("RSK-01", "weaker")])
    (found,) = compare(ours(control("RSK-01")), ours(after)).changes
    assert (found.kind, found.declared, found.why) == ("weaker", True, "As agreed.")
    assert [rule.what for rule in found.rules] == ["weight"]


def test_history_before_the_old_edition_is_no_declaration():
    """From version 2 to 3 the row about version 1 is past; from 1 to 3 both rows count."""
    rows = [heir("RSK-01", "stronger"), heir("RSK-01", "reworded", version=2)]
    newest = ours(control("RSK-01", version=3, supersedes=rows))
    assert compare(ours(control("RSK-01", version=2)), newest).changes[0].kind == "reworded"
    assert compare(ours(control("RSK-01", version=1)), newest).changes[0].kind == "stronger"


def test_control_under_another_id_keeps_its_declared_kind():
    new = ours(control("RSK-02", supersedes=[heir("RSK-01", "reworded")]))
    (found,) = compare(ours(control("RSK-01")), new).changes
    assert (found.old, found.new, found.kind) == (("RSK-01",), ("RSK-02",), "reworded")


def test_split_that_keeps_the_old_id_is_one_change():
    new = ours(control("RSK-01"), control("RSK-02", supersedes=[heir("RSK-01", "split")]))
    (found,) = compare(ours(control("RSK-01")), new).changes
    assert (found.kind, found.new) == ("split", ("RSK-01", "RSK-02"))
    assert {(link.old, link.new) for link in found.links} == {
        ("RSK-01", "RSK-01"),
        ("RSK-01", "RSK-02"),
    }


def test_controls_that_hang_together_are_one_change():
    """What was split between two heirs, one of which took in another control too."""
    new = ours(
        control("RSK-11", supersedes=[heir("RSK-01", "split")]),
        control("RSK-12", supersedes=[heir("RSK-01", "split"), heir("RSK-02", "merged")]),
    )
    (found,) = compare(ours(control("RSK-01"), control("RSK-02")), new).changes
    assert (found.kind, found.old, found.new) == (
        "merged", ("RSK-01", "RSK-02"), ("RSK-11", "RSK-12"),
    )  # fmt: skip


def test_something_new_under_an_old_id_inherits_nothing():
    new = ours(control("RSK-01", version=2, supersedes=[heir("RSK-01", "new")]))
    found = compare(ours(control("RSK-01")), new)
    assert [(c.kind, c.declared) for c in found.changes] == [("removed", True), ("new", True)]


def test_removal_tells_what_the_author_said_of_it():
    found = compare(ours(control("RSK-01"), control("RSK-02")), ours(control("RSK-03")))
    assert {c.old: c.why for c in found.of_kind("removed")} == {
        ("RSK-01",): "it is gone, and nothing says why",
        ("RSK-02",): "it is gone, and nothing says why",
    }
    told = ours(control("RSK-03"), retired=(gone("RSK-01", "Law 7 forbids it."),))
    found = compare(ours(control("RSK-01")), told)
    assert [(c.declared, c.why) for c in found.of_kind("removed")] == [(True, "Law 7 forbids it.")]


def test_a_control_under_another_id_is_proposed_as_the_same():
    old = book(entry("A-1", "Visitors sign a register at the entrance."), entry("A-2", "Tea."))
    new = book(entry("B-9", "All visitors sign a register at the entrance."))
    (proposal,) = compare(old, new).proposals
    assert (proposal.kind, proposal.old, proposal.new) == ("reworded", ("A-1",), ("B-9",))
    assert 60 < proposal.alike_pct < 100


def test_nothing_is_proposed_for_texts_without_words():
    old, new = (
        book(entry("A-1", "…"), entry("A-2", "?")),
        book(entry("B-1", "!"), entry("B-2", "–")),
    )
    assert compare(old, new).proposals == ()


def test_control_that_only_moved_is_unchanged_and_says_so():
    found = compare(book(entry("A", path=("One",))), book(entry("A", path=("Two", "Three"))))
    (change,) = found.changes
    assert (change.kind, change.why) == ("unchanged", "it stands elsewhere now: Two / Three")


def test_numbers_that_hold_for_all_controls_are_compared(tmp_path):
    catalogue = first_edition(tmp_path)
    scale = catalogue.framework.scale.model_copy(update={"contradicted_cap": 3000})
    framework = catalogue.framework.model_copy(update={"scale": scale})
    changed = catalogue.model_copy(update={"framework": framework})
    (change,) = compare(book_of(catalogue), book_of(changed)).frame
    assert (change.what, change.old, change.new) == ("scale.contradicted_cap", "4000", "3000")


def test_numbers_of_one_sector_are_compared_by_their_names(tmp_path):
    catalogue = first_edition(tmp_path)
    first_rules, *others = catalogue.sector_rules
    factor, *rest = first_rules.domains
    changed = first_rules.model_copy(
        update={"domains": (factor.model_copy(update={"factor_pct": 110}), *rest)}
    )
    after = catalogue.model_copy(update={"sector_rules": (changed, *others)})
    (change,) = compare(book_of(catalogue), book_of(after)).frame
    assert change.what == f"sector_rules.{changed.id}.domains.{factor.domain}.factor_pct"
    assert (change.old, change.new) == (str(factor.factor_pct), "110")


def test_another_ground_in_the_policy_is_told_and_asks_nothing_new():
    before = control("GOV-01")
    (source,) = before["sources"]
    after = before | {"sources": [source | {"clause": "3.5(2)"}]}
    (change,) = compare(ours(before), ours(after)).changes
    assert (change.kind, change.why) == ("reworded", "other words: sources")
    assert [word.words for word in change.wording[0].words] == [
        "NCSP 2021", "3.5(1)", "3.5(2)", "(I)",
    ]  # fmt: skip


def test_what_stands_beside_the_controls_is_compared(tmp_path):
    catalogue = first_edition(tmp_path)
    indicator, *rest = catalogue.indicators
    proposal = Control.model_validate(
        control("GOV-91", proposed=True, gap="Nobody thought of it.", sources=[])
    )
    after = catalogue.model_copy(
        update={
            "indicators": (indicator.model_copy(update={"every_months": 7}), *rest),
            "neighbours": catalogue.neighbours[1:],
            "proposed": (proposal,),
        }
    )
    found = {
        change.what: change.new for change in compare(book_of(catalogue), book_of(after)).frame
    }
    assert found[f"indicators.{indicator.id}.every_months"] == "7"
    assert found[f"neighbours.{catalogue.neighbours[0].id}.size"] is None
    assert found["proposed.GOV-91.title"] == "Something about GOV-91"


def test_only_words_are_compared_with_what_others_wrote(tmp_path):
    own = book_of(first_edition(tmp_path))
    same = [entry("GOV-01", own.entries[0].texts["statement"]), entry("GOV-02", "Other words.")]
    for old, new in ((own, book(*same)), (book(*same), own)):
        found = compare(old, new)
        assert all(change.rules == () for change in found.changes)
        assert not {"stronger", "weaker"} & {change.kind for change in found.changes}
        assert (found.frame, found.clauses) == ((), ())


def test_clauses_are_compared_one_by_one():
    def clause(identity, text="Do it.", level="Q"):
        return Clause(id=identity, page=1, addressee="all", text=text, demand="do", level=level)

    old = book(clauses=(clause("1"), clause("2"), clause("3"), clause("4")))
    new = book(
        clauses=(clause("5"), clause("4", level="Nat"), clause("2", "Do it now."), clause("1"))
    )
    found = compare(old, new).clauses
    assert [(c.id, c.kind, c.old_level, c.new_level) for c in found] == [
        ("1", "unchanged", "Q", "Q"),
        ("2", "reworded", "Q", "Q"),
        ("3", "removed", "Q", None),
        ("4", "level", "Q", "Nat"),
        ("5", "new", None, "Q"),
    ]


IDS = st.sampled_from([f"RSK-{number:02}" for number in range(8)])
CONTROLS = st.dictionaries(
    IDS,
    st.fixed_dictionaries(
        {
            "version": st.integers(1, 2),
            "weight": st.sampled_from([1, 3, 5]),
            "statement": st.sampled_from(
                [
                    "Visitors sign a register.",
                    "Visitors sign a book at the door.",
                    "Tea is served in the kitchen.",
                ]
            ),
            "supersedes": st.lists(
                st.builds(
                    heir,
                    IDS,
                    st.sampled_from(["reworded", "stronger", "weaker", "split", "merged", "new"]),
                    version=st.integers(1, 2),
                ),
                max_size=3,
                unique_by=lambda row: (row["id"], row["version"]),
            ),
        }
    ),
    max_size=8,
)


@given(old=CONTROLS, new=CONTROLS)
@settings(max_examples=150, deadline=None)
def test_every_id_of_both_sides_is_accounted_for_exactly_once(old, new):
    sides = [ours(*(control(i, **fields) for i, fields in side.items())) for side in (old, new)]
    found = compare(*sides)
    required_to_account(*sides, found)
    assert sum(found.counts().values()) == len(found.changes)
    before, after = ({one.id for one in side.entries} for side in sides)
    for proposal in found.proposals:
        assert set(proposal.old) <= before and set(proposal.new) <= after


@given(CONTROLS)
@settings(max_examples=60, deadline=None)
def test_edition_beside_itself_is_unchanged_but_for_what_it_declares(controls):
    silent = {i: fields | {"supersedes": []} for i, fields in controls.items()}
    same = ours(*(control(i, **fields) for i, fields in silent.items()))
    found = compare(same, same)
    assert {change.kind for change in found.changes} <= {"unchanged"}
    assert found.proposals == ()


def test_whole_catalogue_beside_itself_is_unchanged(tmp_path):
    catalogue = book_of(first_edition(tmp_path))
    assert compare(catalogue, catalogue).counts()["unchanged"] == len(first())


def release(folder: Path, version: str) -> Book:
    """Return a release of the ISM, read by hand: ids, titles and statements."""
    text = (folder / f"ism-v{version}-catalog.json").read_text()
    waiting = [json.loads(text)["catalog"]]
    entries = []
    while waiting:
        group = waiting.pop()
        waiting += group.get("groups", [])
        for found in group.get("controls", []):
            told = [part["prose"] for part in found["parts"] if part["name"] == "statement"]
            entries.append(entry(found["id"], " ".join(told)))
    return book(*entries)


@pytest.fixture(scope="module")
def releases(shared: Path) -> tuple[Book, Book]:
    folder = shared / "samples" / "oscal"
    if not folder.is_dir():
        pytest.skip("no folder ../shared/samples/oscal")
    return release(folder, "2025.03.31"), release(folder, "2025.07.16")


def test_two_releases_of_a_large_manual_differ_as_their_source_says(releases):
    found = compare(*releases)
    required_to_account(*releases, found)
    assert found.counts() == {
        "unchanged": 921, "reworded": 81, "stronger": 0, "weaker": 0,
        "split": 0, "merged": 0, "removed": 26, "new": 84,
    }  # fmt: skip
    proposed = {(p.kind, p.old, p.new) for p in found.proposals}
    assert ("split", ("ism-0401",), ("ism-0401", "ism-2041")) in proposed
    assert ("merged", ("ism-1404", "ism-1716"), ("ism-1404",)) in proposed
    again = {p.old: p.new for p in found.proposals if p.kind == "reworded"}
    assert again["ism-principle-protect-9",] == ("ism-principle-pro-10",)


def test_a_thousand_controls_under_other_ids_are_found_again(releases):
    old, new = releases
    found = compare(old, book(*(renamed(one) for one in new.entries)))
    assert len([p for p in found.proposals if p.new[0] == f"x-{p.old[0]}"]) > 900


def test_two_works_of_any_size_without_common_ids_are_only_told_apart():
    entries = [entry(f"A-{number}", f"Room {number} is locked.") for number in range(MOST + 1)]
    assert compare(book(*entries), book(*map(renamed, entries))).proposals == ()


def renamed(one: Comparable) -> Comparable:
    return one.model_copy(update={"id": f"x-{one.id}"})
