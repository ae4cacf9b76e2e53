"""What readers of another language read: translated content, and kept sentences said again."""

from dataclasses import replace

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.model.checks import Says
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.seen import say_seen
from cyberposture.reporting.told import told_in
from cyberposture.reporting.words import load_words

ENGLISH = Says.model_validate(
    {"pass": "All is well at {endpoint}.", "fail": "{endpoint} fails: {detail}.",
     "inconclusive": "Whether {endpoint} fails is not known: {detail}."}
)  # fmt: skip
URDU = Says.model_validate(
    {"pass": "{endpoint} ٹھیک ہے۔", "fail": "{endpoint} ناکام: {detail}",
     "inconclusive": "معلوم نہیں: {detail}، {endpoint}"}
)  # fmt: skip
SAID = {"a.b": (ENGLISH, URDU)}
SHARED = find_content(None).reports / "_shared"
ENGLISH_WORDS, URDU_WORDS = (load_words([SHARED], language) for language in ("en", "ur"))


def shipped():
    found = load_content(find_content(None))
    return replace(
        content(), catalogue=found.catalogue, checks=found.checks, translations=found.translations
    )


def test_in_english_nothing_is_told_otherwise():
    own = shipped()
    assert told_in(own, "en") is own


def test_texts_are_others_and_rules_the_same():
    own, told = shipped(), told_in(shipped(), "ur")
    assert told.catalogue.framework.sectors[0].title == "حکومت، وفاقی اور صوبائی"
    assert told.catalogue.framework.policy.startswith("قومی سائبر سکیورٹی پالیسی")
    assert told.catalogue.find("IAM-10").title != own.catalogue.find("IAM-10").title
    assert told.edition == own.edition
    assert [(c.id, c.weight, c.tier) for c in told.catalogue.controls] == [
        (c.id, c.weight, c.tier) for c in own.catalogue.controls
    ]


def test_what_is_not_translated_is_marked_as_english_but_for_its_title():
    own = shipped()
    (urdu,) = own.translations
    fewer = replace(urdu, controls={k: v for k, v in urdu.controls.items() if k != "GOV-02"})
    told = told_in(replace(own, translations=(fewer,)), "ur").catalogue.find("GOV-02")
    assert told.title == own.catalogue.find("GOV-02").title
    assert told.statement.__html__().startswith('<span lang="en" dir="ltr">')


def test_content_that_has_changed_since_is_told_in_english():
    own = shipped()
    clauses = own.catalogue.clauses
    changed = own.catalogue.model_copy(
        update={"clauses": (clauses[0].model_copy(update={"text": "Other."}), *clauses[1:])}
    )
    told = told_in(replace(own, catalogue=changed), "ur")
    assert told.catalogue.clauses[0].text == "Other."
    assert told.catalogue.clauses[1].text == clauses[1].text


@pytest.mark.parametrize(
    ("kind", "kept", "said"),
    [
        ("pass", "All is well at 127.0.0.1, TCP port 22.", "127.0.0.1، TCP پورٹ 22 ٹھیک ہے۔"),
        ("fail", "a.example (::1), UDP port 5 fails: x.", "a.example (::1)، UDP پورٹ 5 ناکام: x"),
        (
            "fail",
            "the institution fails: no usable answer.",
            "ادارہ ناکام: کوئی قابلِ استعمال جواب نہیں ملا",
        ),
        (
            None,
            "Whether x fails is not known: no SPF record.",
            "معلوم نہیں: SPF کا کوئی ریکارڈ نہیں، x",
        ),
        ("fail", "[::1]:23 fails: it said: “so: it is”.", "[::1]:23 ناکام: it said: “so: it is”"),
        ("inconclusive", "Whether x fails is not known: no answer.", "معلوم نہیں: no answer، x"),
        ("fail", "Something else.", "Something else."),
        ("not-tested", "This was not looked at.", "This was not looked at."),
        (
            "not-tested",
            "This was not looked at for x: the port is closed.",
            "x پر یہ نہیں دیکھا گیا: پورٹ بند ہے",
        ),
    ],
)
def test_a_kept_sentence_is_said_again_with_its_facts(kind, kept, said):
    assert say_seen(URDU_WORDS, SAID, "a.b", kind, kept, limit=100) == said


def test_in_english_and_of_an_unknown_check_it_stays_as_it_was_kept():
    assert say_seen(ENGLISH_WORDS, None, "a.b", "fail", "x fails: y.", limit=100) == "x fails: y."
    assert say_seen(URDU_WORDS, SAID, "c.d", "fail", "x fails: y.", limit=100) == "x fails: y."


def test_a_banner_within_it_is_harmless_and_cut():
    kept = "x fails: <b>\u202e" + "y" * 500 + "."
    said = say_seen(URDU_WORDS, SAID, "a.b", "fail", kept, limit=20)
    assert "<b>" not in said.__html__()
    assert "\u202e" not in said
    assert len(said) < 60
