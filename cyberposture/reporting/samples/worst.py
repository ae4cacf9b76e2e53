"""The worst data that a report may be made from: empty, maximal, hostile, and right to left.

A new subject is a row of `WORST`: what is usual, empty and as much as there may be of it, and how
it becomes a view. What is hostile is made of the usual, with each text from outside replaced.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, partial
from typing import Any, Final

from cyberposture.model.reports import Audience, ReportDefinition, Subject
from cyberposture.reporting.consultation_inputs import ConsultationInputs
from cyberposture.reporting.exposure_inputs import ExposureInputs
from cyberposture.reporting.inputs import InstitutionInputs, KnownAddresses, NationInputs
from cyberposture.reporting.render import View
from cyberposture.reporting.samples.consultation import a_consultation, an_empty_consultation
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.samples.crosswalk import a_crosswalk
from cyberposture.reporting.samples.exposure import an_empty_exposure, an_exposure
from cyberposture.reporting.samples.institution import a_finding, a_report, usual_report
from cyberposture.reporting.samples.letter import a_letter
from cyberposture.reporting.samples.nation import a_nation
from cyberposture.reporting.samples.round import a_round, an_empty_round, poisoned_round
from cyberposture.reporting.samples.scores import a_document, a_score, an_institution, steps_of
from cyberposture.reporting.samples.sector import a_sector, of_the_sector_alone
from cyberposture.reporting.sector_inputs import SectorInputs
from cyberposture.reporting.view.consultation import consultation_view
from cyberposture.reporting.view.crosswalk import crosswalk_view
from cyberposture.reporting.view.exposure import exposure_view
from cyberposture.reporting.view.institution import institution_view
from cyberposture.reporting.view.letter import letter_view
from cyberposture.reporting.view.nation import nation_view
from cyberposture.reporting.view.round import round_view
from cyberposture.reporting.view.sector import sector_view
from cyberposture.reporting.words import Words

_SHARP: Final = str.maketrans(dict.fromkeys("<>&\"'`{}[]()*%/=!;#|\\", "x"))
MARKUP: Final = (
    "<script>alert(1)</script></td></table>\u202eevil\u2066\x00\x1b[31m\"'>{{ 7*7 }}{% x %}"
    "<img src=http://127.0.0.1/x onerror=x>&lt;" + "ہ\u0651" * 40 + "A" * 100_000
)
ATTACKS: Final[Mapping[str, str]] = {
    "markup": MARKUP,
    "unbalanced": "</style></title></main>-->]]><!--<svg><math><![CDATA[" + "\"'`)}]{{**{name" * 9,
    "controls": "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xD800, 0xE000))),
    "repeated": "<b>&lol;" * 50_000,
    "one-word": "A" * 100_000,
    "marks": "a" + "\u0651" * 5_000,
    "turned": "\u202e\u2067\u202b" * 50 + "moc.elpmaxe" + "\u202c" * 3,
    "right-to-left": "دفترِ وادی (فرضی) <b>۱۲۳</b> و 10.5 \u200c% — «اقتباس» ‹‹",
}
"""Every text from outside, replaced by one of these."""

Make = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """The worst data of one subject, and how it becomes what a template sees."""

    usual: Make
    empty: Make
    maximal: Make
    view: Callable[[ReportDefinition, Audience, Words, Any], View]
    poison: Callable[[Any, str], Any] | None = None
    """Puts a text in the place of each from outside, where the common way does not do."""

    def kinds(self) -> Iterator[tuple[str, Make]]:
        """Yield each kind of data by name."""
        yield from (("usual", self.usual), ("empty", self.empty), ("maximal", self.maximal))
        for name, attack in ATTACKS.items():
            yield name, partial(self.attacked, attack)

    def defused(self, kind: str) -> Any:
        """Return the same data with an attack of the same length and script that is none.

        None where the attack has no sign that markup is made of.
        """
        text = ATTACKS.get(kind, "")
        harmless = text.translate(_SHARP)
        return None if harmless == text else self.attacked(harmless)

    def attacked(self, text: str) -> Any:
        """Return the usual data with this text in the place of each from outside."""
        return (self.poison or poisoned)(self.usual(), text)


# What stands for every text from outside.

OURS: Final = frozenset(
    {
        "content", "control", "check", "what", "kind", "severity", "verdict", "grade", "round_code",
        "document", "result", "parameters", "zone", "sector", "tier", "steps", "code_of_round",
        "band", "rules", "framework", "elements",
    }
)  # fmt: skip
"""Fields that hold our own vocabulary, or are validated before they come here."""
REFERENCES: Final = frozenset({"code", "about", "subject", "event", "outcome", "changed", "state"})
"""The same of a consultation, whose numbers and ids the register makes or has looked up."""


def poisoned(value: Any, poison: str, name: str = "") -> Any:
    """Return the inputs with every text from outside replaced by `poison`."""
    if name in OURS:
        return value
    if isinstance(value, str):
        # A code is looked up; it must stay one of a kind.
        return value + poison if name == "code" else poison
    if is_dataclass(value) and not isinstance(value, type):
        known = REFERENCES if type(value).__module__ == ConsultationInputs.__module__ else ()
        changed = {
            f.name: poisoned(getattr(value, f.name), poison, f.name)
            for f in fields(value)
            if f.name not in known
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison, name) for item in value)
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if hasattr(value, "model_copy") and name == "institution":
        return value.model_copy(update={"name": poison})
    return value


# One institution.


@cache
def empty_report() -> InstitutionInputs:
    """Return an institution that has answered nothing and was never looked at."""
    institution = an_institution(tier="A", features=[])
    document = a_document(institution, level=lambda control: None, default_pass=0)
    return replace(
        a_report(institution=institution, document=document),
        previous=None, past=(), steps=(), answers={}, reviews={}, contradictions=(), findings=(),
        changes=(), verdicts={}, scans=(), authorisations=(), refusals=(), unjudged=(),
        addresses=KnownAddresses(0, 0, 0), kind="live", round_code=None,
    )  # fmt: skip


@cache
def maximal_report() -> InstitutionInputs:
    """Return an operator that is asked everything, with 2 000 findings on every check."""
    everything = [f.id for f in content().catalogue.framework.features if f.id != "cii"]
    sectors = [s.id for s in content().catalogue.framework.sectors]
    institution = an_institution(features=everything, sectors=sectors)
    checks = [check.id for check in content().checks.checks]
    tallies = {check: {"fail": 25, "pass": 40, "inconclusive": 3} for check in checks[::2]}
    taken = a_score(a_document(institution, tallies=tallies))
    usual = a_report(institution=institution, score=taken)
    spare = [check for check in checks if check not in usual.verdicts]
    rows = next(iter(usual.verdicts.values()))
    long = "All of it is in force, and this sentence says so once more. " * 80
    return replace(
        usual,
        steps=steps_of(taken, 10),
        answers={c: replace(a, reason=long) for c, a in usual.answers.items()},
        reviews={c: replace(r, reason=long) for c, r in usual.reviews.items()},
        findings=tuple(
            a_finding(
                n,
                checks[n % len(checks)],
                f"127.40.{n // 200}.{n % 200 + 1}",
                1 + n,
                says=f"It answers with a login in the clear ({n}). " * 5,
            )
            for n in range(2_000)
        ),
        verdicts={**usual.verdicts, **dict.fromkeys(spare, rows * 4)},
    )


# A nation.


@cache
def usual_nation() -> NationInputs:
    """Return the usual nation, made once."""
    return a_nation()


@cache
def empty_nation() -> NationInputs:
    """Return a round in which nobody was asked."""
    return a_nation(0, previous_title=None, failures=())


@cache
def maximal_nation() -> NationInputs:
    """Return a nation of two thousand institutions."""
    return a_nation(2_000)


def poisoned_nation(inputs: NationInputs, poison: str) -> NationInputs:
    """Return a nation whose names are this text; what they depend on stays told apart."""
    found: NationInputs = poisoned(inputs, poison)
    codes = {row.code: f"i-{n}" for n, row in enumerate(inputs.rows)}
    rows = tuple(replace(row, code=f"i-{n}") for n, row in enumerate(found.rows))
    used = tuple(
        replace(one, institution=codes[one.institution], name=poison + one.name)
        for one in inputs.dependencies
    )
    return replace(found, rows=rows, dependencies=used)


# A sector.


@cache
def usual_sector() -> SectorInputs:
    """Return the usual sector, made once."""
    return a_sector()


def view_of_sector(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: SectorInputs
) -> View:
    """Return the view of a sector; of the others only who needs them is given anything."""
    if definition.redaction[audience].smallest_group == 1:
        inputs = of_the_sector_alone(inputs)
    return sector_view(definition, audience, words, inputs)


def poisoned_sector(inputs: SectorInputs, poison: str) -> SectorInputs:
    """Return a sector whose names are this text."""
    nation = poisoned_nation(inputs.nation, poison)
    codes = {row.code: f"i-{n}" for n, row in enumerate(inputs.nation.rows)}
    past = tuple(
        replace(one, title=poison, stood={codes[code]: at for code, at in one.stood.items()})
        for one in inputs.past
    )
    against = tuple(
        replace(one, institution=codes[one.institution]) for one in inputs.contradictions
    )
    return replace(inputs, nation=nation, past=past, contradictions=against)


# What is exposed.


def poisoned_exposure(inputs: ExposureInputs, poison: str) -> ExposureInputs:
    """Return what is exposed with this text for each name and banner; codes stay."""
    return replace(
        inputs,
        audit_head=poisoned(inputs.audit_head, poison),
        names=tuple((code, poison) for code, _ in inputs.names),
        findings=tuple(
            replace(one, code=one.code + poison, address=poison) for one in inputs.findings
        ),
        software=tuple(
            replace(one, name=f"{place}{poison}") for place, one in enumerate(inputs.software)
        ),
    )


# A consultation.


@cache
def usual_consultation() -> ConsultationInputs:
    """Return the usual consultation, made once."""
    return a_consultation()


@cache
def maximal_consultation() -> ConsultationInputs:
    """Return 2 000 comments on all controls, some as long as they may be."""
    inputs = a_consultation(2_000)
    asked = list(inputs.controls)
    long = "Every one of our offices asks for the same change. " * 190
    comments = tuple(
        replace(
            one, about="control", subject=asked[n % len(asked)], text=one.text if n % 50 else long
        )
        for n, one in enumerate(inputs.comments)
    )
    return replace(inputs, comments=comments)


WORST: Final[Mapping[Subject, Row]] = {
    "institution": Row(usual_report, empty_report, maximal_report, institution_view),
    "nation": Row(usual_nation, empty_nation, maximal_nation, nation_view, poisoned_nation),
    "sector": Row(
        usual_sector,
        partial(a_sector, 0),
        partial(a_sector, 2_000),
        view_of_sector,
        poisoned_sector,
    ),
    "crosswalk": Row(
        lambda: a_crosswalk(usual_report()),
        lambda: a_crosswalk(empty_report(), "pisf"),
        lambda: a_crosswalk(maximal_report(), "cis-controls-8"),
        crosswalk_view,
    ),
    "letter": Row(
        lambda: a_letter(usual_report(), "198.51.100.7"),
        lambda: a_letter(empty_report()),
        lambda: a_letter(maximal_report(), "198.51.100.7", "2001:db8::7"),
        letter_view,
    ),
    "exposure": Row(
        an_exposure,
        an_empty_exposure,
        partial(an_exposure, 2_000),
        exposure_view,
        poisoned_exposure,
    ),
    "round": Row(a_round, an_empty_round, partial(a_round, 2_000), round_view, poisoned_round),
    "consultation": Row(
        usual_consultation, an_empty_consultation, maximal_consultation, consultation_view
    ),
}
