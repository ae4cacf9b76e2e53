"""Every file held against the manifest, and the manifest against its seal."""

import hashlib

from .canonical_json import Json, canonical
from .ed25519 import is_signed
from .opened import Bundle

MANIFEST, SEAL = "manifest.json", "manifest.seal.json"
WHAT = "cyberposture audit bundle 1"


def is_sealed(seal: Json, what: str, document: Json) -> bool:
    """Return whether a seal of the register stands under exactly this document."""
    return is_signed(
        seal["key"], seal["signature"], canonical({"what": what, "document": document})
    )


def check_manifest(bundle: Bundle) -> None:
    """Hold every file against the manifest, and the manifest against its seal."""
    bundle.manifest = bundle.read(MANIFEST)
    manifest, seal = bundle.manifest, bundle.read(SEAL)
    listed = manifest["files"]
    before = bundle.failed
    for name in sorted(listed):
        if name not in bundle.files:
            bundle.fail(f"manifest: {name} is missing")
        elif hashlib.sha256(bundle.files[name]).hexdigest() != listed[name]:
            bundle.fail(f"manifest: {name} is not the file that was sealed")
    for name in sorted(set(bundle.files) - set(listed) - {MANIFEST, SEAL}):
        bundle.fail(f"manifest: {name} was added, nobody sealed it")
    if bundle.failed == before:
        bundle.ok(f"manifest: {len(listed)} files are as they were sealed")
    if is_sealed(seal, WHAT, manifest) and seal["key"] == manifest["key"]:
        bundle.ok("manifest: the seal under it holds")
    else:
        bundle.fail("manifest: the seal under it is not of this manifest and key")
    if bundle.known_key is None:
        bundle.note(f"key: not compared; give --key, or compare it by eye: {manifest['key']}")
    elif bundle.known_key == manifest["key"]:
        bundle.ok("key: it is the register's key that you gave")
    else:
        bundle.fail("key: the bundle is sealed with another key than the one that you gave")
