"""Evidence in the portal: hostile files are taken as what they are or not at all, and never run."""

import asyncio
import re
from urllib.parse import unquote

import pytest
from browser import Browser
from sqlalchemy import event
from world import CONTROL, FOREIGN, FORM_KEY, OWN, ROUND

from cyberposture.services.assessments import evidence, library
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.services.findings.standing import standing_of
from cyberposture.store import institutions, tables
from cyberposture.web.surroundings import COOKIE
from cyberposture.web.uploads import MOST_AROUND, MOST_DRAINED

LIST = f"/institutions/{OWN}/evidence"
ON_CARD = f"/institutions/{OWN}/rounds/{ROUND}/evidence/{CONTROL}"
CARD = f"/institutions/{OWN}/rounds/{ROUND}/answers/GOV"
PDF = b"%PDF-1.7 a plan"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
DATED = {"dated": "2026-01-31", "expires": "", "title": "", "keeper": ""}


@pytest.fixture(scope="module")
def portal(world):
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def lead(world):
    return {COOKIE: world.session_of(world.person_of("institution-lead"))}


def add(portal, cookies, data, name="plan.pdf", at=LIST, **fields):
    form = {"form_key": FORM_KEY, **DATED, **fields}
    return portal.ask("POST", f"{at}/upload", form=form, file=(name, data), cookies=cookies)


def newest(world):
    """Return the piece that was listed last."""
    found = library.list_library(world.register, OWN)
    return max(found, key=lambda piece: piece.record.act.at).record


def count(world):
    """Return how many pieces and files there are."""
    with world.register.reading() as connection:
        rows = [connection.execute(t.select()).all() for t in (tables.evidence, tables.blobs)]
    return tuple(len(found) for found in rows)


def test_a_file_is_listed_and_given_out_as_a_download(world, portal, lead):
    answer = add(portal, lead, PDF, "Plan 2026.pdf", expires="2030-01-01", keeper="Registrar")
    assert (answer.status, answer.headers["location"]) == (303, f"{LIST}?done=evidence-added")
    page = portal.ask("GET", LIST, cookies=lead).text
    assert "Plan 2026.pdf" in page and "Registrar" in page
    given = portal.ask("GET", f"{LIST}/{newest(world).code}/file", cookies=lead)
    assert (given.status, given.body) == (200, PDF)
    assert given.headers["content-disposition"].startswith("attachment; filename=")
    assert given.headers["content-type"] == "application/pdf"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in given.headers["content-security-policy"]
    assert given.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.html", b"<!doctype html><script>alert(document.domain)</script>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("invoice\u202efdp.html", b"<html><body onload=alert(1)>"),
        ("../../../etc/cron.d/job", b"* * * * * root true\n"),
        ("..\\..\\autorun.inf", b"[autorun]\n"),
        ("a\r\nX-Evil: 1\r\n\r\n<script>.html", b"<script>1</script>"),
        ("x" * 100_000 + ".html", b"<script>2</script>"),
        ("eicar.com", EICAR),
        ("", b"a file without a name"),
    ],
    ids=["html", "svg", "turned", "path", "other-path", "line-ends", "long", "eicar", "nameless"],
)  # fmt: skip
def test_a_hostile_file_comes_out_as_text_under_a_tame_name(world, portal, lead, name, data):
    assert add(portal, lead, data, name, title="T").status == 303
    record = newest(world)
    given = portal.ask("GET", f"{LIST}/{record.code}/file", cookies=lead)
    assert given.body == data
    assert given.headers["content-type"] == "text/plain; charset=utf-8"
    assert "x-evil" not in given.headers
    told = unquote(given.headers["content-disposition"].rpartition("''")[2])
    assert told.endswith(".txt") and len(told) <= 120
    assert not re.search(r'[/\\\r\n"<>\u202a-\u202e\u2066-\u2069]', told)
    assert re.fullmatch(r"[\x20-\x7e]+", given.headers["content-disposition"])
    for address in (LIST, f"{LIST}/{record.code}"):
        text = portal.ask("GET", address, cookies=lead).text
        assert "<script>" not in text.replace('<script type="module"', "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"MZ\x90\x00", "none of the kinds"),
        (b"PK\x03\x04 broken", "none of the kinds"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old or an encrypted"),
    ],
)
def test_what_is_refused_leaves_nothing_and_keeps_what_was_typed(world, portal, lead, data, said):
    before = count(world)
    answer = add(portal, lead, data, title="A title that was typed")
    assert answer.status == 422
    assert said in answer.text and "A title that was typed" in answer.text
    assert 'id="file-fault"' in answer.text
    on_card = add(portal, lead, data, at=ON_CARD)
    assert on_card.status == 422 and said in on_card.text
    assert count(world) == before


