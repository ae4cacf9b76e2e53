"""Tells the questions of a node as plain text, one a line with the answers that it offers.

Three forms are about: a mapping by urn, a list, and the older `question` with common choices.
"""

from collections.abc import Iterator

from cyberposture.exchange.libraries.notes import PROSE, Notes
from cyberposture.exchange.libraries.tree import Part


def read_questions(notes: Notes, node: Part) -> str:
    """Return the questions of a node, one a line; empty where it has none."""
    return "\n".join(line for line in _lines(notes, node) if line)[:PROSE]


def _lines(notes: Notes, node: Part) -> Iterator[str]:
    asked = node.fields.get("questions", Part(node.line))
    for question in asked.fields.values() if asked.fields else asked.values:
        yield _line(notes, question, _choices(notes, question, "choices"))
    older = node.fields.get("question", Part(node.line))
    common = _choices(notes, older, "question_choices")
    for question in older.fields.get("questions", Part(node.line)).values:
        yield _line(notes, question, common)


def _line(notes: Notes, question: Part, choices: list[str]) -> str:
    text = question.text or notes.label(question, "text")
    if not text:
        notes.add(question.line, "a question without text")
        return ""
    return f"{text} ({' / '.join(choices)})" if choices else text


def _choices(notes: Notes, question: Part, key: str) -> list[str]:
    offered = question.fields.get(key, Part(question.line)).values
    return [text for choice in offered if (text := choice.text or notes.label(choice, "value"))]
