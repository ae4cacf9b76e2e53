"""A bundle of evidence is verified by a stranger, holds nobody else, and betrays every forgery."""

import hashlib
import json
import py_compile
import subprocess
import sys
import zipfile
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import rfc8785
import sqlalchemy as sa
from contacts_on_record import run_contact
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.cli.contact_note import contact_note
from cyberposture.cli.notes import control_note, whole_note
from cyberposture.errors import Corrupt, NotAuthorised, NotFound, WrongState, WrongUsage
from cyberposture.model.assessments import Review
from cyberposture.model.gate import Window
from cyberposture.reporting.render import Renderer
from cyberposture.scoring.door import compute_lines
from cyberposture.services.assessments import assess
from cyberposture.services.proof import audit, provenance
from cyberposture.services.proof.bundle.making import Bundle, make_bundle, write_bundle
from cyberposture.services.proof.bundle.matter import Subject
from cyberposture.services.proof.bundle.packing import WHAT
from cyberposture.services.proof.bundle.seen import split_port
from cyberposture.services.scans import taking_in
from cyberposture.services.schedule import calendar
from cyberposture.services.scores import explain, score
from cyberposture.store import tables as t
from cyberposture.store.seals import seal

pytestmark = pytest.mark.slow

HOST, SECOND, OTHER = "127.72.0.1", "127.72.0.2", "127.73.0.1"
EXCLUDED, DENIED = "127.73.0.9", "127.74.0.0"
TELNET = {"rest": "closed", "services": {"23": "telnet"}}
REASON, BOAST = "our own words on access", "the secret of the dale"
SECRETS = ("dale", "127.73.", "127.74.", BOAST, "d-lead", "r-looked", "Porter of Dale")
Files = dict[str, bytes]
FOREIGN_HOST = """<host starttime="{time}" endtime="{time}"><status state="up" reason="user-set"/>
<address addr="{address}" addrtype="ipv4"/><ports><extraports state="closed" count="2"/>
<port protocol="tcp" portid="23"><state state="open" reason="syn-ack"/>
<service name="telnet" method="probed" conf="10"/></port></ports></host>
"""
FOREIGN = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="{command}" start="{time}" version="7.94">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
{hosts}<runstats><finished time="{time}" exit="success"/></runstats></nmaprun>
"""


@pytest.fixture
def world(office):
    """An office in which two institutions answered, were looked at and were scored."""
    boss = acting(office, "c-boss", "cert-administrator")
    admin = boss.register
    calendar.add_denial(admin, f"{DENIED}/16", reason="the air traffic of the dale")
    office.open_round("autumn")
    for code, lead, hosts in (
        ("hill-office", "h-lead", (HOST, SECOND)), ("dale-office", "d-lead", (OTHER,)),
    ):  # fmt: skip
        office.institution(code, contacts=[f"Porter of {code.title()}"])
        office.declare(code, *hosts)
        leads = acting(office, lead, "institution-lead", institution=code)
        said = REASON if code == "hill-office" else BOAST
        leads.answer(code, "autumn", IAM_09=3, GOV_01={"level": 2, "reason": said})
    calendar.add_window(
        admin, "hill-office",
        Window(weekdays=(0, 1, 2, 3, 4, 5, 6), start="06:00", length_s=14 * 3600,
               zone="Asia/Karachi"),
    )  # fmt: skip
    office.authorise("dale-office", f"{OTHER}/32", id="D-1", exclusions=[f"{EXCLUDED}/32"])
    office.authorise("hill-office", f"{HOST}/32", f"{SECOND}/32", id="H-1")
    run_contact(office, "dale-office", OTHER, letter="D-1", **TELNET)
    run_contact(office, "hill-office", HOST, letter="H-1", **TELNET)
    looked = acting(office, "r-looked", "reviewer").register
    found = Review(control="GOV-01", level=1, grade="E2", reason="One page was missing.")
    assess.review(looked, "hill-office", "autumn", found)
    office.clock.forward(days=30)
    score.finalise(admin, "hill-office", "autumn")
    return boss


def acting(office, person: str, role: Any, **options: Any) -> Any:
    """Return the same office as somebody works in it, who is invited if need be."""
    office.invite(person, role, **options)
    theirs = copy(office)
    theirs.register = replace(office.register, actor=person)
    return theirs


def make(office, kind: str, name: str, **more: Any) -> Bundle:
    return make_bundle(office.register, office.reports, office.heads, Subject(kind, name, **more))


def of_score(office) -> Bundle:
    return make(office, "score", "hill-office/autumn")


def unpacked(made: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(made.data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def key_of(office) -> str:
    return str(office.register.audit.key)


def verified(folder: Path, files: dict[str, bytes], *arguments: str) -> tuple[int, list[str]]:
    """Return exit code and lines of the bundle's own program, run where nothing of ours is."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *arguments],
        check=False, capture_output=True, cwd=folder, env={}, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""
    return done.returncode, done.stdout.decode().splitlines()


