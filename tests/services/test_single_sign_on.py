"""Single sign-on against a real provider on loopback: whom it lets in, and whom never."""

from dataclasses import replace
from datetime import UTC, datetime

import pyotp
import pytest
from issuer import CLIENT, SECRET, Issuer
from soft_key import SoftKey

from cyberposture.errors import MissingService, NotAuthorised, NotFound, WrongState
from cyberposture.services.people import own_account, people, signing_in, single_sign_on
from cyberposture.services.people.attempts import Opened
from cyberposture.services.people.second_factors import Place
from cyberposture.services.people.single_sign_on import FactorAsked, Provider

pytestmark = pytest.mark.loopback
HERE = Place("https://posture.example")
STRONG = {"amr": ["pwd", "mfa"]}


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.close()


class House:
    """An office whose people may come in by another house."""

    def __init__(self, office, issuer, tmp_path) -> None:
        issuer.subject, issuer.says, issuer.signs_with = "subject-1", {}, issuer.key
        self.office, self.issuer, self.register = office, issuer, office.register
        self.provider = Provider(issuer.address, CLIENT, SECRET, f"{HERE.origin}/sign-in/sso/back")
        people.invite(office.register, "l-lead", "L. Lead", "institution-lead", tmp_path / "l.key")
        # The provider's tokens carry the time of day.
        office.clock._start = datetime.now(UTC)

    def link(self, code="l-lead"):
        link = signing_in.make_link(self.register, code)
        begun = single_sign_on.begin_link(self.register, self.provider, link)
        back = self.issuer.visit(begun.address)
        return link, single_sign_on.come_back_linked(
            self.register, self.provider, token=begun.token, state=back["state"], code=back["code"]
        )

    def come(self, **changes):
        begun = single_sign_on.begin_sign_on(self.register, self.provider)
        back = {"token": begun.token, **self.issuer.visit(begun.address), **changes}
        back.pop("redirect_uri")
        return single_sign_on.come_back(self.register, self.provider, HERE, **back)


@pytest.fixture
def house(office, issuer, tmp_path):
    return House(office, issuer, tmp_path)


def test_an_invitation_links_and_a_strong_sign_on_opens_the_door(house):
    house.issuer.says = STRONG
    link, linked = house.link()
    assert signing_in.find_signed_in(house.register, linked.opened.token).person == "l-lead"
    with pytest.raises(NotFound):  # used up
        signing_in.whose_link(house.register, link)
    opened = house.come()
    assert isinstance(opened, Opened)
    assert signing_in.find_signed_in(house.register, opened.token).person == "l-lead"


def test_a_weak_sign_on_asks_for_our_second_factor(house):
    link, linked = house.link()
    assert linked.opened is None
    with pytest.raises(NotAuthorised):  # nothing was confirmed yet
        house.come()
    now = pyotp.TOTP(linked.enrolment.seed).at(house.office.clock())
    signing_in.confirm_account(house.register, link, now)
    house.office.clock.forward(minutes=1)
    asked = house.come()
    assert isinstance(asked, FactorAsked) and asked.key is None
    with pytest.raises(NotAuthorised):
        single_sign_on.finish_with_code(house.register, asked.token, "000000")
    asked = house.come()
    now = pyotp.TOTP(linked.enrolment.seed).at(house.office.clock())
    opened = single_sign_on.finish_with_code(house.register, asked.token, now)
    assert signing_in.find_signed_in(house.register, opened.token).person == "l-lead"
    with pytest.raises(NotAuthorised):  # a step is taken once
        single_sign_on.finish_with_code(house.register, asked.token, now)


def test_our_second_factor_may_be_a_security_key(house):
    house.issuer.says = STRONG
    house.link()
    own = replace(house.register, actor="l-lead")
    key, begun = SoftKey(HERE.origin), own_account.begin_key(own, HERE)
    own_account.add_key(own, begun.token, key.create(begun.options), "blue", HERE)
    house.issuer.says = {}
    asked = house.come()
    answer = key.get(asked.key.options)
    assert signing_in.sign_in_with_key(house.register, asked.key.token, answer, HERE).token


def test_what_the_operator_calls_strong_is_strong(house):
    house.issuer.says = {"acr": "urn:two-of-them"}
    house.provider = replace(house.provider, strong=frozenset({"urn:two-of-them"}))
    assert house.link()[1].opened is not None
    assert isinstance(house.come(), Opened)


def test_nobody_is_linked_by_a_mail_address(house):
    own = replace(house.register, actor="l-lead")
    link = signing_in.make_link(house.register, "l-lead")
    begun = signing_in.begin_account(house.register, link, "seven lamps on a quiet quay")
    now = pyotp.TOTP(begun.seed).at(house.office.clock())
    signing_in.confirm_account(house.register, link, now)
    own_account.set_ways(own, "l.lead@hill.example", "en")
    house.issuer.says = {**STRONG, "email": "l.lead@hill.example", "email_verified": True}
    with pytest.raises(NotAuthorised):
        house.come()


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "another"},
        {"aud": "somebody-else"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"azp": "somebody-else"},
    ],
)
def test_a_token_that_was_not_made_for_us_now_opens_nothing(house, says):
    house.issuer.says = STRONG
    house.link()
    house.issuer.says = {**STRONG, **says}
    with pytest.raises(NotAuthorised):
        house.come()


def test_a_token_of_another_key_opens_nothing(house):
    house.issuer.says = STRONG
    house.link()
    house.issuer.signs_with = house.issuer.foreign_key
    with pytest.raises(NotAuthorised):
        house.come()


def test_an_answer_to_somebody_elses_browser_opens_nothing(house):
    house.issuer.says = STRONG
    house.link()
    other = single_sign_on.begin_sign_on(house.register, house.provider)
    with pytest.raises(NotAuthorised):  # the state is that of another browser
        house.come(token=other.token)
    with pytest.raises(NotAuthorised):
        house.come(state="guessed")
    with pytest.raises(NotAuthorised):
        house.come(code="guessed")


def test_one_sign_on_is_one_person_and_the_disabled_stay_out(house, tmp_path):
    house.issuer.says = STRONG
    house.link()
    people.invite(house.register, "k-lead", "K. Lead", "institution-lead", tmp_path / "k.key")
    with pytest.raises(WrongState):
        house.link("k-lead")
    people.disable(house.register, "l-lead")
    with pytest.raises(NotAuthorised):
        house.come()


def test_an_invitation_that_was_used_meanwhile_links_nothing(house):
    house.issuer.says = STRONG
    link = signing_in.make_link(house.register, "l-lead")
    begun = single_sign_on.begin_link(house.register, house.provider, link)
    account = signing_in.begin_account(house.register, link, "seven lamps on a quiet quay")
    now = pyotp.TOTP(account.seed).at(house.office.clock())
    signing_in.confirm_account(house.register, link, now)
    back = house.issuer.visit(begun.address)
    with pytest.raises(NotAuthorised):
        single_sign_on.come_back_linked(
            house.register, house.provider, token=begun.token, state=back["state"],
            code=back["code"],
        )  # fmt: skip


def test_a_provider_of_another_name_or_none_is_told_as_such(house):
    wrong = replace(house.provider, issuer=f"{house.issuer.address}/")
    with house.office.refuses(MissingService, match="another name"):
        single_sign_on.begin_sign_on(house.register, wrong)
    silent = replace(house.provider, issuer="http://127.0.0.1:9")
    with house.office.refuses(MissingService, match="does not answer"):
        single_sign_on.begin_sign_on(house.register, silent)
