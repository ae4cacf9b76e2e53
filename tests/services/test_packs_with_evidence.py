"""Evidence in packs: attached elsewhere, sealed with the return, taken in once, and receipted."""

import hashlib
import io
import json
import zipfile
from datetime import date

import pytest
import test_packs_there_and_back as bare
from hypothesis import given
from hypothesis import strategies as st
from test_packs_there_and_back import CODE, ROUND, make, say, take

from cyberposture.errors import InvalidInput, WrongState
from cyberposture.exchange.pack.returned import _packed, read_return
from cyberposture.model.offline import Return
from cyberposture.services.assessments import assess, evidence, library
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.assessments.offline import elsewhere, packs
from cyberposture.services.assessments.offline.papers import RETURN
from cyberposture.services.assessments.pieces import Description, Limits, NewFile
from cyberposture.store.evidence import list_evidence

# The same office, and the same way to open a pack in it.
begun, office, open_pack = bare.begun, bare.office, bare.open_pack
PDF = b"%PDF-1.7 a plan of what to do"
LIMITS = Limits(1_000_000, 100)
DAY = date(2026, 1, 5)


def attach(desk, *controls, data=PDF, title="Plan", name="plan.pdf"):
    for control in controls:
        evidence.add_file(desk.register, CODE, NewFile(data, name), Description(title, DAY),
                          limits=LIMITS, use=Use(ROUND, control))  # fmt: skip


def behind(office, control):
    found = assess.list_standing(office.register, CODE, ROUND)[control].answer
    return [] if found is None else [one.sha256 for one in found.answer.evidence]


@pytest.fixture
def desk(office, open_pack):
    return open_pack(make(office).data)


def test_a_file_attached_elsewhere_stands_behind_its_answers_and_the_receipt_names_it(office, desk):
    desk.say("GOV-01", 2)
    attach(desk, "GOV-01", "GOV-02")
    back = desk.hand_back()
    (piece,) = take(office, back, "1.return.zip").receipt.outcome.pieces
    assert (piece.title, piece.controls, piece.was_there) == ("Plan", ("GOV-01", "GOV-02"), False)
    assert behind(office, "GOV-01") == behind(office, "GOV-02") == [piece.sha256]
    assert library.give_out(office.register, CODE, piece.code).data == PDF
    before = office.rows()
    assert take(office, back, "again.zip").receipt.outcome.pieces == (piece,)
    assert office.rows() == before


def test_the_same_file_in_a_later_return_or_in_the_register_is_one_piece(office, desk):
    evidence.add_file(office.register, CODE, NewFile(PDF, "other.pdf"),
                      Description("As we call it", DAY), limits=LIMITS)  # fmt: skip
    attach(desk, "GOV-01")
    (first,) = take(office, desk.hand_back()).receipt.outcome.pieces
    assert first.was_there and first.title == "As we call it"
    desk.say("GOV-01", 3)
    attach(desk, "GOV-02")
    outcome = take(office, desk.hand_back()).receipt.outcome
    assert (outcome.clashes, outcome.faults) == ((), ())
    assert outcome.pieces[0].code == first.code
    with office.register.reading() as connection:
        owner, _ = assess.find_parts(connection, CODE, ROUND)
        assert len(list_evidence(connection, owner)) == 1
    assert behind(office, "GOV-01") == behind(office, "GOV-02") == [first.sha256]


def test_links_and_what_is_held_come_along_too_and_what_was_withdrawn_does_not(office, desk):
    said = Description("Page", DAY)
    evidence.add_link(desk.register, CODE, "https://hill.example/plan", said, limits=LIMITS,
                      use=Use(ROUND, "GOV-01"))  # fmt: skip
    evidence.hold(desk.register, CODE, Description("Vault", DAY), sha256="a" * 64,
                  place="cabinet 3", limits=LIMITS)  # fmt: skip
    attach(desk, "GOV-02", title="Wrong one")
    wrong = next(one for one in library.list_library(desk.register, CODE)
                 if one.record.kind == "file")  # fmt: skip
    evidence.withdraw(desk.register, CODE, wrong.record.code, reason="another firm's")
    back = desk.hand_back()
    assert back.startswith(b"{")
    pieces = take(office, back).receipt.outcome.pieces
    assert sorted((one.kind, one.controls) for one in pieces) == [
        ("held", ()), ("link", ("GOV-01",))
    ]  # fmt: skip


def test_evidence_alone_answers_nothing_and_confirms_no_suggestion(office, desk):
    attach(desk, "GOV-01")
    assert elsewhere.list_changes(desk.register, desk.pack) == ()
    take(office, desk.hand_back())
    found = assess.list_standing(office.register, CODE, ROUND)["GOV-01"].answer
    assert found.answer.level is None and len(found.answer.evidence) == 1