def failures(lines: list[str]) -> list[str]:
    return [line.removeprefix("FAILED  ") for line in lines if line.startswith("FAILED")]


def test_each_kind_of_bundle_is_verified_by_a_stranger(world, tmp_path):
    (finding, *_) = [one.code for one in world.findings("cleartext.no-telnet-or-r-login")
                     if one.address == HOST]  # fmt: skip
    asked = [("score", "hill-office/autumn"), ("finding", finding), ("contact", HOST),
             ("contact", f"{HOST}:23")]  # fmt: skip
    for number, (kind, name) in enumerate(asked):
        made = make(world, kind, name)
        code, lines = verified(tmp_path / str(number), unpacked(made), "--key", key_of(world))
        assert (code, failures(lines)) == (0, []), kind
        assert lines[-1].endswith("all of it holds")
        told = "\n".join(lines)
        assert "letter H-1: signed by Head of the office" in told
        assert f"allowed right before by H-1: {HOST}" in told
        assert "it is the register's key that you gave" in told
    assert verified(tmp_path / "0", {})[0] == 0, "without the key it says so, and holds"


def test_the_score_in_a_bundle_is_the_one_that_was_kept(world, tmp_path):
    kept = score.list_scores(world.register, institution="hill-office")[-1].record
    by_id = make(world, "score", str(kept.summary.id))
    assert by_id.data == of_score(world).data
    files = unpacked(by_id)
    assert json.loads(files["score/document.json"]) == kept.document
    answers = {one["control"]: one for one in json.loads(files["score/answers.json"])}
    assert answers["GOV-01"]["reason"] == REASON
    assert answers["GOV-01"]["review"]["level"] == 1
    (step,) = [one for one in json.loads(files["observations.json"]) if one["verdict"] == "fail"
               and one["check"] == "cleartext.no-telnet-or-r-login"]  # fmt: skip
    assert (step["address"], step["authorisation"]) == (HOST, "H-1")
    assert f"raw/{step['artefact_sha256']}.json" in files
    assert {"zones/Asia/Karachi", "letters/1/letter.txt"} <= set(files)


def test_the_same_subject_gives_the_same_bytes(world):
    once = of_score(world)
    world.clock.forward(days=3)
    assert of_score(world).data == once.data


def test_a_bundle_holds_no_word_of_anybody_else(world):
    (finding, *_) = [one.code for one in world.findings("cleartext.no-telnet-or-r-login")
                     if one.address == HOST]  # fmt: skip
    for kind, name in (("score", "hill-office/autumn"), ("finding", finding), ("contact", HOST)):
        for file, data in unpacked(make(world, kind, name)).items():
            text = data.decode("utf-8", "replace").lower()
            if file.startswith(("edition/", "verifier/", "verify.py")):
                continue  # what everybody may read
            assert [one for one in SECRETS if one.lower() in text] == [], (kind, file)
            assert "h-lead" not in text, "who answered is nobody's business"


def test_ranges_of_others_in_entries_of_old_are_left_out_and_said(world, monkeypatch, tmp_path):
    whole = "cyberposture.services.permission.ground._touching"
    monkeypatch.setattr(whole, lambda cidrs, _targets: cidrs)
    run_contact(world, "hill-office", SECOND, letter="H-1", **TELNET)
    files = unpacked(make(world, "contact", SECOND))
    for name, data in files.items():
        assert b"127.73." not in data and b"127.74." not in data, name
    code, lines = verified(tmp_path / "bundle", files, "--key", key_of(world))
    assert (code, failures(lines)) == (0, [])
    assert any("1 without addresses of others" in line for line in lines)


@pytest.mark.parametrize(
    ("command", "held_back"), [("nmap -sT", False), (f"nmap -sT {SECOND} {OTHER}", True)]
)
def test_a_file_of_others_goes_along_without_their_hosts_or_not_at_all(
    world, tmp_path, command, held_back
):
    when = int(world.clock().timestamp()) - 60
    hosts = "".join(FOREIGN_HOST.format(address=one, time=when) for one in (SECOND, OTHER))
    path = world.write("foreign.xml", FOREIGN.format(command=command, hosts=hosts, time=when))
    taking_in.import_scan(world.register, path, "hill-office", "H-1")
    (finding,) = [one for one in world.findings("cleartext.no-telnet-or-r-login")
                  if one.address == SECOND]  # fmt: skip
    files = unpacked(make(world, "finding", finding.code))
    assert [name for name, data in files.items() if OTHER.encode() in data] == []
    assert [n for n in files if n.startswith("raw/")] == ([] if held_back else [
        f"raw/{one['sha256']}.xml" for one in json.loads(files["raw.json"])
    ])  # fmt: skip
    code, lines = verified(tmp_path / "bundle", files, "--key", key_of(world))
    assert (code, failures(lines)) == (0, [])
    assert any("they cannot be cut out of it" in line for line in lines) == held_back


