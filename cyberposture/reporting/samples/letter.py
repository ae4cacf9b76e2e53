"""Made-up letters after a scan, for the check of reports and for tests."""

from dataclasses import replace

from cyberposture.reporting.inputs import InstitutionInputs
from cyberposture.reporting.letter_inputs import LetterInputs
from cyberposture.reporting.samples.institution import a_scan


def a_letter(about: InstitutionInputs, *sources: str) -> LetterInputs:
    """Return the letter after the first scan of an institution; after one of nothing, if none."""
    scan = about.scans[0] if about.scans else a_scan()
    looked_at = {one.address for one in about.findings} | {one.address for one in about.unjudged}
    return LetterInputs(replace(about, scans=(scan,)), scan, len(looked_at), sources)
