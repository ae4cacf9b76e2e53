"""What a letter does not name is never done under it, whatever another letter says."""

from datetime import UTC, datetime, timedelta

from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.scanning.stages import Wish
from cyberposture.scanning.techniques import find_technique
from cyberposture.services.permission.ground import Ground
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.outlook import Outlook, first_look, techniques_allowed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLANT, OFFICE = "127.0.9.1", "127.0.1.1"
SCANNER = Scanner(
    scanner_id="s", vantage="external", user_agent="x", search_path="", has_raw_sockets=False,
    rate_pps=5, connections_per_address=1, parallel_chunks=1, host_timeout_s=60,
    stop_poll_s=1, port_offset=0, trust_store=None, ticket_key=b"k" * 32,
)  # fmt: skip


def letter(code: str, cidr: str, techniques: list[str] | None, load: int = 3) -> AuthorisationTerms:
    return AuthorisationTerms.model_validate(
        {
            "id": code, "institution": "blue", "letter_sha256": "0" * 64, "signatory": "D",
            "signatory_role": "director", "power_to_sign_checked": "seen", "received_by": "a",
            "requested_at": NOW, "valid_from": NOW - timedelta(days=1),
            "valid_until": NOW + timedelta(days=9), "techniques": techniques, "load": load,
            "scope": [{"cidr": cidr, "ports": None, "special_allowed": True}],
            "emergency_contacts": ["Pump station"],
        }
    )  # fmt: skip


def ground(*letters: AuthorisationTerms) -> Ground:
    gate = tuple(one.for_gate(granted=True, withdrawn_at=None) for one in letters)
    return Ground(False, (), (), gate, {one.id: one for one in letters}, (), ())


TWO = ground(
    letter("A-PLANT", "127.0.9.0/24", ["ot-ports"], load=2),
    letter("A-OFFICE", "127.0.1.0/24", ["tcp-ports", "tls-handshake"]),
)


def test_a_technique_of_one_letter_is_not_used_under_another():
    assert techniques_allowed(TWO, SCANNER, NOW, PLANT) == {"ot-ports"}
    assert techniques_allowed(TWO, SCANNER, NOW, OFFICE) == {"tcp-ports", "tls-handshake"}
    outlook = Outlook(TWO, SCANNER, NOW, "scan", None)
    outlook.add([Wish(find_technique("ot-ports"), (PLANT, OFFICE), (502,))])
    (passed,) = outlook.laid.passed
    assert passed.plan.targets == (PLANT,)
    assert {pair.target for _, pair, _ in outlook.laid.denied} == {OFFICE}


def test_the_question_holds_only_letters_that_name_the_technique():
    outlook = Outlook(TWO, SCANNER, NOW, "scan", None)
    outlook.add([Wish(find_technique("tcp-ports"), (OFFICE,), (80,))])
    (passed,) = outlook.laid.passed
    assert [one.id for one in passed.question.authorisations] == ["A-OFFICE"]


def test_a_gentle_letter_beside_a_bold_one_is_not_refused_for_what_it_never_offered():
    looked = first_look(Outlook(TWO, SCANNER, NOW, "plan", None), {}, [PLANT, OFFICE], None)
    assert {t for one in looked.passed for t in one.plan.targets} == {PLANT, OFFICE}
    assert looked.denied == []


def test_what_no_technique_reaches_is_denied_once():
    looked = first_look(Outlook(TWO, SCANNER, NOW, "plan", None), {}, ["127.0.5.5"], None)
    assert looked.passed == []
    assert {pair.target for _, pair, _ in looked.denied} == {"127.0.5.5"}


def test_a_letter_without_a_list_allows_what_needs_no_express_mention():
    plain = ground(letter("A-1", "127.0.1.0/24", None))
    allowed = techniques_allowed(plain, SCANNER, NOW, OFFICE)
    assert "tcp-ports" in allowed
    assert "ot-ports" not in allowed
    assert techniques_allowed(plain, SCANNER, NOW, PLANT) == frozenset()
