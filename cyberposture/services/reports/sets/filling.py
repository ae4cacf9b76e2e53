"""Fills the folder of a set: each report, what goes with it, and the pages around them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.reporting.forms import in_form
from cyberposture.reporting.paper import has_printer
from cyberposture.reporting.plain import Text
from cyberposture.reporting.render import View
from cyberposture.reporting.sets.brief import brief_of
from cyberposture.reporting.sets.figures import (
    CHANGED,
    CORRECTED,
    FILES,
    changes_of,
    corrections_of,
    csv_of,
    dictionary_of,
    tables_of,
)
from cyberposture.reporting.sets.leaks import Secrets
from cyberposture.reporting.sets.manifest import Editions, Head, MadeOf, Manifest
from cyberposture.reporting.sets.views import SetPage, filter_script
from cyberposture.reporting.site import Site
from cyberposture.reporting.view.nation import NationView
from cyberposture.services.register import Register
from cyberposture.services.reports.sets.around import OPEN_TO, Around
from cyberposture.services.reports.sets.conduct import Conduct, read_conduct, read_corrections
from cyberposture.services.reports.sets.folder import Draft
from cyberposture.services.reports.sets.plan import Language, Piece, Plan, SetWanted, plan_set
from cyberposture.services.reports.sets.secrets import secrets_of
from cyberposture.services.reports.sets.states import HOME, States, digest_of, renderer_of
from cyberposture.services.reports.subjects import MAKERS, Order
from cyberposture.store import scores

Progress = Callable[[str, int, int], None]
CORRECTIONS = "figures/corrections.csv"


class Filling:
    """One set under way."""

    def __init__(
        self,
        register: Register,
        connection: Connection,
        folders: ContentFolders,
        wanted: SetWanted,
        draft: Draft,
        *,
        afresh: bool,
    ) -> None:
        self._register, self._connection = register, connection
        self._reports, self._draft, self._afresh = folders.reports, draft, afresh
        self._renderer = renderer_of(folders.reports, register.body)
        self.plan: Plan = plan_set(register, connection, wanted)
        self._states = States(connection, folders.reports, self.plan, register.body)
        self._prints = wanted.with_pdf and has_printer()
        self._around = {
            language: Around.of(
                register, connection, self._renderer, self.plan, language, prints=self._prints
            )
            for language in wanted.languages
        }
        self._digests = self._read_digests()
        self._reports_left_out: dict[str, str] = {}
        """Reports that were not made, each with the word for why."""
        self._conduct: Conduct | None = None
        self.rendered = 0

    def _read_digests(self) -> dict[UUID, str]:
        """Return the digests of all standing scores of the round, by institution."""
        standing = scores.list_round_scores(self._connection, self.plan.round.id)
        known = scores.list_digests(self._connection, [one.id for one in standing])
        return {one.institution_id: known[one.id] for one in standing}

    def fill(self, before: Manifest | None, progress: Progress) -> Manifest:
        """Write every file of the set but the manifest, which is returned."""
        pieces = self.plan.pieces
        for number, piece in enumerate(pieces, start=1):
            self._piece(piece, leads=number == 1)
            progress("reports", number, len(pieces))
        self._pages()
        manifest = self._manifest()
        if before is not None and not self._draft.written:
            same = before.model_copy(update={"head": manifest.head})
            if same == manifest:
                return before
        return manifest

    @cached_property
    def secrets(self) -> Secrets:
        """Return what may not stand in the set."""
        audience = self.plan.wanted.audience
        if audience == "cert":
            return Secrets()
        return secrets_of(
            self._connection,
            self._register.content,
            self._reports,
            visible=self.plan.visible,
            sees=self.plan.sees,
            is_public=audience == "public",
        )

    # -- reports -------------------------------------------------------------------------------

    def _piece(self, piece: Piece, *, leads: bool) -> None:
        """Write a report in each language; the first one carries brief and figures with it."""
        kept: dict[str, Any] = {}
        for language, around in self._around.items():
            if language not in piece.definition.languages:
                self._reports_left_out[piece.definition.id] = f"language-{language}"
                continue
            site = around.site(piece.stem, self._other(piece, language))
            state = self._states.of_piece(piece, language, site)
            made_of = MadeOf(scores=self._scores_of(piece), state=state)
            paths = [around.path(piece.stem)]
            if piece.kind.is_printed and self._prints:
                paths.append(around.printed(piece))
            if leads:
                paths += [around.path("brief"), f"brief.{language}.txt"]
                paths += self._figures(language)
            if self._take_over(paths, state):
                continue
            view = self._view(piece, language, kept)
            if view is not None:
                self._write_piece(around, piece, view, site, made_of)
                if leads:
                    self._write_leading(around, view, made_of)

    def _view(self, piece: Piece, language: Language, kept: dict[str, Any]) -> View | None:
        """Return what a report shows; None: it has nothing to tell for this set."""
        order = Order(
            piece.definition,
            self.plan.wanted.audience,
            self._renderer.words(piece.definition, language),
            piece.about,
            kept,
        )
        try:
            return MAKERS[piece.definition.subject](self._register, self._connection, order)
        except (NotFound, WrongUsage):
            self._reports_left_out[piece.definition.id] = "subject"
            return None

    def _write_piece(
        self, around: Around, piece: Piece, view: View, site: Site, made_of: MadeOf
    ) -> None:
        audience, kind = self.plan.wanted.audience, piece.definition.subject
        html = self._renderer.render(piece.definition, audience, view, site)
        self.rendered += 1
        self._write(around.path(piece.stem), html, kind, around.language, made_of)
        if piece.kind.is_printed and self._prints:
            self._print(around, piece, view, made_of)

    def _write_leading(self, around: Around, view: View, made_of: MadeOf) -> None:
        """Write what the leading report of the set carries with it: the brief, and the figures."""
        self._brief(around, brief_of(around.words, view), made_of)
        if isinstance(view, NationView) and around.language == self.plan.wanted.languages[0]:
            self._write_figures(view, made_of)

    def _print(self, around: Around, piece: Piece, view: View, made_of: MadeOf) -> None:
        """Write a report as PDF; on paper it stands alone and links nothing."""
        html = self._renderer.render(piece.definition, self.plan.wanted.audience, view)
        data = in_form(html, "pdf", self._reports)
        kind, language = piece.definition.subject, around.language
        self._draft.write(around.printed(piece), data, kind, language, made_of)

    def _other(self, piece: Piece, language: Language) -> Around | None:
        """Return what is made in the other language, where this report is."""
        return next(
            (
                around
                for other, around in self._around.items()
                if other != language and other in piece.definition.languages
            ),
            None,
        )

    def _figures(self, language: Language) -> list[str]:
        wanted = self.plan.wanted
        first = language == wanted.languages[0]
        has = wanted.audience in OPEN_TO and self.plan.pieces[0].definition.subject == "nation"
        return [f"figures/{name}.csv" for name in FILES] if first and has else []

    def _take_over(self, paths: Sequence[str], state: str) -> bool:
        """Take files over from the set before, if all of them were made of the same."""
        earlier = [self._draft.earlier(path, state) for path in paths]
        if self._afresh or not all(earlier):
            return False
        for one in earlier:
            assert one is not None
            self._draft.keep(one)
        return True

    def _scores_of(self, piece: Piece) -> str:
        if piece.member is not None:
            return self._digests[piece.member.id]
        if self.plan.published is not None:
            # A digest of the scores as they are now would tell that one was corrected.
            return digest_of([str(self.plan.published.edition.id)])
        return digest_of([self._digests[key] for key in sorted(self._digests, key=str)])

    # -- what goes with the leading report -----------------------------------------------------

    def _brief(self, around: Around, sentences: tuple[Text, ...], made_of: MadeOf) -> None:
        path = around.path("brief")
        html = self._renderer.render_page(
            HOME, "brief.html.j2", around.brief(sentences), self._site(around, "brief")
        )
        self._write(path, html, "brief", around.language, made_of)
        plain = "\n\n".join(str(sentence) for sentence in sentences) + "\n"
        self._write(f"brief.{around.language}.txt", plain, "brief", around.language, made_of)

    def _write_figures(self, view: NationView, made_of: MadeOf) -> None:
        if self.plan.wanted.audience not in OPEN_TO:
            return
        tables = tables_of(view)
        spoken = [around.words for around in self._around.values()]
        log = CORRECTED if self.plan.fixed is None else CHANGED
        for table in (*tables, dictionary_of(tables, spoken, log)):
            self._write(f"figures/{table.name}.csv", csv_of(table), "figures", None, made_of)

    # -- pages around --------------------------------------------------------------------------

    def _pages(self) -> None:
        """Write the pages around the reports."""
        for around in self._around.values():
            if self.plan.wanted.audience in OPEN_TO:
                self._open(around)
            if self.plan.members:
                self._page(around, "list", around.index(), "list.html.j2", script=filter_script())
                for letter in around.letters():
                    stem = f"letters/{letter}"
                    self._page(around, stem, around.index(letter), "list.html.j2")
            start = around.start(self._told_in_brief(around), self._says_left_out(around))
            self._page(around, "index", start, "start.html.j2")

    def _open(self, around: Around) -> None:
        """Write how the figures came about; the log is gone through only where it moved on."""
        path, site = around.path("open"), self._site(around, "open")
        is_first = around.language == self.plan.wanted.languages[0]
        state = self._states.of_everything(site, "open.html.j2")
        paths = [path, CORRECTIONS] if is_first else [path]
        if self._take_over(paths, state):
            return
        fixed, campaign = self.plan.fixed, self.plan.round
        among = None if fixed is None else [member.id for member in self.plan.members]
        corrected = read_corrections(self._connection, campaign.id, among=among)
        if self._conduct is None:
            self._conduct = read_conduct(self._register, self._connection)
        made_of = MadeOf(state=state)
        if is_first:
            table = (
                corrections_of((one.at, len(one.controls)) for one in corrected)
                if fixed is None
                else changes_of(campaign.round.code, fixed)
            )
            self._write(CORRECTIONS, csv_of(table), "figures", None, made_of)
        files = sorted(one for one in self._draft.files if one.startswith("figures/"))
        view = around.open(corrected, self._conduct, files)
        html = self._renderer.render_page(HOME, "open.html.j2", view, site)
        self._write(path, html, "open", around.language, made_of)

    def _page(
        self, around: Around, stem: str, view: SetPage, template: str, script: str = ""
    ) -> None:
        path = around.path(stem)
        site = self._site(around, stem)
        state = self._states.of_page(view, site, template)
        if self._take_over([path], state):
            return
        html = self._renderer.render_page(HOME, template, view, site, script=script)
        self._write(path, html, stem.partition("/")[0], around.language, MadeOf(state=state))

    def _told_in_brief(self, around: Around) -> list[str]:
        """Return the sentences of the brief, which may have been taken over."""
        path = f"brief.{around.language}.txt"
        if path not in self._draft.files:
            return []
        text = (self._draft.folder / path).read_text(encoding="utf-8")
        return text.rstrip("\n").split("\n\n")

    def _says_left_out(self, around: Around) -> list[Text]:
        """Return in words what the set does without."""
        say, plan = around.words.say, self.plan
        said = []
        if plan.without_score:
            said.append(say("set.left-no-score", n=plan.without_score))
        if plan.unnamed:
            said.append(say("set.left-alone", n=plan.unnamed))
        if not self._prints:
            said.append(say("set.left-pdf" if plan.wanted.with_pdf else "set.left-pdf-unwanted"))
        for what, why in self._reports_left_out.items():
            said.append(say(f"set.left-{why}", report=what))
        return said

    def _write(
        self, path: str, text: str, kind: str, language: Language | None, made_of: MadeOf
    ) -> None:
        self._draft.write(path, text.encode(), kind, language, made_of)

    def _manifest(self) -> Manifest:
        """Return the manifest of all that was written."""
        plan, wanted = self.plan, self.plan.wanted
        around = next(iter(self._around.values()))
        edition, head = around.content.edition, around.head
        about = {"round": wanted.round_code, "institution": wanted.institution or "",
                 "sector": wanted.sector or ""}  # fmt: skip
        return Manifest(
            audience=wanted.audience,
            marking=plan.marking,
            about={name: value for name, value in about.items() if value},
            languages=wanted.languages,
            as_of=plan.as_of,
            editions=Editions(
                name=edition.catalogue,
                version=edition.version,
                rules=edition.rules,
                checks=edition.checks,
                texts=edition.texts,
                program=around.content.program_version,
            ),
            head=Head(
                chain=head.chain,
                seq=head.seq,
                digest=head.digest,
                key_id=head.key_id,
                signature=head.signature,
                at=head.at,
            ),
            left_out=tuple(map(str, self._says_left_out(around))),
            not_looked_for=self.secrets.not_looked_for,
            files=tuple(one for _, one in sorted(self._draft.files.items())),
        )

    def _site(self, around: Around, stem: str) -> Site:
        other = next((one for one in self._around.values() if one is not around), None)
        return around.site(stem, other)
