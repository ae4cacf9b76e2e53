"""The report on a consultation: how it was held, what was said, and what came of it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.charts import Bar, bar_of
from cyberposture.reporting.consultation_inputs import ConsultationInputs
from cyberposture.reporting.plain import LONG, Text, clean, given
from cyberposture.reporting.publication import Count, Publication, count, publish
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.comments import PARTS, Subject, subjects_of
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.lens import Lens, lens_for
from cyberposture.reporting.words import Words

FEW = 40
"""So many comments are shown at once; more stand folded, subject by subject."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure with what it says."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group that was invited."""

    name: Text
    kind: Text
    invited: str
    note: Text | None
    comments: int


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event, and how many of the comments that are shown were made there."""

    code: str
    title: Text
    held: str
    place: Text
    host: Text
    attendance: int
    comments: int


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Comments of one group by what came of them."""

    label: Text
    counts: tuple[int, ...]
    """In the order of PARTS."""
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of comments by what came of them."""

    bars: tuple[Bar, ...]
    description: Text


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """All that the template of the report on a consultation may see."""

    audience: Audience
    words: Words
    frame: Frame
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    facts: tuple[tuple[Text, Text | str], ...]
    digests: tuple[tuple[Text, str], ...]
    groups: tuple[GroupShown, ...]
    events: tuple[EventShown, ...]
    parts: tuple[Text, ...]
    chart: Chart | None
    tally: tuple[TallyRow, ...]
    total: TallyRow
    subjects: tuple[Subject, ...]
    is_long: bool
    withheld: tuple[Text, ...]
    removed: tuple[tuple[str, Text], ...]
    score_digest: str