def test_only_the_administrator_and_the_auditor_of_the_institution_may(world):
    others = (
        ("a-other", "cert-analyst", None), ("x-auditor", "auditor", "dale-office"),
        ("h-lead", "institution-lead", "hill-office"),
    )  # fmt: skip
    for person, role, of in others:
        with pytest.raises(NotAuthorised, match="wrong-role"):
            of_score(acting(world, person, role, institution=of))
    auditor = acting(world, "h-auditor", "auditor", institution="hill-office")
    with world.adds("bundle-made"):
        of_score(auditor)
    auditor.register = replace(world.register, actor="nobody")
    with pytest.raises(NotFound):
        of_score(auditor)


def test_it_is_on_record_with_its_digest_and_never_overwrites(world, tmp_path):
    out = tmp_path / "bundle.zip"
    subject = Subject("contact", HOST)
    made = write_bundle(world.register, world.reports, world.heads, subject, out)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == made.sha256
    with pytest.raises(WrongState):
        write_bundle(world.register, world.reports, world.heads, subject, out)
    (entry,) = audit.read_entries(world.register, kind="bundle-made", institution="hill-office")
    assert entry.act.actor == "c-boss"
    assert entry.data["sha256"] == made.sha256


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("score", "hill-office/winter", NotFound),
        ("score", "no-id", NotFound),
        ("finding", "f-none", NotFound),
        ("contact", "127.72.0.77", NotFound),
        ("contact", f"{HOST}:7", NotFound),
        ("contact", f"{HOST}:99999", WrongUsage),
    ],
)
def test_what_is_not_there_is_said(world, kind, name, error):
    with pytest.raises(error):
        make(world, kind, name)


def test_a_finding_is_shown_as_it_was_known_at_a_moment(world):
    (finding,) = [one for one in world.findings("cleartext.no-telnet-or-r-login")
                  if one.address == HOST]  # fmt: skip
    run_contact(world, "hill-office", HOST, letter="H-1", **TELNET)
    now = json.loads(unpacked(make(world, "finding", finding.code))["finding.json"])
    then = finding.first_seen + timedelta(hours=1)
    before = json.loads(unpacked(make(world, "finding", finding.code, at=then))["finding.json"])
    assert (len(now["judgements"]), len(before["judgements"])) == (2, 1)
    with pytest.raises(NotFound):
        make(world, "finding", finding.code, at=finding.first_seen - timedelta(days=1))
    with pytest.raises(WrongUsage):
        make(world, "score", "hill-office/autumn", at=then)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:22", ("192.0.2.1", 22)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[2001:db8::1]:22", ("2001:db8::1", 22)),
    ],
)
def test_address_and_port_are_told_apart(text, split):
    assert split_port(text) == split


def test_who_allowed_a_contact_is_one_sentence_with_names_and_no_programmers_words(world):
    traced = provenance.trace_contact(world.register, HOST, port=23)
    note = contact_note(provenance.document(traced), f"{HOST}:23")
    sentence, _, facts = note.partition("\n\n")
    said = (HOST, "UTC", "Head of the office, head, had allowed it in the letter H-1 of",
            "Hill-Office", "a-analyst (A-Analyst) had received",
            "o-officer (O-Officer)")  # fmt: skip
    assert [part for part in said if part not in sentence] == []
    assert f"{HOST}/32, all ports; reserved addresses expressly too" in facts
    assert "ports 21, 22, 23, 80; load 3: light probing" in facts
    assert "never withdrawn" in facts
    assert f"audit bundle --contact {HOST}:23" in facts
    assert [sign for sign in ("{'", "None", "datetime") if sign in note] == []
    assert provenance.trace_contact(world.register, HOST, port=24) is None


