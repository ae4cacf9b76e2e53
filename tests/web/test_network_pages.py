"""The network in the portal: journeys of both sides, hostile text, what is not yours, and cost."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO

import network_rows
import pytest
import sqlalchemy as sa
from html_page import english_in
from starlette.testclient import TestClient
from world import FOREIGN, FORM_KEY, OWN, World, settle

from cyberposture.clock import utc_now
from cyberposture.content.translations import in_language
from cyberposture.model.examples import ExampleFacts
from cyberposture.scanning.judging.examples import compile_facts
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.findings import listing
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.findings.listing import Asked
from cyberposture.services.permission import halting, standing
from cyberposture.services.scans import asking
from cyberposture.services.scores import contradicted
from cyberposture.store import institutions, people, scans, tables
from cyberposture.store.facts import insert_facts
from cyberposture.web.app import make_app
from cyberposture.web.network.plainness import plainly
from cyberposture.web.surroundings import COOKIE

TELNET = "cleartext.no-telnet-or-r-login"
BAD = '<script>alert("x")</script>\u202emoc.elpmaxe\u202c' + "A" * 10_000
SIGNERS = ("cert-analyst", "cert-administrator", "authorising-officer", "signatory",
           "institution-lead")  # fmt: skip
HOME = f"/institutions/{OWN}/network"


class Office:
    """A portal with people of every role, each with a key, and short ways to use it."""

    def __init__(self, world: World) -> None:
        sender = {"scanner_addresses": "127.0.0.1", "duty_telephone": "extension 4",
                  "rate_pps": 2000, "host_timeout_s": 4}  # fmt: skip
        settings = world.runtime.settings.model_copy(update=sender)
        scanner = replace(world.runtime.scanner, rate_pps=2000, host_timeout_s=4)
        self.runtime = replace(world.runtime, settings=settings, scanner=scanner)
        self.world, self.register = world, world.register
        self.client = TestClient(make_app(self.runtime), follow_redirects=False)
        self.cookies: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        with self.register.change("keys-made") as change:
            for role in SIGNERS:
                pair = generate_key_pair()
                self.keys[role] = pair.private_key
                people.record_key(change.connection, f"p-{role}", pair.public_key, change.by)

    def cookie(self, role: str, language: str) -> dict[str, str]:
        if role not in self.cookies:
            self.cookies[role] = self.world.session_of(f"p-{role}")
        return {COOKIE: self.cookies[role], "language": language}

    def get(self, role: str, path: str, status: int = 200, language: str = "en") -> str:
        """Return a page as somebody reads it."""
        self.client.cookies = self.cookie(role, language)
        answer = self.client.get(path)
        assert answer.status_code == status, f"{path} as {role}: {answer.text[-2000:]}"
        return answer.text

    def post(self, who: str, path: str, status: int = 303, /, *, signs: str = "", files=None,
             **form: str) -> str:  # fmt: skip
        """Send a form; `signs` is whose key file goes with it. Return the page or the way on."""
        sent = dict(files or {})
        if signs:
            sent["key_file"] = ("mine.key", self.keys[signs].encode(), "text/plain")
        self.client.cookies = self.cookie(who, "en")
        answer = self.client.post(path, data={"form_key": FORM_KEY, **form}, files=sent or None)
        assert answer.status_code == status, f"{path} as {who}: {answer.text[-3000:]}"
        return answer.headers.get("location", "") if status == 303 else answer.text

    def look(self, code: str, *addresses: str, product: str = "") -> None:
        """Look at hosts that answer by Telnet, with this product in their banner."""
        host = ExampleFacts.model_validate({"rest": "closed", "services": {"23": "telnet"}})
        now = utc_now()
        facts = []
        for address in addresses:
            for fact in compile_facts(host, "external"):
                own = fact.model_copy(update={"address": address, "started_at": now,
                                              "ended_at": now})  # fmt: skip
                if own.host is not None:
                    ports = tuple(one.model_copy(update={"product": product or None})
                                  for one in own.host.ports)  # fmt: skip
                    own = own.model_copy(
                        update={"host": own.host.model_copy(
                            update={"address": address, "ports": ports})}
                    )  # fmt: skip
                facts.append(own)
        with self.register.change("scan-imported", code) as change:
            connection = change.connection
            owner = change.institution_id = institutions.get_institution_id(connection, code)
            scan = scans.insert_scan(
                connection, owner, change.by, kind="imported", vantage="external",
                authorisations=[], plan={}, checks_digest=self.register.edition.checks,
                scanner="test",
            )  # fmt: skip
            scans.record_state(connection, scan.id, "running", at=now)
            insert_facts(connection, owner, scan.id, facts, at=now)
            judge_scan(self.register, connection, scan.id, change.by, may_close=True)
            scans.record_state(connection, scan.id, "done", at=now)

    def finding(self, address: str) -> str:
        """Return the code of the Telnet finding at an address."""
        asked = Asked(address=address, check=TELNET)
        return listing.page_findings(self.register, asked).page.rows[0].finding.code

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Collect the statements that the register runs inside."""
        found: list[str] = []

        def note(_c, _cursor, statement, *_more):
            found.append(statement)

        engine = self.register.database._engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Iterator[Office]:
    world = settle(tmp_path_factory.mktemp("network"))
    yield Office(world)
    world.runtime.close()


