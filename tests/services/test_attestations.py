"""Who says that the answers are true, how that is shown, and what is handed in under it."""

from dataclasses import replace
from datetime import date

import pyotp
import pytest
import rfc8785

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.scanning.permission.signing import generate_key_pair, require_signature
from cyberposture.services.assessments import assess, attesting, evidence, submission
from cyberposture.services.assessments.answers_digest import in_groups
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.services.assessments.still_open import ASKED, may_answer, open_controls
from cyberposture.services.people import people, signing_in
from cyberposture.services.people.attempts import FREE_FAILURES
from cyberposture.services.review import handing_back
from cyberposture.store.assessments import record_event
from cyberposture.store.steps import take_step

PASSWORD = "seven lamps on a quiet quay"
ROUND = "autumn"
PDF = NewFile(b"%PDF-1.7 a scan", "scan.pdf")
BOSS = "s-boss"


@pytest.fixture
def code(office):
    """An institution with one answer, and a head who signs for it."""
    code = office.institution()
    assess.open_assessment(office.register, code, office.open_round())
    office.answer(code, ROUND, IAM_09=2, GOV_01=1)
    office.invite(BOSS, "signatory", institution=code)
    return code


@pytest.fixture
def boss(office, code):
    """The register as the head works with it."""
    return replace(office.register, actor=BOSS)


@pytest.fixture
def shown(office, code):
    """Return what gives the code that the head's authenticator shows now."""
    token = signing_in.make_link(office.register, BOSS)
    seed = signing_in.begin_account(office.register, token, PASSWORD).seed
    now = pyotp.TOTP(seed).at(office.clock())
    signing_in.confirm_account(office.register, token, now)

    def show(seconds: int = 60) -> str:
        office.clock.forward(seconds=seconds)  # no code is taken twice
        return pyotp.TOTP(seed).at(office.clock())

    return show


def by_link(office, boss, code, shown):
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    return attesting.attest_by_link(boss, code, ROUND, token, code=shown())


def standing(office, code):
    return attesting.read_attested(office.register, code, ROUND)


def test_a_link_and_a_code_attest_the_digest_that_was_read(office, boss, code, shown):
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    read = attesting.read_link(boss, code, ROUND, token)
    assert read.digest == attesting.read_digest(office.register, code, ROUND)
    with office.adds("attestation-tried"):
        done = attesting.attest_by_link(boss, code, ROUND, token, code=shown())
    assert (done.digest, done.method, done.signatory, done.signature) == (
        read.digest, "second-factor", BOSS, "",
    )  # fmt: skip
    assert done.revisions == {"GOV-01": 1, "IAM-09": 1}
    assert standing(office, code).holds
    with office.refuses(NotFound):  # it works once
        attesting.attest_by_link(boss, code, ROUND, token, code=shown())


def test_what_was_handed_back_needs_a_new_attestation_though_no_answer_changed(
    office, boss, code, shown
):
    by_link(office, boss, code, shown)
    assert submission.submit(office.register, code, ROUND).attestation == 1
    admin = office.acting("c-chief", "cert-administrator")
    handing_back.hand_back(admin, code, ROUND, reason="signed before the annex was read")
    assert standing(office, code) is None
    blockers = submission.list_blockers(office.register, code, ROUND)
    assert "not-attested" in {one.kind for one in blockers}
    by_link(office, boss, code, shown)
    assert standing(office, code).holds
    assert submission.submit(office.register, code, ROUND).attestation == 2
    first = submission.list_submissions(office.register, code, ROUND)[0]
    kept = submission.get_receipt(office.register, code, ROUND, first.receipt)
    assert (first.attestation, kept.signatory_name != "") == (1, True)


def test_a_link_is_for_one_person_and_a_newer_one_takes_its_place(office, boss, code, shown):
    first = attesting.make_link(office.register, code, ROUND, BOSS)
    office.invite("s-other", "signatory", institution=code)
    other = replace(office.register, actor="s-other")
    with office.refuses(NotFound):
        attesting.read_link(other, code, ROUND, first)
    attesting.make_link(office.register, code, ROUND, BOSS)
    with office.refuses(NotFound):
        attesting.attest_by_link(boss, code, ROUND, first, code=shown())
    late = attesting.make_link(office.register, code, ROUND, BOSS)
    office.clock.forward(days=attesting.LINK_LASTS.days)
    with office.refuses(NotFound):
        attesting.read_link(boss, code, ROUND, late)


@pytest.mark.parametrize("role", ["institution-lead", "helper", "contributor"])
def test_nobody_but_a_signatory_of_this_institution_attests(office, code, role):
    office.invite("p-other", role, institution=code)
    with office.refuses(NotAuthorised, "not-signatory"):
        attesting.make_link(office.register, code, ROUND, "p-other")
    office.institution("meadow-office")
    office.invite("s-meadow", "signatory", institution="meadow-office")
    acting = replace(office.register, actor="s-meadow")
    digest = attesting.read_digest(office.register, code, ROUND)
    key = people.read_key(office.key_of("s-meadow"))
    with office.refuses(NotAuthorised, "not-signatory"):
        attesting.attest_by_key(acting, code, ROUND, key, digits=digest)


