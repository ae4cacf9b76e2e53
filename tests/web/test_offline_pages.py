"""Work offline: what leaves by the pages comes back by them; a pack opens where POSIX is not."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Browser
from openpyxl import load_workbook
from world import FOREIGN, FORM_KEY, OWN, ROUND

from cyberposture.services.assessments.offline import packs, papers, receipts
from cyberposture.web.surroundings import COOKIE

PAGE = f"/institutions/{OWN}/rounds/{ROUND}/offline"


@pytest.fixture
def lead(world, browser):
    """A way to ask as the lead of the institution."""
    cookies = {COOKIE: world.session_of("p-institution-lead")}

    def ask(method, address, **more):
        form = {"form_key": FORM_KEY} | more.pop("form", {}) if method == "POST" else None
        tongue = more.pop("language", "en")
        return browser.ask(
            method, address, form=form, cookies=cookies | {"language": tongue}, **more
        )

    return ask


def workbook_of(lead, language="en"):
    answer = lead("POST", f"{PAGE}/workbook", form={"language": language})
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    return load_workbook(io.BytesIO(answer.body))


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(lead, name, data, **more):
    return lead("POST", f"{PAGE}/upload", file=(name, data), **more)


def test_a_workbook_goes_out_and_comes_back_with_a_receipt_of_each_cell(lead):
    book = workbook_of(lead)
    sheet = book["AST"]
    control, bad = sheet["B3"].value, sheet["B4"].value
    sheet["E3"], sheet["F3"] = "2 · In the whole scope", "<b>each quarter</b>"
    sheet["E4"] = "often"
    answer = bring(lead, "filled <i>in</i>.xlsx", saved(book))
    assert answer.status == 303
    page = lead("GET", answer.headers["location"])
    assert (
        control in page.text and "AST!E4" in page.text and bad not in page.text.split("AST!E4")[1]
    )
    assert "&lt;i&gt;" in page.text and "<i>in</i>" not in page.text
    code = re.search(r"i-[a-z0-9-]{14}", answer.headers["location"])[0]
    kept = lead("GET", f"{PAGE}/receipts/{code}/file")
    assert json.loads(kept.body)["receipt"]["code"] == code
    assert code in lead("GET", PAGE).text
    # The same file again leads to the same receipt.
    again = bring(lead, "again.xlsx", saved(book))
    assert again.status == 303


def test_two_versions_of_an_answer_stand_side_by_side(world, lead):
    book = workbook_of(lead)
    sheet = book["GOV"]
    sheet["E3"], sheet["F3"] = "1", "from paper"
    other = workbook_of(lead)
    other["GOV"]["E3"], other["GOV"]["F3"] = "3", "from the pages"
    register = world.acting("p-contributor")
    reports = world.runtime.folders.reports
    papers_taken(register, reports, saved(other))
    page = lead("GET", bring(lead, "a.xlsx", saved(book)).headers["location"])
    assert "from paper" in page.text and "from the pages" in page.text
    assert "contributor (invented)" in page.text
    urdu = lead("GET", bring(lead, "a.xlsx", saved(book)).headers["location"], language="ur")
    assert 'dir="rtl"' in urdu.text and "اس دوران کسی اور نے جواب دیا" in urdu.text


def papers_taken(register, reports, data):
    from cyberposture.services.assessments.offline.taking_in import take_in_workbook

    return take_in_workbook(register, reports, OWN, ROUND, file_name="b.xlsx", data=data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"hello"),
        ("a.xlsm", b"PK\x03\x04"),
        ("a.xlsx", b"PK\x03\x04 cut"),
        ("a.return.json", b"{}"),
        ("", b""),
    ],
)
def test_what_is_no_paper_of_ours_is_refused_beside_the_form(world, lead, name, data):
    with world.register.reading() as connection:
        before = len(receipts.returns.list_returns(connection, assessment_of(world, connection)))
    answer = bring(lead, name, data)
    assert answer.status == 422 and 'id="faults"' in answer.text
    with world.register.reading() as connection:
        after = receipts.returns.list_returns(connection, assessment_of(world, connection))
    assert len(after) == before


def assessment_of(world, connection):
    from cyberposture.services.assessments.assess import find_parts

    return find_parts(connection, OWN, ROUND)[1].id


def test_a_file_that_is_too_large_is_refused_with_its_limit(lead):
    answer = bring(lead, "a.xlsx", b"PK" + b"\x00" * 26_000_000)
    assert answer.status == 422 and "25 MB" in answer.text


def test_a_receipt_of_another_institution_is_not_there(world, lead):
    register = world.acting("tests")
    reports = world.runtime.folders.reports
    made = papers.make_workbook(register, reports, FOREIGN, ROUND, "en")
    from cyberposture.services.assessments.offline.taking_in import take_in_workbook

    done = take_in_workbook(register, reports, FOREIGN, ROUND, file_name="f.xlsx", data=made.data)
    assert lead("GET", f"{PAGE}/receipts/{done.receipt.code}").status == 404
    assert lead("GET", f"{PAGE}/receipts/{done.receipt.code}/file").status == 404


ELSEWHERE = """
import os, signal, sys

