"""Strict YAML: what is refused, and where the fault is said to be."""

import pytest

from cyberposture.content.reading.documents import build, read_file, read_text
from cyberposture.errors import InvalidInput
from cyberposture.model.foundation import Model


def faults(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_text("a.yaml", text)
    return str(caught.value)


def test_plain_values_keep_their_kind():
    document = read_text("a.yaml", "a: 1\nb: 1.5\nc: true\nd: null\ne: word\nf: '2026-01-01'\n")
    assert document.value == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "word", "f": "2026-01-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: 1\na: 2\n", "a.yaml:2", "twice"),
        ("a: yes\n", "a.yaml:1", "true or false"),
        ("a: Off\n", "a.yaml:1", "true or false"),
        ("a: True\n", "a.yaml:1", "true or false"),
        ("a: 2026-01-01\n", "a.yaml:1", "quote"),
        ("b: x\na: 01:30\n", "a.yaml:2", "quote"),
        ("a: 0x1f\n", "a.yaml:1", "quote"),
        ("a: 017\n", "a.yaml:1", "quote"),
        ("a: 1_000\n", "a.yaml:1", "quote"),
        ("a: .nan\n", "a.yaml:1", "quote"),
        ("a: !!python/object:os.system x\n", "a.yaml:1", "tag"),
        ("a: !thing {b: 1}\n", "a.yaml:1", "tag"),
        ("a: &x 1\nb: *x\n", "a.yaml:1", "anchors"),
        ("--- 1\n--- 2\n", "a.yaml:2", "second document"),
        ("a: [1,\n b: }\n", "a.yaml:2", ""),
        ("? [a, b]\n: 1\n", "a.yaml:1", "plain word"),
        ("a: 1\n&x b: 2\n", "a.yaml:2", "plain word"),
        ("a: 1\n!!str b: 2\n", "a.yaml:2", "plain word"),
        ("a: 1234567890123456789012\n", "a.yaml:1", "18 digits"),
        ("a: \x00\n", "a.yaml:1", ""),
    ],
)
def test_what_is_not_plain_is_refused_at_its_line(text, place, word):
    said = faults(text)
    assert said.startswith(place + ":")
    assert word in said


def test_an_alias_bomb_is_refused_before_it_grows():
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "anchors" in faults("\n".join(layers))


def test_deep_nesting_is_refused():
    assert "nested deeper" in faults("[" * 5000 + "]" * 5000)


def test_a_huge_file_is_refused_without_parsing():
    assert "larger than" in faults("a: " + "x" * 2_100_000)


def test_bytes_that_are_no_text_are_refused_at_their_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xff\xfe\n")
    with pytest.raises(InvalidInput) as caught:
        read_file(path, "a.yaml")
    assert str(caught.value) == "a.yaml:2: not UTF-8 text"


def test_a_model_fault_names_the_line_of_the_value():
    class Thing(Model):
        name: str
        ports: tuple[int, ...] = ()

    document = read_text("a.yaml", "name: x\nports:\n  - 1\n  - two\ncolour: red\n")
    with pytest.raises(InvalidInput) as caught:
        build(Thing, document)
    assert [fault.where for fault in caught.value.faults] == ["a.yaml:4", "a.yaml:5"]


@pytest.mark.parametrize("text", ["", "word\n", "- a\n", "name: x\ninner: 5\n"])
def test_a_file_that_is_no_mapping_is_said_to_be_none(text):
    class Inner(Model):
        name: str

    class Thing(Model):
        name: str
        inner: Inner

    with pytest.raises(InvalidInput, match=r"a mapping is expected$"):
        build(Thing, read_text("a.yaml", text))
