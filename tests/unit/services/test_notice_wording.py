"""Notices speak two languages from files: bound to their English, with values kept apart."""

import hashlib
import re

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.errors import NotFound
from cyberposture.services.post.wording import FOLDER, Whole, word_notice

REPORTS = find_content(None).reports
MARK = re.compile(r"\{# status: (draft|reviewed); translator: .+; source: ([0-9a-f]{64}) #\}")
VALUES = {
    "mail": {"subject": "A subject", "body": "A body", "code": "a-code", "portal": "https://p"},
    "digest": {"count": 7, "parts": [{"subject": "one", "body": "text"},
                                     {"subject": "two", "body": ""}]},
    "reminder": {"days": 7, "institution": "Hill Office", "round": "Autumn",
                 "last_day": "2026-12-31", "zone": "Asia/Karachi", "answered": 3, "controls": 40,
                 "is_lead": True, "link": "https://p"},
    "answered": {"institution": "Hill Office", "question": "Q-2026-0001", "link": "https://p"},
    "more-time": {"institution": "Hill Office", "round": "Autumn", "last_day": "2026-12-31",
                  "zone": "Asia/Karachi", "link": "https://p"},
    "asked-back": {"institution": "Hill Office", "round": "Autumn", "controls": 3,
                   "link": "https://p"},
    "handed-back": {"institution": "Hill Office", "round": "Autumn", "link": "https://p"},
    "preliminary": {"institution": "Hill Office", "round": "Autumn", "last_day": "2026-12-31",
                    "zone": "Asia/Karachi", "link": "https://p"},
    "final": {"institution": "Hill Office", "round": "Autumn", "link": "https://p"},
    "appeal": {"institution": "Hill Office", "round": "Autumn", "granted": True,
               "link": "https://p"},
    "scanned": {"institution": "Hill Office", "scan": "scan-7", "ended": "2026-12-01 14:05",
                "zone": "Asia/Karachi", "critical": 21, "high": 32, "medium": 43, "low": 54,
                "is_whole": False, "has_account": False, "link": "https://p/1",
                "findings_link": "https://p/2", "stop_link": "https://p/3"},
    "alarm": {"kind": "canary-missed", "about": "c-1", "says": "it was missed",
              "since": "2026-11-19 12:00", "advice": "look"},
}  # fmt: skip
ENGLISH = sorted(path.name.removesuffix(".en.txt") for path in (REPORTS / FOLDER).glob("*.en.txt"))


def test_every_notice_is_tried_here_and_there_in_both_languages():
    assert set(VALUES) == set(ENGLISH)
    urdu = {path.name.removesuffix(".ur.txt") for path in (REPORTS / FOLDER).glob("*.ur.txt")}
    assert urdu == set(ENGLISH)


@pytest.mark.parametrize("name", ENGLISH)
def test_translation_is_bound_to_its_english(name):
    english = (REPORTS / FOLDER / f"{name}.en.txt").read_bytes()
    (mark,) = MARK.findall((REPORTS / FOLDER / f"{name}.ur.txt").read_text())
    assert mark[1] == hashlib.sha256(english).hexdigest()


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("name", ENGLISH)
def test_every_fact_stands_in_the_notice(name, language):
    wording = word_notice(REPORTS, name, language, VALUES[name])
    whole = f"{wording.subject}\n{wording.body}"
    facts = [value for value in VALUES[name].values() if not isinstance(value, bool | list)]
    assert [fact for fact in facts if str(fact) not in whole] == []
    assert wording.language == language
    assert wording.subject and "{" not in whole


@pytest.mark.parametrize(
    ("days", "said"), [(0, "Today is"), (1, "Tomorrow is"), (7, "7 days left")]
)
def test_reminder_counts_as_people_do(days, said):
    values = VALUES["reminder"] | {"days": days}
    assert word_notice(REPORTS, "reminder", "en", values).subject.startswith(said)


def test_in_urdu_every_value_keeps_its_own_direction_and_a_link_stays_bare():
    values = VALUES["reminder"] | {"link": Whole("https://p.example/x")}
    body = word_notice(REPORTS, "reminder", "ur", values).body
    assert "\u2068Hill Office\u2069" in body
    assert "\nhttps://p.example/x\n" in body
    assert body.count("\u2068") == body.count("\u2069")


def test_language_that_is_missing_is_english_and_what_is_no_notice_is_none():
    for language in (None, "fr", "../en", ""):
        assert word_notice(REPORTS, "alarm", language, VALUES["alarm"]).language == "en"
    with pytest.raises(NotFound):
        word_notice(REPORTS, "letter", "en", {})