GONE = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "readline"}


class Gone:
    def find_spec(self, name, path=None, target=None):
        if name in GONE:
            raise ImportError(f"{name} is not on this machine")


sys.meta_path.insert(0, Gone())
for name in GONE:
    sys.modules.pop(name, None)
for owner, names in (
    (signal, ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "alarm", "setitimer", "pthread_sigmask")),
    (os, ("fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "setsid", "killpg",
          "getpgid", "chown", "fchmod", "mkfifo", "wait", "O_NOFOLLOW")),
):
    for name in names:
        if hasattr(owner, name):
            delattr(owner, name)

import json
from pathlib import Path

sys.path.insert(0, sys.argv[3])
import cyberposture.cli.app  # the whole command line starts
from browser import Browser
from cyberposture.cli.opened_pack import open_elsewhere
from cyberposture.web.pack import make_pack_app

opened = open_elsewhere(Path(sys.argv[1]), Path(sys.argv[2]))
app, door = make_pack_app(opened.runtime, opened.pack)
browser = Browser(app)
here = {"host": "127.0.0.1:8000"}
told = {}


def ask(method, path, **more):
    return browser.ask(method, path, **here, **more)


told["shut"] = ask("GET", "/").status
told["wrong key"] = ask("GET", "/open/guess").status
entered = ask("GET", door)
cookies = {"pack": entered.set_cookies[0].split(";")[0].partition("=")[2]}
told["elsewhere"] = browser.ask("GET", "/", cookies=cookies, host="evil.example").status
home = ask("GET", "/", cookies=cookies)
told["home"] = home.status
import re

