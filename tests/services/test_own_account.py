"""What people change of their own account, and security keys in the place of codes."""

from dataclasses import replace

import pyotp
import pytest
from soft_key import SoftKey

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.people import attempts, own_account, people, signing_in, signing_keys
from cyberposture.services.people.second_factors import Place

PASSWORD, ANOTHER = "seven lamps on a quiet quay", "nine kites over an old harbour"
HERE = Place("https://posture.example")


class Own:
    """A person with an open account and a session."""

    def __init__(self, office, tmp_path) -> None:
        self.office = office
        people.invite(office.register, "l-lead", "L. Lead", "institution-lead",
                      tmp_path / "l.key")  # fmt: skip
        link = signing_in.make_link(office.register, "l-lead")
        self.seed = signing_in.begin_account(office.register, link, PASSWORD).seed
        opened = signing_in.confirm_account(office.register, link, self.code())
        self.token, self.codes = opened.token, opened.recovery_codes
        self.register = replace(office.register, actor="l-lead")
        office.clock.forward(minutes=1)

    def code(self, seed: str | None = None) -> str:
        return pyotp.TOTP(seed or self.seed).at(self.office.clock())

    def sign_in(self, password: str = PASSWORD, second: str | None = None) -> str:
        self.office.clock.forward(minutes=1)
        second = self.code() if second is None else second
        return signing_in.sign_in(self.office.register, "l-lead", password, second).token

    def account(self):
        return own_account.read_account(self.register, self.token)

    def add_key(self, name: str = "blue key") -> SoftKey:
        key = SoftKey(HERE.origin)
        asked = own_account.begin_key(self.register, HERE)
        own_account.add_key(self.register, asked.token, key.create(asked.options), name, HERE)
        return key


@pytest.fixture
def own(office, tmp_path):
    return Own(office, tmp_path)


def test_another_password_opens_the_door_and_ends_the_other_sessions(own):
    other = own.sign_in()
    with own.office.adds("password-changed"):
        own_account.change_password(own.register, own.token, PASSWORD, ANOTHER)
    assert signing_in.find_signed_in(own.register, other) is None
    assert signing_in.find_signed_in(own.register, own.token) is not None
    with pytest.raises(NotAuthorised):
        own.sign_in(PASSWORD)
    assert own.sign_in(ANOTHER)


def test_guessing_the_present_password_locks_this_way_in_as_well(own):
    for _ in range(attempts.FREE_FAILURES):
        with pytest.raises(InvalidInput, match="not your present"):
            own_account.change_password(own.register, own.token, "a wrong guess", ANOTHER)
    with pytest.raises(WrongState, match="rests"):
        own_account.change_password(own.register, own.token, PASSWORD, ANOTHER)
    with pytest.raises(InvalidInput, match="new: at least"):
        own.office.clock.forward(minutes=5)
        own_account.change_password(own.register, own.token, PASSWORD, "short")


def test_several_authenticators_open_the_door_and_the_last_factor_stays(own):
    factor, begun = own_account.begin_authenticator(own.register, "  work   telephone ")
    assert own_account.waiting_authenticator(own.register, factor) == begun
    with pytest.raises(NotAuthorised):  # not confirmed yet
        own.sign_in(second=own.code(begun.seed))
    with pytest.raises(InvalidInput, match="not the code"):
        own_account.confirm_authenticator(own.register, factor, "000000")
    own_account.confirm_authenticator(own.register, factor, own.code(begun.seed))
    assert [one.name for one in own.account().factors] == ["authenticator", "work telephone"]
    assert own.sign_in()
    first = own.account().factors[0]
    own_account.remove_factor(own.register, first.id)
    with pytest.raises(NotAuthorised):
        own.sign_in()
    own.office.clock.forward(minutes=2)
    assert signing_in.sign_in(own.office.register, "l-lead", PASSWORD, own.code(begun.seed)).token
    with pytest.raises(WrongState, match="last second factor"):
        own_account.remove_factor(own.register, own.account().factors[0].id)
    with pytest.raises(NotFound):
        own_account.remove_factor(own.register, first.id)