def consultation_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: ConsultationInputs
) -> ConsultationView:
    """Return the view of a consultation: what everybody may read, whoever the reader is.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    lens = lens_for(definition, audience)
    return _Maker(publish(_told(inputs, words.language)), lens, words).view()


def _told(inputs: ConsultationInputs, language: str) -> ConsultationInputs:
    """Return the inputs with what the draft is about said in the language of the words."""
    content = told_in(inputs.content, language)
    if content is inputs.content:
        return inputs
    titles = {one.id: one.title for one in content.catalogue.controls}
    texts = {one.id: one.text for one in content.catalogue.clauses}
    return replace(
        inputs,
        content=content,
        controls={code: titles.get(code, title) for code, title in inputs.controls.items()},
        clauses={code: texts.get(code, text) for code, text in inputs.clauses.items()},
    )


class _Maker:
    """Makes the parts of a view of one publication."""

    def __init__(self, said: Publication, lens: Lens, words: Words) -> None:
        self.said, self.lens, self.words = said, lens, words
        self.inputs = said.inputs

    @cached_property
    def zone(self) -> ZoneInfo:
        return find_zone(self.inputs.zone)

    def view(self) -> ConsultationView:
        said, words = self.said, self.words
        return ConsultationView(
            audience=self.lens.audience,
            words=words,
            frame=self._frame(),
            lead=tuple(self._lead()),
            figures=tuple(self._figures()),
            facts=tuple(self._facts()),
            digests=tuple(self._digests()),
            groups=tuple(self._groups()),
            events=tuple(self._events()),
            parts=tuple(words.say(f"part.{part}") for part in PARTS),
            chart=self._chart() if said.all.total else None,
            tally=tuple(self._tally()),
            total=self._row(words.say("tally.total"), said.all),
            subjects=subjects_of(said, words, self.zone) if self.lens.shows("published") else (),
            is_long=len(said.shown) > FEW,
            withheld=tuple(self._withheld()),
            removed=tuple((code, given(why, LONG)) for code, why in said.removed),
            score_digest="",
        )

    def _frame(self) -> Frame:
        title = given(self.inputs.title)
        return frame_of(
            self.words,
            self.lens,
            self.inputs.content,
            self.inputs.audit_head,
            kind="consultation",
            title=self.words.say("window-title.consultation", title=title),
            headline=self.words.say("headline.consultation", title=title),
            subtitle=(self.words.say(f"state.{self.inputs.state}"),),
            as_of=self.inputs.as_of,
            zone=self.zone,
        )

    def _day(self, moment: datetime) -> str:
        return self.words.day(moment, self.zone)

    def _last_day(self) -> str:
        """Return the last day on which comments were taken."""
        end = min(self.inputs.closes, self.inputs.closed_at or self.inputs.closes)
        return self._day(end - timedelta(microseconds=1))

    def _lead(self) -> list[Text]:
        """Return the sentences with which the report opens."""
        words, said, inputs = self.words, self.said, self.inputs
        edition = inputs.content.edition
        is_open = inputs.state == "open"
        end = min(inputs.closes, inputs.closed_at or inputs.closes)
        opened = words.say(
            "lead.is-open" if is_open else "lead.was-open",
            edition=f"{edition.catalogue} {edition.version}",
            first=self._day(inputs.opens),
            last=self._last_day(),
            n=(end.astimezone(self.zone).date() - inputs.opens.astimezone(self.zone).date()).days,
        )
        lead = [opened, words.say("lead.comments", n=said.all.total)]
        taken = said.all.accepted + said.all.partly
        if said.all.total:
            lead.append(words.say("lead.taken", n=taken, partly=said.all.partly))
        if said.all.waiting:
            lead.append(words.say("lead.waiting", n=said.all.waiting))
        if said.median_days is not None:
            lead.append(words.say("lead.median", n=said.median_days))
        if inputs.adopted is not None:
            version = clean(f"{inputs.adopted.name} {inputs.adopted.version}", 40)
            day = self._day(inputs.adopted.at)
            lead.append(words.say("lead.adopted", edition=version, day=day))
        return lead

    def _figures(self) -> list[Figure]:
        said, words = self.said, self.words
        voices = len({(c.author, c.affiliation) for c in said.shown})
        figures = [
            Figure(str(said.all.total), words.say("figure.comments", n=said.all.total)),
            Figure(str(voices), words.say("figure.voices", n=voices)),
            Figure(
                str(said.all.accepted + said.all.partly),
                words.say("figure.taken", n=said.all.accepted + said.all.partly),
            ),
        ]
        days = said.median_days
        if days is not None:
            figures.append(Figure(str(days), words.say("figure.days", n=days)))
        return figures

    def _facts(self) -> list[tuple[Text, Text | str]]:
        """Return when and why the consultation was opened and ended."""
        words, inputs = self.words, self.inputs
        facts: list[tuple[Text, Text | str]] = [
            (words.say("fact.opened"), words.minute(inputs.opens, self.zone)),
            (words.say("fact.last-day"), self._last_day()),
        ]
        if inputs.short_why:
            facts.append((words.say("fact.short"), given(inputs.short_why, LONG)))
        if inputs.closed_at is not None and inputs.closed_why:
            facts.append((words.say("fact.closed"), given(inputs.closed_why, LONG)))
        if inputs.adopted is not None:
            facts.append((words.say("fact.adopted"), self._day(inputs.adopted.at)))
        if inputs.state == "abandoned" and inputs.concluded_why:
            facts.append((words.say("fact.abandoned"), given(inputs.concluded_why, LONG)))
        return facts

    def _digests(self) -> list[tuple[Text, str]]:
        adopted = self.inputs.adopted
        if adopted is None:
            return []
        return [
            (self.words.say("digest.adopted-rules"), clean(adopted.rules, 64)),
            (self.words.say("digest.adopted-texts"), clean(adopted.texts, 64)),
        ]

    def _groups(self) -> list[GroupShown]:
        by_name = {name: number.total for name, number in self.said.groups}
        return [
            GroupShown(
                name=given(group.name),
                kind=self.words.say(f"group.{group.kind}"),
                invited=self._day(group.invited_at),
                note=given(group.note) if group.note else None,
                comments=by_name[group.name],
            )
            for group in self.inputs.groups
        ]

    def _events(self) -> list[EventShown]:
        at = Counter(one.event for one in self.said.shown)
        return [
            EventShown(
                code=event.code,
                title=given(event.title),
                held=self.words.day(event.held_on, self.zone),
                place=given(event.place),
                host=given(event.host),
                attendance=event.attendance,
                comments=at[event.code],
            )
            for event in self.inputs.events
        ]

    def _row(self, label: Text, number: Count) -> TallyRow:
        return TallyRow(label, tuple(getattr(number, part) for part in PARTS), number.total)

    def _apart(self) -> list[TallyRow]:
        """Return the rows of what is not shown, so that all rows add up."""
        apart = (("tally.private", self.said.private), ("tally.hidden", self.said.hidden))
        return [self._row(self.words.say(key), number) for key, number in apart if number.total]

    def _tally(self) -> list[TallyRow]:
        rows = [
            self._row(self.words.say("group.none") if name is None else given(name), number)
            for name, number in self.said.groups
        ]
        return rows + self._apart()

    def _chart(self) -> Chart:
        """Return one bar for each kind of group, and one for all that is not shown."""
        kinds = {group.name: group.kind for group in self.inputs.groups}
        order = [*dict.fromkeys(kinds.values()), "none"]
        by_kind = [
            self._row(
                self.words.say(f"group.{kind}"),
                count(
                    one
                    for one in self.said.shown
                    if (kinds.get(one.group, "none") if one.group else "none") == kind
                ),
            )
            for kind in order
        ]
        rows = [row for row in (*by_kind, *self._apart()) if row.total]
        return Chart(
            bars=tuple(
                bar_of(
                    row.label,
                    str(row.total),
                    [
                        (place, self.words.say(f"part.{part}"), number, str(number))
                        for place, (part, number) in enumerate(zip(PARTS, row.counts, strict=True))
                    ],
                )
                for row in rows
            ),
            description=self.words.say("tally.description", n=len(rows)),
        )

    def _withheld(self) -> list[Text]:
        """Return how many comments are not shown."""
        said = self.said
        counts = (("withheld.private", said.private.total), ("withheld.hidden", said.hidden.total))
        return [self.words.say(key, n=number) for key, number in counts if number]
