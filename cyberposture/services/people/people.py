"""People enter the register: each invitation makes a signing key, which only its owner keeps."""

import os
from dataclasses import dataclass
from pathlib import Path

from cyberposture.errors import Fault, InvalidInput, MissingService, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model
from cyberposture.model.people import Language, MailAddress, Membership, Person, Role
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.people.roles import administrators
from cyberposture.services.register import Register
from cyberposture.store import outbox
from cyberposture.store import people as store
from cyberposture.store.people import MembershipRecord, PersonRecord


@dataclass(frozen=True)
class Invited:
    """A new person and where their private key was left for them to fetch."""

    person: Person
    key_file: Path


_LONGEST_KEY_FILE = 200


def _write_key(path: Path, private_key: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise WrongState(f"there is a key at {path} already; it is never overwritten") from error
    except OSError as error:
        raise MissingService(f"no key can be left at {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(private_key + "\n")


def leave_key(path: Path) -> str:
    """Make a key pair, leave the private key in a new file, and return the public one.

    Raises:
        WrongState: there is a file already.
        MissingService: no file can be left there.
    """
    pair = generate_key_pair()
    _write_key(path, pair.private_key)
    return pair.public_key


def read_key(path: Path) -> str:
    """Return the private key in a file that an invitation wrote.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it holds no key.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound("key file", str(path)) from error
    except OSError as error:
        raise InvalidInput(Fault(path.name, "cannot be read as a key file")) from error
    return read_key_text(data, path.name)


def read_key_text(data: bytes, name: str) -> str:
    """Return the private key that a key file holds; faults call the file by `name`.

    Raises:
        InvalidInput: it holds no key.
    """
    text = data[:_LONGEST_KEY_FILE].decode("ascii", "replace").strip()
    if len(text) != 64 or not all(c in "0123456789abcdef" for c in text):
        raise InvalidInput(Fault(name, "holds no private key: 64 hexadecimal digits"))
    return text


def invite(
    register: Register,
    code: str,
    name: str,
    role: Role,
    key_file: Path,
    *,
    institution: str | None = None,
    mail: str | None = None,
    language: str | None = None,
    reason: str = "",
) -> Invited:
    """Register a person with a new key pair, leave the private key in `key_file`, and return both.

    The register keeps the public key only.

    Raises:
        InvalidInput: code, name, mail address or language is not as it should be; nothing was
            written.
        WrongState: the code is taken, or a key file is there already.
        MissingService: the key file cannot be written.
        NotFound: the institution is not in the register.
    """
    pair = generate_key_pair()
    now = register.clock()
    given = {"code": code, "name": name, "public_key": pair.public_key, "invited_at": now,
             "mail": mail, "language": language}  # fmt: skip
    person = build_row(Person, "arguments", given)
    held = {"person": code, "role": role, "institution": institution, "valid_from": now}
    membership = build_row(Membership, "arguments", held)
    # Only now is the code known to be a plain word, and so fit to name a file.
    _write_key(key_file, pair.private_key)
    try:
        with register.change("person-invited", code, reason=reason) as change:
            store.insert_person(change.connection, person, change.by)
            record = store.insert_membership(change.connection, membership, change.by)
            change.institution_id = record.institution_id
            change.tell(name=name, role=role, institution=institution, public_key=pair.public_key)
    except BaseException:
        # A key that belongs to nobody must not lie about.
        key_file.unlink()
        raise
    return Invited(person, key_file)


class _Contact(Model):
    mail: MailAddress | None
    language: Language | None


def set_contact(
    register: Register,
    code: str,
    *,
    mail: str | None = None,
    language: str | None = None,
    reason: str = "",
) -> Person:
    """Set where and in which language a person is written to, and return the person.

    What is None stays as it is; an empty text takes it away. The audit log keeps no addresses.

    Raises:
        InvalidInput: it is no mail address, or no language of ours.
        NotFound: there is no such person.
    """
    with register.change("person-contact-set", code, reason=reason) as change:
        present = store.get_person(change.connection, code).person
        wanted = {
            "mail": present.mail if mail is None else mail or None,
            "language": present.language if language is None else language or None,
        }
        contact = build_row(_Contact, "arguments", wanted)
        store.record_contact(change.connection, code, contact.mail, contact.language)
        change.tell(has_mail=contact.mail is not None, language=contact.language)
    return present.model_copy(update=wanted)


def disable(register: Register, code: str, *, reason: str = "") -> None:
    """Record that a person acts no more from now on; what they signed before stays valid.

    Raises:
        NotFound: there is no such person.
        WrongState: they are disabled already, or are the last administrator of the CERT.
    """
    with register.change("person-disabled", code, reason=reason) as change:
        if administrators(change.connection, change.now) == {code}:
            raise WrongState("this is the last administrator of the CERT: name another one first")
        store.disable_person(change.connection, code, change.by)
        person_id = store.get_person(change.connection, code).id
        queued = outbox.list_messages(change.connection, person_id=person_id, state="queued")
        outbox.withdraw_messages(
            change.connection, [one.id for one in queued], "the person acts no more"
        )


def list_people(register: Register) -> list[tuple[PersonRecord, list[MembershipRecord]]]:
    """Return all people with the roles that they hold now."""
    with register.reading() as connection:
        held = store.list_memberships(connection, as_of=register.clock())
        return [
            (record, [m for m in held if m.person_id == record.id])
            for record in store.list_people(connection)
        ]
