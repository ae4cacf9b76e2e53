"""What the CERT does now and then has a page: figures, shared services, splits, canaries, scans."""

from collections.abc import Iterator
from datetime import timedelta

import network_rows
import pytest
from test_network_pages import SAID, Office
from world import FOREIGN, FORM_KEY, OWN, settle

from cyberposture.clock import utc_now
from cyberposture.model.institutions import Institution
from cyberposture.services.institutions import entries, life
from cyberposture.services.permission import halting, standing
from cyberposture.services.scans import canaries
from cyberposture.services.scores import contradicted
from cyberposture.store import scans

INDICATOR, SERVICE = "/cert/indicators/NAT-01", f"/cert/services/{OWN}/mail-of-{OWN}"
XML = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -sT -p 21-23" start="{at}" version="7.94">
<scaninfo type="connect" protocol="tcp" numservices="3" services="21-23"/>
{hosts}<runstats><finished time="{at}" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""
HOST = """<host starttime="{at}" endtime="{at}"><status state="up" reason="user-set"/>
<address addr="{address}" addrtype="ipv4"/><ports><extraports state="closed" count="2"/>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port></ports></host>
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Iterator[Office]:
    world = settle(tmp_path_factory.mktemp("cert"))
    yield Office(world)
    world.runtime.close()


def test_a_figure_is_entered_with_its_source_and_the_earlier_one_stays(office):
    page = office.get("cert-analyst", INDICATOR)
    field = page.split('name="figure-')[1].split('"')[0]
    unit = {one.id: one for i in office.register.content.catalogue.indicators
            if i.id == "NAT-01" for one in i.figures}[field]  # fmt: skip
    first, second = {"yes-no": ("no", "yes"), "count": ("3", "5"), "share": ("30", "50.5"),
                     "state": unit.states[:2]}[unit.unit]  # fmt: skip
    form = {f"figure-{field}": first, "source": "Gazette of June", "dated": "2026-06-01"}
    for wrong, said in (
        ({"source": ""}, "This is needed"), ({f"figure-{field}": ""}, "Give at least one figure"),
        ({f"figure-{field}": "a lot"}, "figure-"), ({"dated": "2999-01-01"}, "still to come"),
    ):  # fmt: skip
        shown = office.post("cert-analyst", INDICATOR, 422, **(form | wrong))
        assert said in shown and "Nobody entered it yet" in shown
    office.post("national-observer", INDICATOR, 403, **form)
    office.post("cert-analyst", INDICATOR, **form)
    office.post("cert-administrator", INDICATOR,
                **(form | {f"figure-{field}": second, "source": "Gazette of July"}))  # fmt: skip
    for role in ("cert-analyst", "national-observer"):
        page = office.get(role, INDICATOR)
        assert "Gazette of June" in page and "Gazette of July" in page
    assert "Enter a figure" not in office.get("national-observer", INDICATOR)
    assert "Gazette of July" in office.get("cert-analyst", "/cert/indicators")


def test_a_service_is_founded_answered_reviewed_used_and_closed(office):
    form = {"provider": FOREIGN, "code": "shared-rooms", "title": "Machine rooms"}
    page = office.post("cert-administrator", "/cert/services", 422, **(form | {"code": "Not so"}))
    assert "Machine rooms" in page
    office.post("cert-analyst", "/cert/services", 403, **form)
    at = office.post("cert-administrator", "/cert/services", **form).partition("?")[0]
    assert at == f"/cert/services/{FOREIGN}/shared-rooms"
    expires = (utc_now() + timedelta(days=90)).date().isoformat()
    said = {"control": "GOV-01", "level": "2", "grade": "E1", "expires": expires}
    assert "past" in office.post("cert-administrator", f"{at}/answers", 422,
                                 **(said | {"expires": "2020-01-01"}))  # fmt: skip
    office.post("cert-administrator", f"{at}/answers", **said)
    office.post("cert-administrator", f"{at}/users", user=OWN, step="use")
    again = office.post("cert-administrator", f"{at}/users", 409, user=OWN, step="use")
    assert "uses shared-rooms already" in again
    office.post("cert-administrator", f"{at}/users", user=OWN, step="leave")
    assert "Nobody uses it yet" in office.get("cert-analyst", at)
    office.post("cert-administrator", f"{at}/close", reason="the building is sold")
    page = office.get("cert-administrator", at)
    assert "It is closed since" in page and "Answer a control for it" not in page


def test_a_reviewer_reviews_what_they_are_assigned_to_and_no_other_service(office):
    found = {"control": "GOV-02", "level": "1", "grade": "E2", "reason": "We saw the list."}
    office.post("reviewer", f"/cert/services/{FOREIGN}/mail-of-{FOREIGN}/review", 403, **found)
    office.post("cert-administrator", f"{SERVICE}/review", 403, **found)
    again = office.post("reviewer", f"{SERVICE}/review", 422, **(found | {"reason": " "}))
    assert '<option value="1" selected>' in again and '<option value="E2" selected>' in again
    office.post("reviewer", f"{SERVICE}/review", **found)
    assert "We saw the list." in office.get("reviewer", SERVICE)
    listed = office.get("reviewer", "/cert/services")
    assert f"mail-of-{OWN}" in listed and f"mail-of-{FOREIGN}" not in listed


def test_an_institution_is_split_into_others_that_are_there(office):
    for code in ("hill-wells", "hill-drains"):
        entries.add_institution(
            office.register,
            Institution(code=code, name=f"{code} (invented)", sectors=("water",), tier="A"),
        )
    at = f"/cert/institutions/{FOREIGN}"
    form = {"parts": "hill-wells\nhill-drains", "stays": "yes", "reason": "the act of June"}
    page = office.post("cert-administrator", f"{at}/split", 422, **(form | {"parts": "no-such"}))
    assert "no-such" in page and "<details open><summary>Split it" in page
    office.post("cert-administrator", f"{at}/split", **form)
    lineage = life.read_lineage(office.register, FOREIGN)
    assert {one.successor for one in lineage.after} == {"hill-wells", "hill-drains"}
    assert entries.get_institution(office.register, FOREIGN).institution.active_until is None


def test_a_canary_is_planted_and_ended_on_the_page_of_the_watch(office):
    form = {"institution": OWN, "address": "192.0.2.250", "verdict": "fail", "cycle_days": "7",
            "check": "cleartext.no-telnet-or-r-login", "reason": "our own trap"}  # fmt: skip
    for wrong, said in (({"address": "127.1"}, "127.1"), ({"check": "no.such"}, "no.such"),
                        ({"cycle_days": "9999"}, "from 1 to 366")):  # fmt: skip
        page = _refused(office, "/cert/watch/canaries", form | wrong)
        assert said in page and "our own trap" in page
    office.post("cert-analyst", "/cert/watch/canaries", **form)
    (planted,) = canaries.list_canaries(office.register)
    assert "192.0.2.250" in office.get("cert-analyst", "/cert/watch")
    office.post("cert-analyst", f"/cert/watch/canaries/{planted.record.code}/end")
    assert canaries.list_canaries(office.register) == []


def _refused(office, path, form) -> str:
    office.client.cookies = office.cookie("cert-analyst", "en")
    answer = office.client.post(path, data={"form_key": FORM_KEY, **form})
    assert answer.status_code in (409, 422)
    return answer.text


@pytest.fixture(scope="module")
def letter(office) -> str:
    """An authorisation in force for the own institution, whose notice waits; nothing is stopped."""
    for code in [one.record.code for one in halting.look(office.register).holding]:
        for role in ("cert-analyst", "cert-administrator"):
            office.post(role, f"/cert/stops/{code}/resume", signs=role, role=role)
    network_rows.declare(office.register, OWN, "192.0.2.7")
    form = {"institution": OWN, "reference": "B-1", "load": "3", "days": "90", "special": "yes"}
    office.post("cert-analyst", "/cert/letters/new", **form)
    place = f"/cert/authorisations/{OWN}/B-1"
    copy = {"letter": ("signed.pdf", b"%PDF signed", "application/pdf")}
    office.post("cert-analyst", f"{place}/signed", files=copy, signs="cert-analyst", **SAID)
    office.post("authorising-officer", f"{place}/grant", signs="authorising-officer")
    return place


def test_a_letter_that_waives_the_notice_is_kept_and_a_large_one_is_named(office, letter):
    most = office.runtime.settings.upload_bytes
    large = {"waiver": ("waiver.pdf", b"%PDF" + b"x" * most, "application/pdf")}
    page = office.post("cert-analyst", f"{letter}/waiver", 422, files=large)
    assert f"larger than {most // 1_000_000} MB" in page
    whole = {"waiver": ("waiver.pdf", b"%PDF" + b"x" * 3_000_000, "application/pdf")}
    assert office.post("cert-analyst", f"{letter}/waiver", files=whole).endswith("notice_waived")
    assert "The institution wants no notice" in office.get("cert-analyst", letter)
    assert standing.get_letter(office.register, "B-1").view.state == "in-force"


def test_a_scan_of_others_is_taken_in_on_a_page_without_what_was_out_of_scope(office, letter):
    at = int(utc_now().timestamp()) + 2  # the letter has held for less than a second
    text = XML.format(at=at, hosts="".join(
        HOST.format(at=at, address=one) for one in ("192.0.2.7", "192.0.2.99")))  # fmt: skip
    form = {"institution": OWN, "authorisation": "B-1", "ran_by": "their own team"}
    place = "/cert/scan-import"
    assert "B-1" in office.get("cert-analyst", f"{place}?institution={OWN}")

    def send(status: int, body: str, **more: str) -> str:
        files = {"file": ("theirs.xml", body.encode(), "text/xml")}
        return office.post("cert-analyst", f"{place}/upload", status, files=files, **form | more)

    assert "theirs.xml" in send(422, "<nmaprun")
    assert "no-such" in send(409, text, authorisation="no-such")
    assert "requested" in send(422, text, requested="127.1")
    there = send(303, text)
    assert there.endswith("?done=scan-taken-in-part")
    page = office.get("cert-analyst", there)
    assert "192.0.2.99" in page
    with office.register.reading() as connection:
        taken = scans.get_scan(connection, there.partition("?")[0].rpartition("/")[2])
    assert taken.plan["targets"] == ["192.0.2.7"] and taken.plan["file"] == "theirs.xml"
    assert "taken in before" in send(409, text)


def test_the_schedule_offers_institutions_and_says_where_one_is_unknown(office):
    page = office.get("cert-analyst", "/cert/schedule")
    assert f'<option value="{OWN}">' in page
    form = {"code": "nightly", "kind": "scan", "trigger": "interval", "spec": "86400", "of": "nope"}
    refused = _refused(office, "/cert/schedule", form)
    assert 'id="of-fault"' in refused and "nope" in refused


def test_both_sides_comment_on_a_contradiction_and_the_state_stays(office):
    ours = f"/institutions/{OWN}/network/contradictions"
    (code,) = {one for one in office.get("institution-lead", ours).split('"')
               if one.startswith(f"{ours}/c-")}  # fmt: skip
    short = office.post("institution-lead", f"{code}/comments", 422, text=" ")
    assert "This is needed" in short
    office.post("signatory", f"{code}/comments", 403, text="It is a test system.")
    office.post("institution-lead", f"{code}/comments", text="It is a test system.")
    theirs = f"/cert/contradictions/{OWN}/{code.rpartition('/')[2]}"
    page = office.get("cert-analyst", theirs)
    assert "It is a test system." in page and "The institution commented" in page
    office.post("institution-lead", f"{theirs}/comments", 403, text="me too")
    office.post("cert-analyst", f"{theirs}/comments", text="Then declare it as one.")
    page = office.get("institution-lead", code)
    assert "Then declare it as one." in page and "The CERT commented" in page
    assert "It is a test system." in page.split("The CERT commented")[0]  # printed beside still
    line, _ = contradicted.get_contradiction(office.register, OWN, code.rpartition("/")[2])
    assert line.record.state == "open"
    other = code.replace(OWN, FOREIGN)
    office.get("institution-lead", other, 403)
