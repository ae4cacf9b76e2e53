"""Handing out papers of authorisations: always to be saved, never shown by the browser."""

from fastapi import Response

from cyberposture.errors import NotFound
from cyberposture.services.permission import requests, standing
from cyberposture.services.permission.requests import KIND
from cyberposture.web.surroundings import Visit

TEXTS = (KIND, "notice")
"""Papers that we wrote ourselves, as text; all others are whatever somebody sent."""


def send_paper(visit: Visit, institution: str, reference: str, kind: str, sha256: str) -> Response:
    """Return a paper of an institution's authorisation, or our letter before it is one.

    Raises:
        NotFound: there is no such paper of this institution.
    """
    if kind == KIND:
        letter = requests.get_letter(visit.register, reference, sha256)
        if letter.institution != institution:
            raise NotFound("letter", reference)
        data = requests.read_text(visit.register, letter).encode()
    else:
        data = standing.read_paper(visit.register, reference, kind, sha256, institution=institution)
    ending, media = ("txt", "text/plain; charset=utf-8") if kind in TEXTS else (
        "bin", "application/octet-stream")  # fmt: skip
    safe = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in reference)
    name = f"{safe}-{kind}-{sha256[:12]}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)
