"""Whoever keeps every public copy of a round learns nothing of how anybody moved in between.

And nothing is told of a round before it is over: what the public was told too early stays so.
"""

import csv
import hashlib
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyberposture.content.bundle import find_content
from cyberposture.errors import WrongState
from cyberposture.model.campaigns import Cohort, RoundPlan
from cyberposture.reporting.inputs import NationInputs
from cyberposture.reporting.render import Renderer
from cyberposture.services.assessments import campaigns
from cyberposture.services.assessments.rounds import close_round
from cyberposture.services.institutions.entries import get_institution as find_institution
from cyberposture.services.institutions.life import change_institution
from cyberposture.services.proof import audit
from cyberposture.services.reports.nation_inputs import NationGatherer
from cyberposture.services.reports.published import (
    find_public,
    fix_public,
    gather_public,
    read_fixed,
)
from cyberposture.services.reports.report import render_report
from cyberposture.services.reports.sets.making import write_set
from cyberposture.services.reports.sets.plan import SetWanted
from cyberposture.services.reports.subjects import About
from cyberposture.services.review.releasing import reopen
from cyberposture.services.scores import score
from cyberposture.store import institutions, rounds, scores
from cyberposture.store.public_editions import find_edition, insert_edition, list_standings

FOLDERS = find_content(None)
SPRING, AUTUMN = "spring", "autumn"
HOUSES = {f"house-{n}": "water" if n > 6 else "government" for n in range(1, 13)}


@pytest.fixture
def nation(office):
    """Twelve institutions in two rounds; in the second, which is closed, one has no result."""
    furnish(office, HOUSES)
    close_round(office.register, AUTUMN)
    for number in range(1, 8):
        office.look(f"house-{number}", f"127.54.{number}.1", services={"23": "telnet"})
    return office


def furnish(office, houses: dict[str, str]) -> None:
    """Let these answer in two rounds; in the second one house waits for its result."""
    for number, (code, sector) in enumerate(houses.items(), start=1):
        office.institution(code, sectors=[sector])
        office.declare(code, f"127.54.{number}.1")
    controls = office.register.content.catalogue.selected("A")
    answered = [one.id.replace("-", "_") for one in controls if one.levels is not None]
    for campaign in (SPRING, AUTUMN):
        office.open_round(campaign)
        for number, code in enumerate(houses):
            office.answer(code, campaign, **dict.fromkeys(answered, 1 + number % 2))
            if (campaign, code) != (AUTUMN, "house-12"):
                score.finalise(office.register, code, campaign)
        office.clock.forward(days=40)


def correct(office, code: str, campaign: str = AUTUMN, like: str = "") -> None:
    """Correct the score of an institution after an appeal: it is now as that of its neighbour."""
    like = like or f"house-{int(code.removeprefix('house-')) % 11 + 1}"
    with office.register.change("score-corrected", code) as change:
        connection = change.connection
        own, other = (institutions.get_institution_id(connection, one) for one in (code, like))
        held = rounds.get_round(connection, campaign).id
        before = scores.find_score(connection, own, round_id=held)
        model = scores.find_score(connection, other, round_id=held)
        assert model is not None
        result = model.result
        if before is not None and before.result == result:
            whole = result["institution"] | {"verified": 100, "declared": 9000, "band": "Exposed"}
            result = result | {"institution": whole}
        scores.insert_score(
            connection, own, change.by, round_id=held, as_of=change.now,
            document=model.document, result=result,
            catalogue_digest=model.catalogue_digest, checks_digest=model.checks_digest,
            texts_digest=model.texts_digest,
            corrects_id=None if before is None else before.summary.id,
        )  # fmt: skip


def told(office, campaign: str = AUTUMN) -> NationInputs:
    """Return everything from which a report for the public is made now, but for the two logs."""
    fix_public(office.register, campaign)
    with office.register.reading() as connection:
        found = gather_public(office.register, connection, campaign)
    assert found.fixed is not None
    head = replace(found.audit_head, seq=0, digest="", signature="", key_id="", at=None)
    return replace(found, audit_head=head, fixed=replace(found.fixed, changed=0))


def changed(office, campaign: str = AUTUMN) -> tuple[int, int | None]:
    """Return how many results of a round changed since it was told, and how many are told."""
    with office.register.reading() as connection:
        held = rounds.get_round(connection, campaign).id
        found = read_fixed(connection, find_public(connection, held))
    return found.changed, found.told


def copy(office, name: str) -> dict[str, str]:
    """Make a public set in a folder of its own and return its open figures and briefs."""
    out = office.folder / "sets" / name
    wanted = SetWanted("public", AUTUMN, with_pdf=False)
    write_set(office.register, FOLDERS, wanted, out)
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    kept = {one for one in names if one.startswith(("figures/", "brief")) and "html" not in one}
    found = {one: (out / one).read_text(encoding="utf-8") for one in kept}
    return found | {"names": "\n".join(sorted(names)), "scores": _scores_of(out)}


