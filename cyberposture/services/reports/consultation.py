"""Writes what was said in a consultation, and what came of it, for everybody to read."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Connection

from cyberposture import __version__
from cyberposture.content.bundle import ContentFolders
from cyberposture.content.editions import Edition
from cyberposture.content.translations import Translations
from cyberposture.model.consultations import LEAST_DAYS, Consultation
from cyberposture.model.controls import Catalogue
from cyberposture.reporting import consultation_inputs as given
from cyberposture.reporting.consultation_files import csv_text, json_text
from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.consultation import consultation_view
from cyberposture.services.catalogue.consultations import ConsultationView, view_of
from cyberposture.services.catalogue.drafts import restore_draft
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import head_of
from cyberposture.services.reports.report import find_definition, placed
from cyberposture.store.comments import CommentRecord, list_comments
from cyberposture.store.editions import Adoption

NAME = "consultation"
Format = Literal["html", "json", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)


def read_consultation(
    register: Register, renderer: Renderer, code: str, *, language: str = "en"
) -> str:
    """Return the public report on a consultation as the text of one HTML file.

    Raises:
        NotFound: there is no such consultation.
        WrongUsage: the report is not made in this language.
    """
    definition = find_definition(register, NAME)
    words = renderer.words(definition, language)
    with register.reading() as connection:
        inputs = gather_consultation(register, connection, code)
    view = consultation_view(definition, "public", words, inputs)
    return renderer.render(definition, "public", view)


def write_consultation(
    register: Register,
    folders: ContentFolders,
    code: str,
    out: Path,
    file_format: Format,
    *,
    language: str = "en",
) -> Path:
    """Write the report on a consultation to `out` and return the path; it goes on record first.

    Raises:
        NotFound: there is no such consultation.
        WrongUsage: the report is not made in this language.
        MissingService: no file can be written there.
    """
    definition = find_definition(register, NAME)
    renderer = Renderer(folders.reports, register.body)
    words = renderer.words(definition, language)
    with register.reading() as connection:
        inputs = gather_consultation(register, connection, code)
    match file_format:
        case "html":
            view = consultation_view(definition, "public", words, inputs)
            text = renderer.render(definition, "public", view)
        case "json":
            text = json_text(inputs)
        case "csv":
            text = csv_text(inputs)
    with placed(out, text), register.change("report-written", NAME) as change:
        change.tell(
            consultation=code,
            audience="public",
            language=language,
            format=file_format,
            file=out.name,
        )
    return out


def gather_consultation(
    register: Register, connection: Connection, code: str
) -> given.ConsultationInputs:
    """Return everything that the report is made from, of one consistent state.

    Raises:
        NotFound: there is no such consultation.
    """
    view = view_of(connection, code, register.clock())
    record = view.record
    catalogue, translations = restore_draft(register, connection, record.consultation.draft)
    comments = list_comments(connection, consultation_id=record.id)
    return given.ConsultationInputs(
        content=_content(register, view, catalogue, translations),
        code=record.consultation.code,
        title=record.consultation.title,
        state=view.state,
        opens=record.consultation.opens,
        closes=record.consultation.closes,
        zone=record.consultation.zone,
        as_of=register.clock(),
        audit_head=head_of(connection, None),
        short_why=record.act.reason if _is_short(record.consultation) else "",
        closed_at=None if record.closed is None else record.closed.at,
        closed_why=record.closed.reason
        if record.closed is not None and record.closed.at < record.consultation.closes
        else "",
        concluded_at=None if record.concluded is None else record.concluded.at,
        concluded_why="" if record.concluded is None else record.concluded.reason,
        adopted=None if view.adoption is None else _adopted(view.adoption),
        groups=tuple(
            given.InvitedGroup(one.group.name, one.group.kind, one.invited_at, one.group.note)
            for one in view.groups
        ),
        events=tuple(
            given.HeldEvent(code=one.code, **one.event.model_dump()) for one in view.events
        ),
        comments=tuple(_comment(one) for one in comments),
        controls={one.id: one.title for one in catalogue.controls},
        clauses={one.id: one.text for one in catalogue.clauses},
    )


def _adopted(adoption: Adoption) -> given.AdoptedEdition:
    return given.AdoptedEdition(
        name=adoption.name,
        version=adoption.version,
        rules=adoption.catalogue,
        texts=adoption.texts,
        at=adoption.act.at,
    )


def _is_short(consultation: Consultation) -> bool:
    return consultation.closes - consultation.opens < timedelta(days=LEAST_DAYS)


def _content(
    register: Register,
    view: ConsultationView,
    catalogue: Catalogue,
    translations: tuple[Translations, ...],
) -> ContentInputs:
    """Return the content as reports name it, under the edition that was consulted on."""
    consulted = view.record.consultation
    return ContentInputs(
        catalogue=catalogue,
        checks=register.content.checks,
        edition=Edition(
            catalogue=consulted.edition,
            version=consulted.version,
            rules=consulted.rules,
            checks=consulted.checks,
            texts=consulted.texts,
        ),
        program_version=__version__,
        translations=translations,
    )


def _comment(one: CommentRecord) -> given.GivenComment:
    disposed = None
    if one.disposition is not None and one.first_disposed_at is not None:
        disposed = given.Disposed(
            outcome=one.disposition.disposition.outcome,
            reason=one.disposition.disposition.reason,
            changed=one.disposition.disposition.changed,
            at=one.disposition.act.at,
            first_at=one.first_disposed_at,
        )
    about: given.About = "control" if one.control else "clause" if one.clause else "draft"
    return given.GivenComment(
        code=one.code,
        about=about,
        subject=one.about,
        author=one.said.author,
        affiliation=one.said.affiliation,
        group=one.said.group,
        text=one.said.text,
        received_at=one.act.at,
        event=one.event,
        on_behalf=one.on_behalf,
        late_reason=one.late_reason,
        revision=one.said.revision,
        is_public=one.said.is_public,
        hidden_why=one.moderation.act.reason
        if one.moderation is not None and one.is_hidden
        else None,
        disposed=disposed,
    )
