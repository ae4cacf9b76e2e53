"""Words: sentences with facts, plurals and stress, from YAML files and from nowhere else."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cyberposture.clock import find_zone
from cyberposture.errors import InvalidInput
from cyberposture.reporting.plain import given
from cyberposture.reporting.words import Words, load_words

ENGLISH = """\
hello: "**{name}** says {what}."
count: {one: "{n} thing", other: "{n} things", zero: nothing}
group: {known: what people call it}
list: {first: "{item}", next: "{before}, {item}", last: "{before} and {item}"}
date: {day: "{day} {month} {year}", minute: "{day}, {time} {zone}"}
month: {11: November}
"""


def words_in(folder: Path, text: str = ENGLISH, **others: str) -> Words:
    (folder / "words.en.yaml").write_text(text)
    for language, more in others.items():
        (folder / f"words.{language}.yaml").write_text(more)
    return load_words([folder], next(iter(others), "en"))


def test_facts_are_escaped_and_stress_is_marked(tmp_path):
    said = words_in(tmp_path).say("hello", name="<A>", what="& so")
    assert said == "<A> says & so."
    assert said.__html__() == "<b>&lt;A&gt;</b> says &amp; so."


def test_text_from_outside_stays_isolated_within_a_sentence(tmp_path):
    said = words_in(tmp_path).say("hello", name=given("**{what}**"), what=1)
    assert said == "**{what}** says 1."
    assert said.__html__() == '<b><bdi dir="auto">**{what}**</bdi></b> says 1.'


@pytest.mark.parametrize(("n", "said"), [(0, "nothing"), (1, "1 thing"), (2, "2 things")])
def test_a_plural_chooses_its_form_by_the_number(tmp_path, n, said):
    assert words_in(tmp_path).say("count", n=n) == said


def test_an_unknown_sentence_is_refused_with_its_name(tmp_path):
    with pytest.raises(InvalidInput, match="no sentence nowhere"):
        words_in(tmp_path).say("nowhere")


def test_a_fact_that_is_missing_is_refused_with_its_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"hello asks for \{what\}, not given"):
        words_in(tmp_path).say("hello", name="A")


def test_an_unknown_code_stays_as_it_is(tmp_path):
    words = words_in(tmp_path)
    assert words.name("group", "known") == "what people call it"
    assert words.name("group", "strange") == "strange"


@pytest.mark.parametrize(
    ("items", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_an_enumeration_reads_as_people_speak(tmp_path, items, said):
    assert words_in(tmp_path).listed(items) == said


def test_a_day_is_that_of_the_zone(tmp_path):
    late = datetime(2026, 11, 18, 21, 14, tzinfo=UTC)
    words, zone = words_in(tmp_path), find_zone("Asia/Karachi")
    assert words.day(late, zone) == "19 November 2026"
    assert words.minute(late, zone) == "19 November 2026, 02:14 PKT"
    assert words.day(date(2026, 11, 18), zone) == "18 November 2026"


def test_another_language_falls_back_to_english_where_it_lacks_a_sentence(tmp_path):
    words = words_in(tmp_path, ur='direction: {rtl: "true"}\nhello: "{name}: {what}"\n')
    assert words.say("hello", name="a", what="b") == "a: b"
    assert words.say("count", n=2) == "2 things"
    assert words.direction == "rtl"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('a: "{name!r}"\n', "words.en.yaml:1: only {names}"),
        ('ok: fine\na: "{x.__class__}"\n', "words.en.yaml:2: only {names}"),
        ('a: "{0}"\n', "words.en.yaml:1: only {names}"),
        ('a: "{open"\n', "words.en.yaml:1: "),
        ('a: "**open"\n', r"words.en.yaml:1: \*\* is opened"),
        ("a: [1, 2]\n", "words.en.yaml:1: a sentence"),
        ("- a\n", "words.en.yaml:1: a sentence"),
    ],
)
def test_a_wrong_pattern_is_refused_where_it_stands(tmp_path, text, fault):
    with pytest.raises(InvalidInput, match=fault):
        words_in(tmp_path, text)


def test_a_missing_file_is_refused_by_its_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"words.en.yaml"):
        load_words([tmp_path], "en")


def test_latin_pieces_of_an_urdu_text_stand_each_by_itself_and_escaped(tmp_path):
    urdu = words_in(tmp_path, ur='direction: {rtl: "x"}\n')
    said = urdu.apart("(PostgreSQL میں ssl = on، پھر <b> & ss -tlnp)")
    html = said.__html__()
    for piece in ("PostgreSQL", "ssl = on", "ss -tlnp"):
        assert f'<bdi dir="ltr">{piece}</bdi>' in html
    assert '&lt;<bdi dir="ltr">b</bdi>&gt; &amp; ' in html
    english = words_in(tmp_path).apart("ssl = on")
    assert english == "ssl = on"
    assert not hasattr(english, "__html__")