links = sorted(set(re.findall(r'href="(/institutions/[^"]+)"', home.text)))
told["pages"] = {link: ask("GET", link, cookies=cookies).status for link in links}
first = ask("GET", links[0], cookies=cookies).text
told["network"] = any(
    "seen from outside" in ask("GET", link, cookies=cookies).text for link in links
)
form_key = re.search(r'name="form_key" value="([^"]+)"', first)[1]
action = re.search(r'action="([^"]+)" class="answer"', first)[1]
said = {"form_key": form_key, "level": "2", "reason": "typed offline", "seen": "0"}
told["answered"] = ask("POST", action, form=said, cookies=cookies).status
told["without key"] = ask("POST", action, form=said | {"form_key": "x"}, cookies=cookies).status
told["single"] = ask("GET", action, cookies=cookies).status
told["find"] = ask("GET", action.partition("/answers/")[0] + "/controls", cookies=cookies).status
told["urdu"] = 'dir="rtl"' in ask("GET", "/", cookies=cookies | {"language": "ur"}).text
told["back"] = ask("GET", "/back", cookies=cookies).status
half = {"form_key": form_key, "name": "A. Khan", "office": "", "day": "2026-11-22"}
told["half signed"] = ask("POST", "/back", form=half, cookies=cookies).status
made = ask("POST", "/back", form={"form_key": form_key}, cookies=cookies)
told["return"] = made.body.decode()
told["control"] = action.rpartition("/")[2]
browser.close()
opened.runtime.close()
print(json.dumps(told))
"""


@pytest.mark.slow
def test_a_pack_opens_where_nothing_of_posix_is_and_its_return_is_taken_in(world, lead, tmp_path):
    pack = tmp_path / "a.pack.sqlite"
    made = lead("POST", f"{PAGE}/pack")
    pack.write_bytes(made.body)
    script = tmp_path / "elsewhere.py"
    script.write_text(ELSEWHERE)
    here = Path(__file__).parent
    # Another register in the surroundings is never opened.
    around = os.environ | {"CYBERPOSTURE_DATABASE_URL": f"sqlite:///{tmp_path / 'other.sqlite'}",
                           "PYTHONPATH": str(here.parents[1])}  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script), str(pack), str(tmp_path / "work"), str(here)],
        capture_output=True, text=True, env=around, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["shut"], told["wrong key"], told["elsewhere"]) == (303, 403, 421)
    assert told["home"] == 200 and len(told["pages"]) >= 10
    assert set(told["pages"].values()) == {200}
    assert (told["answered"], told["without key"], told["single"], told["find"]) == (
        303, 403, 200, 200
    )  # fmt: skip
    assert told["urdu"] and told["back"] == 200 and told["half signed"] == 422
    assert not (tmp_path / "other.sqlite").exists()
    answer = bring(lead, "1.return.json", told["return"].encode())
    assert answer.status == 303
    page = lead("GET", answer.headers["location"])
    assert told["control"] in page.text


def test_an_opened_pack_keeps_the_receipt_that_came_for_it(world, lead, tmp_path):
    from cyberposture.cli.opened_pack import open_elsewhere
    from cyberposture.web.pack import make_pack_app

    pack = tmp_path / "a.pack.sqlite"
    pack.write_bytes(lead("POST", f"{PAGE}/pack").body)
    opened = open_elsewhere(pack, None)
    app, door = make_pack_app(opened.runtime, opened.pack)
    there = Browser(app)
    try:
        cookie = there.ask("GET", door, host="localhost").set_cookies[0]
        cookies = {"pack": cookie.split(";")[0].partition("=")[2]}
        page = there.ask("GET", "/back", host="localhost", cookies=cookies)
        key = {"form_key": re.search(r'name="form_key" value="([^"]+)"', page.text)[1]}
        back = there.ask("POST", "/back", host="localhost", cookies=cookies, form=key).body
        done = packs.take_in_return(
            replace(world.register, actor="p-institution-lead"), OWN, ROUND,
            file_name="1.return.json", data=back,
        )  # fmt: skip
        receipt = done.model_dump_json().encode()
        for data, status in ((receipt, 303), (receipt[:-5], 422)):
            answer = there.ask(
                "POST", "/receipts/upload", host="localhost", cookies=cookies, form=key,
                file=("r.json", data),
            )  # fmt: skip
            assert answer.status == status
        page = there.ask("GET", "/back", host="localhost", cookies=cookies)
        assert done.receipt.code in page.text
        # Whoever comes with words and without the address is told of it: a pack has no door.
        lost = there.ask(
            "POST", f"{PAGE.rpartition('/')[0]}/answers/GOV", host="localhost",
            form=key | {"reason.GOV-01": "typed meanwhile", "level.GOV-01": "1"},
        )  # fmt: skip
        assert lost.status == 401 and "typed meanwhile" in lost.text
        assert "the program printed" in lost.text and 'name="password"' not in lost.text
    finally:
        there.close()
        opened.runtime.close()


def test_a_file_attached_in_a_pack_is_what_the_reviewer_downloads(world, lead, tmp_path):
    from cyberposture.cli.opened_pack import open_elsewhere
    from cyberposture.web.pack import make_pack_app

    pack = tmp_path / "a.pack.sqlite"
    pack.write_bytes(lead("POST", f"{PAGE}/pack").body)
    opened = open_elsewhere(pack, None)
    app, door = make_pack_app(opened.runtime, opened.pack)
    there = Browser(app)
    proof = b"%PDF-1.7 <script>alert(1)</script> what we agreed"
    at = f"/institutions/{OWN}/rounds/{ROUND}"
    try:
        cookie = there.ask("GET", door, host="localhost").set_cookies[0]
        cookies = {"pack": cookie.split(";")[0].partition("=")[2]}

        def ask(method, path, **more):
            return there.ask(method, path, host="localhost", cookies=cookies, **more)

        page = ask("GET", f"{at}/answers/GOV").text
        key = {"form_key": re.search(r'name="form_key" value="([^"]+)"', page)[1]}
        first, second = re.findall(rf'action="{at}/evidence/([A-Z]+-[0-9]+)/upload"', page)[:2]
        said = key | {"title": "Plan <b>one</b>", "dated": "2026-01-05"}
        for control in (first, second):
            sent = ask("POST", f"{at}/evidence/{control}/upload", form=said,
                       file=("../plan.pdf", proof))  # fmt: skip
            assert sent.status == 303
        bad = ask("POST", f"{at}/evidence/{first}/upload", form=said, file=("a.pdf", b"MZ\x00\x01"))
        assert bad.status == 422
        listed = ask("GET", f"/institutions/{OWN}/evidence").text
        assert "Plan &lt;b&gt;one" in listed
        assert "Plan &lt;b&gt;one" in ask("GET", "/back").text
        back = ask("POST", "/back", form=key)
        assert ".return.zip" in back.headers["content-disposition"]
    finally:
        there.close()
        opened.runtime.close()
    code = bring(lead, "1.return.zip", back.body).headers["location"]
    receipt = lead("GET", code).text
    assert first in receipt and second in receipt and "Plan &lt;b&gt;one" in receipt
    assert bring(lead, "2.return.zip", back.body).headers["location"] == code
    assert bring(lead, "1.return.zip", back.body[:-9]).status == 422
    piece = re.search(r">(e-[a-z0-9-]{14})<", receipt)[1]
    reviewer = {COOKIE: world.session_of(world.person_of("reviewer"))}
    browser = Browser(world.app)
    try:
        given = browser.ask("GET", f"/institutions/{OWN}/evidence/{piece}/file", cookies=reviewer)
    finally:
        browser.close()
    assert given.status == 200 and given.body == proof
    assert given.headers["content-disposition"].startswith("attachment")


def test_a_pack_says_what_is_missing_and_no_link_in_it_leads_nowhere(lead, tmp_path):
    from cyberposture.cli.opened_pack import open_elsewhere
    from cyberposture.web.pack import make_pack_app

    pack = tmp_path / "a.pack.sqlite"
    pack.write_bytes(lead("POST", f"{PAGE}/pack").body)
    opened = open_elsewhere(pack, None)
    app, door = make_pack_app(opened.runtime, opened.pack)
    there = Browser(app)
    try:
        cookie = there.ask("GET", door, host="localhost").set_cookies[0]
        cookies = {"pack": cookie.split(";")[0].partition("=")[2]}

        def read(path: str, **more):
            return there.ask("GET", path, host="localhost", cookies=cookies | more)

        before = read("/summary").text
        missing = re.findall(r'<li><a href="([^"#]+)#([A-Z]{3}-[0-9]{2})"', before)
        assert len(missing) > 10 and "no answer" in before
        place, control = missing[0]
        key = re.search(r'name="form_key" value="([^"]+)"', before)[1]
        said = {"form_key": key, "level": "1", "reason": "", "seen": "0"}
        kept = there.ask("POST", f"{place}/{control}", host="localhost", cookies=cookies, form=said)
        assert kept.status == 303
        after = read("/summary").text
        assert f"#{control}" not in after and f'<code dir="ltr">{control}</code>' in after
        assert f"{len(missing) - 1} questions have no answer" in after
        assert 'dir="rtl"' in read("/summary", language="ur").text
        seen, waiting = set(), ["/"]
        while waiting and len(seen) < 120:
            path = waiting.pop()
            seen.add(path)
            page = read(path)
            assert page.status in (200, 303), path
            found = re.findall(r'href="(/[^"#?]*)', page.text)
            waiting += [one for one in dict.fromkeys(found)
                        if one not in seen and one not in waiting
                        and not one.startswith(("/static/", "/language/"))]  # fmt: skip
        assert len(seen) > 30
    finally:
        there.close()
        opened.runtime.close()


def test_whoever_may_take_it_along_finds_the_page_for_it(world):
    at = f"/institutions/{OWN}/rounds/{ROUND}"
    browser = Browser(world.app)
    try:
        tabs = {}
        for role in ("institution-lead", "contributor", "helper"):
            token = world.session_of(world.person_of(role))
            page = browser.ask("GET", f"{at}/controls", cookies={COOKIE: token}).text
            tabs[role] = re.findall(rf'<li><a href="{at}/([a-z-]+)"', page)
    finally:
        browser.close()
    assert tabs["institution-lead"] == ["controls", "scope", "colleagues", "more-time", "offline",
                                        "summary", "clarifications", "result", "plan"]  # fmt: skip
    assert tabs["contributor"] == ["controls", "offline", "clarifications"]
    assert tabs["helper"] == ["controls", "clarifications"]


def test_the_summary_says_what_a_name_typed_into_a_workbook_proves(world, lead):
    book = workbook_of(lead)
    sheet = book["Signature"]
    sheet["C3"], sheet["C4"], sheet["C5"] = "I attest", "A. Khan (invented)", "Director"
    sheet["C6"] = world.register.clock().date()
    page = lead("GET", bring(lead, "signed.xlsx", saved(book)).headers["location"])
    assert "A. Khan (invented), Director" in page.text
    summary = lead("GET", f"/institutions/{OWN}/rounds/{ROUND}/summary")
    assert summary.status == 200 and "By a name typed into a workbook." in summary.text
