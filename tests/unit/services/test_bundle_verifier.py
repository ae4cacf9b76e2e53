"""What the auditor's own program is built of: canonical JSON, Ed25519, and what it may import."""

import ast
import sys
from pathlib import Path

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.services.proof.bundle.packing import VERIFIER
from cyberposture.services.proof.bundle.verifier.canonical_json import canonical
from cyberposture.services.proof.bundle.verifier.ed25519 import ORDER, is_signed

# Source: RFC 8032, Edwards-Curve Digital Signature Algorithm, section 7.1, January 2017.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
        "1cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
        "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
        "984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_vectors_of_the_standard_hold(key, message, signature):
    assert is_signed(key, signature, bytes.fromhex(message))
    assert not is_signed(key, signature, bytes.fromhex(message) + b"\0")


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 64 * 8 - 1))
def test_signatures_are_judged_as_the_library_judges_them(seed, message, bit):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = private.public_key().public_bytes_raw()
    good = private.sign(message)
    bent = (int.from_bytes(good, "big") ^ 1 << bit).to_bytes(64, "big")
    again = int.from_bytes(good[32:], "little") + ORDER
    doubled = good[:32] + again.to_bytes(32, "little")
    for signature in (good, bent, doubled):
        assert is_signed(key.hex(), signature.hex(), message) == holds(key, signature, message)
    assert is_signed(key.hex(), good.hex(), message)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_what_is_no_key_and_no_signature_is_neither(key, signature):
    assert is_signed(key.hex(), signature.hex(), b"text") == holds(key, signature, b"text")


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(PLAIN)
def test_json_is_written_as_the_library_writes_it(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, b"x", {1: 2}.keys()])
def test_what_is_no_plain_json_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


def imported(path: Path) -> set[str]:
    """Return the roots of what a file imports; what stands beside it goes by a dot."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
             for alias in node.names}  # fmt: skip
    named |= {"." * node.level + str(node.module) for node in ast.walk(tree)
              if isinstance(node, ast.ImportFrom)}  # fmt: skip
    return {"." if name.startswith(".") else name.partition(".")[0] for name in named}


def test_it_imports_itself_and_the_standard_library_and_nothing_else():
    modules = list((VERIFIER.parent / "verifier").glob("*.py"))
    assert len(modules) > 10
    assert imported(VERIFIER) == {"sys", "pathlib", "verifier"}
    roots = set[str]().union(*map(imported, modules)) - {"."}
    assert roots <= sys.stdlib_module_names
    assert roots & {"socket", "urllib", "http", "subprocess", "os", "importlib"} == set()