def request_letter(office, reference, address, **more):
    network_rows.declare(office.register, OWN, address)
    form = {"institution": OWN, "reference": reference, "load": "3", "days": "90",
            "special": "yes", "exclusions": "", **more}  # fmt: skip
    return office.post("cert-analyst", "/cert/letters/new", **form)


SAID = {
    "signatory": "B. Bari (invented)",
    "signatory_role": "Director",
    "power_to_sign_checked": "rang back",
    "emergency_contacts": "Porter, extension 9",
}


def test_a_letter_lives_from_its_request_to_its_withdrawal(office):
    place = request_letter(office, "A-2026/7", "127.88.0.1").partition("?")[0]
    assert place == f"/cert/authorisations/{OWN}/A-2026/7"
    letter = office.get("cert-analyst", f"{place}/letter")
    assert "AUTHORISATION OF NETWORK CHECKS" in letter
    assert "اجازت" in letter
    own = office.get("institution-lead", f"{HOME}/letters")
    assert "A-2026/7" in own
    copy = {"letter": ("signed.pdf", b"%PDF signed", "application/pdf")}
    again = office.post("cert-analyst", f"{place}/signed", 422, files=copy, signs="cert-analyst",
                        **SAID | {"signatory": ""})  # fmt: skip
    assert 'id="signatory-fault"' in again and "rang back" in again
    office.post("cert-analyst", f"{place}/signed", files=copy, signs="cert-analyst", **SAID)
    assert "awaits a second person" in office.get("cert-analyst", place)
    assert "Grant signed letters" in office.get("authorising-officer", "/")
    assert "Grant signed letters" not in office.get("cert-analyst", "/")
    office.post("cert-analyst", f"{place}/grant", 403, signs="cert-analyst")
    wrong = office.post("authorising-officer", f"{place}/grant", 403, signs="cert-analyst")
    assert "not the key that you are known by" in wrong
    office.post("authorising-officer", f"{place}/grant", signs="authorising-officer")
    for form in ({"step": "write"}, {"step": "sent", "how": "by hand"},
                 {"step": "confirmed", "who": "the porter"}):  # fmt: skip
        office.post("cert-analyst", f"{place}/notice", **form)
    whole = office.get("cert-analyst", place)
    assert "in force" in whole and "by hand" in whole and "the porter" in whole
    assert office.get("cert-analyst", "/cert/authorisations?state=in-force").count("A-2026/7")
    own = office.get("institution-lead", f"{HOME}/letters/A-2026/7")
    sha256 = standing.get_letter(office.register, "A-2026/7").view.record.letter_sha256
    assert f"papers/letter/{sha256}" in own
    office.client.cookies = office.cookie("signatory", "en")
    paper = office.client.get(f"{HOME}/letters/A-2026/7/papers/letter/{sha256}")
    assert paper.content == b"%PDF signed"
    assert paper.headers["content-disposition"].startswith("attachment")
    assert paper.headers["content-type"] == "application/octet-stream"
    office.get("cert-analyst", f"/cert/authorisations/{FOREIGN}/A-2026/7", 404)
    office.post("institution-lead", f"{HOME}/letters/A-2026/7/withdraw", 422, withdrawn_by="",
                reason="works")  # fmt: skip
    key = {"own_key": ("mine.key", office.keys["institution-lead"].encode(), "text/plain")}
    office.post("institution-lead", f"{HOME}/letters/A-2026/7/withdraw", files=key,
                withdrawn_by="the director", reason="works")  # fmt: skip
    assert standing.get_letter(office.register, "A-2026/7").view.record.withdrawal["signature"]
    assert "withdrawn" in office.get("institution-lead", f"{HOME}/letters/A-2026/7")


