"""An edition is adopted: tried on everybody first, by one act, and nothing from before is lost."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from edition_samples import RETIRED, control, first, second, write_edition

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.editions import identify
from cyberposture.content.translations import in_language, source_digest
from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.controls import Chosen, Profile
from cyberposture.services import setup
from cyberposture.services.assessments import assess, importing, rounds
from cyberposture.services.catalogue import adoption
from cyberposture.services.catalogue.adoption import Draft, read_draft
from cyberposture.services.proof.audit import read_entries
from cyberposture.services.reports import report
from cyberposture.services.reports.subjects import About
from cyberposture.services.scores import score
from cyberposture.services.scores.explain import explain_one
from cyberposture.services.scores.rehearsal import rehearse
from cyberposture.store.editions import get_edition_content, list_editions

pytestmark = pytest.mark.slow

CODE, OTHER = "hill-office", "dale-office"
REASON = "the committee agreed on 1 December"


def draft(folder: Path, controls, **options) -> Draft:
    return read_draft(ContentFolders(write_edition(folder, controls, **options)))


@pytest.fixture
def office(furnish, database, tmp_path, clock):
    """An office that works under the first of two small editions."""
    office = furnish(database, tmp_path, clock, draft(tmp_path / "first", first()))
    yield office
    office.verify()


@pytest.fixture
def second_draft(tmp_path) -> Draft:
    return draft(tmp_path / "second", second(), version="2.0", retired=RETIRED)


def adopt(office, new: Draft) -> None:
    """Adopt a draft, and go on as after an upgrade: under its content."""
    adoption.adopt(office.acting(), new, reason=REASON)
    begin_with(office, new)


def begin_with(office, new: Draft) -> None:
    office.register = replace(
        office.register, content=new.content, edition=new.edition, restored={}
    )


@contextmanager
def nothing_written(office):
    before = office.rows()
    yield
    assert office.rows() == before


def test_draft_with_a_check_that_fails_its_own_example_is_refused(tmp_path):
    root = write_edition(tmp_path, first())
    shipped = (root / "scanners").resolve()
    (root / "scanners").unlink()
    shutil.copytree(shipped, root / "scanners")
    check = root / "scanners" / "cleartext" / "no-telnet-or-r-login.yaml"
    check.write_text(check.read_text().replace("verdict: pass", "verdict: fail", 1))
    with pytest.raises(InvalidInput, match="gives pass, not fail"):
        read_draft(ContentFolders(root))


LEVELS = {f"GOV_0{n}": 2 for n in range(1, 9)}


def answered(office) -> str:
    """Have an institution answer all it is asked in a first round; return the round."""
    office.institution(CODE)
    campaign = office.open_round("autumn")
    office.answer(CODE, campaign, **LEVELS)
    return campaign


def test_dry_run_says_what_becomes_of_each_institution_and_writes_nothing(office, second_draft):
    answered(office)
    office.institution(OTHER)
    told = []
    with nothing_written(office):
        found = rehearse(office.register, second_draft, lambda *step: told.append(step))
    assert found.faults == ()
    assert found.comparison is not None
    assert found.comparison.counts() == {
        "unchanged": 2, "reworded": 1, "stronger": 1, "weaker": 1,
        "split": 1, "merged": 1, "removed": 1, "new": 1,
    }  # fmt: skip
    (effect,) = found.effects
    assert (effect.institution, effect.round, effect.edition) == (CODE, "autumn", "1.0")
    assert sorted(effect.answers.carried) == ["GOV-01", "GOV-02", "GOV-04"]
    assert sorted(effect.answers.suggested) == ["GOV-03", "GOV-11", "GOV-12", "GOV-13"]
    assert (effect.answers.kept, effect.answers.unanswered) == (("GOV-08",), ("GOV-09",))
    assert found.without_answers == (OTHER,)
    assert told == [("institutions", 1, 2), ("institutions", 2, 2)]


def test_effect_is_told_apart_by_its_cause(office, second_draft):
    """Every answer is worth 8 000 × 0.5; the weights of each edition say what that makes."""
    answered(office)
    (effect,) = rehearse(office.register, second_draft).effects
    # Before: eight controls, all answered. After: 3 + 3 + 3 of 26 points of weight are carried.
    assert effect.before.verified == 4000
    assert effect.after.verified == round(4000 * 9 / 26)
    # As suggested, all but GOV-09 (weight 3) would be answered.
    assert effect.confirmed.verified == round(4000 * 23 / 26)
    assert effect.because_of_rules == effect.confirmed.verified - 4000
    assert effect.because_of_open_answers == effect.after.verified - effect.confirmed.verified
    assert effect.before.coverage > effect.confirmed.coverage > effect.after.coverage


def test_draft_that_changes_nothing_moves_no_score(office, tmp_path):
    answered(office)
    same = draft(tmp_path / "same", first())
    (effect,) = rehearse(office.register, same).effects
    assert effect.before == effect.after == effect.confirmed
    assert (effect.because_of_rules, effect.because_of_open_answers) == (0, 0)


def test_adoption_is_one_act_and_keeps_every_byte(office, second_draft):
    answered(office)
    with office.register.reading() as connection:
        kept = {
            (record.kind, record.digest): get_edition_content(
                connection, record.kind, record.digest
            )
            for record in list_editions(connection)
        }
    office.acting()
    with office.adds("edition-adopted"):
        adopt(office, second_draft)
    assert [(one.number, one.version) for one in adoption.list_adoptions(office.register)] == [
        (1, "1.0"), (2, "2.0"),
    ]  # fmt: skip
    with office.register.reading() as connection:
        for (kind, digest), content in kept.items():
            assert get_edition_content(connection, kind, digest) == content
    (*_, entry) = read_entries(office.register, kind="edition-adopted")
    assert (entry.act.actor, entry.act.reason) == ("c-cert", REASON)
    assert entry.data["instead_of"] == 1
    assert entry.data["changes"]["split"] == 1
    assert entry.data["catalogue"] == second_draft.edition.rules


def test_draft_that_loses_controls_is_not_adopted(office, tmp_path):
    answered(office)
    acting = office.acting()
    lost = draft(tmp_path / "lost", second(), version="2.0", retired=RETIRED[:-1])
    assert len(rehearse(office.register, lost).faults) == 1
    with office.refuses(InvalidInput, "retired.yaml:1: GOV-08 of 1.0 is gone"):
        adoption.adopt(acting, lost, reason=REASON)


def test_retired_id_does_not_come_back_two_editions_later(office, second_draft, tmp_path):
    adopt(office, second_draft)
    controls = second()
    controls["GOV-08"] = first()["GOV-08"]
    for one in controls.values():
        one.pop("supersedes", None)
    back = draft(tmp_path / "third", controls, version="3.0", retired=RETIRED[:-1])
    with office.refuses(InvalidInput, "GOV-08-sample.yaml:2: GOV-08 was given up before"):
        adoption.adopt(office.acting(), back, reason=REASON)


def test_only_the_cert_adopts(office, second_draft):
    officer = office.acting("o-officer", "authorising-officer")
    with office.refuses(NotAuthorised, "wrong-role"):
        adoption.adopt(officer, second_draft, reason=REASON)
    with office.refuses(NotFound, "amna-khan"):
        adoption.adopt(office.register, second_draft, reason=REASON)


def test_what_is_in_force_is_not_adopted_again(office, second_draft):
    adopt(office, second_draft)
    acting = office.acting()
    with office.refuses(WrongState, "2.0 is in force already"):
        adoption.adopt(acting, second_draft, reason=REASON)
    with nothing_written(office):
        assert setup.adopt_content(office.register) is False


def test_no_round_is_opened_under_an_edition_that_was_not_adopted(office, second_draft):
    begin_with(office, second_draft)
    with office.refuses(WrongState, "2.0 as it stands here is not the edition in force"):
        office.open_round("spring")
    adopt(office, second_draft)
    office.open_round("spring")
    found = rounds.get_round(office.register, "spring").round
    assert found.edition == second_draft.edition.rules


def test_round_keeps_the_edition_that_it_was_opened_under(office, second_draft):
    """Answers, reviews, late openings and the final score all follow the pinned rules."""
    campaign = answered(office)
    office.institution(OTHER)
    before = office.basis(CODE, campaign)
    adopt(office, second_draft)
    assert office.basis(CODE, campaign).document == before.document
    office.answer(OTHER, campaign, GOV_08=1)
    with office.refuses(InvalidInput, "no control GOV-09"):
        path = office.write("late.yaml", {"answers": [{"control": "GOV-09", "level": 1}]})
        importing.import_answers(office.register, path, CODE, campaign)
    live = score.score_live(office.register, CODE)
    final = score.finalise(office.register, CODE, campaign)
    for kept in (live, final):
        assert kept.catalogue_digest == before.pinned.edition.rules
        assert kept.texts_digest == before.pinned.edition.texts
        assert kept.document["controls"] == before.document.model_dump(mode="json")["controls"]
    assert score.recompute_all(office.register) == (2, [])


def test_reports_tell_each_round_under_its_own_edition(office, second_draft, tmp_path):
    campaign = answered(office)
    score.finalise(office.register, CODE, campaign)
    adopt(office, second_draft)
    office.clock.forward(days=1)
    office.answer(CODE, office.open_round("spring"), GOV_01=3, GOV_09=1)
    score.finalise(office.register, CODE, "spring")
    texts = {}
    for of_round in (campaign, "spring"):
        out = tmp_path / f"{of_round}.html"
        report.write_report(
            office.register, office_folders(), "institution", "cert",
            About(institution=CODE, round_code=of_round), out=out,
        )  # fmt: skip
        texts[of_round] = out.read_text()
        report.write_report(
            office.register, office_folders(), "nation", "cert",
            About(round_code=of_round), out=tmp_path / "nation.html",
        )  # fmt: skip
    assert "GOV-08" in texts[campaign] and "GOV-09" not in texts[campaign]
    assert "GOV-09" in texts["spring"] and "Fax machines sealed" not in texts["spring"]
    assert "1.0" in texts[campaign] and "2.0" in texts["spring"]


START = Profile(
    id="first-steps", title="First steps", note="Invented for this test.", tiers=("A",),
    controls=tuple(Chosen(id=f"GOV-0{n}", why="So.") for n in (1, 3, 5, 8)),
)  # fmt: skip


def with_profiles(of: Draft, *profiles: Profile, version: str = "2.0") -> Draft:
    """Return the draft with more profiles."""
    catalogue = of.content.catalogue
    framework = catalogue.framework.model_copy(update={"version": version})
    more = catalogue.model_copy(
        update={"framework": framework, "profiles": (*catalogue.profiles, *profiles)}
    )
    content = replace(of.content, catalogue=more)
    return Draft(content, identify(more, content.checks, content.translations))


def in_profile(office) -> str:
    """Have an institution answer the four controls of a small profile; return the round."""
    present = Draft(office.register.content, office.register.edition)
    adopt(office, with_profiles(present, START, version="1.1"))
    office.institution(CODE)
    campaign = office.open_round("autumn")
    assess.open_assessment(office.register, CODE, campaign, profile=START.id)
    office.answer(CODE, campaign, GOV_01=2, GOV_03=2, GOV_05=2, GOV_08=2)
    return campaign


def test_draft_without_the_profile_rescores_what_the_profile_asked(office, second_draft):
    """GOV-05 is split in two and GOV-08 is gone; the rest of the tier is not asked all the same."""
    in_profile(office)
    (effect,) = rehearse(office.register, second_draft).effects
    asked = {*effect.answers.carried, *effect.answers.suggested, *effect.answers.unanswered}
    assert asked == {"GOV-01", "GOV-03", "GOV-11", "GOV-12"}
    assert effect.answers.kept == ("GOV-08",)
    assert effect.dropped_profile == START.id
    # All four would be answered by what was answered before: nothing is lost by the rules.
    assert (effect.before.verified, effect.confirmed.verified) == (4000, 4000)


def test_draft_that_keeps_the_profile_rescores_what_it_asks_there(office, second_draft):
    in_profile(office)
    fewer = START.model_copy(update={"controls": START.controls[:1]})
    (effect,) = rehearse(office.register, with_profiles(second_draft, fewer)).effects
    assert effect.dropped_profile is None
    assert (sorted(effect.answers.carried), effect.answers.unanswered) == (["GOV-01"], ())


def test_control_that_does_not_apply_is_not_told_as_unanswered(office, tmp_path):
    answered(office)
    controls = first()
    controls["GOV-09"] = control("GOV-09", applies_when={"feature": "ot"})
    controls["GOV-11"] = control("GOV-11", applies_when={"feature": "web"})
    more = draft(tmp_path / "more", controls, version="1.1")
    (effect,) = rehearse(office.register, more).effects
    assert effect.answers.unanswered == ("GOV-11",)


def office_folders() -> ContentFolders:
    return ContentFolders(Path(__file__).resolve().parents[2])


@pytest.mark.parametrize("meant", ["1.0", "NCSP-2021 1.0", "digest"])
def test_adopted_edition_is_found_by_version_and_by_digest(office, second_draft, meant):
    before = office.register.content.catalogue
    digest = office.register.edition.rules
    adopt(office, second_draft)
    name = digest[:8] if meant == "digest" else meant
    found = adoption.find_adopted(office.register, name)
    assert found.catalogue == before
    assert found.edition.rules == digest


def test_edition_that_is_not_there_or_not_meant_is_not_found(office):
    for name in ("9.9", "", office.register.edition.rules[:5]):
        with pytest.raises(NotFound, match="adopted edition"):
            adoption.find_adopted(office.register, name)


def test_corrected_texts_are_adopted_under_the_same_rules(office, tmp_path):
    campaign = answered(office)
    controls = first()
    controls["GOV-01"]["title"] = "Policy approved by the head"
    mended = draft(tmp_path / "mended", controls)
    assert mended.edition.rules == office.register.edition.rules
    adopt(office, mended)
    found = adoption.find_adopted(office.register, "1.0").catalogue.find("GOV-01")
    assert found is not None and found.title == "Policy approved by the head"
    assert office.basis(CODE, campaign).pinned.edition.texts == mended.edition.texts


def test_translations_are_kept_with_their_edition(office, second_draft, tmp_path):
    campaign = answered(office)
    folder = tmp_path / "urdu"
    root = write_edition(folder, first())
    said = {
        "language": "ur", "status": "draft", "translator": "A. Translator",
        "source": source_digest(office.register.content.catalogue.find("GOV-01")),
        "title": "پالیسی منظور", "statement": "سربراہ نے سیکیورٹی پالیسی منظور کی ہے۔",
    }  # fmt: skip
    path = root / "controls" / "small" / "gov" / "GOV-01-sample.ur.yaml"
    path.write_text(json.dumps(said, indent=1))
    translated = read_draft(ContentFolders(root))
    assert translated.edition.rules == office.register.edition.rules
    before = office.basis(CODE, campaign)
    adopt(office, translated)
    adopt(office, second_draft)
    after = office.basis(CODE, campaign)
    assert (after.document, after.result) == (before.document, before.result)
    urdu = in_language(after.pinned.translations, "ur")
    assert urdu.controls["GOV-01"].title == said["title"]
    assert urdu.state(after.pinned.catalogue.find("GOV-01")) == "draft"
    assert after.pinned.translations == translated.content.translations


TELNET = "cleartext.no-telnet-or-r-login"


def without_telnet(of: Draft) -> Draft:
    """Return the draft without one check, whose subject another words otherwise."""
    checks = of.content.checks
    fewer = checks.model_copy(update={"checks": tuple(c for c in checks.checks if c.id != TELNET)})
    content = replace(of.content, checks=fewer)
    return Draft(content, identify(content.catalogue, fewer, content.translations))


def test_a_final_round_is_told_by_the_checks_that_judged_it(office, second_draft, tmp_path):
    campaign = answered(office)
    office.declare(CODE, "127.53.0.1")
    office.look(CODE, "127.53.0.1", rest="closed", services={"23": "telnet"})
    kept = score.finalise(office.register, CODE, campaign)
    before = explain_one(office.register, CODE, "IAM-10", campaign)
    adopt(office, without_telnet(second_draft))
    office.register = replace(office.register, restored_checks={})
    after = explain_one(office.register, CODE, "IAM-10", campaign)
    assert TELNET in {one.check.id for one, _, _ in after.checks}
    assert [(c.check, c.tally, d, s) for c, d, s in after.checks] == [
        (c.check, c.tally, d, s) for c, d, s in before.checks
    ]
    assert after.basis.pinned.edition.checks == kept.checks_digest
    assert after.basis.document == before.basis.document
    live = explain_one(office.register, CODE, "IAM-10", None)
    assert TELNET not in {one.check.id for one, _, _ in live.checks}
    out = tmp_path / "old.html"
    report.write_report(
        office.register, office_folders(), "institution", "cert",
        About(institution=CODE, round_code=campaign), out=out,
    )  # fmt: skip
    assert kept.checks_digest in out.read_text()
