"""An institution describes itself, the CERT confirms or returns, and no answer is ever lost."""

import pytest

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.model.scopes import EssentialService, Scope
from cyberposture.services.assessments import assess, questionnaire, scoping
from cyberposture.services.institutions import entries
from cyberposture.store import answers, assessments
from cyberposture.store.answer_rows import find_row, rebuild_row
from cyberposture.store.layouts import get_layout

CODE, ROUND = "hill-office", "autumn"


@pytest.fixture
def office(furnish, database, tmp_path, clock):
    """An office with a round, and an institution with a website whose assessment is planned."""
    office = furnish(database, tmp_path, clock)
    office.institution(CODE)
    office.open_round(ROUND)
    assess.open_assessment(office.register, CODE, ROUND, is_planned=True)
    yield office
    office.verify()


def described(profile="baseline", *features):
    service = EssentialService(title="Permits", about="Builders wait for them")
    return Scope(profile=profile, features=features, services=(service,))


def state(office):
    (found,) = assess.list_assessments(office.register, institution=CODE)
    return found.state


def asked(office):
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, ROUND)
        return set(get_layout(connection, assessment.layout))


def say(office, control, level=2, seen=0):
    return questionnaire.save_answer(
        office.register, CODE, ROUND, control,
        level=level, not_applicable=None, reason="as always", seen_revision=seen,
    )  # fmt: skip


def send(office, scope):
    return scoping.keep_scope(office.register, CODE, ROUND, scope, send=True)


def confirm(office, revision):
    return scoping.confirm_scope(office.register, CODE, ROUND, revision)


def test_a_planned_assessment_is_scoped_confirmed_and_answered(office):
    with office.refuses(WrongState, "planned"):
        say(office, "GOV-01")
    with office.adds("scope-kept"):
        scoping.keep_scope(office.register, CODE, ROUND, described("start", "web"), send=False)
    assert state(office) == "scoping"
    assert scoping.list_waiting(office.register) == []
    with office.adds("scope-sent"):
        revision = send(office, described("start", "web"))
    (waiting,) = scoping.list_waiting(office.register)
    assert (waiting.institution, waiting.round, waiting.revision) == (CODE, ROUND, revision)
    with office.refuses(WrongState, "scoping"):
        say(office, "GOV-01")
    with office.adds("scope-confirmed"):
        then = confirm(office, revision)
    assert state(office) == "answering"
    assert then.to_answer + then.network_alone < 40 and then.to_answer > 20
    assert say(office, "GOV-01").revision == 1
    assert scoping.list_waiting(office.register) == []


def test_a_small_institution_begins_with_the_shortest_profile(office):
    found = scoping.read_scoping(office.register, CODE, ROUND)
    assert [one.id for one in found.profiles] == ["start", "baseline"]
    assert found.scope == Scope(profile="start", features=("web",))


def test_what_follows_counts_what_each_feature_brings_and_what_is_left_out(office):
    found = scoping.read_scoping(office.register, CODE, ROUND)
    without = scoping.follow(found.asked, described("baseline"))
    with_mail = scoping.follow(found.asked, described("baseline", "mail"))
    total = without.to_answer + without.network_alone
    (brought,) = with_mail.because
    assert brought.feature == "mail" and brought.controls
    assert with_mail.to_answer + with_mail.network_alone == total + len(brought.controls)
    left = {one.control.id for one in without.left_out}
    assert set(brought.controls) <= left
    assert total + len(left) == len(asked(office))


def test_a_returned_scope_is_described_anew_and_every_revision_stays(office):
    first = send(office, described("start", "web"))
    with office.refuses(InvalidInput, "missing"):
        scoping.return_scope(office.register, CODE, ROUND, first, reason=" ")
    scoping.return_scope(office.register, CODE, ROUND, first, reason="You have mail as well.")
    found = scoping.read_scoping(office.register, CODE, ROUND)
    assert found.returned.decision.act.reason == "You have mail as well."
    assert found.waiting is None and state(office) == "scoping"
    second = send(office, described("start", "web", "mail"))
    found = scoping.read_scoping(office.register, CODE, ROUND)
    assert [one.revision for one in found.history] == [first, second]
    assert found.returned is None and found.waiting.revision == second
    with office.refuses(WrongState, "replaced"):
        confirm(office, first)
    confirm(office, second)
    with office.refuses(WrongState, "confirmed already"):
        confirm(office, second)


def test_a_change_in_a_running_assessment_loses_no_answer(office):
    confirm(office, send(office, described("baseline", "web", "mail")))
    found = scoping.read_scoping(office.register, CODE, ROUND)
    mail_only = next(
        one
        for one in scoping.follow(found.asked, found.scope).because if one.feature == "mail"
    ).controls  # fmt: skip
    takes = [one.id for one in found.asked.controls
             if one.id in mail_only and one.evidence_mode != "N"]  # fmt: skip
    dropped = next(one for one in sorted(asked(office)) if one == "GOV-03")
    for control in (*takes, dropped, "GOV-01"):
        say(office, control)
    revision = send(office, described("start", "web"))
    assert state(office) == "answering"  # it goes on under the scope that holds
    assert say(office, "GOV-08").revision == 1
    then = confirm(office, revision)
    assert set(takes) <= set(then.set_aside) and dropped in then.set_aside
    with office.refuses(NotFound, dropped):
        say(office, dropped, 3, 1)
    (listed,) = assess.list_assessments(office.register, institution=CODE)
    assert listed.controls == 40
    confirm(office, send(office, described("baseline", "web", "mail")))
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, ROUND)
        kept = answers.list_answers(connection, assessment.id)
        row = find_row(connection, assessment.id)
    assert {c: one.answer.level for c, one in kept.items()} == dict.fromkeys(
        (*takes, dropped, "GOV-01", "GOV-08"), 2
    )
    (listed,) = assess.list_assessments(office.register, institution=CODE)
    assert listed.answered == len(kept)
    with office.register.database.transaction() as connection:
        assert rebuild_row(connection, assessment.id, office.clock()) == row


def test_confirmed_features_are_those_of_the_institution_and_of_its_score(office):
    before = entries.get_institution(office.register, CODE).institution.features
    confirm(office, send(office, described("baseline", "web", "cloud")))
    after = entries.get_institution(office.register, CODE).institution.features
    assert (before, after) == (("web",), ("web", "cloud"))
    assert office.basis(CODE, ROUND).institution.institution.features == ("web", "cloud")


@pytest.mark.parametrize(
    ("scope", "what"),
    [(described("enhanced"), "there are: start, baseline"), (described("start", "cii"), "feature"),
     (described("start", "boats"), "no feature boats")],
    ids=["profile of another tier", "what nobody declares", "unknown feature"],
)  # fmt: skip
def test_what_there_is_not_is_refused(office, scope, what):
    with office.refuses(InvalidInput, what):
        send(office, scope)


def test_after_the_hand_in_nothing_is_scoped_any_more(office):
    confirm(office, send(office, described("start", "web")))
    with office.register.change("test", CODE) as change:
        _, assessment = assess.find_parts(change.connection, CODE, ROUND)
        assessments.record_state(
            change.connection, assessment.id, "submitted", change.by, expected=["answering"]
        )
    with office.refuses(WrongState, "does not change any more"):
        send(office, described("start", "web", "mail"))