@pytest.mark.loopback
def test_a_scan_shows_first_what_it_would_contact_and_then_runs(office):
    stopped = [one.record.code for one in halting.look(office.register).holding]
    for code in stopped:
        for role in ("cert-analyst", "cert-administrator"):
            office.post(role, f"/cert/stops/{code}/resume", signs=role, role=role)
    assert halting.look(office.register).holding == ()
    place = request_letter(office, "A-2026-8", "127.88.0.2").partition("?")[0]
    refused = office.get("cert-analyst", f"/cert/scan-now?institution={OWN}")
    assert "Nothing may be contacted now" in refused and "Begin the scan" not in refused
    office.post("cert-analyst", "/cert/scan-now", 422, institution=OWN, why="")
    no = office.post("cert-analyst", "/cert/scan-now", 403, institution=OWN, why="a trial")
    assert "This was not done." in no
    copy = {"letter": ("signed.pdf", b"%PDF 8", "application/pdf")}
    office.post("cert-analyst", f"{place}/signed", files=copy, signs="cert-analyst", **SAID)
    office.post("authorising-officer", f"{place}/grant", signs="authorising-officer")
    office.post("cert-analyst", f"{place}/notice", step="write")
    office.post("cert-analyst", f"{place}/notice", step="sent", how="by hand")
    plan = office.get("cert-analyst", f"/cert/scan-now?institution={OWN}")
    assert "127.88.0.2" in plan and "Begin the scan" in plan
    way = office.post("cert-analyst", "/cert/scan-now", institution=OWN, why="a trial", load="2")
    scan = way.partition("?")[0]
    office.client.cookies = office.cookie("cert-analyst", "en")
    told = office.client.get(f"{scan}/progress").json()
    assert told["over"] and told["done"] == told["of"] > 0
    page = office.get("cert-analyst", scan)
    assert "127.88.0.2" in page and "A-2026-8" in page and "raw/" in page
    raw = re.search(rf"{scan}/raw/[0-9a-f]{{64}}", page)
    assert raw is not None
    assert b"nmap" in office.client.get(raw.group()).content
    found = office.get("cert-analyst", "/cert/contact?address=127.88.0.2")
    assert "A-2026-8" in found and "B. Bari (invented), Director" in found
    assert "p-authorising-officer" in found and "p-cert-analyst" in found
    judged = office.post("cert-analyst", f"{scan}/rejudge", 200)
    assert "nothing was sent" in judged
    office.get("cert-analyst", f"{scan}?address=127.88.0.2")
    assert f"{HOME}/last-letter" in office.get("institution-lead", HOME)
    letter = office.get("institution-lead", f"{HOME}/last-letter")
    assert scan.rpartition("/")[2] in letter and "A-2026-8" in letter


