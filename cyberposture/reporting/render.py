"""Turns a view into one self-contained HTML file: no network, no script, nothing from elsewhere.

Templates run in a sandbox, see the view and the words alone, and can open no file but those of
their own report and the shared ones.
"""

import base64
import hashlib
import re
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cyberposture.errors import Fault, InvalidInput, WrongUsage
from cyberposture.model.operating_body import UNNAMED, OperatingBody
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.issuer import issuer_of
from cyberposture.reporting.plain import Text
from cyberposture.reporting.site import NOWHERE, Site
from cyberposture.reporting.words import Words, load_words

SHARED = "_shared"
"""The folder of what all reports have in common: frame, style, macros, words."""
AND = "+"
"""Stands between the folders of one report."""
STYLE = "style.css"
PARTS = "parts.css"
"""The style of what the portal shows as reports do."""
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)
"""What a style says to us alone: a page does not carry it."""
_READ = frozenset({"get", "items", "keys", "values"})
"""What reads a mapping and cannot change it."""


class Speaking(Protocol):
    """What everything has that a template may see."""

    @property
    def words(self) -> Words:
        """The words in which it speaks."""


class View(Speaking, Protocol):
    """What every view of a report has, whatever its subject."""

    @property
    def audience(self) -> Audience:
        """For whom it was made."""


class Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox that knows our records: frozen, without methods, so that reading them is safe."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a template reads; the field of a record at once: pages read thousands."""
        kind = type(obj)
        fields = getattr(kind, "__dataclass_fields__", ())
        is_read = attribute in fields and not attribute.startswith("_")
        if is_read or (kind is dict and attribute in _READ):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what a callable of a template returns; words are ours and said at once."""
        if getattr(__obj, "__func__", None) is Words.say:
            return __obj(*args, **kwargs)
        return super().call(__context, __obj, *args, **kwargs)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether a template may read this; of a record, all but what begins with _."""
        if is_dataclass(obj):
            return not attr.startswith("_")
        return super().is_safe_attribute(obj, attr, value)


class Renderer:
    """The templates of one content folder `reports`, each read once."""

    def __init__(self, folder: Path, body: OperatingBody = UNNAMED) -> None:
        """Take the folder, and by whom is issued; nothing is read until a report is asked for."""
        self._folder = folder
        self._body = body
        self._environment = lru_cache(maxsize=None)(self._make_environment)
        self._words = lru_cache(maxsize=None)(self._load_words)

    def words(self, definition: ReportDefinition, language: str = "en") -> Words:
        """Return the words of one report.

        Raises:
            WrongUsage: the report is not made in this language.
            InvalidInput: a file of words is missing or wrong, each fault with file and line.
        """
        if language not in definition.languages:
            made = ", ".join(definition.languages)
            raise WrongUsage(
                f"the report {definition.id} is not made in {language!r}", advice=f"made in: {made}"
            )
        return self._words(_home_of(definition), language)

    def render(
        self,
        definition: ReportDefinition,
        audience: Audience,
        view: View,
        site: Site = NOWHERE,
    ) -> str:
        """Return the report as the text of one HTML file; equal views give equal text.

        Within a set, `site` says which other pages it links.

        Raises:
            WrongUsage: the view was made for another audience.
            InvalidInput: a template is wrong, with file and line.
        """
        if view.audience != audience:
            raise WrongUsage(f"this view was made for {view.audience}, not for {audience}")
        return self._render(_home_of(definition), definition.template, view, site)

    def render_part(
        self, definition: ReportDefinition, template: str, view: View, site: Site = NOWHERE
    ) -> str:
        """Return what one template of a report makes of its view: a part for a page of another.

        `site` says where that page may lead.

        Raises:
            InvalidInput: the template is wrong, with file and line.
        """
        return self._render(_home_of(definition), template, view, site)

    def policy(self, definition: ReportDefinition) -> str:
        """Return the content security policy that a report states of itself."""
        return _policy(self._environment(_home_of(definition))[1])

    def parts_style(self) -> str:
        """Return the style that a page needs which shows such parts."""
        return (self._folder / SHARED / PARTS).read_text(encoding="utf-8")

    def page_words(self, home: str, language: str = "en") -> Words:
        """Return the words of a page that is no report: it is about nobody, and for everybody.

        Raises:
            WrongUsage: the folder `home` has no words in this language.
            InvalidInput: a file of words is missing or wrong, each fault with file and line.
        """
        files = (self._folder / home).glob("words.*.yaml")
        made = sorted(path.name.split(".")[1] for path in files)
        if language not in made:
            raise WrongUsage(
                f"the {home} is not made in {language!r}", advice=f"made in: {', '.join(made)}"
            )
        return self._words(home, language)

    def render_page(
        self, home: str, template: str, view: Speaking, site: Site = NOWHERE, *, script: str = ""
    ) -> str:
        """Return a page that is no report as the text of one HTML file.

        `script` is the one script that may run on it, of our own; the page does without.

        Raises:
            InvalidInput: a template is wrong, with file and line.
        """
        return self._render(home, template, view, site, script)

    def render_shared(self, template: str, view: View) -> str:
        """Return what a shared template makes of a view: the index of a set of reports.

        Raises:
            InvalidInput: the template is wrong, with file and line.
        """
        return self._render(SHARED, template, view)

    def shared_words(self, language: str = "en") -> Words:
        """Return the words that all reports have in common.

        Raises:
            InvalidInput: the file of words is missing or wrong.
        """
        return self._words(SHARED, language)

    def _render(
        self, home: str, template: str, view: Speaking, site: Site = NOWHERE, script: str = ""
    ) -> str:
        environment, style = self._environment(home)
        try:
            return environment.get_template(template).render(
                view=view,
                say=view.words.say,
                site=site,
                issuer=issuer_of(self._body, view.words.language),
                style=Text(style, style),
                script=Text(script, script),
                policy=_policy(style, script),
            )
        except TemplateError as error:
            where = f"{home}/{getattr(error, 'filename', None) or template}"
            line = getattr(error, "lineno", None)
            raise InvalidInput(
                Fault(f"{where}:{line}" if line else where, str(error.message or error))
            ) from error

    def _make_environment(self, home: str) -> tuple[Sandbox, str]:
        folders = self._folders(home)[::-1]
        environment = Sandbox(
            loader=FileSystemLoader(folders, followlinks=False),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        # What a report needs beyond the style of all stands in a style of its own.
        styles = [self._folder / SHARED / PARTS]
        styles += [folder / STYLE for folder in reversed(folders) if (folder / STYLE).exists()]
        style = "\n".join(path.read_text(encoding="utf-8") for path in styles)
        return environment, _COMMENT.sub("", style)

    def _load_words(self, home: str, language: str) -> Words:
        return load_words(self._folders(home), language)

    def _folders(self, home: str) -> list[Path]:
        """Return the folders that a report is made from; a later one wins."""
        names = dict.fromkeys([SHARED, *home.split(AND)])
        return [self._folder / name for name in names]


def _home_of(definition: ReportDefinition) -> str:
    """Return the folders of a report: that of the one that it builds upon, and its own."""
    names = [] if definition.builds_on is None else [definition.builds_on]
    return AND.join([*names, definition.id])


def _policy(style: str, script: str = "") -> str:
    """Return the content security policy under which nothing but this very style may act.

    Where a page has a script of ours, that very script may run too.
    """
    runs = f"; script-src '{_digest(script)}'" if script else ""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'{runs}; base-uri 'none'; "
        "form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