def test_wrong_codes_attest_nothing_are_on_record_and_lock(office, boss, code, shown):
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotAuthorised, match="wrong-code"):
            attesting.attest_by_link(boss, code, ROUND, token, code="000000")
    with pytest.raises(NotAuthorised, match="wrong-code"):  # the account rests
        attesting.attest_by_link(boss, code, ROUND, token, code=shown(30))
    assert office.entries()["attestation-tried"] == FREE_FAILURES + 1
    assert standing(office, code) is None
    office.clock.forward(hours=2)
    assert attesting.attest_by_link(boss, code, ROUND, token, code=shown()).number == 1


def test_a_recovery_code_opens_the_door_and_signs_nothing(office, boss, code):
    link = signing_in.make_link(office.register, BOSS)
    seed = signing_in.begin_account(office.register, link, PASSWORD).seed
    now = pyotp.TOTP(seed).at(office.clock())
    opened = signing_in.confirm_account(office.register, link, now)
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    with pytest.raises(NotAuthorised, match="wrong-code"):
        attesting.attest_by_link(boss, code, ROUND, token, code=opened.recovery_codes[0])


def test_answers_that_change_end_the_link_and_the_attestation(office, boss, code, shown):
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    office.answer(code, ROUND, IAM_09=3)
    with office.refuses(NotFound, "these answers"):
        attesting.attest_by_link(boss, code, ROUND, token, code=shown())
    by_link(office, boss, code, shown)
    office.answer(code, ROUND, GOV_01=3)
    found = standing(office, code)
    assert (found.holds, [one.control for one in found.changed]) == (False, ["GOV-01"])
    assert found.changed[0].who == office.register.actor
    office.answer(code, ROUND, GOV_01=1)  # what was said again is another word
    assert not standing(office, code).holds
    assert by_link(office, boss, code, shown).number == 2
    assert standing(office, code).holds


def test_evidence_belongs_to_what_is_attested(office, boss, code, shown):
    by_link(office, boss, code, shown)
    evidence.add_file(
        office.register, code, NewFile(b"Paper.", "p.txt"), Description("P", date(2026, 1, 1)),
        limits=Limits(100, 10), use=Use(ROUND, "IAM-09"),
    )  # fmt: skip
    assert not standing(office, code).holds


def test_the_own_key_signs_what_everybody_can_check(office, boss, code):
    digest = attesting.read_digest(office.register, code, ROUND)
    key = people.read_key(office.key_of(BOSS))
    with office.refuses(InvalidInput):
        attesting.attest_by_key(boss, code, ROUND, key, digits="0" * 8)
    with office.refuses(NotAuthorised, "bad-signature"):
        stranger = generate_key_pair().private_key
        attesting.attest_by_key(boss, code, ROUND, stranger, digits=digest[:8])
    done = attesting.attest_by_key(boss, code, ROUND, key, digits=digest[:8])
    (person,) = [
        record.person for record, _ in people.list_people(office.register)
        if record.person.code == BOSS
    ]  # fmt: skip
    require_signature(person.public_key, done.signature, rfc8785.dumps(done.statement))
    assert done.statement["digest"] == digest
    with pytest.raises(NotAuthorised):
        changed = done.statement | {"digest": "0" * 64}
        require_signature(person.public_key, done.signature, rfc8785.dumps(changed))


def on_paper(office, code, scan=PDF, **changes):
    digest = attesting.read_digest(office.register, code, ROUND)
    said = {"name": "Head of the office", "signed_on": date(2026, 11, 18),
            "digits": " ".join(in_groups(digest)[:2])}  # fmt: skip
    paper = attesting.OnPaper(**{**said, **changes})
    return attesting.attest_on_paper(
        office.register, code, ROUND, paper, scan=scan, most_bytes=1_000
    )


def test_a_signed_paper_is_kept_as_its_scan(office, code):
    done = on_paper(office, code)
    assert (done.method, done.signatory, done.signatory_name) == (
        "paper", "", "Head of the office",
    )  # fmt: skip
    given = attesting.read_scan(office.register, code, ROUND, done.scan_sha256)
    assert (given.data, given.media_type) == (PDF.data, "application/pdf")
    assert standing(office, code).holds
    other = office.institution("meadow-office")
    assess.open_assessment(office.register, other, ROUND)
    with office.refuses(NotFound):
        attesting.read_scan(office.register, other, ROUND, done.scan_sha256)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"digits": "0000 0000"}, "digits"),
        ({"digits": ""}, "digits"),
        ({"name": " "}, "name"),
        ({"signed_on": date(2026, 11, 21)}, "signed_on"),
        ({"signed_on": date(2024, 1, 1)}, "signed_on"),
        ({"scan": NewFile(b"just text", "s.pdf")}, "scan"),
        ({"scan": NewFile(b"", "s.pdf")}, "scan"),
        ({"scan": NewFile(b"%PDF-" + bytes(1_000), "s.pdf")}, "scan"),
    ],
)
def test_a_paper_of_other_answers_or_without_a_scan_is_refused(office, code, changes, field):
    with office.refuses(InvalidInput) as caught:
        on_paper(office, code, **changes)
    assert [fault.where for fault in caught.value.faults] == [field]
    assert isinstance(caught.value, UnfitFile) is (field == "scan")


