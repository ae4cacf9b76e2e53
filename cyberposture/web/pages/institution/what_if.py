"""What would follow if: a lead ticks steps or sets levels and reads the score; nothing is kept."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from cyberposture.content.translations import Translations, in_language
from cyberposture.model.controls import Catalogue
from cyberposture.model.scores import InstitutionScore
from cyberposture.reporting.derivation import say_step
from cyberposture.scoring.explain import people as shown
from cyberposture.scoring.plan import Step
from cyberposture.services.scores.what_if import Offered, Settable, WhatIf, look_ahead
from cyberposture.web.network.showing import namer
from cyberposture.web.surroundings import Allowed, Visit

router = APIRouter(include_in_schema=False)
LEVELS = ("0", "1", "2", "3")
FEW = 3
"""So many controls of a step are named by their titles."""
MOST = 400
"""So many values of an address are read; no catalogue asks for more."""


@router.get("/institutions/{institution}/what-if")
def show_what_if(
    visit: Annotated[Visit, Depends(Allowed("plan-improvements"))], institution: str
) -> HTMLResponse:
    """Show the score as it is and as it would be; all that is imagined stands in the address."""
    asked = visit.request.query_params.multi_items()[:MOST]
    found = look_ahead(
        visit.register,
        institution,
        steps={value for name, value in asked if name == "step"},
        levels={name: int(value) for name, value in asked if value in LEVELS},
    )
    texts = in_language(found.translations, visit.words.language)
    chosen = next((value for name, value in asked if name == "domain"), "")
    asked_for = {one.control.domain for one in found.controls}
    domains = [
        one for one in texts.names(found.catalogue)["domains"].items() if one[0] in asked_for
    ]
    here = chosen if chosen in asked_for else ""
    return visit.show(
        "institution/what-if.html.j2",
        at=f"/institutions/{institution}/what-if",
        found=found,
        when=visit.words.minute(found.as_of, ZoneInfo(found.institution.zone)),
        now=_score(visit, found.now),
        then=_score(visit, found.then),
        change=_change(found),
        opened=sorted(set(found.now.gates_holding) - set(found.then.gates_holding)),
        steps=[_offered(visit, one, found, texts) for one in found.steps],
        levels=[(one, f"{one} · {visit.words.say(f'level.{one}')}") for one in LEVELS],
        domain=here,
        domains=[("", visit.words.say("imagine.no_domain")), *domains],
        controls=[_told(one, texts) for one in found.controls if one.control.domain == here],
        carried=[
            (one.control.id, one.imagined)
            for one in found.controls
            if one.imagined is not None and one.control.domain != here
        ],
        set_levels=[_told(one, texts) for one in found.controls if one.imagined is not None],
    )


def _offered(
    visit: Visit, one: Offered, found: WhatIf, texts: Translations
) -> tuple[Offered, str, str, tuple[str, ...], str]:
    step = one.step
    named_so = step.model_copy(update={"checks": quoted_checks(visit, step)})
    said, gain = say_step(visit.words, named_so), f"+{shown(step.gain)}"
    return one, said, gain, step.opens, titles_of(step, found.catalogue, texts)


def quoted_checks(visit: Visit, step: Step) -> tuple[str, ...]:
    """Return the titles of the checks that a step is about, each between quotation marks."""
    checks, title_of = visit.register.content.checks, namer(visit)
    return tuple(f"“{title_of(checks.find(one), one)}”" for one in step.checks)


def titles_of(step: Step, catalogue: Catalogue, texts: Translations) -> str:
    """Return what the controls that a step is about are called, as far as it names few."""
    named = {one.id: one for one in catalogue.controls}
    return "; ".join(texts.title_of(named[one]) for one in step.controls[:FEW] if one in named)


def _score(visit: Visit, one: InstitutionScore) -> dict[str, str]:
    return {
        "band": one.band or str(visit.words.say("imagine.no_band")),
        "verified": shown(one.verified),
        "gates": visit.words.codes(one.gates_holding) or "–",
    }


def _change(found: WhatIf) -> str:
    tenths = (found.then.verified or 0) // 10 - (found.now.verified or 0) // 10
    sign = "+" if tenths > 0 else "\u2212" if tenths < 0 else ""
    return f"{sign}{shown(abs(tenths) * 10)}"


def _told(one: Settable, texts: Translations) -> tuple[Settable, str]:
    return one, texts.title_of(one.control)
