"""What cannot wait is announced at once, again until acknowledged, then to the regulator."""

import pytest

from cyberposture.model.people import find_mail_address
from cyberposture.services.findings import acts as finding_acts
from cyberposture.services.findings import urgent
from cyberposture.services.findings import views as finding_views

STORES = "exposure.stores-ask-for-a-login"
HOST = "127.50.0.1"
REDIS = {"name": "redis", "product": "Redis key-value store", "version": "7.0.15"}
OPEN = {"rest": "closed", "services": {"6379": REDIS}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
MAIL = "Duty officer <duty@hill.example>, day and night"
PORTER = "Porter, extension 9"


@pytest.fixture
def code(office):
    """An institution whose store lets everybody in; it can be reached by mail and telephone."""
    code = office.institution(contacts=[MAIL, PORTER])
    office.declare(code, HOST)
    office.look(code, HOST, **OPEN)
    return code


def announce(office):
    done = urgent.announce_urgent(office.register, office.reports, "051 000 0000")
    return [(one.step, one.recipients) for one in done]


def sent(office):
    return [(m.channel, m.recipient) for m in urgent.list_notices(office.register)]


def told(office):
    return office.finding(STORES).code


def test_first_notice_goes_to_every_contact_at_once_and_only_once(office, code):
    assert announce(office) == [("1", ("duty@hill.example", PORTER))]
    assert announce(office) == []
    assert sent(office) == [("mail", "duty@hill.example"), ("telephone", PORTER)]
    kinds = [e.kind for e in finding_views.get_history(office.register, told(office)).events]
    assert kinds == ["opened", "announced"]


def test_notice_says_what_where_and_how_to_answer_in_both_languages(office, code):
    announce(office)
    (message, _) = urgent.list_notices(office.register)
    finding = office.finding(STORES)
    for part in (finding.says, HOST, told(office), "051 000 0000", "Take the store off", "فوری"):
        assert part in message.body
    assert told(office) in message.subject


def test_contacts_of_the_letter_in_force_come_first(office, code):
    office.authorise(code, "127.50.0.0/24", emergency_contacts=["Night shift, 0300 0000000"])
    assert announce(office)[0][1] == ("Night shift, 0300 0000000", "duty@hill.example", PORTER)


def test_it_is_repeated_until_somebody_acknowledges(office, code):
    announce(office)
    office.clock.forward(hours=3, minutes=59)
    assert announce(office) == []
    office.clock.forward(minutes=2)
    assert [step for step, _ in announce(office)] == ["2"]
    assert announce(office) == []
    finding_acts.acknowledge(office.register, told(office), who=PORTER, reason="by telephone")
    office.clock.forward(days=3)
    assert announce(office) == []


def test_after_a_standstill_the_step_that_is_due_is_written_and_no_other(office, code):
    announce(office)
    office.clock.forward(hours=13)
    assert [step for step, _ in announce(office)] == ["4"]


def test_regulator_is_told_once_after_a_day_without_an_answer(office, code):
    office.invite("g-gul", "sector-regulator")
    announce(office)
    office.clock.forward(hours=24)
    assert announce(office)[-1] == ("regulator", ("g-gul",))
    office.clock.forward(hours=24)
    assert [step for step, _ in announce(office)] == ["13"]
    (last,) = (m for m in urgent.list_notices(office.register) if m.channel == "inbox")
    assert last.person_id is not None
    assert "nobody has acknowledged" in last.body


def test_regulator_of_the_parent_is_told_and_no_other(office, code):
    office.institution("hill-ministry")
    office.institution("dale-ministry")
    office.invite("h-regulator", "sector-regulator", institution="hill-ministry")
    office.invite("d-regulator", "sector-regulator", institution="dale-ministry")
    office.institution("hill-branch", parent="hill-ministry", contacts=[])
    office.declare("hill-branch", "127.50.0.9")
    office.look("hill-branch", "127.50.0.9", **OPEN)
    finding_acts.acknowledge(office.register, office.findings(STORES, code)[0].code, who=PORTER)
    assert announce(office) == [("1", ())]
    # Nobody could be told, so that there is nothing to wait for.
    assert announce(office) == [("regulator", ("h-regulator",))]
    assert announce(office) == []


@pytest.mark.parametrize("end", ["mended", "accepted", "disputed"])
def test_what_is_mended_or_known_to_the_institution_is_announced_no_more(office, code, end):
    announce(office)
    signatory = office.invite("s-shah", "signatory", institution=code)
    if end == "mended":
        office.look(code, HOST, **CLOSED)
    elif end == "accepted":
        finding_acts.accept(office.register, told(office), "s-shah", signatory, reason="known")
    else:
        finding_acts.dispute(
            office.register, told(office), "s-shah", reason="it is a decoy", evidence="letter 3"
        )
    office.clock.forward(days=2)
    assert announce(office) == []


def test_what_comes_back_is_announced_anew(office, code):
    announce(office)
    finding_acts.acknowledge(office.register, told(office), who=PORTER)
    office.look(code, HOST, **CLOSED)
    office.look(code, HOST, **OPEN)
    assert [step for step, _ in announce(office)] == ["1"]


def test_what_is_not_urgent_is_not_announced(office):
    code = office.institution()
    office.declare(code, HOST)
    office.look(code, HOST, rest="closed", services={"23": "telnet"})
    assert office.findings("cleartext.no-telnet-or-r-login")
    assert announce(office) == []


def queued(office):
    return [m.recipient for m in urgent.list_notices(office.register) if m.state == "queued"]


@pytest.mark.parametrize("end", ["acknowledged", "mended"])
def test_what_still_waits_is_withdrawn_when_it_no_longer_needs_saying(office, code, end):
    announce(office)
    assert queued(office) == ["duty@hill.example", PORTER]
    if end == "acknowledged":
        finding_acts.acknowledge(office.register, told(office), who=PORTER)
    else:
        office.look(code, HOST, **CLOSED)
        announce(office)
    assert queued(office) == []
    assert {m.state for m in urgent.list_notices(office.register)} == {"withdrawn"}


def test_what_comes_back_is_not_withdrawn_with_what_was_before(office, code):
    announce(office)
    office.look(code, HOST, **CLOSED)
    office.look(code, HOST, **OPEN)
    assert [step for step, _ in announce(office)] == ["1"]
    announce(office)
    assert queued(office) == ["duty@hill.example", PORTER]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Duty <duty@hill.example>", "duty@hill.example"),
        ("Duty officer (duty@hill.example), at night", "duty@hill.example"),
        ("write to mailto:duty@hill.example.", "duty@hill.example"),
        ("0300 0000000", None),
        ("duty@@hill.example", None),
        ("duty@hill..example or night@hill.example", "night@hill.example"),
    ],
)
def test_address_is_found_in_what_people_wrote(written, address):
    assert find_mail_address(written) == address
