"""Evidence, a signed sheet, an import and a receipt at each institution, for the walk of routes."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from cyberposture.clock import utc_now
from cyberposture.services.assessments import attesting, evidence, importing
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.services.register import Register
from cyberposture.store.assessments import record_submission

LIMITS = Limits(100_000, 1_000)


def lay(
    register: Register, folder: Path, codes: Sequence[str], round_code: str, nowhere: str
) -> dict[str, dict[str, str]]:
    """Return what fills the paths about proof; the answers changed after the sheet was signed."""
    names = ("piece", "scan", "import_code", "receipt", "signing")
    found = {name: {nowhere: str(uuid4())} for name in names}
    for code in codes:
        today = utc_now().date()
        paper = NewFile(f"%PDF-1.7 of {code}".encode(), "paper.pdf")
        said = Description(f"Paper of {code}", today)
        piece = evidence.add_file(register, code, paper, said, limits=LIMITS).record
        digest = attesting.read_digest(register, code, round_code)
        signed = attesting.attest_on_paper(
            register, code, round_code, attesting.OnPaper("Head (invented)", today, digest[:8]),
            scan=paper, most_bytes=100_000,
        )  # fmt: skip
        sheet = folder / f"{code}.csv"
        sheet.write_text("control,level\nGOV-08,1\n")
        done = importing.import_answers(register, sheet, code, round_code)
        with register.change("submission-laid", code) as change:
            change.institution_id, assessment = find_parts(change.connection, code, round_code)
            kept = record_submission(
                change.connection, assessment.id, change.by, revisions={}, digest=digest,
                signatory="", signature="", receipt=f"r-{uuid4()}",
            )  # fmt: skip
        link = str(uuid4())
        if code == codes[0]:
            link = attesting.make_link(register, code, round_code, "p-signatory")
        rows = (piece.code, str(signed.scan_sha256), done.code, str(kept.receipt), link)
        for name, value in zip(names, rows, strict=True):
            found[name][code] = value
    return found
