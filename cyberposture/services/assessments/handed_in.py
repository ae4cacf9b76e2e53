"""Whether an institution has let go of its answers: until then nobody but itself reads them."""

from typing import Final

from cyberposture.model.life import AssessmentState
from cyberposture.services.register import Register
from cyberposture.store import assessments, institutions, rounds

BEFORE: Final[frozenset[AssessmentState]] = frozenset({"planned", "scoping", "answering"})


def is_handed_in(register: Register, institution: str, round_code: str) -> bool:
    """Return whether the answers of an assessment were handed in; False where there is none."""
    with register.reading() as connection:
        institution_id = institutions.find_institution_id(connection, institution)
        campaign = rounds.find_round(connection, round_code)
        if institution_id is None or campaign is None:
            return False
        found = assessments.find_assessment(connection, institution_id, campaign.id)
    return found is not None and found.state not in BEFORE
