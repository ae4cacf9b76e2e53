"""Who may do what: the one table of roles and actions, and the one question that every route asks.

What is not in the table is denied. A route names its action; where it names an institution as well,
a role that is held for another institution does not count.
"""

from collections.abc import Collection, Iterable
from typing import Final, Literal, get_args

from cyberposture.model.people import Membership, Role

Action = Literal[
    # everybody who is signed in
    "see-home",
    "keep-own-account",
    # an assessment, from the institution's side
    "see-answers",
    "answer",
    "comment",
    "see-evidence",
    "attach-evidence",
    "scope",
    "declare",
    "assign",
    "ask-the-cert",
    "take-out",
    "take-in",
    "see-summary",
    "attest",
    "submit",
    "reply-to-result",
    "plan-improvements",
    # an assessment, from the CERT's side
    "see-rounds",
    "keep-rounds",
    "see-round-report",
    "confirm-scope",
    "answer-question",
    "see-review-queue",
    "review",
    "release-result",
    "decide-appeal",
    "accept-plan",
    # people and institutions
    "see-people",
    "invite-people",
    "keep-people",
    "see-institutions",
    "keep-institutions",
    "see-shared-services",
    # what may be contacted, when, and what it showed
    "see-authorisations",
    "oversee-authorisations",
    "request-authorisation",
    "grant-authorisation",
    "withdraw-authorisation",
    "see-schedule",
    "keep-schedule",
    "see-scans",
    "run-scan",
    "ask-for-scan",
    "see-network",
    "dispute-finding",
    "accept-risk",
    "see-findings",
    "see-exposure",
    "judge-finding",
    "see-contradictions",
    "stop-own-scans",
    "stop-all-scans",
    "see-audit",
    "see-watch",
    # what management reads
    "see-institution-results",
    "export-results",
    "see-sector-results",
    "see-nation-results",
    "make-sets",
    "keep-indicators",
    # consultations
    "moderate-comments",
    # machines
    "keep-tokens",
]
Reach = Literal["own", "sector", "assigned", "all"]
"""The institution that the role is held for; the institutions of the role's sector; those whose
assessment was assigned to the person; or every institution."""

_Row = dict[Role, Reach]
_HOME: Final = ("institution-lead", "helper", "contributor")
_CERT: Final = ("cert-administrator", "cert-analyst")


def _own(*roles: Role) -> _Row:
    return dict.fromkeys(roles, "own")


def _all(*roles: Role) -> _Row:
    return dict.fromkeys(roles, "all")


_SIGNED_IN: Final = _own(*get_args(Role))

