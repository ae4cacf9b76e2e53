"""The demonstration's start page: links, the most important sentences, and how to look on."""

from pathlib import Path

from cyberposture.errors import NotFound
from cyberposture.model.scores import ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.reporting.index import render_index
from cyberposture.reporting.render import Renderer
from cyberposture.runtime import Runtime
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.explain import people
from cyberposture.services import contradictions, finding_views, institutions, scan_views, score
from cyberposture.services.report import write_text
from cyberposture.services.report_inputs import content_of, head_of


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
    gap = max(
        results.items(),
        key=lambda pair: (
            (pair[1].institution.declared or 0) - (pair[1].institution.claims_verified or 0)
        ),
    )
    whole = gap[1].institution
    standing = [c for c in contradictions.list_contradictions(register) if c.state == "open"]
    claims = {(c.institution_id, c.control) for c in standing}
    found = finding_views.list_findings(register)
    closed = sum(f.state == "closed" for f in found)
    unknown = [names[code] for code, r in results.items() if r.institution.band is None]
    slow = {
        names[view.institution]
        for view in scan_views.list_scans(register)
        if (view.record.summary or {}).get("verdicts", {}).get("inconclusive")
    }
    sentences = [
        f"The network contradicts {len(claims)} claims; {names[gap[0]]} declares "
        f"{people(whole.declared)} and {people(whole.claims_verified)} of it is borne out.",
        f"{closed} of {len(found)} findings were repaired between the two rounds, and the second "
        f"scan, started by its schedule, saw it.",
        "What was not tested is not called clean: "
        + (f"the gate refused {refusals[0].split(':')[0]}, " if refusals else "")
        + (f"hosts at {len(slow)} institutions gave no usable answer" if slow else "")
        + (f", and {len(unknown)} institution(s) get no band." if unknown else "."),
    ]
    return sentences


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
    entries = [given.SetEntry("reports/nation.html", "The nation", "nation")]
    refused = {text.split(":")[0] for text in refusals}
    for record in records:
        one = record.institution
        entries.append(
            given.SetEntry(
                href=f"reports/{one.code}.html",
                title=one.name,
                subject="institution",
                sector=one.sectors[0],
                result=results.get(one.code),
                note="the gate refused every contact" if one.code in refused else "",
            )
        )
    with register.reading() as connection:
        head = head_of(connection, None)
    workspace = runtime.settings.workspace
    first = f"cyberposture --workspace {workspace}"
    page = render_index(
        Renderer(runtime.folders.reports),
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
