"""A set of reports is whole, for its audience alone, and written again only where it changed."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.model.operating_body import OperatingBody
from cyberposture.reporting.paper import has_printer
from cyberposture.reporting.sets.brief import MOST_WORDS
from cyberposture.reporting.sets.leaks import Secrets, look_for
from cyberposture.reporting.sets.texts import texts_of
from cyberposture.services.institutions import entries, publication
from cyberposture.services.reports.sets import making
from cyberposture.services.reports.sets.making import verify_set, write_set
from cyberposture.services.reports.sets.plan import SetWanted
from cyberposture.services.review.releasing import reopen
from cyberposture.services.scores import score

pytestmark = pytest.mark.slow

FOLDERS = find_content(None)
ROUND = "autumn"
HOUSES = {
    "hill-office": ("Hill Office of Records", "government", "127.54.1.1"),
    "dale-water": ("Dale Water Board", "water", "127.54.2.1"),
}


def furnish(office, houses=HOUSES):
    """Register institutions with people, hosts and final scores."""
    office.open_round(ROUND)
    for number, (code, (name, sector, address)) in enumerate(houses.items(), start=1):
        contact = f"Zubaida Number{number}, extension 7"
        office.institution(code, name=name, sectors=[sector], contacts=[contact])
        office.declare(
            code,
            {"id": "www", "kind": "host", "addresses": [address], "names": [f"www.{code}.example"]},
        )
        office.answer(code, ROUND, IAM_09=2, GOV_01=1 + number % 2)
        office.look(code, address, services={"22": "telnet"}, rest="closed")
        score.finalise(office.register, code, ROUND)
    return office


@pytest.fixture
def nation(office):
    """Two institutions with final scores."""
    return furnish(office)


def make(office, audience, **more):
    options = {name: more.pop(name) for name in ("afresh", "progress") if name in more}
    out = office.folder / "sets" / audience
    wanted = SetWanted(audience, ROUND, **{"with_pdf": False} | more)
    return out, write_set(office.register, FOLDERS, wanted, out, **options)


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class Links(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag in ("a", "link", "img", "script") and ("href" in found or "src" in found):
            self.links.append(found.get("href") or found.get("src", ""))


def assert_every_link_leads_somewhere(out: Path) -> None:
    found = texts(out)
    pages = {name: Links(text) for name, text in found.items() if name.endswith(".html")}
    for name, page in pages.items():
        for link in page.links:
            path, _, anchor = link.partition("#")
            assert not re.match(r"[a-z]+:|/", path), f"{name} links {link}"
            target = (out / name).parent / unquote(path) if path else out / name
            key = str(target.resolve().relative_to(out.resolve()))
            assert key in found, f"{name} links {link}"
            assert not anchor or anchor in pages[key].ids, f"{name} links {link}"


def test_the_set_of_the_cert_is_a_site_whose_every_link_leads_somewhere(nation):
    out, made = make(nation, "cert")
    found = texts(out)
    pages = {name: Links(text) for name, text in found.items() if name.endswith(".html")}
    assert {"index.html", "index.ur.html", "nation.en.html", "nation.ur.html", "list.en.html",
            "brief.en.html", "brief.ur.html", "institutions/hill-office.en.html",
            "institutions/dale-water.ur.html", "open.en.html"} <= set(pages)  # fmt: skip
    assert made.files == len(found)
    assert_every_link_leads_somewhere(out)
    assert "institutions/hill-office.en.html" in pages["nation.en.html"].links
    of_sectors = [
        link for name in pages if name.startswith("sectors/") for link in pages[name].links
    ]
    assert any(link.startswith("../institutions/hill-office.en.html#why-") for link in of_sectors)
    assert "../nation.ur.html" in pages["institutions/hill-office.ur.html"].links
    assert "hill-office.ur.html" in pages["institutions/hill-office.en.html"].links


def test_one_page_has_one_script_under_its_own_digest_and_works_without(nation):
    out, _ = make(nation, "cert", languages=("en",))
    for name, text in texts(out).items():
        if name.endswith(".html"):
            is_list = name == "list.en.html"
            assert text.count("<script") == is_list, name
            policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
            assert policy is not None
            assert ("script-src" in policy[1]) == is_list, name
    listed = (out / "list.en.html").read_text(encoding="utf-8")
    assert 'id="filter" class="screen" hidden' in listed, "what needs the script hides without"
    for anchor in ("letter-h", "letter-d", "sector-1", "by-band"):
        assert f'href="#{anchor}"' in listed or f'id="{anchor}"' in listed
    assert (out / "letters" / "h.en.html").exists()


def test_a_second_run_renders_nothing_and_changes_no_byte(nation):
    out, first = make(nation, "cert", languages=("en",))
    before = bytes_of(out)
    nation.clock.forward(days=3)
    _, second = make(nation, "cert", languages=("en",))
    assert (first.rendered > 0, second.rendered, second.written) == (True, 0, 0)
    assert bytes_of(out) == before
    assert second.manifest_sha256 == first.manifest_sha256


def test_only_what_changed_is_rendered_again(nation):
    out, _ = make(nation, "cert", languages=("en",))
    before = bytes_of(out)
    nation.look("dale-water", "127.54.2.1", services={"23": "telnet"}, rest="closed")
    _, again = make(nation, "cert", languages=("en",))
    after = bytes_of(out)
    changed = {name for name in after if after[name] != before.get(name)}
    own = "institutions/hill-office.en.html"
    assert own not in changed
    assert "institutions/dale-water.en.html" in changed
    assert "nation.en.html" in changed
    assert 0 < again.rendered < again.files


def test_under_another_name_of_the_cert_every_page_is_made_again_and_no_score(nation):
    out, first = make(nation, "cert", languages=("en",))
    scores = (out / "figures" / "domains.csv").read_bytes()
    named = replace(nation.register, body=OperatingBody("Hill CERT"))
    wanted = SetWanted("cert", ROUND, with_pdf=False, languages=("en",))
    second = write_set(named, FOLDERS, wanted, out)
    assert second.rendered == first.rendered
    page = (out / "nation.en.html").read_text(encoding="utf-8")
    assert 'Issued by <bdi dir="auto">Hill CERT</bdi>' in page
    assert (out / "figures" / "domains.csv").read_bytes() == scores


def test_what_was_harmed_is_made_again(nation):
    out, _ = make(nation, "cert", languages=("en",))
    good = bytes_of(out)
    (out / "brief.en.txt").write_text("changed")
    (out / "institutions" / "hill-office.en.html").unlink()
    make(nation, "cert", languages=("en",))
    after = bytes_of(out)
    assert {n for n in good if good[n] != after[n] and n != "manifest.json"} <= {
        "nation.en.html", "brief.en.html", "sectors/government.en.html", "sectors/water.en.html"
    }  # fmt: skip
    assert after["brief.en.txt"] == good["brief.en.txt"]
    verify_set(out)


def test_verifying_finds_what_is_changed_missing_or_too_many(nation):
    out, made = make(nation, "board", institution="hill-office")
    manifest = verify_set(out)
    assert manifest.about == {"round": ROUND, "institution": "hill-office"}
    assert len(manifest.files) + 1 == made.files
    assert manifest.head.seq > 0
    report = manifest.find("institutions/hill-office.en.html")
    assert report is not None
    assert (
        report.made_of.scores
        == score.find_current(nation.register, "hill-office", ROUND).document_sha256
    )
    (out / "brief.en.txt").write_text("other words")
    (out / "brief.ur.txt").unlink()
    (out / "more.html").write_text("")
    with pytest.raises(WrongState) as caught:
        verify_set(out)
    for line in ("brief.en.txt: is not", "brief.ur.txt: is missing", "more.html: is not in"):
        assert line in str(caught.value)
    with pytest.raises(NotFound):
        verify_set(nation.folder)


def test_the_set_of_a_board_tells_of_nobody_else(nation):
    out, _ = make(nation, "board", institution="hill-office")
    said = "\n".join(texts(out).values())
    assert "Hill Office of Records" in said
    assert_every_link_leads_somewhere(out)
    in_order = out / "institutions" / "hill-office-nist-csf-2.en.html"
    assert 'href="hill-office.en.html#why-IAM-09"' in in_order.read_text(encoding="utf-8")
    assert "hill-office-pisf.ur.html" in texts(out)["institutions/hill-office.ur.html"]
    for other in ("Dale Water", "dale-water", "127.54.2.1", "Number2"):
        assert other not in said
    assert not (out / "nation.en.html").exists()
    ministers, _ = make(nation, "board")
    assert (ministers / "nation.ur.html").exists()
    assert not re.search("hill-office|Hill Office|127.54", "\n".join(texts(ministers).values()))


def test_the_set_of_a_regulator_holds_its_own_sector(nation):
    out, _ = make(nation, "sector", sector="water", languages=("en",))
    said = "\n".join(texts(out).values())
    assert "Dale Water Board" in said
    assert not re.search(r"hill-office|Hill Office|127\.54|Zubaida", said)


@pytest.mark.parametrize(
    ("audience", "more"),
    [
        ("sector", {}),
        ("cert", {"institution": "hill-office"}),
        ("public", {"sector": "water"}),
        ("board", {"institution": "hill-office", "sector": "water"}),
    ],
)
def test_a_set_that_nobody_may_have_is_not_made(nation, audience, more):
    with pytest.raises(WrongUsage):
        make(nation, audience, **more)
    assert not (nation.folder / "sets" / audience).exists()


def test_what_is_not_there_is_told(nation):
    for more in ({"institution": "nobody"}, {"sector": "nothing"}):
        with pytest.raises(NotFound):
            make(nation, "board" if "institution" in more else "sector", **more)
    nation.institution("new-house")
    with pytest.raises(NotFound):
        make(nation, "board", institution="new-house")
    out, made = make(nation, "cert", languages=("en",))
    assert made.left_out == (
        "One institution has no final score in this round.",
        "No PDF: it was not asked for.",
    )
    nation.open_round("winter")
    with pytest.raises(WrongState, match="no score"):
        write_set(nation.register, FOLDERS, SetWanted("cert", "winter", with_pdf=False), out)


def test_the_brief_has_150_words_at_most_in_both_languages(nation):
    out, _ = make(nation, "board", institution="hill-office")
    for language in ("en", "ur"):
        said = (out / f"brief.{language}.txt").read_text(encoding="utf-8")
        assert 20 < len(said.split()) <= MOST_WORDS
        assert "Hill Office of Records" in said
        page = (out / f"brief.{language}.html").read_text(encoding="utf-8")
        assert f'lang="{language}"' in page


@pytest.mark.skipif(not has_printer(), reason="the printer of PDF is not installed")
def test_the_nation_is_printed_and_the_print_is_looked_through(nation, tmp_path):
    out, made = make(nation, "board", languages=("en",), with_pdf=True)
    data = (out / "nation.en.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert 'href="nation.en.pdf"' in (out / "nation.en.html").read_text(encoding="utf-8")
    assert made.left_out == ()
    said = " ".join(text.said for text in texts_of("nation.en.pdf", data) or ())
    assert "institutions answered" in said
    secrets = Secrets(names=(("institution", "2 of 2 institutions"),))
    assert {leak.where for leak in look_for(secrets, "nation.en.pdf", data)} == {"its pages"}
    _, again = make(nation, "board", languages=("en",), with_pdf=True)
    assert again.written == 0


# Leaks: each kind is planted in our own templates, as a mistake in a view would bring it.

PLANTS = {
    "address": "127.54.2.1",
    "host name": "www.dale-water.example",
    "institution": "Dale&nbsp;Water <b>Board</b>",
    "institution's code": "dale-water",
    "person": "Zubaida Number2",
}


def planted(tmp_path, text, name="brief.html.j2"):
    """Return content with this text in a template."""
    reports = tmp_path / "content" / "reports"
    shutil.copytree(FOLDERS.reports, reports)
    template = reports / "set" / name
    said = template.read_text(encoding="utf-8")
    template.write_text(said.replace("{% block content %}", "{% block content %}\n" + text))
    return ContentFolders(reports.parent)


def test_a_set_that_holds_what_it_may_not_is_deleted_whole(nation, tmp_path):
    out = nation.folder / "sets" / "board"
    wanted = SetWanted("board", ROUND, institution="hill-office", languages=("en",), with_pdf=False)
    folders = planted(tmp_path, "\n".join(f"<p>{text}</p>" for text in PLANTS.values()))
    with pytest.raises(WrongState) as caught, nation.adds("report-set-deleted"):
        write_set(nation.register, folders, wanted, out)
    told = str(caught.value)
    lines = re.findall(r"brief\.en\.html, line (\d+): (.*)", told)
    assert [what for _, what in sorted(lines)] == [
        "an address",
        "the name of a host",
        "the name or code of an institution",
        "the name or code of an institution",
        "the name or code of an institution",
        "the name or code of a person",
    ]
    assert len({line for line, _ in lines}) == len(PLANTS)
    assert not re.search(r"127\.54\.2\.1|[Dd]ale|Number2", told), "the message is no leak itself"
    assert not out.exists()
    assert [p.name for p in out.parent.iterdir()] == [".board.lock"]


def test_an_old_set_stays_unless_it_holds_the_same(nation, tmp_path):
    out, _ = make(nation, "board", institution="hill-office")
    before = bytes_of(out)
    wanted = SetWanted("board", ROUND, institution="hill-office", with_pdf=False)
    with pytest.raises(WrongState):
        write_set(nation.register, planted(tmp_path, "127.54.2.1"), wanted, out)
    assert bytes_of(out) == before
    # Somebody takes over a name that stands in the set already.
    entries.import_declaration(
        nation.register,
        nation.write("taken.yaml", {"assets": [
            {"id": "www", "kind": "host", "addresses": ["127.54.2.1"],
             "names": ["portal.hill-office.example"]}]}),
        "dale-water",
    )  # fmt: skip
    make(nation, "board", institution="hill-office")
    nation.institution("other-house", name="Amna Khan")  # who wrote the answers is called so
    with pytest.raises(WrongState, match="may not see"):
        make(nation, "board", institution="hill-office")
    assert not out.exists()


def test_nobody_is_named_in_public_by_their_own_file_name(nation, monkeypatch):
    monkeypatch.setattr(making, "MOST_TOLD", 3)
    out = nation.folder / "sets" / "public"
    with nation.register.reading() as connection:
        assert publication.store.consenting(connection) == set()
    make(nation, "public")
    said = "\n".join(texts(out).values())
    assert not re.search(r"127\.54|Dale Water|Hill Office|hill-office|dale-water|Zubaida", said)
    assert not (out / "institutions").exists()


def test_a_kill_in_the_middle_leaves_the_old_set_whole(nation, monkeypatch):
    out, _ = make(nation, "board", institution="hill-office", languages=("en",))
    before = bytes_of(out)
    nation.look("hill-office", "127.54.1.1", services={"23": "telnet"}, rest="closed")

    class KilledError(BaseException):
        """As a signal would end the program."""

    def die(*_: object) -> None:
        raise KilledError

    for where in ("write_manifest", "put_in_place"):
        with monkeypatch.context() as patched:
            patched.setattr(making, where, die)
            with pytest.raises(KilledError):
                make(nation, "board", institution="hill-office", languages=("en",))
        assert bytes_of(out) == before
    # Between the two names: the old set was moved, and the new one is not there yet.
    out.rename(out.with_name(".board.old-0000"))
    out.with_name(".board.draft-0000").mkdir()
    make(nation, "board", institution="hill-office", languages=("en",))
    assert verify_set(out).audience == "board"
    assert sorted(p.name for p in out.parent.iterdir()) == [".board.lock", "board"]


def test_a_folder_with_something_else_is_not_touched(nation):
    out = nation.folder / "sets" / "cert"
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(WrongState, match="no set"):
        make(nation, "cert")
    assert texts(out) == {"mine.txt": "mine"}


def test_progress_is_told_and_the_set_goes_on_record(nation):
    told = []
    with nation.adds("report-set-written"):
        _, made = make(nation, "cert", progress=lambda *step: told.append(step))
    reports = [step for step in told if step[0] == "reports"]
    assert reports[-1][1] == reports[-1][2] == len(reports)
    (entry,) = [
        one for one in making_entries(nation) if one.data["manifest_sha256"] == made.manifest_sha256
    ]
    assert entry.data["audience"] == "cert"


def making_entries(office):
    from cyberposture.services.proof import audit

    return [e for e in audit.read_entries(office.register) if e.kind == making.KIND]


# The public set.

SIX = {
    f"house-{n}": (f"House {name} of Records", "government", f"127.54.{n}.1")
    for n, name in enumerate(("Aster", "Birch", "Cedar", "Daisy", "Elder", "Fern"), start=1)
}


def test_who_agreed_is_named_in_public_unless_too_few_others_remain(office):
    furnish(office, SIX)
    cert = office.acting()
    publication.consent(cert, "house-1", signatory="Head", reference="H/1")
    out, made = make(office, "public", languages=("en",))
    said = "\n".join(texts(out).values())
    assert (out / "institutions" / "house-1.en.html").exists()
    assert "House Aster of Records" in said
    assert not re.search(r"House (Birch|Cedar|Daisy|Elder|Fern)|house-[2-6]|127\.54|Zubaida", said)
    publication.consent(cert, "house-2", signatory="Head", reference="H/2")
    out, made = make(office, "public", languages=("en",))
    assert not (out / "institutions").exists(), "four others would remain"
    assert "agreed to be named, and are not" in made.left_out[0]
    publication.withdraw_consent(cert, "house-1", reason="they wrote")
    make(office, "public", languages=("en",))
    assert [p.name for p in (out / "institutions").iterdir()] == ["house-2.en.html"]
    conduct = (out / "open.en.html").read_text(encoding="utf-8")
    for line in ("Contacts that nobody had allowed", "Complaints", "not the policy"):
        assert line in conduct
    _check_figures(office, out)


def test_a_correction_has_a_row_in_public_where_it_is_named_and_a_place_in_the_count(office):
    furnish(office, SIX)
    publication.consent(office.acting(), "house-1", signatory="Head", reference="H/1")
    out, _ = make(office, "public", languages=("en",))
    assert "<tbody" not in corrections_in(out)
    admin = office.acting("b-admin", "cert-administrator")
    for code in ("house-1", "house-2", "house-3"):
        reopen(admin, code, ROUND, ["IAM-09"], reason="an error of ours")
        score.finalise(admin, code, ROUND, told="its board")
    make(office, "public", languages=("en",))
    told = corrections_in(out)
    assert told.count("<tr>") == 2 and "House Aster of Records" in told, "a head, and one row"
    assert "an error of ours" not in told
    assert "fewer than 6" in told, "one more than five, for one of them is named"
    (row,) = rows_of(out / "figures" / "corrections.csv")
    assert row["changed_at_least"] == ""
    # The CERT reads of all of them, as before.
    out, _ = make(office, "cert", languages=("en",))
    assert corrections_in(out).count("<tr>") == 4
    assert len(rows_of(out / "figures" / "corrections.csv")) == 3


def corrections_in(out: Path) -> str:
    """Return what the method of a set says of corrections, marked up."""
    text = (out / "open.en.html").read_text(encoding="utf-8")
    return text.partition('<h2 id="corrections">')[2].partition("<h2")[0]


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def _check_figures(office, out):
    """Every figure of the open files stands on the public page, and is explained."""
    page = (out / "nation.en.html").read_text(encoding="utf-8")
    dictionary = rows_of(out / "figures" / "dictionary.csv")
    explained = {(row["file"], row["column"]) for row in dictionary}
    for path in (out / "figures").glob("*.csv"):
        if path.name == "dictionary.csv":
            continue
        for row in rows_of(path):
            for column, value in row.items():
                assert (path.name, column) in explained
                figure = value.split()[0] if value else ""
                assert not figure.replace(".", "").isdigit() or figure in page, (path, row)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["marking"] == "TLP:CLEAR"