def test_what_is_too_large_is_refused_in_words_and_leaves_nothing(world, portal, lead):
    before = count(world)
    limit = world.runtime.settings.upload_bytes
    answer = add(portal, lead, PDF + bytes(limit))
    assert answer.status == 422 and "too large" in answer.text
    length = str(MOST_DRAINED * limit + MOST_AROUND)
    refused = portal.ask("POST", f"{LIST}/upload", cookies=lead, **{"content-length": length})
    assert refused.status == 413
    small = portal.ask("POST", LIST, cookies=lead, **{"content-length": "2000001"})
    assert small.status == 413  # only what takes a file may be large
    assert count(world) == before


def test_an_upload_that_breaks_off_leaves_nothing(world, lead):
    before = count(world)
    messages = [
        {"type": "http.request", "more_body": True, "body":
            b'--b\r\nContent-Disposition: form-data; name="form_key"\r\n\r\n'
            + FORM_KEY.encode() + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; '
            b'filename="a.pdf"\r\n\r\n%PDF-1.7 half of'},
        {"type": "http.disconnect"},
    ]  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": f"{LIST}/upload", "raw_path": b"", "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("portal.example", 80),
        "headers": [(b"content-type", b"multipart/form-data; boundary=b"),
                    (b"content-length", b"5000"),
                    (b"cookie", f"{COOKIE}={lead[COOKIE]}".encode())],
    }  # fmt: skip

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        pass

    asyncio.run(world.app(scope, receive, send))
    assert count(world) == before
    assert world.app.state.uploads_under_way == 0


def test_a_file_of_another_site_is_not_read(world, portal, lead):
    before = count(world)
    for key in ("", "wrong"):
        form = {"form_key": key, **DATED}
        answer = portal.ask("POST", f"{LIST}/upload", form=form, file=("a.pdf", PDF), cookies=lead)
        assert answer.status == 403
    assert count(world) == before


def test_a_file_on_a_card_stands_behind_the_answer_and_can_serve_another(world, portal, lead):
    answer = add(portal, lead, b"%PDF-1.7 for a card", "minutes.pdf", at=ON_CARD)
    assert (
        answer.headers["location"]
        == f"{CARD}?done=evidence-attached&at={CONTROL}#{CONTROL}-evidence"
    )
    page = portal.ask("GET", CARD, cookies=lead).text
    assert "minutes.pdf" in page
    code = newest(world).code
    other = ON_CARD.replace(CONTROL, "GOV-08")
    form = {"form_key": FORM_KEY, "piece": code}
    assert portal.ask("POST", f"{other}/attach", form=form, cookies=lead).status == 303
    serves = {use.control for use in library.get_piece(world.register, OWN, code).piece.serves}
    assert serves == {CONTROL, "GOV-08"}
    assert portal.ask("POST", f"{other}/detach", form=form, cookies=lead).status == 303
    serves = {use.control for use in library.get_piece(world.register, OWN, code).piece.serves}
    assert serves == {CONTROL}


def test_links_and_what_is_held_are_listed_and_faults_stand_beside_their_field(portal, lead):
    form = {"form_key": FORM_KEY, "kind": "link", "title": "Our policy", "dated": "2026-01-31"}
    bad = portal.ask("POST", LIST, form=form | {"place": "javascript:alert(1)"}, cookies=lead)
    assert bad.status == 422 and 'id="link-place-fault"' in bad.text
    good = portal.ask("POST", LIST, form=form | {"place": "https://policy.example/a"}, cookies=lead)
    assert good.status == 303
    held = form | {"kind": "held", "title": "Key plan", "place": "Safe in room 4"}
    bad = portal.ask("POST", LIST, form=held | {"sha256": "12"}, cookies=lead)
    assert bad.status == 422 and 'id="held-sha256-fault"' in bad.text
    good = portal.ask("POST", LIST, form=held | {"sha256": "AB" * 32}, cookies=lead)
    paper = held | {"title": "Signed book of keys", "sha256": ""}  # paper has no digest
    assert portal.ask("POST", LIST, form=paper, cookies=lead).status == 303
    assert "Signed book of keys" in portal.ask("GET", LIST, cookies=lead).text
    assert good.status == 303
    page = portal.ask("GET", LIST, cookies=lead).text
    assert "Key plan" in page and "not seen yet" in page and "for the reviewer" in page


