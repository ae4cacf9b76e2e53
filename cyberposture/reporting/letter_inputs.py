"""What a letter after a scan is made from."""

from dataclasses import dataclass

from cyberposture.reporting.inputs import InstitutionInputs, ScanRun


@dataclass(frozen=True, slots=True)
class LetterInputs:
    """One scan, and what is known of the institution that bears on it and on nothing else.

    `about` holds this scan alone, the findings that it opened, saw again or closed, the hosts that
    it could not judge, and the authorisations under which it ran.
    """

    about: InstitutionInputs
    scan: ScanRun
    looked_at: int
    """How many addresses it was to look at."""
    sources: tuple[str, ...] = ()
    """From which addresses it came, where that is set."""
