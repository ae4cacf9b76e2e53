"""The demonstration's start page: links, the most important sentences, and how to look on."""

from pathlib import Path

from cyberposture.errors import NotFound
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.reporting.index import render_index
from cyberposture.reporting.render import Renderer
from cyberposture.runtime import Runtime
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.explain import people
from cyberposture.services.findings import views as finding_views
from cyberposture.services.institutions import entries as institutions
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.services.reports.report import find_definition, write_text
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scores import contradictions, score


def _result(runtime: Runtime, code: str, round_code: str) -> ScoreResult | None:
    try:
        record = score.find_current(runtime.register, code, round_code)
    except NotFound:
        return None
    return ScoreResult.model_validate(record.result)


def _sentences(runtime: Runtime, results: dict[str, ScoreResult], refusals: list[str]) -> list[str]:
    register = runtime.register
    names = {
        r.institution.code: r.institution.name for r in institutions.list_institutions(register)
    }
    standing = contradictions.list_contradictions(register)
    claims = {(c.institution, c.record.control) for c in standing if c.record.state == "open"}
    most = max(results, key=lambda code: len(results[code].institution.contradictions))
    whole = results[most].institution
    found = finding_views.list_findings(register)
    closed = sum(f.state == "closed" for f in found)
    unknown = [names[code] for code, r in results.items() if r.institution.band is None]
    slow = {
        names[view.institution]
        for view in scan_views.list_scans(register)
        if (view.record.summary or {}).get("verdicts", {}).get("inconclusive")
    }
    sentences = [
        f"The network contradicts {len(claims)} claims, {len(whole.contradictions)} of them at "
        f"{names[most]}: it declares {people(whole.declared)}, and "
        f"{people(whole.claims_verified)} is borne out.",
        f"{closed} of {len(found)} findings were repaired between the two rounds, and the second "
        f"scan, started by its schedule, saw it.",
        "What was not tested is not called clean: " + _untested(refusals, slow, unknown),
    ]
    return sentences


def _untested(refusals: list[str], slow: set[str], unknown: list[str]) -> str:
    parts = []
    if refusals:
        parts.append(f"the gate refused every contact with {len(refusals)} institution")
    if slow:
        parts.append(f"at {len(slow)} institutions something gave no usable answer")
    if unknown:
        parts.append(f"{' and '.join(unknown)} gets no band because not enough is known")
    return "; ".join(parts) + "."


def _entries(
    reports: Path, registered: list[Institution], results: dict[str, ScoreResult], refused: set[str]
) -> list[given.SetEntry]:
    found = [
        given.SetEntry("reports/cert/index.html", "The set of the CERT", "set"),
        given.SetEntry("reports/cert/nation.en.html", "The nation", "nation"),
        given.SetEntry("reports/minister/index.html", "The set of the minister", "set"),
        given.SetEntry("reports/public/index.html", "The set of the public", "set"),
    ]
    for one in registered:
        folder = f"board-{one.code}"
        if (reports / folder).is_dir():
            entry = given.SetEntry(
                f"reports/{folder}/index.html", f"The set of the board of {one.name}", "set"
            )
            found.append(entry)
    for one in registered:
        found.append(
            given.SetEntry(
                href=f"reports/cert/institutions/{one.code}.en.html",
                title=one.name,
                subject="institution",
                sector=one.sectors[0],
                result=results.get(one.code),
                note="the gate refused every contact" if one.code in refused else "",
            )
        )
    return found


def write_index(runtime: Runtime, out: Path, round_code: str, refusals: list[str]) -> list[str]:
    """Write `index.html` into `out` and return the most important sentences."""
    register = runtime.register
    records = institutions.list_institutions(register)
    results = {
        r.institution.code: found
        for r in records
        if (found := _result(runtime, r.institution.code, round_code)) is not None
    }
    sentences = _sentences(runtime, results, refusals)
    refused = {text.split(":")[0] for text in refusals}
    entries = _entries(out / "reports", [r.institution for r in records], results, refused)
    with register.reading() as connection:
        head = head_of(connection, None)
    workspace = runtime.settings.workspace
    first = f"cyberposture --workspace {workspace}"
    page = render_index(
        Renderer(runtime.folders.reports, runtime.register.body),
        find_definition(register, "nation"),
        "cert",
        given.SetInputs(
            content=content_of(register),
            title="Demonstration on the loopback laboratory",
            as_of=register.clock(),
            zone="Asia/Karachi",
            entries=tuple(entries),
            parameters=parameters_of(register.content.catalogue),
            audit_head=head,
            sentences=tuple(sentences),
            commands=(
                (f"{first} score explain IAM-09 --institution indus-valley-power",
                 "why a number is what it is, down to the raw file"),
                (f"{first} audit list --kind gate", "every decision of the gate"),
                (f"{first} audit verify", "that nobody changed the record"),
                (f"{first} score recompute --verify", "that every score comes out again"),
                (f"{first} scan who 127.40.1.4", "is it us?"),
            ),
        ),
    )  # fmt: skip
    write_text(out / "index.html", page)
    return sentences