def test_a_reviewer_says_that_it_was_seen_and_nobody_of_the_institution_can(world, portal, lead):
    said = evidence.hold(
        world.register, OWN, Description("Sealed plan", world.register.clock().date()),
        sha256="cd" * 32, place="Safe", limits=Limits(10, 1_000),
    ).record  # fmt: skip
    form = {"form_key": FORM_KEY, "reason": "compared the digest"}
    at = f"{LIST}/{said.code}/seen"
    assert portal.ask("POST", at, form=form, cookies=lead).status == 403
    reviewer = {COOKIE: world.session_of(world.person_of("reviewer"))}
    assert portal.ask("POST", at, form=form | {"reason": " "}, cookies=reviewer).status == 422
    assert portal.ask("POST", at, form=form, cookies=reviewer).status == 303
    assert library.get_piece(world.register, OWN, said.code).piece.record.seen_by == "p-reviewer"


def test_evidence_of_another_institution_is_not_there(world, portal, lead):
    theirs = evidence.add_file(
        world.register, FOREIGN, NewFile(b"%PDF-1.7 theirs", "t.pdf"),
        Description("Theirs", world.register.clock().date()), limits=Limits(1_000, 1_000),
    ).record.code  # fmt: skip
    for address in (f"{LIST}/{theirs}", f"{LIST}/{theirs}/file"):
        assert portal.ask("GET", address, cookies=lead).status == 404
    elsewhere = LIST.replace(OWN, FOREIGN)
    for address in (elsewhere, f"{elsewhere}/{theirs}/file"):
        assert portal.ask("GET", address, cookies=lead).status == 403
    form = {"form_key": FORM_KEY, "piece": theirs}
    assert portal.ask("POST", f"{ON_CARD}/attach", form=form, cookies=lead).status == 404


def test_each_file_that_is_read_is_on_record(world, portal, lead):
    add(portal, lead, b"%PDF-1.7 read me", "r.pdf")
    code = newest(world).code
    for _ in range(3):
        portal.ask("GET", f"{LIST}/{code}/file", cookies=lead)
    with world.register.reading() as connection:
        rows = connection.execute(tables.audit_entries.select()).mappings()
        read = [row for row in rows if row["kind"] == "evidence-read" and row["subject"] == code]
    assert [row["actor"] for row in read] == ["p-institution-lead"] * 3


def test_the_list_asks_as_many_questions_however_much_there_is(world, portal, lead):
    asked, counts = [], []
    add(portal, lead, b"%PDF-1.7 first", "first.pdf", at=ON_CARD)

    def note(*given):
        if given[2].startswith("SELECT"):
            asked.append(given[2])

    event.listen(world.register.database._engine, "before_cursor_execute", note)
    for number in range(2):
        asked.clear()
        portal.ask("GET", LIST, cookies=lead)
        portal.ask("GET", CARD, cookies=lead)
        counts.append(len(asked))
        for n in range(8):
            add(portal, lead, f"%PDF-1.7 {number} {n}".encode(), f"{n}.pdf", at=ON_CARD)
    event.remove(world.register.database._engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


def test_the_pages_stand_in_urdu_too(portal, lead):
    cookies = lead | {"language": "ur"}
    for address in (LIST, CARD):
        text = portal.ask("GET", address, cookies=cookies).text
        assert '<html lang="ur" dir="rtl">' in text and "ثبوت" in text


def test_what_the_network_shows_well_is_listed_and_what_speaks_against_it_is_not(
    world, portal, lead
):
    register = world.register
    now = register.clock()
    clocks = register.content.catalogue.clocks((), now.date())
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, OWN)
        known = standing_of(register, connection, owner, now, None, clocks=clocks)
    tallies = {check: one.tally for check, one in known.items()}
    well = next(c for c, one in tallies.items() if one.passed and not one.fail + one.fresh)
    wrong = next(c for c, one in tallies.items() if one.fail + one.fresh)
    form = {"form_key": FORM_KEY, "kind": "observation"}

    def send(check, language="en"):
        cookies = lead | {"language": language}
        return portal.ask("POST", LIST, form=form | {"place": check}, cookies=cookies)

    refused = send(wrong)
    assert refused.status == 422 and f"the network speaks against {wrong}" in refused.text
    assert "the network speaks" not in send(wrong, "ur").text
    assert "only what was seen to be well can serve" in send("no.such-check").text
    assert send(well).status == 303
    record = newest(world)
    assert (record.kind, record.place) == ("observation", well)
    assert f'<option value="{well}">' in portal.ask("GET", LIST, cookies=lead).text
