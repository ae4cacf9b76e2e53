"""Somebody of every role does their main work with the keyboard alone, from the door on.

The tests follow one assessment and need those before them; what is not the point is done beside
the pages. The helper and the reviewer work in Urdu, from right to left.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from keyboard import Keys, arrive
from playwright.sync_api import Browser
from serving import serving
from world import OWN, ROUND, SECTORS, World, settle

from cyberposture.clock import utc_now
from cyberposture.model.assessments import Review
from cyberposture.model.people import Membership, Person
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.assessments import delegating, importing, submission
from cyberposture.services.permission import standing
from cyberposture.services.review import assigning, finding, outcome, reading
from cyberposture.store import people

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

AT = f"/institutions/{OWN}/rounds/{ROUND}"
CASE, REVIEW = f"/cert/assessments/{OWN}/{ROUND}", f"/cert/reviews/{OWN}/{ROUND}"
LETTERS, REFERENCE = "/cert/authorisations", "A-2026-keys"
OF_HELPER, OF_CONTRIBUTOR = "GOV-01", "RSK-03"
OTHER_REVIEWER = "r-second"
SIGNERS = ("cert-analyst", "authorising-officer")


@dataclass
class Office:
    """The world, its portal, and everybody who came in until now."""

    world: World
    address: str
    chromium: Browser
    folder: Path
    came: dict[str, Keys]

    def come(self, role, language: str = "en") -> Keys:
        """Let who holds a role come in by the door, if they have not."""
        if role not in self.came:
            self.came[role] = arrive(self.world, self.chromium, self.address, role, language)
        return self.came[role]

    def file(self, name: str, text: str) -> Path:
        """Lay a file that somebody can choose."""
        path = self.folder / name
        path.write_text(text)
        return path


@pytest.fixture(scope="module")
def office(tmp_path_factory, chromium: Browser) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("roles")
    world = settle(folder)
    with serving(world.app) as address:
        made = Office(world, address, chromium, folder, {})
        give_keys(made)
        second_reviewer(world)
        yield made
        for one in made.came.values():
            one.page.context.close()
    world.runtime.close()


def give_keys(office: Office) -> None:
    """Give those who sign letters a key of their own, as a file."""
    with office.world.register.change("keys-made") as change:
        for role in SIGNERS:
            pair = generate_key_pair()
            office.file(f"{role}.key", pair.private_key)
            people.record_key(change.connection, f"p-{role}", pair.public_key, change.by)


def second_reviewer(world: World) -> None:
    """Let another reviewer be there, for gates are looked at by two."""
    with world.register.change("people-settled") as change:
        made = Person(code=OTHER_REVIEWER, name="Second (invented)", invited_at=utc_now(),
                      public_key=secrets.token_hex(32))  # fmt: skip
        people.insert_person(change.connection, made, change.by)
        held = Membership(person=OTHER_REVIEWER, role="reviewer", valid_from=utc_now())
        people.insert_membership(change.connection, held, change.by)


def test_an_administrator_registers_an_institution_and_invites_its_lead(office):
    admin = office.come("cert-administrator")
    admin.enter("nav.groups a[href='/cert/institutions']")
    admin.skip()
    admin.unfold("details:has(input[name=code]) > summary")
    admin.write("input[name=code]", "lake-mill")
    admin.write("input[name=name]", "Lake Mill (invented)")
    admin.tick("input[name=sectors][value=water]")
    admin.to("input[name=tier]")
    admin.press("Space")
    admin.press("ArrowDown", "input[name=tier][value=G]:checked")
    admin.write("textarea[name=contacts]", "Porter, extension 9")
    admin.enter("form[action='/cert/institutions'] button")
    assert admin.page.url.startswith(f"{office.address}/cert/institutions/lake-mill")
    admin.skip()
    admin.enter("a[href='/institutions/lake-mill/people']")
    admin.skip()
    admin.write("#invite input[name=name]", "L. Lead (invented)")
    admin.write("#invite input[name=code]", "l-lead")
    admin.choose("#invite select[name=role]", "institution-lead")
    admin.enter("#invite button")
    assert "/come-in/" in admin.page.inner_text("main")


def test_an_analyst_asks_for_an_authorisation_records_it_and_schedules(office):
    analyst = office.come("cert-analyst")
    analyst.enter("nav.groups a[href^='/cert/findings']")
    analyst.enter(f"nav.places a[href='{LETTERS}']")
    analyst.skip()
    analyst.enter("a[href^='/cert/letters/new']")
    analyst.skip()
    analyst.write("input[name=institution]", OWN)
    analyst.write("input[name=reference]", REFERENCE)
    analyst.to("input[name=load]")
    analyst.press("ArrowUp", "input[name=load][value='2']:checked")
    analyst.tick("input[name=special]")
    analyst.enter("form[action='/cert/letters/new'] button")
    place = f"{LETTERS}/{OWN}/{REFERENCE}"
    assert analyst.page.url.startswith(office.address + place)
    assert "192.0.2.7" in analyst.page.inner_text("main")  # the scope
    analyst.skip()
    analyst.attach("input[name=letter]", office.file("signed.pdf", "%PDF-1.7 signed"))
    analyst.write("input[name=signatory]", "B. Bari (invented)")
    analyst.write("input[name=signatory_role]", "Director")
    analyst.write("textarea[name=power_to_sign_checked]", "rang back")
    analyst.attach("input[name=key_file]", office.folder / "cert-analyst.key")
    analyst.enter("#signed button")
    assert standing.get_letter(office.world.register, REFERENCE).view.state == "awaits-grant"
    analyst.enter("nav.places a[href='/cert/schedule']")
    analyst.skip()
    analyst.unfold("#add > summary")
    analyst.write("#add input[name=code]", "look-often")
    analyst.choose("#add select[name=kind]", "due")
    analyst.choose("#add select[name=trigger]", "interval")
    analyst.write("#add input[name=spec]", "3600")
    analyst.enter("#add button")
    assert "look-often" in analyst.page.inner_text("main")


def test_an_officer_grants_what_another_recorded(office):
    officer = office.come("authorising-officer")
    officer.skip()
    officer.enter(f".tasks a[href^='{LETTERS}']")
    officer.skip()
    officer.enter(f"main a[href='{LETTERS}/{OWN}/{REFERENCE}']")
    officer.skip()
    officer.attach("input[name=key_file]", office.folder / "authorising-officer.key")
    officer.enter("#grant button")
    assert standing.get_letter(office.world.register, REFERENCE).view.state == "awaits-notice"


def test_a_helper_answers_from_right_to_left(office):
    helper = office.come("helper", "ur")
    assert helper.page.evaluate("document.dir") == "rtl"
    helper.skip()
    helper.enter(f".tasks a[href='{AT}/answers/{OF_HELPER[:3]}']")
    helper.skip()
    form = f"form[action='{AT}/answers/{OF_HELPER[:3]}/{OF_HELPER}']"
    helper.tick(f"{form} input[name=level]")
    # The arrow that points along the lines goes on, and the other back.
    assert helper.press("ArrowLeft", "[value='1']:checked")
    assert helper.press("ArrowRight", "[value='0']:checked")
    assert helper.press("ArrowDown", "[value='1']:checked")
    helper.write(f"{form} textarea", "بورڈ نے مئی میں دستخط کیے۔")
    helper.press("Tab")
    helper.page.locator(f"{form} .saved[data-state='kept']").wait_for()


def test_a_contributor_answers_the_domain_in_their_hands_and_names_evidence(office):
    who, domain = "p-contributor", OF_CONTRIBUTOR[:3]
    lead = office.world.acting("p-institution-lead")
    delegating.delegate(lead, OWN, ROUND, who, [domain])
    contributor = office.come("contributor")
    contributor.skip()
    contributor.enter(f".tasks a[href='{AT}/answers/{domain}']")
    contributor.skip()
    form = f"form[action='{AT}/answers/{domain}/{OF_CONTRIBUTOR}']"
    contributor.tick(f"{form} input[name=level]")
    contributor.press("ArrowDown", "[value='1']:checked")
    contributor.page.locator(f"{form} .saved[data-state='kept']").wait_for()
    proof = f"#{OF_CONTRIBUTOR}-evidence"
    contributor.unfold(f"{proof} details > summary")
    contributor.attach(f"{proof} input[name=file]", office.file("minutes.txt", "We met in May."))
    contributor.write(f"{proof} input[name=title]", "Minutes of May")
    contributor.enter(f"{proof} form[action$='/upload'] button")
    assert "Minutes of May" in contributor.page.inner_text(f"{proof} .pieces")


def test_a_signatory_comes_from_home_to_the_summary_and_attests(office):
    register = office.world.register
    (missing, *_) = submission.list_blockers(register, OWN, ROUND)
    rest = office.file("rest.csv", "control,level\n" + "".join(
        f"{one},1\n" for one in missing.controls))  # fmt: skip
    importing.import_answers(register, rest, OWN, ROUND)
    boss = office.come("signatory")
    boss.skip()
    boss.enter(f".tasks a[href='{AT}/summary']")
    boss.skip()
    boss.enter(f"form[action='{AT}/attest'] button")
    boss.skip()
    boss.tick("input[name=read]")
    later = register.clock().timestamp() + 30
    boss.write("input[name=code]", boss.totp.at(later))
    boss.enter("form[action*='/attest/'] button")
    assert boss.page.url.endswith("/summary?done=attested")
    assert submission.list_blockers(register, OWN, ROUND) == ()


def test_a_lead_hands_in(office):
    lead = office.come("institution-lead")
    lead.skip()
    lead.enter(f".tasks a[href='{AT}/summary']")
    lead.skip()
    lead.enter(f"form[action='{AT}/submit'] button")
    assert "/receipts/" in lead.page.url


def test_a_reviewer_looks_at_a_claim_from_right_to_left(office):
    reviewer = office.come("reviewer", "ur")
    reviewer.skip()
    reviewer.enter(f".tasks a[href='{REVIEW}']")
    reviewer.skip()
    reviewer.enter(f"form[action='{REVIEW}/begin'] button")
    reviewer.skip()
    reviewer.enter("main a.go")
    control = reviewer.page.url.rpartition("/")[2]
    reviewer.skip()
    reviewer.tick("input[name=level]")
    assert reviewer.press("ArrowLeft", "[name=level][value='1']:checked")
    reviewer.tick("input[name=grade]")
    assert reviewer.press("ArrowLeft", "[name=grade][value=E1]:checked")
    reviewer.write("textarea[name=reason]", "ہمیں کارروائی دکھائی گئی۔")
    reviewer.enter(f"form[action$='/claims/{control}'] button")
    kept = reading.read_claim(office.world.acting("p-reviewer"), OWN, ROUND, control).mine
    assert kept is not None and (kept.level, kept.grade) == (1, "E1")


def look_at_the_rest(world: World) -> None:
    """Let both reviewers look at what must be looked at and was not."""
    assigning.assign(world.acting("p-cert-administrator"), OWN, ROUND, OTHER_REVIEWER, "second")
    for who in ("p-reviewer", OTHER_REVIEWER):
        register = world.acting(who)
        found = reading.read_review(register, OWN, ROUND)
        for item in found.items:
            if item.is_due and item.stand != "settled" and found.part not in item.spoke:
                claim = reading.read_claim(register, OWN, ROUND, item.control)
                seen = 0 if claim.answer is None else claim.answer.revision
                said = Review(control=item.control, level=1, grade="E1", reason="as written down")
                finding.give_opinion(register, OWN, ROUND, said, seen_revision=seen)


def test_a_result_is_released_commented_on_and_made_final(office):
    look_at_the_rest(office.world)
    admin, lead = office.come("cert-administrator"), office.come("institution-lead")
    take_step(admin, "release")
    lead.page.goto(f"{office.address}/")
    lead.skip()
    lead.enter(f".tasks a[href='{AT}/result']")
    lead.skip()
    lead.write("textarea#text", "The wells are new.")
    lead.enter(f"form[action='{AT}/result/comments']:has(#text) button")
    assert "The wells are new." in lead.page.inner_text("main")
    lead.skip()
    lead.unfold(f"details:has(form[action='{AT}/result/no-more']) > summary")
    lead.enter(f"form[action='{AT}/result/no-more'] button")
    take_step(admin, "finalise")
    assert outcome.read_outcome(office.world.register, OWN, ROUND).is_final


def take_step(admin: Keys, step: str) -> None:
    """Let the administrator take a step in the life of the assessment, from home on."""
    admin.page.goto(f"{admin.address}/")
    admin.enter("nav.groups a[href='/cert/scopes']")
    admin.enter("nav.places a[href='/cert/reviews']")
    admin.skip()
    admin.enter(f"main a[href='{CASE}']")
    admin.skip()
    admin.enter(f"form[action='{CASE}/steps']:has([value={step}]) button")


def read_report(reader: Keys, start: str) -> None:
    """Let somebody open the results from where the menu leads, and the whole report."""
    reader.page.goto(f"{reader.address}/")
    reader.enter(f"nav.places a[href='{start}']")
    reader.skip()
    reader.enter("main a[href*='/report']")
    assert reader.page.locator("h1").count() == 1
    reader.press("Tab")  # a report, too, is gone through with the keyboard
    assert reader.focused


@pytest.mark.parametrize("role", ["observer", "auditor", "national-observer"])
def test_who_reads_alone_comes_to_the_report(office, role):
    start = "/nation" if role == "national-observer" else f"/institutions/{OWN}/results"
    read_report(office.come(role), start)


def test_an_auditor_opens_answers_and_evidence_and_changes_nothing(office):
    auditor = office.come("auditor")
    auditor.page.goto(f"{office.address}/")
    auditor.enter(f"nav.places a[href='/institutions/{OWN}/evidence']")
    auditor.skip()
    auditor.enter(f"main a[href^='/institutions/{OWN}/evidence/']")
    assert auditor.page.locator("main form[method=post]").count() == 0


def test_a_regulator_goes_from_the_sector_to_one_institution_and_its_report(office):
    regulator = office.come("sector-regulator")
    regulator.enter("nav a[href='/sectors']")
    regulator.skip()
    regulator.enter(f"main a[href='/sectors/{SECTORS[OWN]}']")
    regulator.skip()
    regulator.unfold("#institutions > summary")
    regulator.enter(f"#institutions a[href='/institutions/{OWN}/results']")
    regulator.skip()
    regulator.enter("main a[href*='/results/report']")
    assert "Hill-Water" in regulator.page.inner_text("h1")
