"""A pack: made and sealed, opened elsewhere, handed back sealed, merged once, and receipted."""

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from edition_samples import RETIRED, first, second, write_edition

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import InvalidInput, WrongState
from cyberposture.model.offline import Signed
from cyberposture.services.assessments import assess
from cyberposture.services.assessments.offline import elsewhere, packs, receipts
from cyberposture.services.assessments.questionnaire import save_answer
from cyberposture.services.catalogue import adoption
from cyberposture.services.catalogue.adoption import read_draft
from cyberposture.services.proof import audit
from cyberposture.store import answers
from cyberposture.store.audit import AuditLog
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.database import open_database
from cyberposture.store.heads import HeadsFile

CODE, ROUND = "hill-office", "autumn"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A small edition, read once."""
    folder = tmp_path_factory.mktemp("edition")
    return read_draft(ContentFolders(write_edition(folder / "first", first())))


@pytest.fixture
def office(furnish, database, tmp_path, clock, begun):
    office = furnish(database, tmp_path, clock, begun)
    office.institution(CODE)
    office.open_round(ROUND)
    assess.open_assessment(office.register, CODE, ROUND)
    yield office
    office.verify()


class Desk:
    """A machine without network on which a pack was opened."""

    def __init__(self, office, folder, template, data):
        folder.mkdir()
        shutil.copy(template, folder / "register.sqlite")
        self.signer = Ed25519PrivateKey.generate()
        self.heads = HeadsFile(folder / "heads.jsonl")
        self.register = replace(
            office.register,
            database=open_database(f"sqlite:///{folder / 'register.sqlite'}"),
            blobs=BlobDoor(b"o" * 32),
            audit=AuditLog(self.signer, self.heads),
            actor=elsewhere.WRITER,
            restored={},
        )
        self.pack = elsewhere.check_pack("a.pack.sqlite", data)
        elsewhere.lay_out(self.register, self.pack)

    def say(self, control, level, reason=""):
        with self.register.reading() as connection:
            _, assessment = assess.find_parts(connection, CODE, ROUND)
            now = answers.list_answers(connection, assessment.id).get(control)
        save_answer(self.register, CODE, ROUND, control, level=level, not_applicable=None,
                    reason=reason, seen_revision=0 if now is None else now.revision)  # fmt: skip

    def hand_back(self, signed=None):
        return elsewhere.make_return(self.register, self.pack, signed).data

    def close(self):
        self.register.database.close()


@pytest.fixture
def open_pack(office, tmp_path, template_file):
    opened = []

    def make(data, name="desk"):
        opened.append(Desk(office, tmp_path / f"{name}-{len(opened)}", template_file, data))
        return opened[-1]

    yield make
    for desk in opened:
        report = audit.verify_chains(desk.register.database, desk.heads, desk.signer.public_key())
        desk.close()
        assert report.faults == ()


def make(office):
    return packs.make_pack(office.register, CODE, ROUND)


def take(office, data, name="back.return.json", institution=CODE, round_code=ROUND):
    return packs.take_in_return(office.register, institution, round_code, file_name=name, data=data)


def say(office, control, level, reason="", seen=0):
    save_answer(office.register, CODE, ROUND, control, level=level, not_applicable=None,
                reason=reason, seen_revision=seen)  # fmt: skip


def level_of(office, control):
    return assess.list_standing(office.register, CODE, ROUND)[control].answer.answer.level


def test_answers_given_elsewhere_come_back_once(office, open_pack):
    say(office, "GOV-01", 1, "before")
    with office.adds("taken-out"):
        data = make(office).data
    desk = open_pack(data)
    desk.say("GOV-01", 2, "after")
    desk.say("GOV-02", 3)
    back = desk.hand_back()
    with office.adds("answers-taken-in"):
        receipt = take(office, back).receipt
    assert {c: (t.before, t.after) for c, t in receipt.outcome.taken.items()} == {
        "GOV-01": (1, 2), "GOV-02": (0, 1)
    }  # fmt: skip
    assert (level_of(office, "GOV-01"), level_of(office, "GOV-02")) == (2, 3)
    before = office.rows()
    assert take(office, back, "again.json").receipt == receipt
    assert office.rows() == before


def test_an_opened_pack_shows_the_answers_of_the_register_and_no_changes_yet(office, open_pack):
    say(office, "GOV-01", 1, "before")
    desk = open_pack(make(office).data)
    assert elsewhere.list_changes(desk.register, desk.pack) == ()
    assert elsewhere.is_laid_out(desk.register, desk.pack)
    there = assess.list_standing(desk.register, CODE, ROUND)["GOV-01"].answer
    assert (there.answer.reason, there.act.actor) == ("before", "amna-khan")
    other = elsewhere.check_pack("b.pack.sqlite", make(office).data)
    with pytest.raises(WrongState, match="holds the answers of pack-"):
        elsewhere.is_laid_out(desk.register, other)


def test_suggestions_come_along_and_are_confirmed_elsewhere(office, open_pack):
    say(office, "GOV-01", 2, "as ever")
    office.clock.forward(days=1)
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    made = packs.make_pack(office.register, CODE, "spring")
    desk = open_pack(made.data)
    save_answer(desk.register, CODE, "spring", "GOV-01", level=2, not_applicable=None,
                reason="as ever", seen_revision=1)  # fmt: skip
    receipt = take(office, desk.hand_back(), round_code="spring").receipt
    assert receipt.outcome.taken.keys() == {"GOV-01"}


def test_two_openings_of_one_pack_clash_where_both_answered(office, open_pack):
    data = make(office).data
    here, there = open_pack(data), open_pack(data)
    here.say("GOV-01", 1)
    here.say("GOV-02", 1)
    there.say("GOV-01", 2)
    there.say("GOV-02", 1)
    there.say("GOV-03", 2)
    take(office, here.hand_back())
    outcome = take(office, there.hand_back()).receipt.outcome
    assert [(c.control, c.yours.choice, c.theirs.choice) for c in outcome.clashes] == [
        ("GOV-01", "2", "1")
    ]
    assert (outcome.same, outcome.taken.keys()) == (("GOV-02",), {"GOV-03"})
    assert here.register.audit.key != there.register.audit.key


def test_a_later_return_of_the_same_opening_goes_on_and_an_earlier_one_comes_too_late(
    office, open_pack
):
    desk = open_pack(make(office).data)
    desk.say("GOV-01", 1)
    early = desk.hand_back()
    desk.say("GOV-01", 2)
    middle = desk.hand_back()
    desk.say("GOV-01", 3)
    late = desk.hand_back()
    take(office, middle)
    assert take(office, late).receipt.outcome.taken["GOV-01"].before == 1
    (clash,) = take(office, early).receipt.outcome.clashes
    assert clash.theirs.choice == "3" and level_of(office, "GOV-01") == 3


def test_a_clash_with_what_was_answered_in_the_register_meanwhile(office, open_pack):
    desk = open_pack(make(office).data)
    say(office, "GOV-01", 0, "meanwhile")
    desk.say("GOV-01", 2)
    (clash,) = take(office, desk.hand_back()).receipt.outcome.clashes
    assert (clash.where, clash.theirs.text) == ("answers/GOV-01", "meanwhile")


def test_a_return_that_was_changed_cut_or_sealed_by_nobody_is_refused(office, open_pack):
    desk = open_pack(make(office).data)
    desk.say("GOV-01", 1)
    back = desk.hand_back()
    with office.refuses(InvalidInput, "part of one"):
        take(office, back[:-40])
    document = json.loads(back)
    document["document"]["given"][0]["choice"] = "3"
    with office.refuses(InvalidInput, "seal does not hold"):
        take(office, json.dumps(document).encode())
    document = json.loads(back)
    document["document"]["paper"]["paper"]["seen"]["GOV-01"] = 7
    with office.refuses(InvalidInput, "seal does not hold"):
        take(office, json.dumps(document).encode())


def test_a_return_on_a_paper_that_the_register_never_sealed_is_refused(office, open_pack):
    desk = open_pack(make(office).data)
    paper = desk.pack.paper.model_copy(update={"seen": desk.pack.paper.seen | {"GOV-01": 1}})
    forged = desk.pack.sealed.model_copy(update={"paper": paper})
    desk.pack = replace(desk.pack, sealed=forged)
    desk.say("GOV-01", 1)
    with office.refuses(InvalidInput, "this register's seal"):
        take(office, desk.hand_back())


def test_a_return_for_another_institution_round_or_edition_is_refused(office, open_pack, tmp_path):
    desk = open_pack(make(office).data)
    desk.say("GOV-01", 1)
    back = desk.hand_back()
    office.institution("lake-office")
    assess.open_assessment(office.register, "lake-office", ROUND)
    with office.refuses(InvalidInput, "institution hill-office, not lake-office"):
        take(office, back, institution="lake-office")
    root = write_edition(tmp_path / "second", second(), version="2.0", retired=RETIRED)
    new = read_draft(ContentFolders(root))
    adoption.adopt(office.acting(), new, reason="a test")
    office.register = replace(
        office.register, content=new.content, edition=new.edition, restored={}
    )
    office.open_round("spring")
    assess.open_assessment(office.register, CODE, "spring")
    with office.refuses(InvalidInput, "round autumn, not spring\n.*edition"):
        take(office, back, round_code="spring")
    assert take(office, back).receipt.outcome.taken.keys() == {"GOV-01"}


TAMPERINGS = (
    ("UPDATE answers SET level = 3", "table answers: not as it was sealed"),
    ("DELETE FROM controls", "table controls: not as it was sealed"),
    ("UPDATE editions SET content = x'00' WHERE kind = 'texts'", "table editions"),
    ("UPDATE pack SET paper = replace(paper, 'hill', 'lake')", "seal does not hold"),
    ("DELETE FROM pack", "one row is expected"),
    ("CREATE VIEW more AS SELECT 1", "never put there by us"),
    ("CREATE TRIGGER t AFTER INSERT ON pack BEGIN DELETE FROM pack; END", "never put there"),
    ("DROP TABLE scope", "missing in it"),
    ("ALTER TABLE scope ADD COLUMN more TEXT", "its columns are not those"),
    ("UPDATE answers SET level = 1.5", "of another kind"),
)


def test_a_pack_that_was_changed_is_not_opened(office, tmp_path):
    say(office, "GOV-01", 1)
    data = make(office).data
    for number, (statement, says) in enumerate(TAMPERINGS):
        path = tmp_path / f"{number}.pack.sqlite"
        path.write_bytes(data)
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        with pytest.raises(InvalidInput, match=says):
            elsewhere.check_pack(path.name, path.read_bytes())


def test_a_pack_that_is_cut_or_none_is_not_opened(office):
    data = make(office).data
    for part in (data[:5_000], data[: len(data) // 2], b"", b"PK\x03\x04", b"{}"):
        with pytest.raises(InvalidInput):
            elsewhere.check_pack("a.pack.sqlite", part)


def test_a_receipt_is_kept_by_the_pack_that_it_is_for_and_by_no_other(office, open_pack):
    desk, other = open_pack(make(office).data), open_pack(make(office).data)
    desk.say("GOV-01", 1)
    sealed = take(office, desk.hand_back())
    data = sealed.model_dump_json(indent=1).encode()
    for _ in range(2):
        elsewhere.keep_receipt(desk.register, desk.pack, file_name="r.json", data=data)
    assert elsewhere.list_kept(desk.register) == [sealed]
    with pytest.raises(InvalidInput, match="not pack-"):
        elsewhere.keep_receipt(other.register, other.pack, file_name="r.json", data=data)
    with pytest.raises(InvalidInput, match="seal does not hold"):
        elsewhere.keep_receipt(desk.register, desk.pack, file_name="r.json",
                               data=data.replace(b"autumn", b"spring"))  # fmt: skip
    with pytest.raises(InvalidInput, match="part of one"):
        elsewhere.keep_receipt(desk.register, desk.pack, file_name="r.json", data=data[:-9])


def test_a_signature_in_a_pack_is_recorded_with_the_digest_of_the_answers(office, open_pack):
    desk = open_pack(make(office).data)
    desk.say("GOV-01", 1)
    signed = Signed(name="A. Khan", office="Director", day=office.clock().date())
    attested = take(office, desk.hand_back(signed)).receipt.outcome.attested
    assert attested.is_whole and attested.number == 1


def test_a_pack_tells_what_may_be_contacted_and_what_the_network_shows(office, open_pack):
    office.declare(CODE, "127.0.0.9")
    reference = office.authorise(CODE, "127.0.0.0/28")
    pack = elsewhere.check_pack("a.pack.sqlite", make(office).data)
    (row,) = pack.tables["scope"]
    assert row["authorisation"] == reference and json.loads(row["entry"])["cidr"] == "127.0.0.0/28"
    assert pack.tables["network"] == []


def test_receipts_are_listed_newest_first(office, open_pack):
    desk = open_pack(make(office).data)
    codes = []
    for level in (1, 2):
        desk.say("GOV-01", level)
        codes.append(take(office, desk.hand_back()).receipt.code)
    listed = receipts.list_receipts(office.register, CODE, ROUND)
    assert [one.receipt.code for one in listed] == codes[::-1]
