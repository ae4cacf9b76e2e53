"""Every form that is not right is refused by us: in the reader's words, at its field.

The forms are those that the pages show, found by walking the pages as people of several roles. No
browser speaks first: each form is sent with nothing typed, and with what makes no sense.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from browser import Answer, Browser
from test_every_route import WALKS, is_open
from world import OWN, World

from cyberposture.model.people import Role
from cyberposture.web.surroundings import COOKIE, HERE, LANGUAGE_COOKIE

pytestmark = pytest.mark.slow
WALKERS: tuple[Role, ...] = (
    "institution-lead", "signatory", "cert-administrator", "cert-analyst", "authorising-officer",
    "reviewer",
)  # fmt: skip
"""Between them they are shown every form that there is."""
TEXTS = frozenset({"text", "email", "url", "number", "date", "datetime-local", "time", "password",
                   "search", "textarea"})  # fmt: skip
NONSENSE = {"number": "many", "date": "some day", "datetime-local": "some day", "time": "soon",
            "email": "at home", "url": "over there", "search": "~"}  # fmt: skip
"""What is typed where a browser would have known better; elsewhere it is `WORDS`."""
WORDS = "~ no such thing ~"
TAG = re.compile(r"<form((?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*)>")


@dataclass
class Field:
    """One field of a form, as a browser would send it when nobody touches it."""

    name: str
    kind: str
    value: str = ""
    is_required: bool = False


@dataclass
class Form:
    """One form, on the page that shows it."""

    page: str
    method: str
    action: str
    is_ours: bool
    """Whether the browser leaves it to us what is right."""
    role: Role | None = None
    fields: list[Field] = field(default_factory=list)

    @property
    def typed_in(self) -> list[Field]:
        """The fields that somebody types in."""
        return [one for one in self.fields if one.kind in TEXTS | {"file"}]

    @property
    def asks(self) -> list[str]:
        """The fields that must not stay empty."""
        return [one.name for one in self.fields if one.is_required]

    def filled(self, is_nonsense: bool) -> dict[str, str]:
        """Return what is sent: what nobody types in stays as the page has it."""
        sent = {one.name: one.value for one in self.fields if one.kind in ("hidden", "select")}
        for one in self.fields:
            if one.kind in TEXTS:
                sent[one.name] = NONSENSE.get(one.kind, WORDS) if is_nonsense else ""
        return sent


class Page(HTMLParser):
    """The forms of a page, and what it says is wrong."""

    def __init__(self, at: str, text: str) -> None:
        super().__init__()
        self.at, self.forms, self.faults = at, [], []
        self.is_marked = False
        self._by_id: dict[str, Form] = {}
        self._late: list[tuple[str, Field]] = []
        self._form: Form | None = None
        self._area: Field | None = None
        self._select: Field | None = None
        self._is_first = False
        self._said: list[str] = []
        self._own = 0
        self.feed(text)
        for name, one in self._late:
            if name in self._by_id:
                self._by_id[name].fields.append(one)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = Form(self.at, given.get("method", "get"), given.get("action") or "",
                              "novalidate" in given)  # fmt: skip
            self.forms.append(self._form)
            self._by_id[given.get("id") or ""] = self._form
        elif tag in ("input", "select", "textarea") and given.get("name"):
            self._take(tag, given)
        elif tag == "option" and (one := self._select) is not None:
            is_first, self._is_first = self._is_first, False
            if "selected" in given or is_first:
                one.value = given.get("value") or ""
        self.is_marked |= given.get("aria-invalid") == "true"
        if self._said:
            self._said.append(tag)
            self._own += tag in ("bdi", "code")
        elif "fault" in (given.get("class") or "").split() or given.get("id") == "faults":
            self._said.append(tag)

    def _take(self, tag: str, given: dict[str, str | None]) -> None:
        kind = given.get("type", "text") if tag == "input" else tag
        one = Field(given["name"] or "", kind or "text", given.get("value") or "",
                    "required" in given)  # fmt: skip
        self._area = one if tag == "textarea" else None
        if tag == "select":
            self._select, self._is_first = one, True
        if given.get("form"):
            self._late.append((given["form"] or "", one))
        elif self._form is not None:
            self._form.fields.append(one)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        if tag in self._said:
            while self._said:
                last = self._said.pop()
                self._own -= bool(self._said) and last in ("bdi", "code")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if self._said and data.strip():
            self.faults += ["…"] if self._own else [data.strip()]


@pytest.fixture(scope="module")
def portal(world: World) -> Iterator[Browser]:
    browser = Browser(world.app)
    yield browser
    browser.close()


@dataclass
class Walker:
    """Somebody of each role who reads Urdu."""

    world: World
    portal: Browser
    cookies: dict[Role | None, dict[str, str]] = field(default_factory=dict)

    def ask(self, method: str, at: str, role: Role | None, **more: object) -> Answer:
        """Send a request as somebody of a role, or as nobody in particular."""
        if role not in self.cookies:
            own = {} if role is None else {COOKIE: self.world.session_of(f"p-{role}")}
            self.cookies[role] = {LANGUAGE_COOKIE: "ur", **own}
        return self.portal.ask(method, at, cookies=self.cookies[role], **more)

    def send(self, form: Form, is_nonsense: bool) -> Answer:
        """Send a form as it is filled in."""
        sent = form.filled(is_nonsense)
        is_upload = form.action.endswith("/upload")
        more = {"file": ("x.txt", b"~") if is_nonsense else ("", b"")} if is_upload else {}
        return self.ask("POST", form.action, form.role, form=sent, **more)


@pytest.fixture(scope="module")
def walker(world: World, portal: Browser) -> Walker:
    return Walker(world, portal)


@pytest.fixture(scope="module")
def forms(world: World, walker: Walker) -> list[Form]:
    """Every form of every page, once: those that ask for something come first."""
    found: dict[tuple[object, ...], Form] = {}
    for walk in WALKS:
        if walk.method != "GET" or not walk.has_rows(world, OWN):
            continue
        roles = [one for one in WALKERS if walk.action and is_open(walk, one, OWN)]
        for role in roles if walk.action else [None]:
            at = walk.at(world, OWN)
            answer = walker.ask("GET", at, role)
            if answer.status != 200 or "text/html" not in answer.headers["content-type"]:
                continue
            for form in Page(at, answer.text).forms:
                form.role = role
                form.action = urlsplit(urljoin(at, form.action)).path
                names = (re.sub(r"[A-Z]{3}-\d\d", "", one.name) for one in form.typed_in)
                place = re.sub(r"[0-9a-f-]{36}|[A-Z]{3}(-\d\d)?\b", "…", form.action)
                found.setdefault((form.method, place, *sorted(set(names))), form)
    return sorted(found.values(), key=lambda form: -len(form.asks))


def posted(forms: list[Form]) -> list[Form]:
    return [one for one in forms if one.method == "post" and one.typed_in]


def test_every_form_is_left_to_us():
    tags = {
        f"{path.relative_to(HERE)}: {found[0]}"
        for path in sorted((HERE / "templates").rglob("*.j2"))
        for found in TAG.finditer(path.read_text())
        if "novalidate" not in found[1]
    }
    assert tags == set()


def test_the_pages_show_forms_of_every_kind(forms):
    assert len(posted(forms)) > 60
    assert [one.action for one in forms if not one.is_ours] == []
    kinds = {one.kind for form in forms for one in form.typed_in}
    assert {"text", "date", "number", "email", "url", "textarea", "file", "password"} <= kinds


def wrong_with(form: Form, answer: Answer) -> str:
    """Return what is wrong with the answer to a form that was not right; "" where nothing is."""
    if answer.status >= 500:
        return f"{answer.status}"
    if answer.status != 422:
        return ""
    if "text/html" not in (kind := answer.headers["content-type"]):
        return f"no page, but {kind}"
    page = Page(form.action, answer.text)
    if not page.faults:
        return "nothing is said at a field"
    english = [run for said in page.faults for run in re.findall(r"[A-Za-z]{3,} [a-z]{2,}", said)]
    return f"English: {page.faults}" if english else ""


def test_with_nothing_typed_each_form_says_at_its_field_what_is_needed(walker, forms):
    found = []
    for form in posted(forms):
        answer = walker.send(form, is_nonsense=False)
        wrong = wrong_with(form, answer)
        if form.asks and answer.status != 422:
            wrong = wrong or f"{answer.status}, though it asks for {form.asks}"
        if wrong:
            found.append(f"{form.role} {form.action} (on {form.page}): {wrong}")
    assert found == [], "\n".join(found)


def test_what_makes_no_sense_is_refused_at_its_field_or_taken(walker, forms):
    found = []
    for form in posted(forms):
        wrong = wrong_with(form, walker.send(form, is_nonsense=True))
        if wrong:
            found.append(f"{form.role} {form.action} (on {form.page}): {wrong}")
    assert found == [], "\n".join(found)


def test_english_in_a_fault_is_found():
    form = Form("/here", "post", "/here", True)
    html = {"content-type": "text/html"}
    for said, wrong in (
        ('<span class="fault">you must <bdi>say this</bdi></span>', "English: ['you must', '…']"),
        ('<span class="fault">یہ لکھیں <bdi>say this</bdi></span>', ""),
        ("<p>something</p>", "nothing is said at a field"),
    ):
        assert wrong_with(form, Answer(422, html, (), said.encode())) == wrong
