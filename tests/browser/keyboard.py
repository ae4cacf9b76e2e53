"""A person at a keyboard: one key after the other, and at each one sees where one is.

Source: WCAG 2.2, 2.1.1 Keyboard, 2.1.2 No Keyboard Trap, 2.4.7 Focus Visible, 2.4.11 Focus Not
Obscured (Minimum).
"""

from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page
from world import World

from cyberposture.services.people import signing_in

PASSWORD = "seven lamps on a quiet quay"
MOST_TABS = 250
STANDS = """what => {
  const one = document.activeElement;
  if (one === document.body) return {body: true, fits: false};
  const box = one.getBoundingClientRect();
  const seen = (at) => {
    const look = getComputedStyle(at);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  };
  let marked = false;
  for (let at = one; at && at !== document.body; at = at.parentElement) marked ||= seen(at);
  const x = Math.min(innerWidth - 1, Math.max(0, box.left + box.width / 2));
  const y = Math.min(innerHeight - 1, Math.max(0, box.top + box.height / 2));
  const top = document.elementFromPoint(x, y);
  const label = one.closest("label");
  const shown = top && (one.contains(top) || top.contains(one) || (label && label.contains(top)));
  return {body: false, fits: Boolean(what) && one.matches(what), marked, shown: Boolean(shown),
          what: one.outerHTML.slice(0, 160), inside: box.bottom > 0 && box.top < innerHeight};
}"""


OPENS_WINDOW = """what => {
  window.opensWindow = false;
  addEventListener("click", (event) => {
    window.opensWindow = event.isTrusted && !event.defaultPrevented && event.target.matches(what)
      && event.target.type === "file" && !event.target.disabled;
    event.preventDefault();
  }, {once: true});
}"""


@dataclass
class Keys:
    """A person at a keyboard; `totp` shows the codes of their authenticator."""

    page: Page
    address: str
    totp: pyotp.TOTP

    def press(self, key: str, wanted: str = "") -> bool:
        """Press one key, after which one must see where one is; tell if that is what was wanted."""
        self.page.keyboard.press(key)
        found = self.page.evaluate(STANDS, wanted)
        if not found["body"]:
            assert found["inside"] and found["shown"], f"one does not see it: {found['what']}"
            assert found["marked"], f"nothing marks where one is: {found['what']}"
        return bool(found["fits"])

    def to(self, selector: str, key: str = "Tab") -> None:
        """Go on with Tab until the element that fits has the focus."""
        if self.page.evaluate("what => document.activeElement.matches(what)", selector):
            return
        if not any(self.press(key, selector) for _ in range(MOST_TABS)):
            pytest.fail(f"{selector} is not reached on {self.page.url}")

    def skip(self) -> None:
        """Go past header and menu by the first link of the page."""
        self.press("Tab")
        assert 'class="skip"' in self.focused
        self.page.keyboard.press("Enter")

    def enter(self, selector: str) -> None:
        """Go to a link or button and press Enter; the page that follows must be no refusal."""
        self.to(selector)
        with self.page.expect_navigation() as found:
            self.page.keyboard.press("Enter")
        assert found.value is not None and found.value.status == 200, self.page.inner_text("main")

    def unfold(self, summary: str) -> None:
        """Open what is folded away."""
        self.to(summary)
        self.press("Enter")
        assert self.page.evaluate("document.activeElement.closest('details').open")

    def choose(self, selector: str, value: str) -> None:
        """Choose in a list with the arrows."""
        self.to(selector)
        for _ in range(MOST_TABS):
            if self.page.evaluate("document.activeElement.value") == value:
                return
            self.press("ArrowDown")
        pytest.fail(f"{selector} has no {value}")

    def tick(self, selector: str) -> None:
        """Tick a box, or choose the first of a group, with Space."""
        self.to(selector)
        self.press("Space")
        assert self.page.evaluate("document.activeElement.checked")

    def attach(self, selector: str, path: Path) -> None:
        """Press what opens the window that chooses a file, and choose one.

        The window itself is the system's own and not always there before a browser without a
        screen, so it stays shut: what the page has to do is let the key through.
        """
        self.to(selector)
        self.page.evaluate(OPENS_WINDOW, selector)
        self.press("Space")
        assert self.page.evaluate("window.opensWindow"), f"Space opens no window at {selector}"
        self.page.set_input_files(selector, path)

    def write(self, selector: str, text: str) -> None:
        """Go to a field and type over what stands there."""
        self.to(selector)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def sign_in(self, name: str, code: str, language: str = "en") -> None:
        """Come in by the door, in a language that is chosen there."""
        self.page.goto(f"{self.address}/sign-in")
        if language != "en":
            self.enter(f"a[href^='/language/{language}']")
        self.write("input[name=name]", name)
        self.write("input[name=password]", PASSWORD)
        self.write("input[name=code]", code)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        assert self.page.url == f"{self.address}/"

    @property
    def focused(self) -> str:
        """What has the focus."""
        found: str = self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        return found


def account(world: World, role) -> pyotp.TOTP:
    """Open the account of who holds a role; return what shows their codes."""
    token = signing_in.make_link(world.register, world.person_of(role))
    totp = pyotp.TOTP(signing_in.begin_account(world.register, token, PASSWORD).seed)
    used = totp.at(world.register.clock().timestamp() - 30)
    signing_in.confirm_account(world.register, token, used)
    return totp


def arrive(world: World, chromium: Browser, address: str, role, language: str = "en") -> Keys:
    """Let who holds a role sit down before a browser of their own and come in by the door."""
    page = chromium.new_context(viewport={"width": 1100, "height": 700}).new_page()
    page.set_default_timeout(10_000)
    one = Keys(page, address, account(world, role))
    one.sign_in(world.person_of(role), one.totp.at(world.register.clock()), language)
    return one
