"""Writes the files that the fictional institutions hand in: declarations, answers, evidence.

They are ordinary files in the ordinary formats; the register reads them like anybody else's.
"""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cyberposture.laboratory.nation import Maturity, Scene
from cyberposture.model.controls import Control

_LEVELS: dict[Maturity, tuple[int, ...]] = {
    "strong": (2, 3, 3, 2, 3, 2, 3, 3, 1, 2),
    "fair": (1, 2, 2, 1, 3, 1, 2, 2, 0, 1),
    "weak": (0, 1, 1, 0, 2, 0, 1, 1, 0, 1),
}
"""Ten levels by maturity; a control's own number picks one, so that every run is the same."""

_REASONS = (
    "Not begun; it stands on the list of the next improvement plan.",
    "Done for the main site; branches and outside suppliers still follow.",
    "In force for the whole institution; see the section on {domain} of the security handbook.",
    "In force for the whole institution and tested by internal audit this year ({domain}).",
)


@dataclass(frozen=True)
class ClaimFiles:
    """Where one institution's files are."""

    assets: Path
    answers: Path


def _number(*words: str) -> int:
    """Return a number from 0 to 99 that depends on nothing but the words."""
    return hashlib.sha256("/".join(words).encode()).digest()[0] % 100


def _level(scene: Scene, control: Control) -> int | None:
    code = scene.institution.code
    if control.id in scene.claims:
        return scene.claims[control.id]
    if _number("answered", code, control.id) >= scene.answered_pct:
        return None
    if scene.maturity == "strong" and control.gate is not None:
        return 3
    return _LEVELS[scene.maturity][_number("level", code, control.id) % 10]


def asset_document(scene: Scene) -> dict[str, Any]:
    """Return the declaration of one institution as a plain document."""
    zones = sorted({"public", *scene.zones.values()} | ({"office"} if scene.has_plant else set()))
    assets: list[dict[str, Any]] = [{"id": zone, "kind": "zone", "title": zone} for zone in zones]
    for host in scene.hosts:
        services = [
            {"protocol": "tcp", "port": service.port}
            for service in host.services
            if service.kind in ("http", "https", "smtp", "imap", "pop3", "slow", "dns")
        ]
        assets.append(
            {
                "id": host.code,
                "kind": "host",
                "addresses": [host.address],
                "names": list(host.names),
                "zone": scene.zones.get(host.code, "public"),
                "services": services,
            }
        )
    if scene.domain is not None:
        assets.append({"id": "domain", "kind": "domain", "names": [scene.domain]})
        if scene.mail_selectors is not None:
            mail = {"id": "mail-domain", "kind": "mail-domain", "names": [scene.domain]}
            assets.append({**mail, "selectors": list(scene.mail_selectors)})
    if scene.has_plant:
        flow = {"id": "office-to-public", "kind": "flow"}
        assets.append({**flow, "flow_from": "office", "flow_to": "public"})
    for number, address in enumerate(scene.undeclared_to_us, start=1):
        assets.append(
            {
                "id": f"hosted-{number}",
                "kind": "host",
                "addresses": [address],
                "zone": "public",
                "third_party": "Invented Hosting Ltd (fictional)",
            }
        )
    return {"institution": scene.institution.code, "assets": assets}


def _evidence(scene: Scene, domain: str, title: str, folder: Path, today: date) -> dict[str, Any]:
    path = folder / "evidence" / f"{domain.lower()}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(
            f"{scene.institution.name}\nSecurity handbook, section on {title}.\n"
            "Approved by the management board. This institution is invented.\n"
        )
    dated = today - timedelta(days=30 + _number("dated", scene.institution.code, domain))
    return {
        "file": f"evidence/{path.name}",
        "title": f"Security handbook: {title}",
        "dated": dated.isoformat(),
    }


def _answers(
    scene: Scene, asked: tuple[Control, ...], titles: dict[str, str], folder: Path, today: date
) -> list[dict[str, Any]]:
    rows = []
    documented_pct = {"strong": 85, "fair": 60, "weak": 30}[scene.maturity]
    for control in asked:
        level = _level(scene, control)
        if control.evidence_mode == "N" or level is None:
            continue
        title = titles[control.domain]
        row: dict[str, Any] = {
            "control": control.id,
            "level": level,
            "reason": _REASONS[level].format(domain=title.lower()),
        }
        documented = _number("evidence", scene.institution.code, control.id) < documented_pct
        if level and (documented or (scene.maturity == "strong" and control.gate is not None)):
            row["evidence"] = [_evidence(scene, control.domain, title, folder, today)]
        rows.append(row)
    return rows


def _as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    columns = ("control", "level", "reason", "evidence_file", "evidence_title", "evidence_dated")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for row in rows:
        cells = {key: row[key] for key in ("control", "level", "reason")}
        for piece in row.get("evidence", []):
            cells |= {f"evidence_{key}": value for key, value in piece.items()}
        writer.writerow(cells)
    return out.getvalue()


def write_claims(
    scene: Scene,
    asked: tuple[Control, ...],
    titles: dict[str, str],
    folder: Path,
    today: date,
) -> ClaimFiles:
    """Write one institution's files into `folder` and return where they are.

    `asked` are the controls that apply to it, `titles` the domain titles by id. JSON is YAML, so
    the answers of those who write YAML are written as indented JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    assets = folder / "assets.yaml"
    assets.write_text(json.dumps(asset_document(scene), indent=1) + "\n")
    rows = _answers(scene, asked, titles, folder, today)
    answers = folder / f"answers.{scene.sheet}"
    if scene.sheet == "csv":
        answers.write_text(_as_csv(rows))
    else:
        sheet = {"institution": scene.institution.code, "answers": rows}
        answers.write_text(json.dumps(sheet, indent=1) + "\n")
    return ClaimFiles(assets, answers)
