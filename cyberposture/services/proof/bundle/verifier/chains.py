"""The chains of the log, walked from their first entry."""

from .canonical_json import Json, canonical, digest_of
from .ed25519 import is_signed
from .opened import Bundle

BEGINNING = "0" * 64


def check_chains(bundle: Bundle) -> None:
    """Walk each chain of the log from its first entry: nothing changed, missing or out of place."""
    for name in bundle.named("chains/"):
        document = bundle.read(name)
        before = bundle.failed
        walk = _Walk(bundle, document["chain"])
        for piece in document["pieces"]:
            walk.step(piece)
        walk.end()
        if bundle.failed == before:
            told = f"{walk.whole} entries whole, each under a signature of the register"
            if walk.reduced:
                told += (f"; {walk.reduced} without addresses of others, which the seal of the "
                         "bundle vouches for and their digest cannot")  # fmt: skip
            bundle.ok(f"log: chain {document['chain']} holds to entry {walk.seq}: {told}")


class _Walk:
    """One chain of the log, read in order."""

    def __init__(self, bundle: Bundle, chain: str) -> None:
        self.bundle, self.chain = bundle, chain
        self.seq, self.last = 0, BEGINNING
        self.whole = self.reduced = 0
        self._unsigned: Json | None = None
        """The last entry that was shown, while no signature was seen over it or after it."""

    def _fail(self, seq: int, what: str) -> None:
        self.bundle.fail(f"log: chain {self.chain}, entry {seq}: {what}")

    def step(self, piece: Json) -> None:
        """Look at one piece: an entry, or a stretch that is held back."""
        if "withheld" in piece:
            self.end()
            stretch = piece["withheld"]
            self._follow(stretch["first"], None)
            self.seq, self.last = stretch["last"], stretch["digest"]
            return
        entry = piece["entry"]
        self._follow(entry["seq"], entry["previous"])
        plain = {name: value for name, value in entry.items() if name != "digest"}
        if entry["chain"] != self.chain:
            self._fail(entry["seq"], "it is of another chain")
        if "left_out" in piece:
            self.reduced += 1
        elif digest_of(plain) == entry["digest"]:
            self.whole += 1
        else:
            self._fail(entry["seq"], "its content is not what was written")
        self.seq, self.last, self._unsigned = entry["seq"], entry["digest"], entry
        self.bundle.entries.append(entry)
        if piece.get("head") is not None:
            self._head(piece["head"])

    def _follow(self, seq: int, previous: str | None) -> None:
        if seq > self.seq + 1:
            self._fail(self.seq + 1, f"entries {self.seq + 1} to {seq - 1} are missing")
        elif seq <= self.seq:
            self._fail(seq, f"it stands behind entry {self.seq}, out of its place")
        elif previous is not None and previous != self.last:
            self._fail(seq, "it does not follow from the entry before it")

    def _head(self, head: Json) -> None:
        said = {"what": "cyberposture audit head 1",
                **{name: head[name] for name in ("chain", "seq", "digest", "at")}}  # fmt: skip
        if (head["chain"], head["seq"], head["digest"]) != (self.chain, self.seq, self.last):
            self._fail(self.seq, "the signature beside it is of another entry")
        elif head["key_id"] != self.bundle.manifest["key"]:
            self._fail(self.seq, "it is signed with another key than the register's")
        elif not is_signed(head["key_id"], head["signature"], canonical(said)):
            self._fail(self.seq, "the register's signature does not hold")
        self._unsigned = None

    def end(self) -> None:
        """Require that a signature stands at or behind every entry shown so far."""
        if self._unsigned is not None:
            self._fail(self._unsigned["seq"], "no signature of the register stands over it")
        self._unsigned = None