def test_why_a_score_is_what_it_is_names_the_kept_score_and_how_to_prove_it(world):
    kept = score.list_scores(world.register, institution="hill-office")[-1].record.summary.id
    words = Renderer(world.reports).shared_words()
    note = explain.explain_one(world.register, "hill-office", "IAM-10", "autumn")
    told = control_note(note, words)
    assert f"the score of autumn, kept as {kept}" in told
    assert f"audit bundle --score {kept}" in told
    assert "allowed by H-1" in told
    whole = whole_note(*explain.explain_all(world.register, "hill-office", "autumn"), words)
    assert f"audit bundle --score {kept}" in whole
    live = whole_note(*explain.explain_all(world.register, "hill-office", None), words)
    assert "computed just now, and not kept" in live
    assert "audit bundle" not in live


# Forgeries. Each is sealed anew, with the register's own key: whoever holds even that is found out.


def resealed(files: dict[str, bytes], signer: Ed25519PrivateKey) -> dict[str, bytes]:
    manifest = json.loads(files["manifest.json"])
    seals = ("manifest.json", "manifest.seal.json")
    manifest["files"] = {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name not in seals
    }
    manifest["key"] = signer.public_key().public_bytes_raw().hex()
    under = seal(signer, WHAT, manifest).model_dump(mode="json")
    return files | {"manifest.json": dump(manifest), "manifest.seal.json": dump(under)}


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def edited(files: Files, beginning: str, change: Callable[[Any], None]) -> Files:
    name = next(name for name in sorted(files) if name.startswith(beginning))
    document = json.loads(files[name])
    change(document)
    return files | {name: dump(document)}


def changed_answer(files):
    def change(answers):
        next(one for one in answers if one["control"] == "GOV-01")["level"] = 3

    return edited(files, "score/answers.json", change)


def changed_document(files):
    """A better answer, with the score that follows from it."""

    def better(document):
        next(one for one in document["answers"] if one["control"] == "GOV-01")["review"] = None

    files = edited(files, "score/document.json", better)
    (line,) = compute_lines([files["score/document.json"].decode()])
    return files | {"score/result.json": line.encode()}


def one_point_more(files):
    def change(result):
        result["institution"]["verified"] += 1

    return edited(files, "score/result.json", change)


def longer_result(files):
    def change(result):
        result["controls"].append(dict(result["controls"][0], id="ZZZ-99"))

    return edited(files, "score/result.json", change)


def fewer_answers(files):
    def change(answers):
        answers[:] = [one for one in answers if one["control"] != "GOV-01"]

    return edited(files, "score/answers.json", change)


def changed_raw_file(files):
    name = next(name for name in files if name.startswith("raw/"))
    return files | {name: files[name].replace(b"tls-handshake", b"tls-handshakE")}


def chain_of(files) -> str:
    return next(n for n in sorted(files) if n.startswith("chains/") and "system" not in n)


def removed_entry(files):
    def change(chain):
        place = next(i for i, p in enumerate(chain["pieces"]) if "entry" in p
                     and p["entry"]["kind"] == "authorisation-granted")  # fmt: skip
        del chain["pieces"][place]

    return edited(files, chain_of(files), change)


def reordered_entries(files):
    def change(chain):
        shown = [i for i, p in enumerate(chain["pieces"]) if "entry" in p]
        first, second = shown[-2:]
        pieces = chain["pieces"]
        pieces[first], pieces[second] = pieces[second], pieces[first]

    return edited(files, chain_of(files), change)


def changed_entry(files):
    def change(chain):
        run = [p["entry"] for p in chain["pieces"] if "entry" in p
               and p["entry"]["kind"] == "chunk-run"]  # fmt: skip
        run[0]["actor"] = "somebody-else"

    return edited(files, chain_of(files), change)


def invented_entry(files):
    """A changed entry with a digest that fits it, and everything after it linked anew."""

    def change(chain):
        last = None
        for piece in chain["pieces"]:
            if "entry" not in piece:
                continue
            entry = piece["entry"]
            if entry["kind"] == "chunk-run":
                entry["data"]["outcome"] = "nothing was sent"
            if last is not None and entry["seq"] == last["seq"] + 1:
                entry["previous"] = last["digest"]
            plain = {k: v for k, v in entry.items() if k != "digest"}
            entry["digest"] = hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
            last = entry

    return edited(files, chain_of(files), change)


def widened_letter(files):
    def change(letter):
        letter["terms"]["scope"][0]["cidr"] = "127.72.0.0/16"

    return edited(files, "letters/1/terms.json", change)


def other_letter(files):
    return files | {"letters/1/letter.txt": b"We allow everything."}


def one_signatory(files):
    def change(letter):
        letter["grants"][0]["person"] = letter["receipt"]["person"]

    return edited(files, "letters/1/terms.json", change)


def other_weights(files):
    def change(document):
        document["controls"][0]["weight"] += 1

    return edited(files, "score/document.json", change)