def test_a_security_key_is_named_and_opens_the_door(own):
    key = own.add_key()
    assert [(one.kind, one.name) for one in own.account().factors][1] == ("key", "blue key")
    asked = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
    answer = key.get(asked.options)
    opened = signing_in.sign_in_with_key(own.office.register, asked.token, answer, HERE)
    assert signing_in.find_signed_in(own.office.register, opened.token).person == "l-lead"
    with pytest.raises(NotAuthorised):  # an answer opens the door once
        signing_in.sign_in_with_key(own.office.register, asked.token, answer, HERE)


def test_a_key_of_another_place_or_person_or_question_opens_nothing(own):
    own.add_key()
    elsewhere, stranger = SoftKey("https://posture.examp1e"), SoftKey(HERE.origin)
    for key in (elsewhere, stranger):
        asked = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
        with pytest.raises(NotAuthorised):
            signing_in.sign_in_with_key(
                own.office.register, asked.token, key.get(asked.options), HERE
            )
    mine = own.add_key("green key")
    old = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
    new = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in_with_key(own.office.register, new.token, mine.get(old.options), HERE)
    own.office.clock.forward(minutes=11)
    with pytest.raises(NotAuthorised):  # the step is over
        signing_in.sign_in_with_key(own.office.register, old.token, mine.get(old.options), HERE)


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"id": "AA", "response": 1}', "nonsense"])
def test_what_is_no_answer_of_a_key_is_refused_like_everything_else(own, answer):
    own.add_key()
    asked = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
    with pytest.raises(NotAuthorised):
        signing_in.sign_in_with_key(own.office.register, asked.token, answer, HERE)
    begun = own_account.begin_key(own.register, HERE)
    with own.office.refuses(InvalidInput):
        own_account.add_key(own.register, begun.token, answer, "a key", HERE)


def test_keys_are_counted_among_the_ways_that_lock(own):
    own.add_key()
    for _ in range(attempts.FREE_FAILURES):
        asked = signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
        with pytest.raises(NotAuthorised):
            signing_in.sign_in_with_key(own.office.register, asked.token, "{}", HERE)
    with pytest.raises(NotAuthorised):
        signing_in.ask_for_key(own.office.register, "l-lead", PASSWORD, HERE)
    with pytest.raises(NotAuthorised):  # and so is the other way in
        signing_in.sign_in(own.office.register, "l-lead", PASSWORD, own.code())


def test_whoever_has_no_key_is_refused_as_with_a_wrong_password(own):
    said = set()
    for password in (PASSWORD, "a wrong password"):
        with pytest.raises(NotAuthorised) as refusal:
            signing_in.ask_for_key(own.office.register, "l-lead", password, HERE)
        said.add(str(refusal.value))
    assert len(said) == 1


def test_new_recovery_codes_take_the_place_of_the_old_ones(own):
    fresh = own_account.renew_recovery_codes(own.register)
    assert own.account().codes_left == len(fresh) == 10
    with pytest.raises(NotAuthorised):
        own.sign_in(second=own.codes[0])
    assert own.sign_in(second=fresh[0])
    assert own.account().codes_left == 9


def test_other_sessions_are_seen_and_ended(own):
    other = own.sign_in()
    assert [one.is_this for one in own.account().sessions] == [False, True]
    own_account.end_other_sessions(own.register, own.token)
    assert [one.is_this for one in own.account().sessions] == [True]
    assert signing_in.find_signed_in(own.register, other) is None


def test_mail_and_language_are_kept_and_looked_at(own):
    own_account.set_ways(own.register, " l.lead@hill.example ", "ur")
    assert (own.account().person.mail, own.account().person.language) == (
        "l.lead@hill.example", "ur",
    )  # fmt: skip
    with own.office.refuses(InvalidInput, match="mail"):
        own_account.set_ways(own.register, "not a mail address", "en")
    own_account.set_ways(own.register, "", "en")
    assert own.account().person.mail is None


def test_a_second_signing_key_needs_a_reason_and_the_old_half_is_nowhere(own):
    with own.office.refuses(WrongState, match="already"):  # the invitation made one
        signing_keys.make_signing_key(own.register, "l-lead")
    private = signing_keys.make_signing_key(own.register, "l-lead", reason="the old one was lost")
    assert len(private) == 64 and private not in str(own.office.rows())
