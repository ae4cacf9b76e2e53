"""An authorisation needs two people, each with a key and a role of their own, and one text."""

import hashlib
import json

import pytest
import sqlalchemy as sa

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services import files
from cyberposture.services.people import people
from cyberposture.services.permission import authorise, requests
from cyberposture.services.permission.ground import gather
from cyberposture.services.proof import audit
from cyberposture.store import tables

SCOPE = "127.56.0.0/24"


@pytest.fixture
def code(office):
    """An institution, an analyst, an officer, and nothing allowed yet."""
    code = office.institution()
    office.declare(code, "127.56.0.1", "127.56.0.12", "127.56.0.2")
    office.invite("a-analyst", "cert-analyst")
    office.invite("o-officer", "authorising-officer")
    return code


def receive(office, code, receiver="a-analyst", key=None, **changes):
    terms = office.terms(code, SCOPE, **changes)
    letter = office.write("letter.txt", "We allow it.")
    private = key or people.read_key(office.key_of(receiver))
    return authorise.add(office.register, terms, letter, receiver, private)


def grant(office, record, granter="o-officer", key=None):
    private = key or people.read_key(office.key_of(granter))
    return authorise.grant(office.register, record.code, granter, private)


def is_allowed(office, code):
    """Return whether the gate would hear of a granted authorisation."""
    with office.register.reading() as connection:
        ground = gather(connection, office.id_of(code), office.clock())
    return any(one.granted for one in ground.authorisations)


def test_letter_that_one_person_received_allows_nothing(office, code):
    receive(office, code)
    assert not is_allowed(office, code)


def test_two_people_allow(office, code):
    grant(office, receive(office, code))
    assert is_allowed(office, code)
    (standing,) = authorise.list_standing(office.register, code)
    assert standing.is_granted
    assert authorise.granters(standing.record) == ["o-officer"]


def test_receiver_cannot_grant_even_with_both_roles(office, code):
    record = receive(office, code)
    with office.refuses(NotAuthorised, "wrong-role"):
        grant(office, record, "a-analyst")


def test_two_names_with_one_key_are_one_person(office, code):
    record = receive(office, code)
    with office.register.database.transaction() as connection:
        p = tables.people.c
        key = connection.execute(sa.select(p.public_key).where(p.code == "a-analyst")).scalar_one()
        connection.execute(
            sa.update(tables.people).where(p.code == "o-officer").values(public_key=key)
        )
    with office.refuses(NotAuthorised, "same-person"):
        grant(office, record, key=people.read_key(office.key_of("a-analyst")))


@pytest.mark.parametrize("role", ["reviewer", "authorising-officer", "observer"])
def test_only_an_analyst_receives(office, code, role):
    office.invite("other", role)
    with office.refuses(NotAuthorised, "wrong-role"):
        receive(office, code, "other")


@pytest.mark.parametrize("role", ["reviewer", "cert-analyst", "cert-administrator"])
def test_only_an_authorising_officer_grants(office, code, role):
    record = receive(office, code)
    office.invite("other", role)
    with office.refuses(NotAuthorised, "wrong-role"):
        grant(office, record, "other")
    assert not is_allowed(office, code)


def test_person_who_left_receives_and_grants_nothing(office, code):
    record = receive(office, code)
    people.disable(office.register, "o-officer")
    people.disable(office.register, "a-analyst")
    with office.refuses(NotAuthorised, "disabled-person"):
        grant(office, record)
    with office.refuses(NotAuthorised, "disabled-person"):
        receive(office, code)


def test_grant_outlives_the_people_who_gave_it(office, code):
    grant(office, receive(office, code))
    people.disable(office.register, "o-officer")
    people.disable(office.register, "a-analyst")
    assert is_allowed(office, code)


def test_stranger_is_named(office, code):
    with office.refuses(NotFound, "nobody"):
        receive(office, code, "nobody", key=generate_key_pair().private_key)


def test_key_of_another_signs_nothing(office, code):
    alien = generate_key_pair().private_key
    with office.refuses(NotAuthorised, "bad-signature"):
        receive(office, code, key=alien)
    record = receive(office, code)
    with office.refuses(NotAuthorised, "bad-signature"):
        grant(office, record, key=alien)


def alter(office, record, **terms):
    with office.register.database.transaction() as connection:
        connection.execute(
            sa.update(tables.authorisations)
            .where(tables.authorisations.c.code == record.code)
            .values(terms={**record.terms, **terms})
        )


WIDER = [{"cidr": "127.0.0.0/8", "ports": None, "special_allowed": True, "consent": None}]
ALTERED = [{"scope": WIDER}, {"load": 4}, {"valid_until": "2099-01-01T00:00:00+00:00"},
           {"exclusions": []}]  # fmt: skip


@pytest.mark.parametrize("change", ALTERED, ids=["scope", "load", "validity", "exclusions"])
def test_terms_that_were_altered_before_the_grant_are_not_granted(office, code, change):
    record = receive(office, code, exclusions=["127.56.0.9/32"])
    alter(office, record, **change)
    with office.refuses(NotAuthorised, "other-terms"):
        grant(office, record)


@pytest.mark.parametrize("change", ALTERED, ids=["scope", "load", "validity", "exclusions"])
def test_terms_that_were_altered_after_the_grant_allow_nothing(office, code, change):
    record = receive(office, code, exclusions=["127.56.0.9/32"])
    grant(office, record)
    alter(office, record, **change)
    assert not is_allowed(office, code)


