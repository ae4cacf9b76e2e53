"""Scores of invented institutions, with the ground that they stand on, for the tests of OSCAL."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from cyberposture.content.digests import digest
from cyberposture.exchange.oscal.assessed import (
    AssessedScore,
    Editions,
    Heading,
    Piece,
    Reviewed,
    Said,
    Seen,
)
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.rollup import compute

sys.path.insert(0, str(Path(__file__).parents[2] / "scoring"))  # the score documents

from score_documents import PARAMETERS, a_control, a_document, forms

SHA = "ab" * 32
NOW = datetime(2026, 11, 22, 9, 30, 0, 1_000, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
DAYS = st.dates(date(1970, 1, 1), date(2100, 1, 1))
WORDS = st.text(st.characters(codec="utf-8"), max_size=30)
DIGESTS = st.sampled_from([SHA, "0" * 64, "9" * 64])
PIECES = st.builds(
    Piece, title=WORDS, sha256=DIGESTS, size_bytes=st.integers(0, 2**50), dated=DAYS,
    expires=st.none() | DAYS,
)  # fmt: skip


def assessed(document: ScoreDocument, **more: Any) -> AssessedScore:
    """Return a score of this document; `more` are the ground and fields of the heading."""
    result = compute(document)
    heading = {
        "institution": "calm-harbour-port", "name": "Calm Harbour Port", "kind": "round",
        "round": "autumn", "title": "Autumn", "started": NOW - timedelta(days=30), "as_of": NOW,
        "kept_at": NOW, "document_sha256": digest(document), "result_sha256": digest(result),
        "program": "cyberposture 1",
    }  # fmt: skip
    ground = {name: more.pop(name, ()) for name in ("answers", "reviews", "seen")}
    return AssessedScore(
        heading=Heading.model_validate({**heading, **more}),
        editions=Editions(catalogue="harbour", version="1", rules=SHA, checks=SHA, texts=SHA),
        document=document,
        result=result,
        **ground,
    )


@st.composite
def documents(draw: st.DrawFn) -> ScoreDocument:
    """A sound document of up to four controls whose ids are those of controls."""
    ids = draw(st.lists(st.sampled_from(["GOV-01", "IAM-09", "IAM-10", "NET-02"]), unique=True))
    modes = st.sampled_from(["Q", "Q+N", "N"])
    controls = [a_control(one, domain=one[:3], evidence=draw(modes)) for one in ids]
    domains = [{"id": one, "factor_pct": 100} for one in ("GOV", "IAM", "NET")]
    made = a_document(controls, domains=domains, parameters=PARAMETERS, **draw(forms(controls)))
    return ScoreDocument.model_validate(made)


@st.composite
def scores(draw: st.DrawFn) -> AssessedScore:
    """A score of any document, on any ground that the models allow."""
    document = draw(documents())
    controls = st.sampled_from([one.id for one in document.controls] or ["IAM-09"])
    checks = st.sampled_from([one.check for one in document.verdicts] or ["tls.modern"])
    said = st.builds(
        Said, control=controls, level=st.none() | st.sampled_from([0, 1, 2, 3]),
        not_applicable=st.none() | WORDS, reason=WORDS, at=MOMENTS,
        evidence=st.lists(PIECES, max_size=2).map(tuple),
    )  # fmt: skip
    reviewed = st.builds(
        Reviewed, control=controls, level=st.none() | st.sampled_from([0, 1, 2, 3]),
        grade=st.none() | st.sampled_from(["E0", "E3"]), approves_not_applicable=st.booleans(),
        reason=WORDS, at=MOMENTS,
    )  # fmt: skip
    seen = st.builds(
        Seen, check=checks, version=st.integers(1, 99), subkey=WORDS, says=WORDS, at=MOMENTS,
        address=st.sampled_from(["203.0.113.7", "2001:db8::7", "example.org", " odd\n"]),
        protocol=st.sampled_from(["", "tcp", "udp"]), port=st.none() | st.integers(1, 65535),
        vantage=st.sampled_from(["external", "internal:plant"]), expires=MOMENTS,
        verdict=st.sampled_from(["pass", "fail", "inconclusive", "not-tested"]), scan=WORDS,
        artefact_sha256=st.none() | DIGESTS, authorisation=st.none() | WORDS,
    )  # fmt: skip
    is_round = draw(st.booleans())
    return assessed(
        document, kind="round" if is_round else "live", round="autumn" if is_round else None,
        name=draw(WORDS), title=draw(WORDS), program=draw(WORDS), as_of=draw(MOMENTS),
        kept_at=draw(MOMENTS), started=draw(MOMENTS),
        answers=tuple(draw(st.lists(said, max_size=3))),
        reviews=tuple(draw(st.lists(reviewed, max_size=3))),
        seen=tuple(draw(st.lists(seen, max_size=3))),
    )  # fmt: skip