def kinds(office, code):
    return [one.kind for one in submission.list_blockers(office.register, code, ROUND)]


def test_what_stands_in_the_way_is_told_until_nothing_does(office, boss, code, shown):
    first = submission.list_blockers(office.register, code, ROUND)
    assert [one.kind for one in first] == ["unanswered", "not-attested"]
    open_ones = first[0].controls
    assert "IAM-09" not in open_ones and len(open_ones) > 20
    with office.refuses(WrongState, "unanswered, not-attested"):
        submission.submit(office.register, code, ROUND, only_whole=True)
    office.answer(code, ROUND, **{one.replace("-", "_"): 1 for one in open_ones})
    by_link(office, boss, code, shown)
    assert kinds(office, code) == []
    office.answer(code, ROUND, IAM_09=3)
    (fallen,) = submission.list_blockers(office.register, code, ROUND)
    assert (fallen.kind, fallen.controls) == ("fallen", ("IAM-09",))
    by_link(office, boss, code, shown)
    done = submission.submit(office.register, code, ROUND, only_whole=True)
    assert (done.attestation, done.signatory, len(done.revisions)) == (
        2, BOSS, len(open_ones) + 2,
    )  # fmt: skip
    assert kinds(office, code) == ["state"]


def test_a_receipt_names_the_entry_of_the_chain_and_its_signed_head(office, boss, code, shown):
    done = by_link(office, boss, code, shown)
    submission.submit(office.register, code, ROUND)
    receipt = submission.get_receipt(office.register, code, ROUND, "1")
    assert receipt.submission.digest == done.digest
    assert (receipt.signatory_name, receipt.method) == ("S-Boss", "second-factor")
    entry, head = receipt.entry, receipt.head
    assert entry.data["receipt"] == receipt.submission.receipt
    assert entry.data["digest"] == done.digest
    assert (entry.seq, entry.digest) == (head.seq, head.digest)
    assert head.is_signed_by(office.signer.public_key())
    with office.refuses(NotFound):
        submission.get_receipt(office.register, code, ROUND, "2")


def test_without_an_attestation_the_receipt_says_so(office, code):
    done = submission.submit(office.register, code, ROUND)
    assert (done.attestation, done.signatory) == (None, "")
    receipt = submission.get_receipt(office.register, code, ROUND, "1")
    assert (receipt.signatory_name, receipt.method) == ("", "")
    assert set(receipt.entry.data["missing"]) == {"unanswered", "not-attested"}


def test_what_was_handed_in_is_attested_no_more(office, boss, code, shown):
    token = attesting.make_link(office.register, code, ROUND, BOSS)
    submission.submit(office.register, code, ROUND)
    with office.refuses(WrongState):
        attesting.attest_by_link(boss, code, ROUND, token, code=shown())
    with office.refuses(WrongState):
        on_paper(office, code)


def test_in_clarification_only_what_was_asked_about_changes_and_nothing_is_handed_in(
    office, boss, code, shown
):
    submission.submit(office.register, code, ROUND)
    with office.register.change("asked-for-a-test", code) as change:
        change.institution_id, assessment = find_parts(change.connection, code, ROUND)
        take_step(change.connection, assessment.id, "take up", change.by)
        take_step(change.connection, assessment.id, "ask back", change.by)
        about = {"controls": ["IAM-09"]}
        record_event(change.connection, assessment.id, ASKED, change.by, details=about)
    (blocker,) = submission.list_blockers(office.register, code, ROUND)
    assert (blocker.kind, blocker.controls) == ("clarification", ("IAM-09",))
    with office.refuses(WrongState, "GOV-01: handed in already"):
        office.answer(code, ROUND, GOV_01=3)
    office.answer(code, ROUND, IAM_09=1)
    with office.refuses(WrongState, "in clarification"):
        submission.submit(office.register, code, ROUND)
    assert by_link(office, boss, code, shown).number == 1  # what was changed can be attested anew
    with office.register.reading() as connection:
        _, assessment = find_parts(connection, code, ROUND)
        open_ones = open_controls(connection, assessment)
        assert may_answer(connection, assessment, "IAM-09")
        assert not may_answer(connection, assessment, "GOV-01")
    assert (assessment.state, open_ones) == ("clarification", {"IAM-09"})
