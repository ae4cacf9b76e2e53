"""The demonstration's people and papers: who is registered, who signs, who answers and reviews."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cyberposture.clock import to_iso, utc_now
from cyberposture.laboratory.claims import ClaimFiles, write_claims
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.nation import Scene
from cyberposture.model.assessments import Review
from cyberposture.model.people import Role
from cyberposture.runtime import Runtime
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.scoring.assemble import applies
from cyberposture.services.assessments import assess, importing, submission
from cyberposture.services.institutions import entries as institutions
from cyberposture.services.people import people
from cyberposture.services.permission import authorise, notices, requests

REVIEWS = 28
"""How many of the heaviest answers a reviewer looks at, where one comes."""


@dataclass(frozen=True)
class Stage:
    """The folder of one demonstration and what runs in it."""

    out: Path
    runtime: Runtime
    laboratory: Laboratory
    scenes: tuple[Scene, ...]
    claims: dict[str, ClaimFiles]

    def acting(self, person: str) -> Any:
        """Return the register in which this person acts."""
        return self.runtime.acting_as(person).register


def invite_people(stage: Stage) -> None:
    """Register the people of the central CERT, each with a key."""
    cast: tuple[tuple[str, str, Role], ...] = (
        ("a-analyst", "Amina Example", "cert-analyst"),
        ("o-officer", "Omar Example", "authorising-officer"),
        ("r-reviewer", "Rida Example", "reviewer"),
    )
    for code, name, role in cast:
        key = stage.runtime.key_file_of(code)
        people.invite(stage.runtime.register, code, name, role, key)


def enter_institution(stage: Stage, scene: Scene) -> None:
    """Register an institution with what it declares."""
    register = stage.acting("a-analyst")
    catalogue = stage.runtime.register.content.catalogue
    code = scene.institution.code
    institutions.add_institution(register, scene.institution, reason="registration")
    asked = tuple(
        c for c in catalogue.selected(scene.institution.tier) if applies(c, scene.institution)
    )
    titles = {domain.id: domain.title for domain in catalogue.framework.domains}
    folder = stage.out / "inputs" / code
    files = write_claims(scene, asked, titles, folder, utc_now().date())
    stage.claims[code] = files
    institutions.import_declaration(register, files.assets, code)


def obtain_authorisation(stage: Stage, number: int, scene: Scene) -> None:
    """Have the letter written, signed, recorded by one person and granted by another."""
    code = scene.institution.code
    reference = f"LAB-{utc_now().year}-{number:03}"
    analyst, officer = stage.acting("a-analyst"), stage.acting("o-officer")
    opt_in = ("udp-ports", "ot-ports") if scene.has_plant else ("udp-ports",)
    exclusions = tuple(f"{address}/32" for address in scene.undeclared_to_us)
    letter = requests.request_letter(
        analyst, stage.runtime.folders.reports, code, reference, load=3, days=30,
        exclusions=exclusions, opt_in=opt_in, special_allowed=True, language="ur",
    )  # fmt: skip
    folder = stage.out / "inputs" / code
    signed = folder / "letter-signed.txt"
    signed.write_text(letter.text + f"\nSigned: chief executive of {scene.institution.name}\n")
    terms = folder / "authorisation.yaml"
    terms.write_text(json.dumps(_terms(scene, reference, letter.sha256, opt_in), indent=1) + "\n")
    key_of = stage.runtime.key_file_of
    authorise.add(analyst, terms, signed, "a-analyst", people.read_key(key_of("a-analyst")))
    authorise.grant(officer, reference, "o-officer", people.read_key(key_of("o-officer")))
    notice = notices.write_notice(
        analyst, stage.runtime.folders.reports, stage.runtime.sender, reference, language="ur"
    )
    (folder / "notice.txt").write_text(notice.text)
    notices.record_sent(analyst, reference, "a-analyst", "by hand, with the letter")
    if scene.withdraws:
        authorise.withdraw(
            analyst, reference, "a-analyst", people.read_key(key_of("a-analyst")),
            withdrawn_by="the department's director", reason="works on the network until spring",
        )  # fmt: skip


def _terms(
    scene: Scene, reference: str, letter_sha256: str, opt_in: tuple[str, ...]
) -> dict[str, Any]:
    now = utc_now()
    techniques = [t.code for t in TECHNIQUES.values() if not t.opt_in] + list(opt_in)
    return {
        "id": reference,
        "institution": scene.institution.code,
        "request_sha256": letter_sha256,
        "signatory": "Chief executive (invented)",
        "signatory_role": f"chief executive of {scene.institution.name}",
        "power_to_sign_checked": "compared with the fictional register of offices",
        "valid_from": to_iso(now),
        "valid_until": to_iso(now + timedelta(days=30)),
        "scope": [
            {"cidr": f"{host.address}/32", "ports": None, "special_allowed": True}
            for host in scene.hosts
        ]
        + ([] if scene.domain is None else [{"name": scene.domain, "subdomains": True}]),
        "exclusions": [f"{address}/32" for address in scene.undeclared_to_us],
        "techniques": techniques,
        "load": 3,
        "emergency_contacts": list(scene.institution.contacts),
    }


def answer_round(stage: Stage, scene: Scene, round_code: str) -> None:
    """Have an institution answer a round, and a reviewer come where one does."""
    code = scene.institution.code
    register = stage.acting(f"lead-of-{code}")
    assess.open_assessment(register, code, round_code)
    importing.import_answers(register, stage.claims[code].answers, code, round_code)
    submission.submit(register, code, round_code)
    if scene.reviewed:
        _review(stage, scene, round_code)


def _review(stage: Stage, scene: Scene, round_code: str) -> None:
    """Have a reviewer look at the heaviest answers; some claims prove to be a level too high."""
    register = stage.acting("r-reviewer")
    code = scene.institution.code
    standing = assess.list_standing(register, code, round_code)
    catalogue = register.content.catalogue
    answered = [
        (control, one.answer.answer.level)
        for control, one in standing.items()
        if one.answer is not None and one.answer.answer.level is not None
    ]
    weights = {control.id: control.weight for control in catalogue.controls}
    answered.sort(key=lambda pair: (-weights[pair[0]], pair[0]))
    for number, (control, level) in enumerate(answered[:REVIEWS]):
        found = max(level - 1, 0) if number % 5 == 4 else level
        says = "as claimed" if found == level else "one site was found without it"
        seen = {"control": control, "level": found, "grade": "E2", "reason": f"On site: {says}."}
        assess.review(register, code, round_code, Review.model_validate(seen))
