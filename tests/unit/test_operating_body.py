"""The CERT's name stands where readers look for it, in their language, and stays text."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import DictLoader

from cyberposture.cli.doctor import examine
from cyberposture.content.bundle import find_content
from cyberposture.errors import InvalidInput
from cyberposture.model.operating_body import UNNAMED, OperatingBody
from cyberposture.reporting.issuer import issuer_of
from cyberposture.reporting.render import Sandbox
from cyberposture.runtime import user_agent_of
from cyberposture.services.permission.letters import LetterFacts, write_letter
from cyberposture.services.post.wording import word_notice
from cyberposture.settings import load_settings

REPORTS = find_content(None).reports
BODY = OperatingBody(
    "Hill CERT", "پہاڑی CERT", "051 000 0000", "ask@hill.example", "https://hill.example"
)
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CYBERPOSTURE_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cert_name", "x"),
        ("cert_name", "n" * 81),
        ("cert_name", "Hill\nCERT"),
        ("cert_name", "Hill \u202eTREC"),
        ("cert_name_ur", "پہاڑی\u200b"),
        ("cert_telephone", "051\u2066 000"),
        ("duty_telephone", "051\n000 000"),
        ("cert_mail", "ask us"),
        ("cert_url", "javascript:alert(1)"),
    ],
)
def test_what_no_reader_should_see_is_refused_with_its_place(monkeypatch, name, value):
    monkeypatch.setenv(f"CYBERPOSTURE_{name.upper()}", value)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert [fault.where for fault in caught.value.faults] == [f"CYBERPOSTURE_{name.upper()}"]


def test_what_is_not_set_is_borrowed_from_the_scanner():
    own = load_settings(duty_telephone="extension 2", scanner_contact="duty desk")
    assert own.operating_body == OperatingBody(telephone="extension 2", mail="duty desk")
    both = load_settings(cert_telephone="extension 7", duty_telephone="extension 2")
    assert both.operating_body.ways == ("extension 7",)


def test_urdu_readers_are_told_the_urdu_name_or_else_the_one_there_is():
    assert issuer_of(BODY, "ur").name == "پہاڑی CERT"
    assert issuer_of(OperatingBody("Hill CERT"), "ur").name == "Hill CERT"
    assert not issuer_of(UNNAMED, "ur").name


def test_a_name_stays_text_and_keeps_its_own_direction_in_a_template():
    hostile = OperatingBody('<b>"Hill"</b>', telephone="<i>1")
    page = Sandbox(
        autoescape=True, loader=DictLoader({"p": "{{ one.name }}{{ one.ways[0] }}"})
    ).get_template("p")
    assert page.render(one=issuer_of(hostile, "en")) == (
        '<bdi dir="auto">&lt;b&gt;&quot;Hill&quot;&lt;/b&gt;</bdi><bdi dir="ltr">&lt;i&gt;1</bdi>'
    )


def test_a_letter_is_addressed_to_the_cert_by_name_in_both_languages():
    facts = LetterFacts("A-1", "Hill Office", NOON, NOON + timedelta(days=1), (), (), 2, (), (),
                        has_plant=False)  # fmt: skip
    named = write_letter(REPORTS, facts, "ur", body=BODY).text
    assert "To Hill CERT, the central CERT" in named
    assert "بنام \u2068پہاڑی CERT\u2069، مرکزی CERT" in named
    assert "\nTo the central CERT\n" in write_letter(REPORTS, facts).text


@pytest.mark.parametrize(("language", "name"), [("en", "Hill CERT"), ("ur", "پہاڑی CERT")])
def test_a_mail_says_from_whom_it_is_and_whom_to_ask(language, name):
    values = {"subject": "S", "body": "B", "code": "c", "portal": "https://p"}
    body = word_notice(REPORTS, "mail", language, values, BODY).body
    for told in (name, *BODY.ways):
        assert told in body
    unnamed = word_notice(REPORTS, "mail", language, values).body
    assert name not in unnamed
    assert "CERT" in unnamed


def test_hosts_that_we_look_at_are_told_the_name_where_a_header_can_hold_it():
    told = user_agent_of(load_settings(cert_name="Hill CERT", scanner_url="https://hill.example"))
    assert told == "cyberposture posture check (Hill CERT https://hill.example)"
    both = load_settings(scanner_url="https://scan.example", cert_url="https://hill.example")
    assert user_agent_of(both) == "cyberposture posture check (https://scan.example)"
    assert "authorised" in user_agent_of(load_settings(cert_name="پہاڑی CERT"))


def test_doctor_says_what_is_not_set_and_that_it_works_without(tmp_path):
    def named(**given):
        found = examine(load_settings(workspace=tmp_path, **given), "somebody")
        return next(one for one in found if one.what == "the CERT's name")

    assert named().is_well
    assert "CYBERPOSTURE_CERT_NAME" in named().advice
    whole = named(cert_name="Hill CERT", cert_mail="ask@hill.example")
    assert (whole.says, whole.advice) == ("Hill CERT, ask@hill.example", "")
