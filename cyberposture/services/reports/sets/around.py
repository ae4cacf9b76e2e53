"""The pages of a set around its reports, and the links between all of them."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from cyberposture.clock import find_zone
from cyberposture.model.reports import Audience
from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.fixed import corrections_of
from cyberposture.reporting.inputs import AuditHead, ContentInputs
from cyberposture.reporting.plain import LONG, Text, given
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.sets import views
from cyberposture.reporting.sets.brief import count_words
from cyberposture.reporting.site import Door, Site
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.frame import Frame, frame_of, shown
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.words import Words
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.explain import spaced
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.services.reports.sets.conduct import Conduct, Corrected
from cyberposture.services.reports.sets.plan import Language, Piece, Plan
from cyberposture.services.reports.sets.states import HOME

SHOWN_AT_START = 60
"""So many institutions stand on the first page; more have the list."""
OPEN_TO = frozenset({"cert", "public"})
"""Who reads how we behaved, what was corrected, and the figures as files."""
ZONE = "Asia/Karachi"


@dataclass(frozen=True)
class Around:
    """Everything that the pages around the reports are made from, in one language."""

    plan: Plan
    language: Language
    words: Words
    content: ContentInputs
    head: AuditHead
    prints: bool
    """Whether reports lie here as PDF too."""

    @staticmethod
    def of(
        register: Register,
        connection: Connection,
        renderer: Renderer,
        plan: Plan,
        language: Language,
        *,
        prints: bool,
    ) -> "Around":
        """Return what a set's pages in one language are made from."""
        edition = get_pinned(register, connection, plan.round.round.edition)
        return Around(
            plan=plan,
            language=language,
            words=renderer.page_words(HOME, language),
            content=told_in(content_of(register, edition), language),
            head=head_of(connection, None),
            prints=prints,
        )

    @cached_property
    def parameters(self) -> ScoreParameters:
        """The bands and floors of the round's edition."""
        return parameters_of(self.content.catalogue)

    @cached_property
    def sectors(self) -> dict[str, str]:
        """The titles of sectors."""
        return {one.id: one.title for one in self.content.catalogue.framework.sectors}

    @cached_property
    def frameworks(self) -> dict[str, str]:
        """The titles of other frameworks, with their editions."""
        known = self.content.catalogue.neighbours
        return {one.id: f"{one.title} {one.edition}" for one in known}

    @cached_property
    def listed(self) -> tuple[views.Listed, ...]:
        """The institutions that have a page."""
        return tuple(
            views.Listed(
                code=one.institution.code,
                name=one.institution.name,
                sector=self.sectors.get(one.sector, one.sector),
                band=one.score.band,
                verified=one.score.verified,
                declared=one.score.declared,
            )
            for one in self.plan.members
        )

    # -- where pages lie -----------------------------------------------------------------------

    def path(self, stem: str) -> str:
        """Return the path of a page in this language; the first page is `index.html`."""
        is_first = self.language == self.plan.wanted.languages[0]
        if stem == "index":
            return "index.html" if is_first else f"index.{self.language}.html"
        return f"{stem}.{self.language}.html"

    def printed(self, piece: Piece) -> str:
        """Return the path of a report as PDF."""
        return f"{piece.stem}.{self.language}.pdf"

    def href(self, here: str, stem: str) -> str:
        """Return the link from the page at the path `here` to another page."""
        return posixpath.relpath(self.path(stem), posixpath.dirname(here) or ".")

    def pieces(self) -> list[Piece]:
        """Return the reports that are made in this language."""
        return self._pieces

    @cached_property
    def _pieces(self) -> list[Piece]:
        return [p for p in self.plan.pieces if self.language in p.definition.languages]

    def site(self, stem: str, other: "Around | None") -> Site:
        """Return what stands around the page of this stem; `other` has it in another language."""
        here = self.path(stem)
        doors = []
        if stem != "index":
            doors.append(Door(self.href(here, "index"), self.words.say("set.start")))
        for piece in self.pieces():
            if piece.kind.per == "set" and piece.stem != stem:
                doors.append(Door(self.href(here, piece.stem), self._title(piece)))
        if self.plan.members and stem != "list":
            doors.append(Door(self.href(here, "list"), self.words.say("set.list")))
        doors += [Door(self.href(here, p.stem), self._title(p)) for p in self._beside(stem)]
        printed = next((p for p in self.pieces() if p.stem == stem and p.kind.is_printed), None)
        if printed is not None and self.prints:
            doors.append(Door(posixpath.basename(self.printed(printed)), "PDF"))
        if other is not None:
            label = self.words.say(f"set.language-{other.language}")
            link = posixpath.relpath(other.path(stem), posixpath.dirname(here) or ".")
            doors.append(Door(link, label, other.language))
        return Site(
            tuple(doors), self._sector_doors(here, stem), self._institution_links(here, stem)
        )

    def _beside(self, stem: str) -> list[Piece]:
        """Return the same institution's results in other orders than on the page of this stem."""
        own = next((p for p in self.pieces() if p.stem == stem and p.member is not None), None)
        if own is None:
            return []
        return [
            one
            for one in self.pieces()
            if one.member is own.member and one.about.framework != own.about.framework
        ]

    def _sector_doors(self, here: str, stem: str) -> tuple[Door, ...]:
        own = next((p.member.sector for p in self.plan.pieces if p.stem == stem and p.member), None)
        is_set = any(p.stem == stem and p.kind.per in ("set", "sector") for p in self.plan.pieces)
        return tuple(
            Door(self.href(here, piece.stem), self._title(piece))
            for piece in self.pieces()
            if piece.kind.per == "sector"
            and (is_set or piece.about.sector == own)
            and piece.stem != stem
        )

    def _institution_links(self, here: str, stem: str) -> dict[str, str]:
        if not here.startswith("institutions/"):
            return self._hrefs(here)
        # In another order nothing is explained a second time: it leads to the institution's report.
        own = next((p for p in self.pieces() if p.stem == stem), None)
        return {} if own is None or own.about.framework is None else self._hrefs(here)

    def _hrefs(self, here: str) -> dict[str, str]:
        return {
            piece.member.institution.code: self.href(here, piece.stem)
            for piece in self.pieces()
            if piece.member is not None
            and piece.about.framework is None
            and piece.definition.id == piece.definition.subject
        }

    def _title(self, piece: Piece) -> str:
        if piece.about.sector is not None:
            return self.sectors.get(piece.about.sector, piece.about.sector)
        if piece.about.framework is not None:
            return self.frameworks.get(piece.about.framework, piece.about.framework)
        if piece.member is not None:
            return str(given(piece.member.institution.name))
        subject = piece.definition.subject
        return self.words.name("set", subject) if subject == "nation" else self._kind(subject)

    def _kind(self, subject: str) -> str:
        return self.words.name("kind", subject)

    # -- pages ---------------------------------------------------------------------------------

    def _frame(self, part: str, headline: Text | str | None = None) -> Frame:
        plan, words = self.plan, self.words
        title = given(plan.round.round.title or plan.round.round.code)
        whole = words.say("set.headline", round=title)
        if plan.wanted.institution is not None:
            name = given(plan.members[0].institution.name)
            whole = words.say("set.headline-about", name=name)
        elif plan.wanted.sector is not None:
            name = given(self.sectors.get(plan.wanted.sector, plan.wanted.sector))
            whole = words.say("set.headline-about", name=name)
        shown_headline = whole if headline is None else given(str(headline))
        return frame_of(
            words,
            lens_for(plan.definition, plan.wanted.audience),
            self.content,
            self.head,
            kind="set",
            title=words.say("set.window", title=str(whole), part=part),
            headline=shown_headline,
            subtitle=(title if headline is None else whole,),
            as_of=plan.as_of,
            zone=find_zone(ZONE),
        )

    def _made(self, part: str, headline: str | None = None) -> tuple[Audience, Words, Frame]:
        """Return what every page of the set has."""
        return self.plan.wanted.audience, self.words, self._frame(part, headline)

    def start(self, brief: Sequence[str], left_out: Sequence[Text]) -> views.StartView:
        """Return the first page, which begins as the brief does."""
        words, here = self.words, self.path("index")
        doors = [
            (
                Door(self.href(here, "brief"), words.say("set.brief")),
                words.say("set.about-brief", n=count_words(brief)),
            )
        ]
        for piece in self.pieces():
            about = words.say(f"set.about-{piece.definition.subject}")
            if piece.member is None or piece.about.framework is not None:
                doors.append((Door(self.href(here, piece.stem), self._title(piece)), about))
        if self.plan.members:
            door = Door(self.href(here, "list"), words.say("set.list"))
            doors.append((door, words.say("set.about-list")))
        if self.plan.wanted.audience in OPEN_TO:
            door = Door(self.href(here, "open"), words.say("set.open"))
            doors.append((door, words.say("set.about-open")))
        rows = views.list_rows(words, self.parameters, self.listed, self._hrefs(here))
        more = None
        if len(rows) > SHOWN_AT_START:
            more = Door(self.href(here, "list"), words.say("set.more"))
            rows = ()
        made = self._made(words.say("set.start"))
        return views.StartView(
            *made,
            sentences=tuple(brief[:3]),
            doors=tuple(doors),
            rows=rows,
            more=more,
            left_out=tuple(left_out),
        )

    def index(self, letter: str | None = None) -> views.ListView:
        """Return the list of all institutions, or of those under one letter."""
        words = self.words
        here = self.path("list" if letter is None else f"letters/{letter}")
        rows = views.list_rows(words, self.parameters, self.listed, self._hrefs(here))
        groups = views.by_letter(rows)
        pages = tuple(
            (g.anchor, Door(self.href(here, f"letters/{stem_of(g.anchor)}"), g.label))
            for g in groups
        )
        if letter is None:
            return views.ListView(
                *self._made(words.say("list.title"), words.say("list.title")),
                letters=groups,
                sectors=views.by_sector(rows),
                bands=views.by_band(rows),
                pages=pages,
            )
        (own,) = (group for group in groups if stem_of(group.anchor) == letter)
        title = words.say("list.letter", letter=own.label)
        return views.ListView(
            *self._made(title, title), letters=(own,), pages=pages, is_whole=False
        )

    def letters(self) -> list[str]:
        """Return the stems of the pages of letters."""
        rows = views.list_rows(self.words, self.parameters, self.listed, self._hrefs("index.html"))
        return [stem_of(group.anchor) for group in views.by_letter(rows)]

    def brief(self, sentences: tuple[Text, ...]) -> views.BriefView:
        """Return the brief."""
        title = self.words.say("brief.title")
        audience, words, frame = self._made(title, title)
        counted = self.words.say("brief.counted", n=count_words(sentences))
        return views.BriefView(audience, words, _below(frame, counted), sentences=sentences)

    def open(
        self, corrected: Sequence[Corrected], conduct: Conduct, files: Sequence[str]
    ) -> views.OpenView:
        """Return how the figures came about."""
        words, here = self.words, self.path("open")
        smallest = self.plan.definition.redaction[self.plan.wanted.audience].smallest_group
        keys = ["ours", "time", "seen"]
        if self.plan.wanted.audience == "public":
            keys[1:1] = ["consent", "groups", "fixed"]
        title, fixed = words.say("open.title"), self.plan.fixed
        return views.OpenView(
            *self._made(title, title),
            corrections=tuple(self._corrected(here, one) for one in corrected),
            changed=None if fixed is None else corrections_of(words, fixed),
            conduct=self._conduct(conduct),
            faults=tuple(words.say("open.fault", kind=kind, n=n) for kind, n in conduct.faults),
            limits=tuple(words.say(f"open.limit-{key}", n=smallest) for key in keys),
            files=tuple(self._file(here, path) for path in files),
        )

    def _file(self, here: str, path: str) -> tuple[Door, Text]:
        name = posixpath.basename(path).removesuffix(".csv")
        key = "open.dictionary" if name == "dictionary" else f"open.file-{name}"
        link = posixpath.relpath(path, posixpath.dirname(here) or ".")
        return Door(link, posixpath.basename(path)), self.words.say(key)

    def _corrected(self, here: str, one: Corrected) -> views.CorrectionRow:
        member = next((m for m in self.plan.members if m.id == one.institution_id), None)
        says = "own-words" in self.plan.sees
        return views.CorrectionRow(
            at=views.day_of(self.words, one.at),
            institution=None if member is None else given(member.institution.name),
            href="" if member is None else self._hrefs(here).get(member.institution.code, ""),
            before=None if member is None else shown(one.before),
            after=None if member is None else shown(one.after),
            reason=given(one.reason, LONG) if says and member is not None and one.reason else None,
            controls=len(one.controls),
        )

    def _conduct(self, conduct: Conduct) -> tuple[views.ConductFigure, ...]:
        figures = {
            "contacts": conduct.contacts,
            "pairs": conduct.pairs,
            "complaints": conduct.complaints,
            "stops": conduct.stops,
            "outside": conduct.outside,
        }
        return tuple(
            views.ConductFigure(
                key,
                self.words.say(f"open.{key}"),
                spaced(number),
                is_fault=key == "outside" and number > 0,
            )
            for key, number in figures.items()
        )


def stem_of(anchor: str) -> str:
    """Return the stem of a letter's page from its anchor in the list."""
    return anchor.removeprefix("letter-")


def _below(frame: Frame, said: Text) -> Frame:
    return replace(frame, subtitle=(*frame.subtitle, said))
