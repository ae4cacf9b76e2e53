"""Whether an institution may be named in public reports: only after it said so in writing.

It may take that back at any time; what was published before cannot be called back, and is told so.
"""

from pathlib import Path

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model, Sentence
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Register
from cyberposture.store import institutions
from cyberposture.store import publication as store
from cyberposture.store.publication import PublicationConsent

KIND = "publication-consent"
"""As which the signed paper is kept."""
LARGEST_PAPER = 20_000_000


class _Paper(Model):
    """Who signed, and where the paper is found."""

    signatory: Sentence
    reference: Sentence


def consent(
    register: Register,
    institution: str,
    *,
    signatory: str,
    reference: str,
    paper: Path | None = None,
    reason: str = "",
) -> PublicationConsent:
    """Record that an institution agreed in writing to be named in public reports; return it.

    `reference` is where the signed paper or attestation is found; the paper itself may be kept.

    Raises:
        InvalidInput: signatory or reference is missing, or the paper cannot be read.
        NotFound: the institution, or whoever acts, is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
        WrongState: its consent is on record already.
    """
    given = build_row(_Paper, "arguments", {"signatory": signatory, "reference": reference})
    data = None if paper is None else _read(paper)
    with register.change("publication-consented", institution, reason=reason) as change:
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        require_cert(change)
        sha256 = None
        if data is not None:
            sha256 = register.blobs.put(
                change.connection, change.institution_id, KIND, data, change.by
            )
        store.insert_consent(
            change.connection, change.institution_id, change.by,
            signatory=given.signatory, reference=given.reference, paper_sha256=sha256,
        )  # fmt: skip
        change.tell(**given.model_dump(), paper_sha256=sha256)
        kept = store.list_consents(change.connection, institution_id=change.institution_id)
    return kept[-1]


def _read(paper: Path) -> bytes:
    try:
        data = paper.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{paper} cannot be read: {error.strerror}") from error
    if not data or len(data) > LARGEST_PAPER:
        raise InvalidInput(f"{paper} is empty, or larger than {LARGEST_PAPER // 1_000_000} MB")
    return data


def withdraw_consent(register: Register, institution: str, *, reason: str) -> None:
    """Record that an institution is named in public no more; sets made from now on leave it out.

    Raises:
        NotFound: the institution, or whoever acts, is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
        WrongState: no consent that counts is on record.
    """
    with register.change("publication-withdrawn", institution, reason=reason) as change:
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        require_cert(change)
        store.withdraw_consent(change.connection, change.institution_id, change.by)


def list_consents(register: Register, institution: str | None = None) -> list[PublicationConsent]:
    """Return every consent ever given (by one institution, or all), the oldest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        wanted = None
        if institution is not None:
            wanted = institutions.find_institution_id(connection, institution)
            if wanted is None:
                raise NotFound("institution", institution)
        return store.list_consents(connection, institution_id=wanted)
