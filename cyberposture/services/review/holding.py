"""Has what concerns one assessment happen one after the other, from several machines too."""

from sqlalchemy import Connection

from cyberposture.services.assessments.assess import find_parts
from cyberposture.store.assessments import lock_assessment


def hold(connection: Connection, institution: str, round_code: str) -> None:
    """Hold an assessment until the change ends; asked before anything of it is read.

    Otherwise two reviewers who speak in the same moment would each not see the other, and what they
    agree on would be settled by neither.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    lock_assessment(connection, find_parts(connection, institution, round_code)[1].id)
