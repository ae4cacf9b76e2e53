"""What an audience may not read in its set, from everything that the register knows of."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.loader import Content
from cyberposture.model.people import find_mail_address
from cyberposture.model.reports import Sight
from cyberposture.reporting.sets.leaks import Kind, Secrets, addresses_of, words_of
from cyberposture.store.known import Known, list_known


def secrets_of(
    connection: Connection,
    content: Content,
    reports: Path,
    *,
    visible: Collection[UUID],
    sees: frozenset[Sight],
    is_public: bool,
) -> Secrets:
    """Return what may not stand in a set that is about the `visible` institutions.

    Of these it may hold what the audience `sees`; of people, those who belong to them and those of
    the CERT. In public no address at all is told.
    """
    ours = _Ours.of(content, reports)
    hidden: list[tuple[Kind, str]] = []
    allowed: list[str] = []
    blocked: list[str] = []
    own: list[str] = []
    for one in list_known(connection):
        may = one.institution_id in visible
        if _is_block(one.text):
            (own if may and "addresses" in sees else blocked).append(one.text)
            continue
        if one.kind == "person":
            may = "people" in sees and (may or one.institution_id is None)
        elif one.kind == "host name":
            may = may and "addresses" in sees
        kind: Kind = "host name" if one.kind == "address" else one.kind
        for text in _spellings(one):
            if may:
                allowed.append(text)
            elif not ours.says(text):
                hidden.append((kind, text))
    return Secrets(
        names=tuple(sorted(set(hidden))),
        allowed=tuple(sorted(set(allowed))),
        ordinary=ours.words,
        networks=tuple(sorted(set(blocked))),
        own_networks=tuple(sorted(set(own))),
        no_address=is_public,
        known_addresses=ours.addresses,
    )


def digest_of(secrets: Secrets) -> str:
    """Return a digest that is another as soon as something else may not be told."""
    parts = (secrets.names, secrets.allowed, secrets.networks, secrets.own_networks)
    said = json.dumps([*parts, secrets.no_address, sorted(secrets.known_addresses)])
    return hashlib.sha256(said.encode()).hexdigest()


def _spellings(one: Known) -> Iterator[str]:
    yield one.text
    if one.kind == "person" and "," in one.text:
        # A contact as it stands on a notice: the name, then how to reach them.
        yield one.text.split(",")[0]
    if one.kind == "person" and "@" in one.text and (mail := find_mail_address(one.text)):
        yield mail


def _is_block(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


class _Ours:
    """Our own texts, which say the same to everybody: catalogue, checks, and words of reports."""

    def __init__(self, texts: Sequence[str]) -> None:
        sequence = [word for text in texts for word in (*words_of(text), "\n")]
        self.words = frozenset(sequence) - {"\n"}
        self._said = f" {' '.join(sequence)} "
        self.addresses = frozenset(addresses_of("\n".join(texts)))

    @staticmethod
    def of(content: Content, reports: Path) -> "_Ours":
        """Return those of this content, read once."""
        return _ours(_TheSame(content), reports)

    def says(self, text: str) -> bool:
        """Return whether our texts say these very words, so that a scan cannot tell them apart."""
        tokens = words_of(text)
        return len(tokens) > 1 and self.words.issuperset(tokens) and (
            f" {' '.join(tokens)} " in self._said
        )  # fmt: skip


class _TheSame:
    """Content that is equal to nothing but itself."""

    def __init__(self, content: Content) -> None:
        self.content = content

    def __hash__(self) -> int:
        return id(self.content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TheSame) and other.content is self.content


@lru_cache(maxsize=1)
def _ours(same: _TheSame, reports: Path) -> _Ours:
    content = same.content
    texts = [content.catalogue.model_dump_json(), content.checks.model_dump_json()]
    texts += [str(one) for one in content.translations]
    texts += [path.read_text(encoding="utf-8") for path in sorted(reports.rglob("words.*.yaml"))]
    return _Ours(texts)