def _scores_of(out: Path) -> str:
    """Return what the manifest says that the scores were."""
    manifest = (out / "manifest.json").read_text(encoding="utf-8")
    return "\n".join(re.findall(r'"(?:scores|as_of)": *"[^"]*"', manifest))


acts = st.lists(
    st.tuples(st.sampled_from(("correct", "correct-before", "look", "move", "late", "ask")),
              st.integers(1, 11)),
    min_size=1, max_size=6,
)  # fmt: skip


def do(office, act: str, number: int) -> None:
    """Let something happen to an institution after the public was told."""
    code = f"house-{number}"
    match act:
        case "correct":
            correct(office, code)
        case "correct-before":
            correct(office, code, SPRING)
        case "look":
            opened = {"445": "smb"} if number % 2 else {}
            office.look(code, f"127.54.{number}.1", services=opened, rest="closed")
        case "move":
            if find_institution(office.register, code).institution.tier == "A":
                changes = {"sectors": ["power"], "tier": "X"}
                change_institution(office.register, code, changes, reason="moved")
        case "late":
            correct(office, "house-12")
        case "ask":
            # The first round is over, for all had their results; it is not closed.
            new = f"late-house-{next(office._numbers)}"
            office.institution(new)
            office.answer(new, SPRING, IAM_09=2)
            score.finalise(office.register, new, SPRING)