ACCESS: Final[dict[Action, _Row]] = {
    "see-home": _SIGNED_IN,
    "keep-own-account": _SIGNED_IN,
    "see-answers": {
        **_own(*_HOME, "signatory", "auditor"), "reviewer": "assigned",
        **_all("cert-administrator"),
    },
    "answer": _own(*_HOME),
    "comment": {**_own(*_HOME, "signatory"), "reviewer": "assigned"},
    "see-evidence": {**_own(*_HOME, "signatory", "auditor"), "reviewer": "assigned"},
    "attach-evidence": _own(*_HOME),
    "scope": _own("institution-lead"),
    "declare": _own("institution-lead"),
    "assign": _own("institution-lead"),
    "ask-the-cert": _own(*_HOME, "signatory"),
    "take-out": _own("institution-lead", "contributor"),
    "take-in": _own("institution-lead", "contributor"),
    "see-summary": _own("institution-lead", "signatory"),
    "attest": _own("signatory"),
    "submit": _own("institution-lead"),
    "reply-to-result": _own("institution-lead", "signatory"),
    "plan-improvements": _own("institution-lead"),
    "see-rounds": {**_all(*_CERT, "reviewer"), "sector-regulator": "sector"},
    "keep-rounds": {**_all("cert-administrator"), "sector-regulator": "sector"},
    # It names reviewers with what they did: neither they nor regulators, who see rounds, read it.
    "see-round-report": _all(*_CERT),
    "confirm-scope": _all(*_CERT),
    "answer-question": {**_all(*_CERT), "reviewer": "assigned"},
    "see-review-queue": _all("cert-administrator", "reviewer"),
    "review": {"reviewer": "assigned"},
    "release-result": _all("cert-administrator"),
    "decide-appeal": _all("cert-administrator"),
    "accept-plan": _all(*_CERT),
    "see-people": {**_own("institution-lead"), **_all("cert-administrator")},
    "invite-people": {**_own("institution-lead"), **_all("cert-administrator")},
    "keep-people": _all("cert-administrator"),
    "see-institutions": {**_all(*_CERT), "sector-regulator": "sector"},
    "keep-institutions": _all("cert-administrator"),
    "see-shared-services": {**_all(*_CERT), "reviewer": "assigned"},
    "see-authorisations": {
        **_own("institution-lead", "signatory"), **_all(*_CERT, "authorising-officer"),
    },
    "oversee-authorisations": _all(*_CERT, "authorising-officer"),
    "request-authorisation": _all("cert-analyst"),
    "grant-authorisation": _all("authorising-officer"),
    "withdraw-authorisation": {**_own("institution-lead"), **_all(*_CERT, "authorising-officer")},
    "see-schedule": _all(*_CERT),
    "keep-schedule": _all(*_CERT),
    "see-scans": _all(*_CERT),
    "run-scan": _all("cert-analyst"),
    "ask-for-scan": _own("institution-lead"),
    "see-network": _own("institution-lead", "contributor", "signatory"),
    "dispute-finding": _own("institution-lead", "contributor"),
    "accept-risk": _own("signatory"),
    "see-findings": {**_all(*_CERT), "sector-regulator": "sector"},
    "see-exposure": _all(*_CERT),
    "judge-finding": _all(*_CERT),
    "see-contradictions": {**_all(*_CERT), "reviewer": "assigned", "sector-regulator": "sector"},
    "stop-own-scans": {**_own("institution-lead", "contributor"), **_all(*_CERT)},
    "stop-all-scans": _all(*_CERT),
    "see-audit": _all("cert-administrator"),
    "see-watch": _all(*_CERT),
    "see-institution-results": {
        **_own("institution-lead", "signatory", "observer", "auditor"),
        "reviewer": "assigned", "sector-regulator": "sector", **_all(*_CERT),
    },
    # Words of answers, addresses and flaws go out of the house: only who may see all of them here.
    "export-results": {**_own("institution-lead"), **_all("cert-administrator")},
    "see-sector-results": {"sector-regulator": "sector", **_all(*_CERT, "national-observer")},
    "see-nation-results": _all(*_CERT, "national-observer"),
    # A set holds what any report may tell its audience: for whoever may see all of that here.
    "make-sets": _all(*_CERT),
    "keep-indicators": _all(*_CERT),
    "moderate-comments": _all(*_CERT),
    "keep-tokens": {**_own("institution-lead"), **_all("cert-administrator")},
}  # fmt: skip


def may(
    memberships: Iterable[Membership],
    action: Action,
    institution: str | None = None,
    *,
    sectors: Collection[str] = (),
    assigned: Collection[str] = (),
) -> bool:
    """Return whether one of the roles held now allows the action (for this institution).

    `sectors` are those of the institution, or the one that a page is about; `assigned` are the
    institutions whose assessments were given to the person to review.
    """
    reach = ACCESS[action]
    return any(
        _reaches(reach[one.role], one, institution, sectors, assigned)
        for one in memberships
        if one.role in reach
    )


def _reaches(
    reach: Reach,
    one: Membership,
    institution: str | None,
    sectors: Collection[str],
    assigned: Collection[str],
) -> bool:
    match reach:
        case "all":
            return True
        case "own":
            return institution in (None, one.institution)
        case "assigned":
            return institution is None or institution in assigned
        case "sector":
            return (institution is None and not sectors) or one.sector in sectors
