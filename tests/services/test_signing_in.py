"""Coming in by link, password and second factor: what opens the portal, and what never does."""

from datetime import timedelta

import pyotp
import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound
from cyberposture.services.people import people, signing_in
from cyberposture.services.people.attempts import FREE_FAILURES
from cyberposture.services.people.signing_in import ABSOLUTE_LIMIT, IDLE_LIMIT, LINK_LASTS
from cyberposture.services.proof import audit

ENGINES = ("sqlite", "postgresql")
PASSWORD = "seven lamps on a quiet quay"


@pytest.fixture
def register(office, tmp_path):
    """A register in which one person was invited."""
    people.invite(office.register, "l-lead", "L. Lead (invented)", "institution-lead",
                  tmp_path / "l-lead.key")  # fmt: skip
    return office.register


def code_now(office, seed):
    return pyotp.TOTP(seed).at(office.clock())


def enrol(office, register):
    """Bring the person in, and return the seed of the second factor and the session."""
    token = signing_in.make_link(register, "l-lead")
    begun = signing_in.begin_account(register, token, PASSWORD)
    opened = signing_in.confirm_account(register, token, code_now(office, begun.seed))
    office.clock.forward(minutes=1)  # no code is taken twice
    return begun.seed, opened


def test_a_link_brings_its_person_in_once_and_leaves_recovery_codes(office, register):
    token = signing_in.make_link(register, "l-lead")
    assert signing_in.whose_link(register, token).name == "L. Lead (invented)"
    begun = signing_in.begin_account(register, token, PASSWORD)
    assert signing_in.find_enrolment(register, token) == begun
    opened = signing_in.confirm_account(register, token, code_now(office, begun.seed))
    signed = signing_in.find_signed_in(register, opened.token)
    assert signed is not None and signed.person == "l-lead"
    assert [one.role for one in signed.memberships] == ["institution-lead"]
    assert len(set(opened.recovery_codes)) == 10
    with pytest.raises(NotFound):
        signing_in.whose_link(register, token)


def test_a_link_runs_out_and_a_newer_one_takes_its_place(office, register):
    first = signing_in.make_link(register, "l-lead")
    second = signing_in.make_link(register, "l-lead")
    with pytest.raises(NotFound):
        signing_in.begin_account(register, first, PASSWORD)
    office.clock.forward(days=LINK_LASTS.days)
    with pytest.raises(NotFound, match="link"):
        signing_in.begin_account(register, second, PASSWORD)


def test_a_password_without_the_second_factor_opens_nothing(office, register):
    token = signing_in.make_link(register, "l-lead")
    begun = signing_in.begin_account(register, token, PASSWORD)
    with pytest.raises(InvalidInput, match="not the code"):
        signing_in.confirm_account(register, token, "000000")
    with pytest.raises(NotAuthorised):  # the account was begun and never confirmed
        signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, begun.seed))


@pytest.mark.parametrize("bad", ["short", "aaaaaaaaaaaaaaaa", "L. Lead (invented)", "x" * 129])
def test_a_password_that_is_easily_guessed_is_refused(register, bad):
    token = signing_in.make_link(register, "l-lead")
    with pytest.raises(InvalidInput, match="password"):
        signing_in.begin_account(register, token, bad)


def test_a_code_is_taken_once_and_only_near_its_time(office, register):
    seed, _ = enrol(office, register)
    code = code_now(office, seed)
    signing_in.sign_in(register, "l-lead", PASSWORD, code)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, code)
    office.clock.forward(minutes=5)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, code)
    assert signing_in.sign_in(register, " L-LEAD ", PASSWORD, code_now(office, seed)).token


def test_a_recovery_code_stands_for_the_second_factor_once(office, register):
    _, opened = enrol(office, register)
    code = opened.recovery_codes[3].upper()
    assert signing_in.sign_in(register, "l-lead", PASSWORD, code).token
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, code)


def test_every_refusal_sounds_alike_and_is_on_record(office, register):
    seed, _ = enrol(office, register)
    attempts = [
        ("nobody", PASSWORD, code_now(office, seed)),
        ("l-lead", "a wrong password here", code_now(office, seed)),
        ("l-lead", PASSWORD, "000000"),
    ]
    said = set()
    for attempt in attempts:
        with pytest.raises(NotAuthorised) as refusal:
            signing_in.sign_in(register, *attempt)
        said.add(str(refusal.value))
    assert len(said) == 1
    tried = [e for e in audit.read_entries(register) if e.kind == "sign-in-tried"]
    assert [entry.data["outcome"] for entry in tried] == ["unknown", "refused", "refused"]


def test_guessing_locks_the_account_for_ever_longer(office, register):
    seed, _ = enrol(office, register)
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotAuthorised):
            signing_in.sign_in(register, "l-lead", "a wrong password here", "000000")
    with pytest.raises(NotAuthorised):  # even with everything right
        signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, seed))
    office.clock.forward(minutes=1)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, "000000")  # the sixth: two minutes
    office.clock.forward(minutes=1)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, seed))
    office.clock.forward(minutes=1)
    assert signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, seed)).token


@pytest.mark.parametrize(("step", "times"), [(timedelta(minutes=90), 8), (IDLE_LIMIT, 2)])
def test_a_session_ends_when_nobody_is_there_or_a_day_is_over(office, register, step, times):
    _, opened = enrol(office, register)
    lived = timedelta(minutes=1)
    for _ in range(times):
        office.clock.forward(minutes=step.total_seconds() // 60)
        lived += step
        if signing_in.find_signed_in(register, opened.token) is None:
            break
    assert lived > (ABSOLUTE_LIMIT if step < IDLE_LIMIT else IDLE_LIMIT)


def test_signing_out_and_being_disabled_end_a_session(office, register):
    seed, opened = enrol(office, register)
    signing_in.sign_out(register, opened.token)
    assert signing_in.find_signed_in(register, opened.token) is None
    again = signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, seed))
    people.disable(register, "l-lead")
    assert signing_in.find_signed_in(register, again.token) is None
    office.clock.forward(minutes=1)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in(register, "l-lead", PASSWORD, code_now(office, seed))
    with pytest.raises(NotAuthorised):
        signing_in.make_link(register, "l-lead")


def test_a_new_password_ends_every_session_of_the_old_one(office, register):
    _, opened = enrol(office, register)
    token = signing_in.make_link(register, "l-lead")
    signing_in.begin_account(register, token, "another set of four words")
    assert signing_in.find_signed_in(register, opened.token) is None


def test_neither_link_nor_cookie_nor_seed_can_be_read_in_the_register(office, register):
    seed, opened = enrol(office, register)
    kept = str(office.rows()) + str([e.data for e in audit.read_entries(register)])
    for secret in (seed, opened.token, opened.recovery_codes[0], PASSWORD):
        assert secret not in kept
