"""Letters of authorisation: their papers, two signatures, and what the log says of them."""

import hashlib
from collections.abc import Iterator

from .canonical_json import Json, canonical, digest_of
from .ed25519 import is_signed
from .opened import Bundle


def check_letters(bundle: Bundle) -> None:
    """Hold each letter against its file, its two signatures, and what the log says of it."""
    for name in (one for one in bundle.named("letters/") if one.endswith("/terms.json")):
        letter = bundle.read(name)
        code = letter["terms"]["id"]
        bundle.letters[code] = letter
        faults = list(_faults_of_letter(bundle, name.rpartition("/")[0] + "/", letter))
        for fault in faults:
            bundle.fail(f"letter {code}: {fault}")
        if not faults:
            terms = letter["terms"]
            bundle.ok(
                f"letter {code}: signed by {terms['signatory']}, {terms['signatory_role']}; "
                f"received by {letter['receipt']['person']} and granted by "
                f"{', '.join(one['person'] for one in letter['grants'])}, under two keys"
            )


def _faults_of_letter(bundle: Bundle, folder: str, letter: Json) -> Iterator[str]:
    terms, receipt, keys = letter["terms"], letter["receipt"], letter["keys"]
    digest, held_back = digest_of(terms), bundle.manifest["held_back"]
    files = {hashlib.sha256(bundle.files[one]).hexdigest() for one in bundle.named(folder)}
    consents = [one["consent"] for one in terms["scope"] if one.get("consent")]
    for sha256 in (terms["letter_sha256"], *(one["letter_sha256"] for one in consents)):
        if sha256 not in files and not any(sha256 in one["what"] for one in held_back):
            yield f"the paper {sha256} is not the one that was received"
    grants = [one for one in letter["grants"]
              if keys[one["person"]] != keys[receipt["person"]]]  # fmt: skip
    if not grants:
        yield "no second person granted it"
    if receipt["person"] != terms["received_by"]:
        yield "somebody else received it than its terms say"
    for kind, said in (("receipt", receipt), *(("grant", one) for one in letter["grants"])):
        text = {"statement": kind, "terms": terms, "person": said["person"], "at": said["at"]}
        if said["terms_sha256"] != digest:
            yield f"the {kind} is of other terms"
        elif not is_signed(keys[said["person"]], said["signature"], canonical(text)):
            yield f"the {kind} is not signed by the key of {said['person']}"
    for person, key in keys.items():
        told = [one["data"]["public_key"] for one in bundle.of_kind("person-invited",
                "signing-key-made") if one["subject"] == person]  # fmt: skip
        if told and key not in told:
            yield f"the key of {person} is not the one that the log knows"
    for kind in ("authorisation-received", "authorisation-granted"):
        of = [one for one in bundle.of_kind(kind) if one["subject"] == terms["id"]]
        if not of:
            yield f"the log holds no {kind}"
        elif any(one["data"]["terms_sha256"] != digest for one in of):
            yield f"the log knows other terms ({kind})"