def test_the_letter_after_a_scan_is_read_by_its_own_institution_alone(office):
    for code, address in ((OWN, "192.0.2.143"), (FOREIGN, "192.0.2.144")):
        office.look(code, address)
    with office.register.reading() as connection:
        runs = {one.institution_id: one.code for one in reversed(scans.list_scans(connection))}
        own, other = (runs[institutions.get_institution_id(connection, code)]
                      for code in (OWN, FOREIGN))  # fmt: skip
    letter = office.get("institution-lead", f"{HOME}/last-letter?scan={own}")
    assert own in letter and other not in letter
    for scan in (other, "scan-0"):
        office.get("institution-lead", f"{HOME}/last-letter?scan={scan}", 404)


def test_a_finding_is_disputed_and_decided_by_somebody_who_had_no_say(office):
    office.look(OWN, "192.0.2.41")
    code = office.finding("192.0.2.41")
    own = f"{HOME}/findings/{code}"
    page = office.get("institution-lead", own)
    assert "What mends it" in page and "before it counts in the score" in page
    again = office.post("institution-lead", f"{own}/dispute", 422, reason="It is a decoy.",
                        evidence="")  # fmt: skip
    assert "It is a decoy." in again and 'id="evidence-fault"' in again
    office.post("institution-lead", f"{own}/dispute", reason="A decoy.", evidence="letter 12")
    cert = f"/cert/findings/{OWN}/{code}"
    assert "letter 12" in office.get("cert-analyst", cert)
    office.post("cert-analyst", f"{cert}/decide", 422, decision="falls", why="")
    office.post("cert-analyst", f"{cert}/decide", decision="stands", why="seen on the spot",
                signs="cert-analyst")  # fmt: skip
    office.post("cert-analyst", f"{cert}/propose", reason="A decoy.", evidence="photograph",
                until="", signs="cert-analyst")  # fmt: skip
    own_word = office.post("cert-analyst", f"{cert}/decide", 403, decision="falls", why="so",
                           signs="cert-analyst")  # fmt: skip
    assert "you had a say in it before" in own_word
    office.post("cert-administrator", f"{cert}/decide", decision="falls", why="so",
                signs="cert-administrator")  # fmt: skip
    assert "no finding" in office.get("institution-lead", own)


def test_a_signatory_takes_a_risk_under_the_own_key(office):
    office.look(OWN, "192.0.2.42")
    own = f"{HOME}/findings/{office.finding('192.0.2.42')}"
    assert "Take the risk" in office.get("signatory", own)
    assert "Take the risk" not in office.get("institution-lead", own)
    office.post("institution-lead", f"{own}/accept", 403, why="x", signs="institution-lead")
    office.post("signatory", f"{own}/accept", why="until it is replaced", signs="signatory")
    assert "risk accepted" in office.get("signatory", own)


def test_what_others_wrote_on_the_network_cannot_speak_on_a_page(office):
    network_rows.declare(office.register, OWN, "192.0.2.43")
    office.look(OWN, "192.0.2.43", product=BAD)
    code = office.finding("192.0.2.43")
    pages = [
        office.get("institution-lead", HOME),
        office.get("institution-lead", f"{HOME}/findings/{code}"),
        office.get("cert-analyst", f"/cert/findings/{OWN}/{code}"),
        office.get("cert-analyst", f"/cert/findings?address={BAD[:150]}"),
        office.get("cert-analyst", "/cert/contact?address=%3Cscript%3Ealert(1)", 422),
    ]
    assert "alert(&#34;x&#34;)" in pages[0]
    for page in pages:
        assert "<script>alert" not in page
        assert "\u202e" not in page.replace(BAD[:150], "")
        assert "A" * 500 not in page
    assert plainly("a\u202eb\x00c") == "a⟨202E⟩b⟨0000⟩c"
    assert len(plainly("x" * 9_000)) == 301


