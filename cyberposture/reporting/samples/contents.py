"""The content of the samples: the real catalogue beside invented checks, a few for each code.

The checks are invented, so that the samples do not change with the packs.
"""

import hashlib
from functools import cache

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import load_catalogue
from cyberposture.content.reading.translations import load_beside
from cyberposture.content.translations import Translations, source_digest
from cyberposture.model.checks import Check, Checks, Observation, Pack
from cyberposture.model.controls import Catalogue
from cyberposture.model.translations import CheckTranslation
from cyberposture.reporting.inputs import ContentInputs

TITLES = {
    "O-CLEAR": ("telnet-not-reachable", "Telnet is not reachable"),
    "O-OT": ("modbus-not-reachable", "Control equipment answers no connection from the office"),
    "O-SEG": ("zones-apart", "Zones are reachable over declared flows alone"),
    "O-ADMIN": ("ssh-not-on-the-internet", "SSH does not answer the internet"),
    "O-TLSP": ("modern-versions-only", "Only current TLS versions are accepted"),
    "O-PORT": ("stores-ask-for-a-login", "Data stores ask for a login"),
}


def digest(*words: object) -> str:
    """Return a SHA-256 digest that depends on nothing but the words."""
    return hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()


def a_check(id: str, title: str, observation: str, severity: str = "high") -> Check:
    """Return a whole check with a remedy of its own."""
    says = {"pass": "All is well at {endpoint}.", "fail": "It fails at {endpoint}: {detail}.",
            "inconclusive": "No clear answer from {endpoint}."}  # fmt: skip
    examples: list[dict[str, object]] = [
        {"name": verdict, "facts": {}, "verdict": verdict}
        for verdict in ("pass", "fail", "inconclusive")
    ]
    return Check.model_validate(
        {
            "id": id, "version": 1, "title": title, "observation": observation,
            "severity": severity, "technique": "tcp-connect", "rollup": "worst",
            "rollup_reason": "One open door is enough.", "fails_when": {"port_open": "any"},
            "says": says, "why": "Whoever can reach it can read or take what it guards.",
            "remedy": f"Close what {id.partition('.')[2]} names, or move it behind the VPN. Then "
            "ask for another look.",
            "sources": [{"title": "Our own rule"}], "examples": examples,
        }
    )  # fmt: skip


@cache
def content() -> ContentInputs:
    """Return the real catalogue beside invented checks, two for each observation code in use."""
    catalogue = load_catalogue(find_content(None).controls)
    codes = sorted({use.code for control in catalogue.controls for use in control.observations})
    checks = []
    for code in codes:
        name, title = TITLES.get(code, (code[2:].lower(), f"What {code} looks for is in order"))
        severity = "critical" if code in ("O-OT", "O-PORT") else "high"
        checks.append(a_check(f"lab.{name}", title, code, severity))
        checks.append(a_check(f"lab.{name}-too", f"{title}, elsewhere too", code, "medium"))
    packs = Checks(
        packs=(Pack(id="lab", title="Laboratory", about="Invented checks."),),
        checks=tuple(sorted(checks, key=lambda check: check.id)),
        observations=tuple(
            Observation(code=code, title=f"{code} in words", vantage="external") for code in codes
        ),
    )
    edition = identify(catalogue, packs)
    return ContentInputs(catalogue, packs, edition, "0.1.0", in_urdu(catalogue, packs))


def in_urdu(catalogue: Catalogue, packs: Checks) -> tuple[Translations, ...]:
    """Return the real Urdu of the catalogue beside invented Urdu of the invented checks."""
    drafts = {
        check.id: CheckTranslation(
            language="ur", status="draft", translator="Nobody", source=source_digest(check),
            title="تجربہ گاہ کی ایک پرکھ", why="جو اس تک پہنچ سکے وہ اسے پڑھ سکتا ہے۔",
            remedy="اسے بند کریں، یا VPN کے پیچھے لے جائیں۔ پھر دوبارہ دیکھنے کو کہیں۔",
        )
        for check in packs.checks
    }  # fmt: skip
    invented = Translations("ur", {}, drafts)
    return load_beside(find_content(None).controls, catalogue, (invented,))
