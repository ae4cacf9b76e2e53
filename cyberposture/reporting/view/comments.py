"""Comments of a consultation by subject, each with its answer, as everybody may read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cyberposture.reporting.consultation_inputs import About, GivenComment
from cyberposture.reporting.plain import LONG, SHORT, Text, given
from cyberposture.reporting.publication import Publication, count
from cyberposture.reporting.words import Words

PARTS = ("accepted", "partly", "rejected", "waiting")
"""What may have come of a comment; their signs and colours stand in this order."""
LONGEST = 12_000
"""More signs than a comment may have: it is shown whole."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a comment."""

    place: int
    outcome: Text
    on: str
    reason: tuple[tuple[Text, ...], ...]
    changed: tuple[tuple[str, bool], ...]
    """Each control that it changed, and whether there are comments on that control."""


@dataclass(frozen=True, slots=True)
class CommentShown:
    """One comment as everybody may read it."""

    code: str
    author: Text
    of: tuple[Text, ...]
    """Where the author belongs, and in which group."""
    event: str | None
    on: str
    marks: tuple[Text, ...]
    """That it was entered for the author, late, or revised."""
    text: tuple[tuple[Text, ...], ...]
    """Paragraphs of lines."""
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A control, a clause, or the draft as a whole, with the comments on it."""

    id: str
    """For links; the draft as a whole is `draft`."""
    code: str
    title: Text
    says: Text
    comments: tuple[CommentShown, ...]


def subjects_of(said: Publication, words: Words, zone: ZoneInfo) -> tuple[Subject, ...]:
    """Return what was commented on: the draft, then clauses, then controls, in their order."""
    return _Speaker(said, words, zone).subjects()


class _Speaker:
    """Makes subjects and comments of one publication."""

    def __init__(self, said: Publication, words: Words, zone: ZoneInfo) -> None:
        self.said, self.words, self.zone = said, words, zone
        self.titles: dict[About, Mapping[str, str]] = {
            "draft": {"": ""},
            "clause": said.inputs.clauses,
            "control": said.inputs.controls,
        }
        self.discussed = {one.subject for one in said.shown}

    def subjects(self) -> tuple[Subject, ...]:
        found: dict[tuple[About, str], list[GivenComment]] = {}
        for one in self.said.shown:
            found.setdefault((one.about, one.subject), []).append(one)
        keys = [(about, code) for about, titles in self.titles.items() for code in titles]
        # What the draft does not have any more stands last.
        keys += sorted(found.keys() - set(keys))
        return tuple(self.subject(*key, found[key]) for key in keys if key in found)

    def subject(self, about: About, code: str, comments: list[GivenComment]) -> Subject:
        words, number = self.words, count(comments)
        parts = [(part, getattr(number, part)) for part in PARTS]
        said = [words.say(f"about.{part}", n=many) for part, many in parts if many]
        return Subject(
            id=f"on-{code or 'draft'}",
            code=code,
            title=given(self.titles[about].get(code, ""), LONG)
            if code
            else words.say("about.draft"),
            says=words.say("about.says", n=len(comments), parts=words.listed(said)),
            comments=tuple(self.comment(one) for one in comments),
        )

    def comment(self, one: GivenComment) -> CommentShown:
        words = self.words
        marks = [words.say("mark.on-behalf")] if one.on_behalf else []
        if one.late_reason:
            marks.append(words.say("mark.late", why=given(one.late_reason)))
        if one.revision > 1:
            marks.append(words.say("mark.revised"))
        return CommentShown(
            code=one.code,
            author=given(one.author),
            of=tuple(given(text, SHORT) for text in (one.affiliation, one.group or "") if text),
            event=one.event,
            on=words.day(one.received_at, self.zone),
            marks=tuple(marks),
            text=paragraphs(one.text),
            reply=self.reply(one),
        )

    def reply(self, one: GivenComment) -> Reply | None:
        if one.disposed is None:
            return None
        return Reply(
            place=PARTS.index(one.disposed.outcome),
            outcome=self.words.say(f"part.{one.disposed.outcome}"),
            on=self.words.day(one.disposed.at, self.zone),
            reason=paragraphs(one.disposed.reason),
            changed=tuple((code, code in self.discussed) for code in one.disposed.changed),
        )


def paragraphs(text: str) -> tuple[tuple[Text, ...], ...]:
    """Return a text from outside as paragraphs of lines, each made harmless."""
    found: list[list[Text]] = [[]]
    for line in text[:LONGEST].splitlines():
        if line.strip():
            found[-1].append(given(line, LONGEST))
        elif found[-1]:
            found.append([])
    return tuple(tuple(lines) for lines in found if lines)
