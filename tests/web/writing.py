"""Somebody before a page of cards whose browser runs no script: its form, filled and sent."""

from datetime import timedelta
from html.parser import HTMLParser
from itertools import count

from browser import Answer, Browser
from world import OWN, World

from cyberposture.clock import utc_now
from cyberposture.services.assessments import assess, rounds
from cyberposture.services.assessments.cards import Reader as CardReader
from cyberposture.services.assessments.cards import read_control
from cyberposture.store.answers import AnswerRevision

DOMAIN = "GOV"
_NUMBERS = count(1)


def fresh_round(world: World) -> str:
    """Open a round of its own for one test, in which nothing is answered yet; return its code."""
    code = f"cards-{next(_NUMBERS)}"
    rounds.open_round(world.register, code, code.title(), utc_now() + timedelta(days=30))
    assess.open_assessment(world.register, OWN, code, carries_over=False)
    return code


class Fields(HTMLParser):
    """The form around all cards as a browser without a script fills and sends it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        """Those of cards."""
        self.others: list[tuple[str, str]] = []
        self._select = ""
        self._is_in, self._is_off, self._area = False, False, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._is_in = given.get("id") == "answers"
        elif tag == "fieldset":
            self._is_off = "disabled" in given
        elif tag == "option" and self._select and "selected" in given:
            self.sent[self._select] = given["value"]
        is_ours = given.get("form") == "answers" or (self._is_in and "form" not in given)
        name = given.get("name", "")
        if not is_ours or not name or self._is_off:
            return
        if tag == "textarea":
            self._area, self.sent[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "button":
            places = self.buttons if name.startswith("then.") else self.others
            places.append((name, given["value"]))
        elif given.get("type") not in ("radio", "checkbox") or "checked" in given:
            self.sent[name] = given["value"]

    def handle_data(self, data):
        if self._area:
            self.sent[self._area] += data

    def handle_endtag(self, tag):
        self._is_in = self._is_in and tag != "form"
        self._is_off = self._is_off and tag != "fieldset"
        if tag in ("textarea", "select"):
            self._area = self._select = ""

    def write(self, control: str, level: str, reason: str) -> "Fields":
        """Fill one card."""
        assert f"reason.{control}" in self.sent
        self.sent[f"reason.{control}"] = reason.replace("\n", "\r\n")
        if level:
            self.sent[f"level.{control}"] = level
        return self


class Writer:
    """Somebody before a page of cards, whose browser runs no script."""

    def __init__(self, world: World, browser: Browser, role: str, round_code: str) -> None:
        self.world, self._browser, self.round = world, browser, round_code
        self.round_at = f"/institutions/{OWN}/rounds/{round_code}"
        self.page = f"{self.round_at}/answers/{DOMAIN}"
        self.cookies = {"session": world.session_of(world.person_of(role))}

    def look(self, path: str) -> Answer:
        """Open any page."""
        return self._browser.ask("GET", path, cookies=self.cookies)

    def open(self) -> Fields:
        """Open the page of cards and return its form."""
        answer = self.look(self.page)
        assert answer.status == 200
        return Fields(answer.text)

    def press(self, fields: Fields, control: str = "", then: str = "") -> Answer:
        """Press the button of a card, or Enter in a field."""
        button = {f"then.{control}": then or control} if control else {}
        return self._browser.ask("POST", self.page, form=fields.sent | button, cookies=self.cookies)

    def beside(self, control: str) -> Fields:
        """Open a control's own page and return its form."""
        answer = self.look(f"{self.page}/{control}")
        assert answer.status == 200
        return Fields(answer.text)

    def press_beside(
        self, fields: Fields, control: str, language: str = "en", **button: str
    ) -> Answer:
        """Press one of its buttons, or Enter in a field."""
        return self._browser.ask(
            "POST", f"{self.page}/{control}/written", form=fields.sent | button,
            cookies=self.cookies | {"language": language},
        )  # fmt: skip

    def revisions(self, control: str) -> tuple[AnswerRevision, ...]:
        """Return what the register holds of one card, the oldest first."""
        found = read_control(self.world.register, OWN, self.round, control, CardReader("nobody"))
        return found[1]

    def kept(self, control: str) -> tuple[int | None, str]:
        """Return the newest of it."""
        answer = self.revisions(control)[-1].answer
        return answer.level, answer.reason or answer.not_applicable or ""