def test_anybody_stops_at_once_and_two_go_on(office):
    typed = {"reason": "They rang.", "complaint": "Their mail is slow.", "reason_for_all": "Rest."}
    page = office.post("cert-analyst", "/cert/stop", 422, what="institution", institution="",
                       speed="now", **typed)  # fmt: skip
    assert all(text in page for text in typed.values())
    wrong = office.post("cert-analyst", "/cert/stop", 422, what="address", address="127.1",
                        speed="now")  # fmt: skip
    assert 'id="address-fault"' in wrong
    way = office.post("institution-lead", f"{HOME}/stop", speed="now").partition("?")[0]
    page = office.get("cert-analyst", "/cert/stop")
    assert f"All of {OWN}" in page and "p-institution-lead" in page
    office.post("institution-lead", f"{way}/resume", 422, role="institution-lead")
    agreed = office.post("institution-lead", f"{way}/resume", role="institution-lead",
                         signs="institution-lead")  # fmt: skip
    assert agreed.endswith("done=agreed")
    code = way.rpartition("/")[2]
    last = office.post("cert-analyst", f"/cert/stops/{code}/resume", role="cert-analyst",
                       signs="cert-analyst")  # fmt: skip
    assert last.endswith("done=resumed")
    assert "lifted" in office.get("institution-lead", way)
    office.post("cert-analyst", f"/cert/stops/{code}/answer", text="It was a trial.")
    assert "It was a trial." in office.get("cert-analyst", f"/cert/stops/{code}")
    for what in ({"what": "all"}, {"what": "address", "address": "192.0.2.0/28"}):
        made = office.post("cert-analyst", "/cert/stop", speed="drain", **what).partition("?")[0]
        for role in ("cert-analyst", "cert-administrator"):
            office.post(role, f"{made}/resume", role=role, signs=role)