def test_reference_number_is_taken_once(office, code):
    receive(office, code, id="A-7")
    with office.refuses(WrongState):
        receive(office, code, id="A-7")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"load": 5}, "load"),
        ({"scope": []}, "scope"),
        ({"scope": [{"cidr": "127.56.0.1/24", "ports": None, "special_allowed": True}]}, "scope"),
        ({"techniques": ["exploit"]}, "unknown technique"),
        ({"valid_until": "2020-01-01T00:00:00+00:00"}, "ends before it begins"),
        ({"valid_from": "2026-01-01T00:00:00"}, "valid_from"),
        ({"emergency_contacts": []}, "emergency_contacts"),
        ({"signatory": ""}, "signatory"),
        ({"note": "x"}, "note"),
    ],
)
def test_terms_that_make_no_sense_are_refused_with_their_place(office, code, change, said):
    with office.refuses(InvalidInput, said) as caught:
        receive(office, code, **change)
    assert caught.value.faults[0].where.startswith("terms-")
    assert files.list_files(office.register, code, "letter") == []


def test_withdrawal_ends_it_for_the_gate(office, code):
    record = grant(office, receive(office, code))
    office.withdraw(record.code)
    (standing,) = authorise.list_standing(office.register, code)
    assert standing.record.withdrawn_at is not None
    with office.refuses(WrongState):
        office.withdraw(record.code)


def end(office, record, key):
    said = {"withdrawn_by": "the head of the office", "reason": "works on the network"}
    return authorise.withdraw(office.register, record.code, "a-analyst", key, **said)


def test_withdrawal_under_the_key_of_another_person_is_refused(office, code):
    record = grant(office, receive(office, code))
    foreign = office.invite("b-analyst", "cert-analyst")
    with office.refuses(NotAuthorised):
        end(office, record, foreign)


def test_nobody_without_a_key_is_kept_from_withdrawing(office, code):
    record = end(office, grant(office, receive(office, code)), None)
    assert record.withdrawn_at is not None
    assert record.withdrawal["signature"] is None


def test_withdrawn_authorisation_is_granted_no_more(office, code):
    record = receive(office, code)
    office.withdraw(record.code)
    with office.refuses(WrongState):
        grant(office, record)


def letter(office, code, reference="R-1", **options):
    given = {"load": 3, "days": 30} | options
    return requests.request_letter(office.register, office.reports, code, reference, **given)


def test_letter_says_what_is_allowed_and_its_digest_is_on_record(office, code):
    written = letter(office, code, exclusions=("127.56.0.9/32",), opt_in=("ot-ports",))
    assert written.sha256 == hashlib.sha256(written.text.encode()).hexdigest()
    for part in ("R-1", "Hill-Office", "127.56.0.1/32", "127.56.0.9/32", "ot-ports", "extension 9"):
        assert part in written.text
    (entry,) = audit.read_entries(office.register, kind="authorisation-requested")
    assert entry.data["letter_sha256"] == written.sha256


def test_terms_of_a_letter_that_we_wrote_are_recorded(office, code):
    written = letter(office, code, "A-7")
    record = receive(office, code, id="A-7", request_sha256=written.sha256)
    assert record.terms["request_sha256"] == written.sha256


def test_terms_of_a_letter_that_we_never_wrote_are_refused_with_their_place(office, code):
    office.institution("dale-office")
    office.declare("dale-office", "127.56.9.1")
    digests = {
        "of no letter": "ab" * 32,
        "of another reference": letter(office, code, "A-8").sha256,
        "of another institution": letter(office, "dale-office", "A-7").sha256,
    }
    for sha256 in digests.values():
        with office.refuses(InvalidInput, "no letter of this digest") as caught:
            receive(office, code, id="A-7", request_sha256=sha256)
        assert caught.value.faults[0].where.startswith("terms-")


def test_letter_names_every_declared_address_in_order(office, code):
    lines = [line.strip() for line in letter(office, code).text.splitlines()]
    places = [lines.index(next(one for one in lines if one.startswith(f"127.56.0.{n}/32")))
              for n in (1, 2, 12)]  # fmt: skip
    assert places == sorted(places)


def test_letter_never_allows_what_it_excludes(office, code):
    text = letter(office, code, exclusions=("127.56.0.2/32",)).text
    assert text.count("127.56.0.2/32") == 1
    assert "127.56.0.1/32" in text
    with office.refuses(WrongState):
        letter(office, code, "R-2", exclusions=("127.56.0.0/16",))


def test_same_facts_at_the_same_moment_give_the_same_letter(office, code):
    first = letter(office, code)
    assert letter(office, code).sha256 == first.sha256
    assert letter(office, code, load=2).sha256 != first.sha256


def test_letter_that_makes_no_sense_is_not_written(office, code):
    with office.refuses(NotFound):
        letter(office, code, language="xx")
    with office.refuses(InvalidInput):
        letter(office, code, exclusions=("everything",))


def test_signed_letter_is_kept_under_its_digest(office, code):
    record = receive(office, code)
    (kept,) = files.list_files(office.register, code, "letter")
    assert kept.sha256 == record.letter_sha256 == hashlib.sha256(b"We allow it.").hexdigest()
    out = office.folder / "letter-again.txt"
    files.write_file(office.register, code, kept.sha256[:8], out)
    assert out.read_bytes() == b"We allow it."


def test_private_key_stays_with_its_owner(office, code):
    private = people.read_key(office.key_of("a-analyst"))
    assert office.key_of("a-analyst").stat().st_mode & 0o077 == 0
    assert private not in json.dumps(office.rows())