FORGERIES: list[tuple[Callable[[Any], Any], str]] = [
    (changed_answer, "answers: GOV-01 is not the answer that was scored"),
    (changed_document, "score: it is not the document that the log knows"),
    (one_point_more, "score: verified of the whole is "),
    (longer_result, "score: the result in the bundle holds more than the rules give"),
    (fewer_answers, "answers: GOV-01 was scored, and its answer is not here"),
    (changed_raw_file, "its bytes are not those that were kept"),
    (removed_entry, "are missing"),
    (reordered_entries, "out of its place"),
    (changed_entry, "its content is not what was written"),
    (invented_entry, "the signature beside it is of another entry"),
    (widened_letter, "the receipt is of other terms"),
    (other_letter, "is not the one that was received"),
    (one_signatory, "no second person granted it"),
    (other_weights, "edition: other weights than the catalogue's"),
]


def test_each_forgery_is_found_and_named(world, tmp_path):
    files = unpacked(of_score(world))
    key = key_of(world)
    for forge, named in FORGERIES:
        folder = tmp_path / forge.__name__
        forged = forge(files)
        assert forged != files
        code, lines = verified(folder, resealed(forged, world.signer), "--key", key)
        assert code == 1, forge.__name__
        assert any(named in line for line in failures(lines)), (forge.__name__, lines)


def test_what_is_not_sealed_anew_is_found_at_once(world, tmp_path):
    files = unpacked(make(world, "contact", HOST))
    raw = next(name for name in files if name.startswith("raw/"))
    for number, (forged, named) in enumerate(
        (
            (changed_raw_file(files), f"manifest: {raw} is not the file that was sealed"),
            ({n: d for n, d in files.items() if n != raw}, f"manifest: {raw} is missing"),
            (files | {"more.txt": b"x"}, "manifest: more.txt was added"),
            (files | {"manifest.json": b"{"}, "manifest: cannot be read"),
        )
    ):
        code, lines = verified(tmp_path / str(number), forged)
        assert code == 1
        assert any(named in line for line in failures(lines)), lines


def test_nothing_is_run_but_the_text_that_one_reads(world, tmp_path):
    files = unpacked(of_score(world))
    lie = tmp_path / "lie.py"
    lie.write_text("def main(*_):\n    print('all is well')\n    return 0\n")
    compiled = tmp_path / "lie.pyc"
    py_compile.compile(
        str(lie), str(compiled), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    tag = sys.implementation.cache_tag
    for number, name in enumerate((
        f"verifier/__pycache__/running.{tag}.pyc",
        "verifier/running.pyc",
        "verifier/running/__init__.py",
    )):  # fmt: skip
        planted = lie.read_bytes() if name.endswith(".py") else compiled.read_bytes()
        code, lines = verified(tmp_path / str(number), files | {name: planted})
        assert code == 1 and "all is well" not in lines
        assert any("verifier/" in line for line in failures(lines)), lines


def test_a_bundle_under_another_key_is_found(world, tmp_path):
    files = unpacked(of_score(world))
    forged = resealed(one_point_more(files), Ed25519PrivateKey.generate())
    code, lines = verified(tmp_path / "key", forged, "--key", key_of(world))
    assert code == 1
    found = failures(lines)
    assert "key: the bundle is sealed with another key than the one that you gave" in found
    assert any("signed with another key than the register's" in line for line in found)
    assert verified(tmp_path / "key", {})[0] == 1, "its log is still the register's"


def test_a_contact_outside_of_the_letter_is_found(world, tmp_path):
    run_contact(world, "hill-office", HOST, letter="H-1", also=("127.72.0.200",), **TELNET)
    files = unpacked(make(world, "contact", HOST))
    code, lines = verified(tmp_path / "bundle", files, "--key", key_of(world))
    assert code == 1
    found = failures(lines)
    assert any("127.72.0.200: nobody asked the gate for it" in line for line in found)
    assert any("127.72.0.200 lies outside of what the letter allows" in line for line in found)


def test_no_bundle_is_made_of_a_log_that_was_changed(world):
    e = t.audit_entries
    with world.register.database.transaction() as connection:
        change = sa.update(e).where(e.c.kind == "chunk-run").values(actor="somebody-else")
        connection.execute(sa.text("DROP TRIGGER IF EXISTS audit_entries_no_update"))
        connection.execute(change)
    with pytest.raises(Corrupt, match="not what was written"):
        make(world, "contact", HOST)
    with world.register.database.transaction() as connection:
        back = sa.update(e).where(e.c.kind == "chunk-run").values(actor="amna-khan")
        connection.execute(back)
