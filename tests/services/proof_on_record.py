"""The calls by which evidence, attestations and imports are kept, for the walk of services."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pyotp

from cyberposture.services.assessments import attesting, evidence, importing, library
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.services.people import people, signing_in

Step = tuple[Callable[..., Any], str, Callable[[], object]]
LIMITS = Limits(1_000, 10)
PAPER = NewFile(b"%PDF-1.7 a paper", "paper.pdf")
SAID = Description("A paper", date(2026, 1, 31))


def proving(office: Any, code: str, round_code: str) -> Iterator[Step]:
    """Yield them, for an assessment that takes answers; what it said of IAM-09 stays."""
    register, use = office.register, Use(round_code, "GOV-01")
    yield (
        evidence.add_file, "evidence-added",
        lambda: evidence.add_file(register, code, PAPER, SAID, limits=LIMITS),
    )  # fmt: skip
    piece = library.list_library(register, code)[0].record.code
    yield (
        evidence.attach, "evidence-attached",
        lambda: evidence.attach(register, code, use, piece),
    )  # fmt: skip
    yield (
        evidence.detach, "evidence-detached",
        lambda: evidence.detach(register, code, use, piece),
    )  # fmt: skip
    yield library.give_out, "evidence-read", lambda: library.give_out(register, code, piece)
    sheet = office.write("undone.yaml", {"answers": [{"control": "GOV-01", "level": 1}]})
    done = importing.import_answers(register, sheet, code, round_code)
    yield (
        importing.undo_import, "import-undone",
        lambda: importing.undo_import(register, code, round_code, done.code),
    )  # fmt: skip
    yield from _attesting(office, code, round_code)


def _attesting(office: Any, code: str, round_code: str) -> Iterator[Step]:
    register, boss = office.register, replace(office.register, actor="s-boss")
    office.invite("s-boss", "signatory", institution=code)
    link = signing_in.make_link(register, "s-boss")
    seed = signing_in.begin_account(register, link, "seven lamps on a quiet quay").seed
    signing_in.confirm_account(register, link, pyotp.TOTP(seed).at(office.clock()))
    office.clock.forward(minutes=1)
    yield (
        attesting.make_link, "attestation-link-made",
        lambda: attesting.make_link(register, code, round_code, "s-boss"),
    )  # fmt: skip
    token = attesting.make_link(register, code, round_code, "s-boss")
    shown = pyotp.TOTP(seed).at(office.clock())
    yield (
        attesting.attest_by_link, "attestation-tried",
        lambda: attesting.attest_by_link(boss, code, round_code, token, code=shown),
    )  # fmt: skip
    digits = attesting.read_digest(register, code, round_code)[:8]
    key = people.read_key(office.key_of("s-boss"))
    yield (
        attesting.attest_by_key, "attested",
        lambda: attesting.attest_by_key(boss, code, round_code, key, digits=digits),
    )  # fmt: skip
    paper = attesting.OnPaper("Head of the office", office.clock().date(), digits)
    yield (
        attesting.attest_on_paper, "attested",
        lambda: attesting.attest_on_paper(
            register, code, round_code, paper, scan=PAPER, most_bytes=1_000
        ),
    )  # fmt: skip
    scan = str(attesting.read_attested(register, code, round_code).record.scan_sha256)
    yield (
        attesting.read_scan, "attestation-read",
        lambda: attesting.read_scan(register, code, round_code, scan),
    )  # fmt: skip