def test_asking_for_a_look_is_bounded_and_says_when(office):
    network_rows.declare(office.register, OWN, "192.0.2.44", "192.0.2.45")
    office.look(OWN, "192.0.2.44")
    finding = f"{HOME}/findings/{office.finding('192.0.2.44')}"
    office.post("institution-lead", f"{finding}/again")
    assert "asked for" in office.get("institution-lead", HOME)
    wrong = office.post("institution-lead", f"{HOME}/again", 422, addresses="198.51.100.9")
    assert "is in no schedule" in wrong and "198.51.100.9" in wrong
    room = asking.room_of(office.register, office.runtime.scanner, OWN).left
    for _ in range(room // 2):
        office.post("institution-lead", f"{HOME}/again", addresses="192.0.2.44\n192.0.2.45")
    office.post("institution-lead", f"{finding}/again", 409 if room % 2 == 0 else 303)


def test_regulators_and_reviewers_see_their_own_alone(office):
    office.look(OWN, "192.0.2.46")
    office.look(FOREIGN, "192.0.2.47")
    mine = office.get("sector-regulator", "/cert/findings")
    assert "192.0.2.46" in mine and "192.0.2.47" not in mine
    foreign = f"/cert/findings/{FOREIGN}/{office.finding('192.0.2.47')}"
    office.get("sector-regulator", foreign, 403)
    office.get("sector-regulator", f"/cert/findings/{OWN}/{office.finding('192.0.2.47')}", 404)
    for role in ("sector-regulator", "reviewer"):
        page = office.get(role, "/cert/contradictions")
        assert OWN in page and FOREIGN not in page
    assert FOREIGN in office.get("cert-analyst", "/cert/contradictions")


def test_a_contradiction_names_its_control_in_the_readers_language(office):
    (found,) = contradicted.page_contradictions(office.register, institution=OWN).page.rows
    texts = in_language(office.register.content.translations, "ur")
    titles = {"en": found.control.title, "ur": texts.title_of(found.control)}
    assert len(set(titles.values())) == 2
    for role, place in (
        ("cert-analyst", f"/cert/contradictions/{OWN}"),
        ("institution-lead", f"/institutions/{OWN}/network/contradictions"),
    ):
        at = place.removesuffix(f"/{OWN}") if role == "cert-analyst" else place
        for path in (at, f"{place}/{found.record.code}"):
            for language, title in titles.items():
                page = unescape(office.get(role, path, language=language))
                assert title in page, path
                assert language == "en" or titles["en"] not in page, path


def test_a_contradiction_is_settled_with_a_reason(office):
    code = office.world.places["contradiction"][OWN]
    place = f"/cert/contradictions/{OWN}/{code}"
    office.post("cert-analyst", place, 422, state="explained", reason="")
    office.post("cert-analyst", place, state="explained", reason="It is a decoy.")
    page = office.get("cert-analyst", place)
    assert "It is a decoy." in page and "explained" in page


def test_the_schedule_and_the_calendar_are_kept_by_forms(office):
    bad = office.post("cert-analyst", "/cert/schedule", 422, code="nightly", kind="score",
                      trigger="cron", spec="at night")  # fmt: skip
    assert 'id="spec-fault"' in bad and "at night" in bad
    office.post("cert-analyst", "/cert/schedule", code="nightly", kind="watch", trigger="cron",
                spec="0 3 * * *", zone="Asia/Karachi")  # fmt: skip
    office.post("cert-analyst", "/cert/schedule/nightly/pause")
    assert "paused" in office.get("cert-analyst", "/cert/schedule")
    office.post("cert-analyst", "/cert/schedule/nightly/resume")
    ahead = (utc_now() + timedelta(days=40)).date().replace(day=10)
    month = f"{ahead:%Y-%m}"
    where = {"institution": OWN, "zone": "Asia/Karachi", "month": month}
    office.post("cert-analyst", "/cert/calendar/window", 422, **where, start="22:00", hours="4")
    office.post("cert-analyst", "/cert/calendar/window", **where, start="22:00", hours="4",
                weekday="0")  # fmt: skip
    dark = {"title": "Exams", "from": f"{month}-10T08:00", "until": f"{month}-12T18:00"}
    office.post("cert-analyst", "/cert/calendar/blackout", 422, **where,
                **dark | {"until": f"{month}-09T08:00"})  # fmt: skip
    office.post("cert-analyst", "/cert/calendar/blackout", **where, **dark)
    page = office.get("cert-analyst", f"/cert/calendar?institution={OWN}&month={month}")
    assert "22:00–24:00" in page and "Exams" in page
    office.post("cert-analyst", "/cert/calendar/deny", 422, **where, cidr="10.0.0.1/8", reason="x")
    office.post("cert-analyst", "/cert/calendar/deny", **where, cidr="198.51.100.0/24",
                reason="a hospital")  # fmt: skip
    assert "198.51.100.0/24" in office.get("cert-analyst", "/cert/calendar")
    twice = {"cidr": "198.51.100.0/24", "reason": ""}
    page_of_denial = office.post("cert-analyst", "/cert/calendar/deny", 422, **where, **twice)
    assert 'id="reason-fault"' in page_of_denial and "allow-fault" not in page_of_denial
    page_of_leave = office.post("cert-analyst", "/cert/calendar/allow", 422, **where, **twice,
                                step="allow")  # fmt: skip
    assert "allow-fault" in page_of_leave and 'id="reason-fault"' not in page_of_leave
    office.post("cert-analyst", "/cert/calendar/allow", **where, cidr="198.51.100.0/24",
                reason="it moved")  # fmt: skip
    rows = re.findall(
        r'/cert/calendar/(end-window|cancel-blackout)".*?name="id" value="([^"]+)"', page, re.S
    )
    assert [step for step, _ in rows] == ["end-window", "cancel-blackout"]
    for step, row in rows:
        office.post("cert-analyst", f"/cert/calendar/{step}", **where, id=row)
    page = office.get("cert-analyst", f"/cert/calendar?institution={OWN}&month={month}")
    assert "22:00–24:00" not in page and "Exams" not in page


@pytest.mark.parametrize("path", ["/cert/contact?address=192.0.2.1&at=", "/cert/audit?since="])
def test_the_ends_of_the_calendar_are_no_error_of_ours(office, path):
    for moment in ("0001-01-01T00:00", "9999-12-31T23:59", "10000-01-01T00:00"):
        office.client.cookies = office.cookie("cert-administrator", "en")
        assert office.client.get(f"{path}{moment}").status_code in (200, 422)


def test_the_record_is_searched_and_verified(office):
    page = office.get("cert-administrator", "/cert/audit?actor=p-institution-lead")
    assert "resume-agreed" in page
    page = office.get("cert-administrator", "/cert/audit")
    onward = re.search(r'rel="next" href="([^"]+)"', page)
    assert onward is not None
    office.get("cert-administrator", onward.group(1).replace("&amp;", "&"))
    assert "The record is whole." in office.post("cert-administrator", "/cert/audit/verify", 200)
    office.post("cert-analyst", "/cert/audit/verify", 403)
    assert "is not scheduled" in office.get("cert-analyst", "/cert/watch")


def test_a_bundle_of_evidence_is_saved_by_the_administrator_alone(office):
    place = "/cert/audit/bundle"
    finding = office.world.places["finding"][OWN]
    page = office.get("cert-administrator", f"{place}?kind=finding&name={finding}")
    assert f'value="{finding}"' in page
    asked = {"kind": "finding", "name": finding, "at": ""}
    office.client.cookies = office.cookie("cert-administrator", "en")
    saved = office.client.post(place, data={"form_key": FORM_KEY, **asked})
    with zipfile.ZipFile(BytesIO(saved.content)) as packed:
        assert {"verify.py", "manifest.json", "README.txt"} <= set(packed.namelist())
    assert f'filename="finding-{finding}.zip"' in saved.headers["content-disposition"]
    office.post("cert-analyst", place, 403, **asked)
    page = office.post("cert-administrator", place, 409, **asked | {"name": "f-none"})
    assert 'value="f-none"' in page
    office.post("cert-administrator", place, 422, **asked | {"name": ""})


GETS = (
    "/cert/findings", "/cert/findings?state=any&late=yes&urgent=yes", "/cert/scans",
    "/cert/scans/compare", "/cert/scan-now", "/cert/contradictions", "/cert/authorisations",
    "/cert/letters/new", "/cert/schedule", "/cert/calendar", "/cert/contact", "/cert/stop",
    "/cert/stops", "/cert/audit", "/cert/audit/bundle", "/cert/watch",
)  # fmt: skip


@pytest.mark.parametrize("path", GETS)
def test_every_list_is_there_in_urdu_and_leads_to_the_stop_page(office, path):
    role = "cert-analyst" if "new" in path or "now" in path else "cert-administrator"
    page = office.get(role, path, language="ur")
    assert 'lang="ur" dir="rtl"' in page
    assert 'href="/cert/stop"' in page
    assert " style=" not in page and "<script>" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_single_pages_are_there_in_urdu(office):
    at = office.world.places
    scan = at["run"][OWN]
    for role, path in (
        ("cert-analyst", f"/cert/scans/{scan}"),
        ("cert-analyst", f"/cert/scans/compare?older={scan}&newer={scan}"),
        ("cert-analyst", f"/cert/findings/{OWN}/{at['finding'][OWN]}"),
        ("cert-analyst", f"/cert/contradictions/{OWN}/{at['contradiction'][OWN]}"),
        ("cert-analyst", f"/cert/authorisations/{OWN}/A-2026/7"),
        ("cert-analyst", f"/cert/stops/{at['stop'][OWN]}"),
        ("institution-lead", HOME), ("institution-lead", f"{HOME}/findings"),
        ("institution-lead", f"{HOME}/findings/{at['finding'][OWN]}"),
        ("institution-lead", f"{HOME}/letters"), ("institution-lead", f"{HOME}/stop"),
        ("institution-lead", f"{HOME}/letters/A-2026/7"),
    ):  # fmt: skip
        assert 'lang="ur" dir="rtl"' in office.get(role, path, language="ur")


def english_on(page: str) -> list[str]:
    """Return the English on a page, outside of codes, of names, and of what people wrote."""
    main = page.partition("<main")[2].partition("</main>")[0]
    ours = re.sub(r"<(code|bdi|textarea|option)\b(?![^>]*lang=.en)[^>]*>.*?</\1>", "…", main)
    return english_in(unescape(re.sub(r"<[^>]+>", " ", ours)))


def test_why_and_what_came_of_it_are_said_in_urdu(office):
    """What starts by itself, our own alarms, the chunks of a scan, and faults of the record."""
    register, run = office.register, office.world.places["run"][OWN]
    with register.database.transaction() as connection:
        scan, t = scans.get_scan(connection, run), tables.chunks
        said = "ended by its worker: away the scanner gives no sign of life"
        connection.execute(t.update().where(t.c.scan_id == scan.id).values(detail=said))
    ways = {
        "/cert/schedule": ("cert-administrator", "نیا: اسے ابھی کسی نے نہیں دیکھا"),
        "/cert/watch": ("cert-administrator", "شیڈول میں فوری اطلاعات کی کوئی سطر نہیں"),
        f"/cert/scans/{run}": ("cert-analyst", "اسکینر کی طرف سے کوئی اطلاع نہیں آ رہی"),
        "/cert/scans": ("cert-analyst", "باہر سے"),
        "/cert/rounds": ("cert-administrator", "دور"),
        "/cert/institutions": ("cert-administrator", "پانی"),
    }
    for path, (role, told) in ways.items():
        page = office.get(role, path, language="ur")
        assert told in unescape(re.sub("<[^>]+>", "", page)), path
        assert english_on(page) == [], path
    assert re.search("ہر (<[^>]+>)?[0-9]+(<[^>]+>)? دن بعد|روزانہ",
                     office.get("cert-administrator", "/cert/schedule", language="ur"))  # fmt: skip
    heads = office.runtime.heads_file.path
    kept = heads.read_bytes()
    heads.write_bytes(b"")
    office.client.cookies = office.cookie("cert-administrator", "ur")
    verified = office.client.post("/cert/audit/verify", data={"form_key": FORM_KEY}).text
    heads.write_bytes(kept)
    assert "اس سلسلے کا کوئی سرا باہر محفوظ نہیں کیا گیا" in verified
    assert english_on(verified) == []
    assert english_on('<main><bdi lang="en">this is said in English</bdi></main>') != []


def test_what_a_look_said_is_said_in_the_readers_language(office):
    at, there = office.world.places, f"/cert/findings/{OWN}"
    register = office.world.register
    says = listing.get_finding(register, at["finding"][OWN]).line.finding.says
    told = {
        language: office.get("cert-analyst", f"{there}/{at['finding'][OWN]}", language=language)
        for language in ("en", "ur")
    }
    assert says in unescape(told["en"]) and says not in unescape(told["ur"])


def test_pages_ask_the_register_as_often_when_there_is_more(office):
    paths = {
        "cert-analyst": ["/cert/findings", "/cert/findings?late=yes", "/cert/scans",
                         "/cert/contradictions", "/cert/authorisations", "/cert/stop",
                         "/cert/stops", "/cert/schedule", "/cert/calendar"],
        "cert-administrator": ["/cert/audit"],
        "institution-lead": [HOME, f"{HOME}/findings", f"{HOME}/letters", f"{HOME}/stop"],
    }  # fmt: skip

    def counts():
        found = {}
        for role, some in paths.items():
            for path in some:
                office.get(role, path)
                with office.counting() as statements:
                    office.get(role, path)
                found[path] = len(statements)
        return found

    office.post("institution-lead", f"{HOME}/stop", speed="now")
    before = counts()
    many = [f"192.0.2.{number}" for number in range(60, 120)]
    network_rows.declare(office.register, OWN, *many)
    office.look(OWN, *many)
    for number in range(5):
        office.post("institution-lead", f"{HOME}/stop", speed="now")
        network_rows.run_scan(office.register, OWN, many[number])
    assert counts() == before
    assert max(before.values()) < 40


def test_a_late_finding_is_among_the_late(office):
    later = replace(office.register, clock=lambda: utc_now() + timedelta(days=400))
    late = listing.count_findings(later, Asked(is_late=True))
    assert late == listing.count_findings(later, Asked(is_standing=True)) > 0
