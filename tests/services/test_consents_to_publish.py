"""An institution is named in public only after it agreed in writing, and may take that back."""

import hashlib

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.institutions import publication
from cyberposture.store.publication import consenting


def may_be_named(office):
    with office.register.reading() as connection:
        return consenting(connection)


def test_a_consent_counts_from_its_record_until_it_is_taken_back(office):
    office.institution("hill-office")
    cert = office.acting()
    paper = office.write("consent.txt", "We agree to be named.")
    with office.adds("publication-consented"):
        kept = publication.consent(
            cert, "hill-office", signatory="Head of the office", reference="HO/7", paper=paper
        )
    assert kept.paper_sha256 == hashlib.sha256(paper.read_bytes()).hexdigest()
    assert may_be_named(office) == {office.id_of("hill-office")}
    with office.refuses(WrongState, match="already"):
        publication.consent(cert, "hill-office", signatory="Head", reference="HO/8")
    with office.adds("publication-withdrawn"):
        publication.withdraw_consent(cert, "hill-office", reason="they wrote on Monday")
    assert may_be_named(office) == set()
    with office.refuses(WrongState, match="no consent"):
        publication.withdraw_consent(cert, "hill-office", reason="again")
    publication.consent(cert, "hill-office", signatory="Head", reference="HO/9")
    history = publication.list_consents(office.register, "hill-office")
    assert [(one.reference, one.withdrawn_why) for one in history] == [
        ("HO/7", "they wrote on Monday"),
        ("HO/9", None),
    ]


def test_only_the_cert_records_it_and_only_with_a_paper(office):
    office.institution("hill-office")
    reviewer = office.acting("r-reviewer", "reviewer")
    with office.refuses(NotAuthorised):
        publication.consent(reviewer, "hill-office", signatory="Head", reference="HO/7")
    cert = office.acting()
    for given in ({"signatory": "Head", "reference": " "}, {"signatory": "", "reference": "HO/7"}):
        with pytest.raises(InvalidInput):
            publication.consent(cert, "hill-office", **given)
    with pytest.raises(InvalidInput, match="empty"):
        publication.consent(
            cert,
            "hill-office",
            signatory="Head",
            reference="HO/7",
            paper=office.write("no.txt", ""),
        )
    with pytest.raises(NotFound):
        publication.consent(cert, "nobody", signatory="Head", reference="HO/7")
    with pytest.raises(NotFound):
        publication.list_consents(office.register, "nobody")