@pytest.mark.slow
def test_whatever_happens_afterwards_the_public_is_told_the_same(nation):
    first, before = told(nation), told(nation, SPRING)
    assert sum(row.result is not None for row in first.rows) == 11
    assert [len(one.institutions) for one in first.failures if "telnet" in one.check] == [7]

    @settings(
        max_examples=6, deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(acts)
    def play(happened: list[tuple[str, int]]) -> None:
        for act, number in happened:
            do(nation, act, number)
        assert told(nation) == first
        assert told(nation, SPRING) == before

    play()
    for act in ("correct", "correct-before", "look", "move", "late", "ask"):
        do(nation, act, 3)
    assert told(nation) == first and told(nation, SPRING) == before
    # Who may read small groups reads the register as it is.
    with nation.register.reading() as connection:
        now = NationGatherer(nation.register, connection, AUTUMN).gather()
    assert len(now.previous or ()) > len(first.previous or ()) and now.previous != first.previous
    assert sum(row.result is not None for row in now.rows) == 12 and now.fixed is None


@pytest.mark.slow
def test_two_public_sets_hold_the_same_figures_and_no_trace_of_a_correction(nation):
    correct(nation, "house-5")
    first = copy(nation, "first")
    assert "figures/groups.csv" in first and "sectors/government.en.html" in first["names"]
    for number in (1, 2, 3, 5):
        do(nation, "correct", number)
    for act in ("look", "move", "ask"):
        do(nation, act, 4)
    second = copy(nation, "second")
    assert second == first
    (row,) = rows_of(second)
    assert (row["round"], row["changed_at_least"]) == (AUTUMN, "")
    says(nation, "second", "fewer than 5", "وہ 5 سے کم")
    # With one that came in late there are five, and the log says that much; no figure moves.
    do(nation, "late", 4)
    third = copy(nation, "third")
    (row,) = rows_of(third)
    assert row["changed_at_least"] == "5"
    says(nation, "third", "at least 5 results", "کم از کم 5 نتائج")
    log = "figures/corrections.csv"
    assert third | {log: ""} == first | {log: ""}


def rows_of(found: dict[str, str]) -> list[dict[str, str]]:
    """Return the rows of the log of corrections in the open figures of a set."""
    return list(csv.DictReader(io.StringIO(found["figures/corrections.csv"])))


def says(office, name: str, english: str, urdu: str) -> None:
    """Require that reports and method of a set say so, and that the figures stay."""
    for page in ("nation", "sectors/government", "open"):
        for language, stay, said in (
            ("en", "stay as they are", english), ("ur", "ایسے ہی رہتے ہیں", urdu),
        ):  # fmt: skip
            path = office.folder / "sets" / name / f"{page}.{language}.html"
            text = re.sub("<[^>]+>", "", path.read_text(encoding="utf-8"))
            assert stay in text, path
            assert said in text, path
            assert "not named" not in text, "no row of a correction of whom nobody may name"


def test_a_round_is_told_as_it_was_told_beside_the_next_one(office):
    furnish(office, dict.fromkeys(("house-1", "house-2"), "water"))
    beside = told(office).previous
    assert beside is not None and len(beside) == 2
    correct(office, "house-1", SPRING, like="house-2")
    # The first report on spring itself comes after a score of it was corrected.
    scored = {
        row.code: row.baseline.institution.verified
        for row in told(office, SPRING).rows
        if row.baseline is not None
    }
    assert scored == {one.institution: one.verified for one in beside}
    assert (changed(office, SPRING), changed(office)) == ((1, None), (0, None))


def test_they_are_fixed_once_and_on_record(office):
    for code in ("house-1", "house-2"):
        office.institution(code)
    for campaign, scored in ((SPRING, 2), (AUTUMN, 1)):
        office.open_round(campaign)
        for number, code in enumerate(("house-1", "house-2")):
            office.answer(code, campaign, IAM_09=2)
            if number < scored:
                score.finalise(office.register, code, campaign)
        office.clock.forward(days=40)
    close_round(office.register, AUTUMN)
    with office.adds("public-figures-fixed", "public-figures-fixed"):
        fix_public(office.register, AUTUMN)
    with office.adds():
        fix_public(office.register, AUTUMN)
        fix_public(office.register, SPRING)
    with office.register.reading() as connection:
        held = rounds.get_round(connection, AUTUMN).id
        found = find_edition(connection, held)
        assert found is not None
        kept = list_standings(connection, found.id)
        assert len(kept) == 2 and len(find_public(connection, held).scored) == 1
    entry = [e for e in audit.read_entries(office.register) if e.kind == "public-figures-fixed"][-1]
    digest = hashlib.sha256(rfc8785.dumps({str(key): one for key, one in kept.items()}))
    assert entry.data["standings_sha256"] == digest.hexdigest()
    with (
        office.refuses(WrongState, "just now"),
        office.register.change("public-figures-fixed", AUTUMN) as change,
    ):
        insert_edition(change.connection, held, change.by, previous_id=None, told={}, standings={})


def test_nothing_is_fixed_while_no_score_is_final(office):
    office.institution("house-1")
    office.open_round(AUTUMN)
    office.answer("house-1", AUTUMN, IAM_09=2)
    out = office.folder / "sets" / "public"
    with office.refuses(WrongState, "no score"):
        write_set(office.register, FOLDERS, SetWanted("public", AUTUMN), out)
    with office.refuses(WrongState, "no score"):
        render_report(
            office.register, Renderer(FOLDERS.reports), "nation", "public",
            About(round_code=AUTUMN),
        )  # fmt: skip


def test_who_is_asked_and_has_opened_nothing_yet_is_waited_for(office):
    admin = office.acting("b-admin", "cert-administrator")
    for code in ("house-1", "house-2"):
        office.institution(code)
    office.open_round(AUTUMN)
    office.answer("house-1", AUTUMN, IAM_09=2)
    score.finalise(office.register, "house-1", AUTUMN)
    begins = office.clock() - timedelta(days=1)
    everybody = Cohort(code="all", title="All", begins=begins, due=begins + timedelta(days=60))
    campaigns.plan_round(admin, AUTUMN, RoundPlan(cohorts=(everybody,), drawn_share=0))
    for _ in ("planned", "invited"):
        with office.refuses(WrongState, "every institution that is asked") as caught:
            fix_public(office.register, AUTUMN)
        assert "1 of 2" in str(caught.value.advice())
        campaigns.begin_wave(admin, AUTUMN, "all")
    close_round(office.register, AUTUMN)
    fix_public(office.register, AUTUMN)


def test_nothing_is_told_before_the_round_and_the_one_before_it_are_over(office):
    for campaign in (SPRING, AUTUMN):
        office.open_round(campaign)
        for code in ("house-1", "house-2"):
            if campaign == SPRING:
                office.institution(code)
            office.answer(code, campaign, IAM_09=2)
        score.finalise(office.register, "house-1", campaign)
        office.clock.forward(days=40)

    def refused(campaign: str, waiting: str) -> None:
        with office.refuses(WrongState, f"the round {waiting} are told once every") as caught:
            fix_public(office.register, campaign)
        assert "1 of 2" in str(caught.value.advice())

    admin = office.acting("b-admin", "cert-administrator")
    refused(AUTUMN, AUTUMN)
    refused(SPRING, SPRING)
    close_round(office.register, AUTUMN)
    refused(AUTUMN, SPRING)
    score.finalise(office.register, "house-2", SPRING)
    reopen(admin, "house-1", SPRING, ["IAM-09"], reason="an error")
    refused(AUTUMN, SPRING)
    score.finalise(office.register, "house-1", SPRING)
    with office.adds("public-figures-fixed", "public-figures-fixed"):
        fix_public(office.register, AUTUMN)
    # What was told once is told again, whatever is reopened since.
    reopen(admin, "house-1", SPRING, ["IAM-09"], reason="an error")
    with office.adds():
        fix_public(office.register, SPRING)
    score.finalise(office.register, "house-2", AUTUMN)
    assert changed(office) == (1, None)
