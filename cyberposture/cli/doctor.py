"""Looks at a set-up from outside and says what is wrong with it; it mends nothing."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cyberposture.errors import CyberpostureError
from cyberposture.settings import Settings


@dataclass(frozen=True)
class Symptom:
    """One thing that was looked at."""

    what: str
    is_well: bool
    says: str
    advice: str = ""


def _tried(what: str, look: Callable[[], str]) -> Symptom:
    try:
        return Symptom(what, True, look())
    except CyberpostureError as error:
        return Symptom(what, False, str(error), error.advice() or "")


def _content(settings: Settings) -> str:
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_content

    content = load_content(find_content(settings.content))
    return f"{len(content.catalogue.controls)} controls, {len(content.checks.checks)} checks"


def _register(settings: Settings, actor: str) -> str:
    from cyberposture.runtime import open_runtime

    runtime = open_runtime(settings, actor)
    try:
        return f"{runtime.register.database.url}, revision "\
               f"{runtime.register.database.current_revision()}"  # fmt: skip
    finally:
        runtime.close()


def _fence(settings: Settings, actor: str) -> str:
    from cyberposture.errors import CheckFailed
    from cyberposture.runtime import open_runtime

    runtime = open_runtime(settings, actor)
    try:
        database = runtime.register.database
        if database.dialect != "postgresql":
            return "none: an embedded register has only the pages' own"
        if not database.has_fence():
            raise CheckFailed(
                "our account on PostgreSQL is a superuser, or may bypass the fences of rows",
                advice="CREATE ROLE cyberposture LOGIN, and let it own the database",
            )
    finally:
        runtime.close()
    return "PostgreSQL keeps the rows of institutions apart"


def _edition(settings: Settings, actor: str) -> str:
    from cyberposture.runtime import open_runtime
    from cyberposture.services.catalogue.pinned import require_in_force

    runtime = open_runtime(settings, actor)
    try:
        with runtime.register.reading() as connection:
            require_in_force(runtime.register, connection)
        edition = runtime.register.edition
        return f"{edition.catalogue} {edition.version} is in force"
    finally:
        runtime.close()


def _chains(settings: Settings, actor: str) -> str:
    from cyberposture.errors import CheckFailed
    from cyberposture.runtime import open_runtime, signing_key_path
    from cyberposture.services.proof import audit
    from cyberposture.store.keys import load_signing_key

    runtime = open_runtime(settings, actor)
    try:
        public = load_signing_key(signing_key_path(settings)).public_key()
        report = audit.verify_chains(runtime.register.database, runtime.heads_file, public)
    finally:
        runtime.close()
    if not report.is_intact:
        raise CheckFailed(f"{len(report.faults)} faults", advice="cyberposture audit verify")
    return f"{report.entries} entries, intact"


def _named(settings: Settings) -> Symptom:
    """Return whether readers are told who runs this and how to reach them; it works without."""
    body = settings.operating_body
    lacking = [
        text
        for text, is_set in (("a name", body.name), ("a way to reach it", body.ways))
        if not is_set
    ]
    if not lacking:
        return Symptom("the CERT's name", True, f"{body.name}, {body.ways[0]}")
    return Symptom(
        "the CERT's name", True,
        f"{' and '.join(lacking)} not set; readers are told of the central CERT",
        "CYBERPOSTURE_CERT_NAME, _CERT_NAME_UR, _CERT_TELEPHONE, _CERT_MAIL, _CERT_URL",
    )  # fmt: skip


def examine(settings: Settings, actor: str) -> list[Symptom]:
    """Return what was found, in the order in which it matters."""

    def all_of() -> Iterator[Symptom]:
        yield _tried("content", lambda: _content(settings))
        register = _tried("register", lambda: _register(settings, actor))
        yield register
        if register.is_well:
            yield _tried("second fence", lambda: _fence(settings, actor))
            yield _tried("edition", lambda: _edition(settings, actor))
            yield _tried("audit chains", lambda: _chains(settings, actor))
        yield _named(settings)
        nmap = shutil.which("nmap")
        yield Symptom("nmap", nmap is not None, nmap or "not on the search path",
                      "" if nmap else "apt-get install nmap")  # fmt: skip

    return list(all_of())
