"""Packs the files of a bundle: manifest, seal and front pages, in the same zip each time."""

import hashlib
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.bundle import bundle_page
from cyberposture.services.permission.letters import render_paper
from cyberposture.services.proof.bundle.matter import Matter, Subject
from cyberposture.services.proof.bundle.papers import plain_json
from cyberposture.services.register import Register

HOME: Final = "bundle"
"""The folder among the reports that holds what goes into every bundle."""
VERIFIER: Final = Path(__file__).with_name("verify.py")
"""What an auditor runs of the program that goes into every bundle; the rest is in `verifier/`."""
WHAT: Final = "cyberposture audit bundle 1"
_LANGUAGES: Final = ("en", "ur")
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


def pack(
    register: Register, reports: Path, subject: Subject, matter: Matter, files: Mapping[str, bytes]
) -> bytes:
    """Return the zip of a bundle, sealed; the same files give the same bytes."""
    told = {**files, **_program()}
    manifest = _manifest(register, subject, matter, told)
    fronts = {
        "README.txt": render_paper(reports, "readme", _LANGUAGES[-1], {
            **manifest["about"],
            "key": manifest["key"],
            "held_back": manifest["held_back"],
        }, folder=HOME).text.encode(),
        "index.html": _front_page(reports, manifest),
    }  # fmt: skip
    manifest["files"] |= {name: hashlib.sha256(data).hexdigest() for name, data in fronts.items()}
    seal = register.audit.seal(WHAT, manifest)
    sealed = {"manifest.json": plain_json(manifest),
              "manifest.seal.json": plain_json(seal.model_dump(mode="json"))}  # fmt: skip
    return _zipped({**told, **fronts, **sealed})


def _program() -> dict[str, bytes]:
    """Return the files of the verifier, by their names in a bundle; nothing here runs them."""
    home = VERIFIER.parent
    paths = (VERIFIER, *sorted((home / "verifier").glob("*.py")))
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}


def _manifest(
    register: Register, subject: Subject, matter: Matter, files: Mapping[str, bytes]
) -> dict[str, Any]:
    about = {"kind": matter.kind, "id": matter.id, "institution": matter.code,
             "name": matter.owner.institution.name, **matter.about}  # fmt: skip
    if subject.at is not None:
        about["at"] = subject.at.isoformat()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    return {
        "bundle": 1,
        "about": about,
        "key": register.audit.key,
        "editions": {kind: digest for kind, digest in matter.editions.items()
                     if f"edition/{kind}.json" in files},
        "held_back": [one._asdict() for one in sorted(set(matter.held_back))],
        "files": digests,
    }  # fmt: skip


def _front_page(reports: Path, manifest: Mapping[str, Any]) -> bytes:
    renderer = Renderer(reports)
    view = bundle_page(manifest, [renderer.page_words(HOME, one) for one in _LANGUAGES])
    return renderer.render_page(HOME, "index.html.j2", view).encode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return packed.getvalue()
