"""Sends whole reports to a browser: files of their own, under a policy of their own."""

from fastapi.responses import HTMLResponse

from cyberposture.model.reports import Audience
from cyberposture.services.reports.report import find_definition, read_report
from cyberposture.services.reports.subjects import About
from cyberposture.web.surroundings import Visit


def send_report(visit: Visit, name: str, audience: Audience, about: About) -> HTMLResponse:
    """Return a report in the reader's language, if it is made in it; reading it goes on record.

    Raises:
        NotFound: what it is about is not there.
        WrongUsage: it is not made for this audience, or lacks its subject.
    """
    renderer = visit.portal.renderer
    definition = find_definition(visit.register, name)
    language = visit.words.language if visit.words.language in definition.languages else "en"
    text = read_report(visit.register, renderer, name, audience, about, language=language)
    # The file carries its own style, and allows that one alone.
    policy = f"{renderer.policy(definition)}; frame-ancestors 'none'"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})
