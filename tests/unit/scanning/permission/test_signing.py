"""An authorisation stands on the signatures of two people over exactly the same terms."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from cyberposture.errors import NotAuthorised, WrongUsage
from cyberposture.model.authorisations import AuthorisationTerms, Grant, Receipt
from cyberposture.model.gate import CIDREntry, NameEntry
from cyberposture.model.people import Person
from cyberposture.scanning.permission.signing import (
    generate_key_pair,
    require_signature,
    require_two_people,
    require_withdrawal,
    sign,
    sign_grant,
    sign_receipt,
    sign_withdrawal,
    signed_text,
    terms_digest,
)

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = {code: generate_key_pair() for code in ("amina", "bilal", "celal")}
CONSENT = {"third_party": "Fictional Hosting Ltd", "letter_sha256": "cd" * 32}


def terms(**changes: Any) -> AuthorisationTerms:
    document = {
        "id": "IVP/2026-1",
        "institution": "indus-valley-power",
        "letter_sha256": "ab" * 32,
        "signatory": "A. Signatory",
        "signatory_role": "Chief executive",
        "power_to_sign_checked": "Register of companies, read on 2 May 2026",
        "received_by": "amina",
        "requested_at": "2026-05-01T09:00:00+05:00",
        "valid_from": "2026-06-01T00:00:00+05:00",
        "valid_until": "2027-06-01T00:00:00+05:00",
        "scope": [
            {"cidr": "39.32.10.0/28", "ports": None, "special_allowed": False},
            {"name": "example.gov.pk", "subdomains": True, "consent": CONSENT},
        ],
        "exclusions": ["39.32.10.9/32"],
        "techniques": ["tcp-ports"],
        "load": 3,
        "emergency_contacts": ["Control room, extension 1"],
    }
    return AuthorisationTerms.model_validate(document | changes)


def people(**changes: Any) -> dict[str, Person]:
    return {
        code: Person(
            code=code, name=code.title(), public_key=pair.public_key, invited_at=NOON - HOUR
        ).model_copy(update=changes.get(code, {}))
        for code, pair in KEYS.items()
    }


def receipt(code: str = "amina", at: datetime = NOON, **changes: Any) -> Receipt:
    return sign_receipt(KEYS[code].private_key, terms(**changes), code, at)


def grant(code: str = "bilal", at: datetime = NOON + HOUR, **changes: Any) -> Grant:
    return sign_grant(KEYS[code].private_key, terms(**changes), code, at)


def refusal(
    of: AuthorisationTerms, received: Receipt, granted: Grant, acting: dict[str, Person]
) -> str:
    with pytest.raises(NotAuthorised) as caught:
        require_two_people(of, received, granted, acting)
    return caught.value.reason


def test_terms_received_by_one_and_granted_by_another_stand() -> None:
    require_two_people(terms(), receipt(), grant(), people())


def test_signatures_hold_however_the_terms_and_moments_were_kept() -> None:
    kept = AuthorisationTerms.model_validate(terms().document())
    assert terms_digest(kept) == terms_digest(terms())
    karachi = receipt(at=NOON.astimezone(timezone(timedelta(hours=5))))
    stored = Receipt.model_validate_json(karachi.model_dump_json())
    assert stored.model_dump(mode="json")["at"] == "2026-05-06T12:00:00+00:00"
    require_two_people(kept, stored, grant(), people())


def test_the_same_person_cannot_receive_and_grant() -> None:
    assert refusal(terms(), receipt(), grant("amina"), people()) == "same-person"


def test_two_codes_with_one_key_are_one_person() -> None:
    twin = people(bilal={"public_key": KEYS["amina"].public_key})
    granted = sign_grant(KEYS["amina"].private_key, terms(), "bilal", NOON + HOUR)
    assert refusal(terms(), receipt(), granted, twin) == "same-person"


@pytest.mark.parametrize(
    "changes",
    [
        {"load": 4},
        {"valid_until": "2028-06-01T00:00:00+05:00"},
        {"scope": [{"cidr": "39.32.0.0/16", "ports": None, "special_allowed": False}]},
        {"exclusions": []},
        {"techniques": None},
        {"signatory": "Another"},
        {"letter_sha256": "00" * 32},
        {"emergency_contacts": ["Nobody"]},
    ],
)
def test_terms_that_were_altered_after_signing_do_not_stand(changes: dict[str, Any]) -> None:
    altered = terms(**changes)
    assert refusal(altered, receipt(), grant(), people()) == "other-terms"
    digest = {"terms_sha256": terms_digest(altered)}
    relabelled = receipt().model_copy(update=digest), grant().model_copy(update=digest)
    assert refusal(altered, *relabelled, people()) == "bad-signature"


def test_each_signature_must_be_of_its_own_person_kind_and_moment() -> None:
    acting = people()
    forged = grant().model_copy(update={"signature": grant("celal").signature})
    assert refusal(terms(), receipt(), forged, acting) == "bad-signature"
    reused = grant().model_copy(
        update={"signature": receipt("bilal", NOON + HOUR).signature},
    )
    assert refusal(terms(), receipt(), reused, acting) == "bad-signature"
    redated = grant().model_copy(update={"at": NOON + 2 * HOUR})
    assert refusal(terms(), receipt(), redated, acting) == "bad-signature"
    forged_receipt = receipt().model_copy(update={"signature": "00" * 64})
    assert refusal(terms(), forged_receipt, grant(), acting) == "bad-signature"


def test_a_receipt_by_someone_whom_the_terms_do_not_name_is_refused() -> None:
    assert refusal(terms(), receipt("celal"), grant(), people()) == "other-receiver"


def test_a_grant_from_before_the_receipt_is_refused() -> None:
    early = grant(at=NOON - timedelta(seconds=1))
    assert refusal(terms(), receipt(), early, people()) == "granted-before-receipt"


def test_people_without_a_key_or_disabled_or_not_yet_invited_cannot_sign() -> None:
    unknown = people()
    del unknown["bilal"]
    assert refusal(terms(), receipt(), grant(), unknown) == "unknown-person"
    misfiled = people() | {"bilal": people()["celal"]}
    assert refusal(terms(), receipt(), grant(), misfiled) == "unknown-person"
    disabled = people(bilal={"disabled_at": NOON + HOUR})
    assert refusal(terms(), receipt(), grant(), disabled) == "disabled-person"
    too_early = people(amina={"invited_at": NOON + HOUR})
    assert refusal(terms(), receipt(), grant(), too_early) == "disabled-person"


def test_a_signature_outlives_the_later_disabling_of_its_person() -> None:
    later = people(bilal={"disabled_at": NOON + 2 * HOUR})
    require_two_people(terms(), receipt(), grant(), later)


def test_a_withdrawal_is_known_by_its_recorder_with_all_that_it_says() -> None:
    said = {"withdrawn_by": "The signatory", "reason": "Maintenance"}
    at = NOON + 3 * HOUR
    withdrawal = sign_withdrawal(KEYS["celal"].private_key, terms(), "celal", at, **said)
    require_withdrawal(terms(), withdrawal, people())
    for changes in (
        {"reason": "Another"},
        {"withdrawn_by": "Another"},
        {"at": at + HOUR},
        {"signature": None},
        {"person": "amina"},
    ):
        with pytest.raises(NotAuthorised, match="bad-signature"):
            require_withdrawal(terms(), withdrawal.model_copy(update=changes), people())
    with pytest.raises(NotAuthorised, match="other-terms"):
        require_withdrawal(terms(load=2), withdrawal, people())


def test_keys_are_fresh_and_of_32_bytes_and_sign_what_they_should() -> None:
    pair, other = generate_key_pair(), generate_key_pair()
    assert pair != other
    assert len(bytes.fromhex(pair.private_key)) == len(bytes.fromhex(pair.public_key)) == 32
    require_signature(pair.public_key, sign(pair.private_key, b"text"), b"text")
    for public, signature, text in (
        (other.public_key, sign(pair.private_key, b"text"), b"text"),
        (pair.public_key, sign(pair.private_key, b"text"), b"texts"),
        (pair.public_key, "no hexadecimal", b"text"),
        ("00", sign(pair.private_key, b"text"), b"text"),
    ):
        with pytest.raises(NotAuthorised, match="bad-signature"):
            require_signature(public, signature, text)


@pytest.mark.parametrize("key", ["", "00", "zz" * 32, "00" * 33])
def test_what_is_no_private_key_is_refused(key: str) -> None:
    with pytest.raises(WrongUsage, match="32 bytes"):
        sign(key, b"text")


def test_the_signed_text_is_canonical_json_that_anyone_can_read() -> None:
    text = signed_text("grant", terms(), "bilal", NOON).decode()
    assert text.startswith('{"at":"2026-05-06T12:00:00+00:00","person":"bilal","statement":"grant"')
    assert '"valid_from":"2026-05-31T19:00:00+00:00"' in text


def test_the_gate_gets_the_terms_without_papers_and_people() -> None:
    asked = terms().for_gate(granted=True, withdrawn_at=NOON)
    assert asked.scope == (
        CIDREntry(cidr="39.32.10.0/28", ports=None, special_allowed=False),
        NameEntry(name="example.gov.pk", subdomains=True),
    )
    assert (asked.id, asked.granted, asked.withdrawn_at) == ("IVP/2026-1", True, NOON)
    assert (asked.load, asked.exclusions) == (3, ("39.32.10.9/32",))
    assert (asked.valid_from, asked.valid_until) == (terms().valid_from, terms().valid_until)


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": []},
        {"emergency_contacts": []},
        {"valid_until": "2026-06-01T00:00:00+05:00"},
        {"received_by": "Not A Code"},
        {"letter_sha256": "ab"},
        {"power_to_sign_checked": " "},
        {"load": 5},
        {"scope": [{"cidr": "39.32.10.1/28", "ports": None, "special_allowed": False}]},
    ],
)
def test_terms_that_say_too_little_or_contradict_themselves_are_refused(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        terms(**changes)