def test_where_somebody_else_answered_meanwhile_the_piece_is_listed_and_people_decide(office, desk):
    attach(desk, "GOV-01")
    say(office, "GOV-01", 1, "meanwhile")
    outcome = take(office, desk.hand_back()).receipt.outcome
    assert [one.where for one in outcome.faults] == ["evidence/1/GOV-01"]
    assert outcome.pieces[0].controls == () and behind(office, "GOV-01") == []
    desk.say("GOV-01", 3)
    (clash,) = take(office, desk.hand_back()).receipt.outcome.clashes
    assert clash.theirs.text == "meanwhile"


def test_a_take_in_that_fails_half_way_leaves_nothing(office, desk):
    desk.say("GOV-01", 2)
    attach(desk, "GOV-01")
    attach(desk, "GOV-02", data=PDF + b" two", title="Second")
    back = desk.hand_back()
    with office.refuses(WrongState, "list of evidence is full"):
        packs.take_in_return(office.register, CODE, ROUND, file_name="1.return.zip", data=back,
                             most_pieces=1)  # fmt: skip
    assert len(take(office, back).receipt.outcome.pieces) == 2


def _zip(entries, packing=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as package:
        for name, data in entries:
            package.writestr(name, data)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_is_not_as_we_wrote_it_is_refused_with_its_place(office, desk):
    attach(desk, "GOV-01")
    back = desk.hand_back()
    with zipfile.ZipFile(io.BytesIO(back)) as package:
        whole = [(one.filename, package.read(one)) for one in package.infolist()]
    (first, document), (place, data) = whole
    digest = place.removeprefix("files/")
    hostile = [
        (_zip([(first, document)]), f"files/{digest}: the file of “Plan” is missing"),
        (document, f"files/{digest}: the file of “Plan” is missing"),
        (_zip([*whole, ("files/" + "0" * 64, b"x")]), "the return does not list it"),
        (_zip([*whole, ("../../etc/passwd", b"x")]), "a name that no return has"),
        (_zip([*whole, ("files/../" + digest, b"x")]), "a name that no return has"),
        (_zip([*whole, (place, data)]), "it is there twice"),
        (_zip([(first, document), (place, b"%PDF-1.7 another")]), "not as it was sealed"),
        (_zip(whole, zipfile.ZIP_DEFLATED), "it is packed"),
        (_zip([*whole, ("files/" + "1" * 64, bytes(50_000_000))], zipfile.ZIP_DEFLATED),
         "it is packed"),
        (_zip([(place, data)]), "there is no return.json"),
        (_zip(whole), "more than the return and its files"),
        (back + b"more", "more than the return|only a part"),
        (back[:-30], "only a part of one"),
        (back.replace(b"a plan", b"a plot"), "only a part of one"),
        (b"PK\x03\x04", "only a part of one"),
    ]  # fmt: skip
    for bad, says in hostile:
        with office.refuses(InvalidInput, says):
            take(office, bad, "1.return.zip")
    assert take(office, back).receipt.outcome.pieces[0].sha256 == digest


def test_a_sealed_file_of_no_kind_that_is_taken_is_refused_whole(office, desk):
    program = b"MZ\x90\x00" + bytes(40)
    attach(desk, "GOV-01")
    (piece,) = elsewhere.list_pieces(desk.register, desk.pack)
    digest = hashlib.sha256(program).hexdigest()
    bad = piece.model_copy(update={"sha256": digest, "size_bytes": len(program)})
    sealed, _ = read_return("1", desk.hand_back(), RETURN)
    document = sealed.document.model_copy(update={"pieces": (bad,)})
    seal = desk.register.audit.seal(RETURN, document.model_dump(mode="json"))
    forged = sealed.model_copy(update={"document": document, "seal": seal})
    data = _packed(forged.model_dump_json(indent=1).encode(), {digest: program})
    with office.refuses(InvalidInput, "are taken"):
        take(office, data)


def test_no_byte_of_a_return_can_be_changed(office, desk):
    attach(desk, "GOV-01")
    back = desk.hand_back()

    @given(st.integers(0, len(back) - 1), st.integers(1, 255))
    def flip(spot, by):
        changed = back[:spot] + bytes([back[spot] ^ by]) + back[spot + 1 :]
        with pytest.raises(InvalidInput):
            read_return("1.return.zip", changed, RETURN)

    flip()


def test_a_return_without_evidence_is_sealed_as_it_ever_was(office, desk):
    desk.say("GOV-01", 1)
    document = json.loads(desk.hand_back())["document"]
    assert "pieces" not in document and document.keys() == Return.model_fields.keys() - {"pieces"}
    told = json.loads(take(office, desk.hand_back()).model_dump_json())
    assert "pieces" not in told["receipt"]["outcome"]
