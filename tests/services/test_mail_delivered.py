"""Mail is handed over once and whole, whatever the mail server does; and nothing of it is lost."""

import base64
import ssl
import threading
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest
from mail_servers import BYE, READY, Handler, mail_server, say, scripted

from cyberposture.laboratory.certificates import Certificates
from cyberposture.services.people import people
from cyberposture.services.post.delivering import deliver_mail
from cyberposture.services.post.digests import Desk
from cyberposture.services.post.handing import GIVE_UP, HELD, pause_after
from cyberposture.services.post.mail import Letter, MailRoute, compose
from cyberposture.store import outbox
from cyberposture.store import people as people_store

pytestmark = pytest.mark.loopback
ONE = "lead@hill.example"
TEXT = "Evidence is due.\n.\nA line that begins with a full stop stands above."


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority of the module's own."""
    return Certificates(tmp_path_factory.mktemp("authority"))


def context(certificates, kind="good"):
    issued = certificates.issue(kind, ["localhost"], "127.0.0.1")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(issued.chain_file, issued.key_file)
    return made


def desk(office, port, **changes):
    route = MailRoute("localhost", port, "none", "posture@cert.example", timeout_s=5, longest_s=5)
    return Desk(replace(route, **changes), office.reports, "https://portal.example")


def queue(office, *recipients, body=TEXT, subject="A notice", prefix="test", **more):
    for number, recipient in enumerate(recipients):
        with office.register.change("queued-by-test") as change:
            outbox.queue_message(
                change.connection, change.by, code=f"{prefix}-{number}", channel="mail",
                recipient=recipient, subject=subject, body=body, language="en", **more,
            )  # fmt: skip


def states(office):
    with office.register.reading() as connection:
        return [(one.state, one.attempts) for one in outbox.list_messages(connection)]


def attempts(office):
    with office.register.reading() as connection:
        ids = [one.id for one in outbox.list_messages(connection)]
        return [(one.outcome, one.answer) for one in outbox.list_deliveries(connection, ids)]


def test_mail_arrives_whole_and_the_servers_answer_is_kept(office):
    handler = Handler()
    queue(office, ONE)
    with mail_server(handler) as port:
        passed = deliver_mail(office.register, desk(office, port))
    (taken,) = handler.taken
    assert (passed.accepted, passed.later, passed.refused) == (1, 0, 0)
    assert (taken.sender, taken.recipient) == ("posture@cert.example", ONE)
    assert taken.mail["Subject"] == "A notice"
    assert taken.mail["Auto-Submitted"] == "auto-generated"
    text = taken.text
    assert TEXT in text and "https://portal.example" in text and "test-0" in text
    assert attempts(office) == [("accepted", "250 2.0.0 Ok: queued as 1")]
    assert states(office) == [("delivered", 1)]
    assert office.entries()["message-delivered"] == 1


def test_mail_goes_once_and_many_share_a_session(office):
    handler = Handler()
    queue(office, *(f"person-{number}@hill.example" for number in range(12)))
    with mail_server(handler) as port:
        before = handler.sessions
        deliver_mail(office.register, desk(office, port))
        assert deliver_mail(office.register, desk(office, port)).accepted == 0
    assert len(handler.taken) == 12
    assert handler.sessions - before == 1


def test_nobody_is_called_when_nothing_is_due(office):
    # Nothing listens there: a call would be a problem.
    assert deliver_mail(office.register, desk(office, 1)).problem == ""


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mail_is_protected_and_the_password_is_sent_only_then(office, certificates, tls):
    handler = Handler()
    queue(office, ONE)
    known = {"tls": tls, "trust_store": certificates.ca_file, "user": "cert", "password": "lamps"}
    with mail_server(
        handler, tls=context(certificates), implicit=tls == "tls", password=("cert", "lamps")
    ) as port:
        passed = deliver_mail(office.register, desk(office, port, **known))
    assert passed.accepted == 1
    assert handler.taken[0].is_protected


@pytest.mark.parametrize("kind", ["expired", "wrong-name", "self-signed"])
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_server_that_does_not_prove_who_it_is_gets_nothing(office, certificates, kind, tls):
    handler = Handler()
    queue(office, ONE)
    known = {"tls": tls, "trust_store": certificates.ca_file}
    with mail_server(handler, tls=context(certificates, kind), implicit=tls == "tls") as port:
        passed = deliver_mail(office.register, desk(office, port, **known))
    assert handler.taken == []
    assert "certificate verify failed" in passed.problem.lower()
    assert states(office) == [("queued", 1)]


def test_where_starttls_was_stripped_nothing_is_sent(office):
    told = []

    def stripping(connection, read):
        say(connection, READY)
        while line := read():
            told.append(line)
            if line.startswith("ehlo"):
                say(connection, "250-mail.hill.example", "250 8BITMIME")
            elif line == "STARTTLS":
                say(connection, "502 not here")
            else:
                say(connection, BYE if line == "QUIT" else "250 ok")

    queue(office, ONE)
    known = {"tls": "starttls", "user": "cert", "password": "lamps"}
    with scripted(stripping) as port:
        passed = deliver_mail(office.register, desk(office, port, **known))
    assert "STARTTLS" in passed.problem
    assert [line.split()[0] for line in told] == ["ehlo"]
    assert states(office) == [("queued", 1)]


def test_what_was_slipped_in_before_tls_is_not_believed(office, certificates):
    """A line sent in the clear right behind the answer to STARTTLS must not count as an answer."""
    told = []

    def slipping(connection, read):
        say(connection, READY)
        read()
        say(connection, "250-mail.hill.example", "250 STARTTLS")
        read()
        say(connection, "220 go ahead", "250-evil.example", "250 AUTH PLAIN LOGIN")
        with context(certificates).wrap_socket(connection, server_side=True) as secure:
            stream = secure.makefile("rb")
            told.append(stream.readline().decode().split()[0])
            say(secure, "250 mail.hill.example")
            told.append(stream.readline().decode().split()[0])
            say(secure, "451 not now")
            stream.readline()

    queue(office, ONE)
    known = {"tls": "starttls", "trust_store": certificates.ca_file}
    with scripted(slipping) as port:
        deliver_mail(office.register, desk(office, port, **known))
    assert told == ["ehlo", "mail"]


def test_refusal_for_good_is_the_end_of_that_message_alone(office):
    handler = Handler(answers={ONE: ["550 5.1.1 no such person"]})
    queue(office, ONE, "other@hill.example")
    with mail_server(handler) as port:
        passed = deliver_mail(office.register, desk(office, port))
    assert (passed.accepted, passed.refused) == (1, 1)
    assert states(office) == [("failed", 1), ("delivered", 1)]
    assert ("refused", "550 5.1.1 no such person") in attempts(office)
    assert office.entries()["message-failed"] == 1


def test_what_is_put_off_is_tried_again_ever_more_rarely_and_then_goes(office):
    handler = Handler(answers={ONE: ["450 4.2.1 greylisted", "451 4.3.0 not yet"]})
    queue(office, ONE)
    with mail_server(handler) as port:
        place = desk(office, port)
        assert deliver_mail(office.register, place).later == 1
        assert deliver_mail(office.register, place) == deliver_mail(office.register, place)
        office.clock.forward(seconds=61)
        assert deliver_mail(office.register, place).later == 1
        office.clock.forward(seconds=61)
        assert deliver_mail(office.register, place).accepted == 0
        office.clock.forward(seconds=60)
        assert deliver_mail(office.register, place).accepted == 1
    assert states(office) == [("delivered", 3)]
    assert [outcome for outcome, _ in attempts(office)] == ["later", "later", "accepted"]


def test_pauses_grow_to_four_hours():
    pauses = [pause_after(number) / timedelta(minutes=1) for number in (1, 2, 3, 8, 9, 500)]
    assert pauses == [1, 2, 4, 128, 240, 240]


def test_after_five_days_it_is_given_up_and_that_is_on_record(office):
    queue(office, ONE)
    with scripted(lambda connection, read: say(connection, "554 not today")) as port:
        for _ in range(3):
            deliver_mail(office.register, desk(office, port))
            office.clock.forward(days=2)
        assert states(office) == [("queued", 3)]
        office.clock.forward(hours=1)
        deliver_mail(office.register, desk(office, port))
    assert GIVE_UP / timedelta(days=1) == 5
    assert states(office) == [("failed", 4)]
    assert "554 not today" in attempts(office)[-1][1]


def test_server_that_refuses_us_all_ends_the_pass_with_one_attempt(office):
    queue(office, ONE, "other@hill.example")
    with scripted(lambda connection, read: say(connection, "421 too busy")) as port:
        passed = deliver_mail(office.register, desk(office, port))
    assert passed.later == 1
    assert "421 too busy" in passed.problem
    assert states(office) == [("queued", 1), ("queued", 0)]


def test_nobody_there_is_told_and_loses_nothing(office):
    queue(office, ONE)
    with scripted(lambda connection, read: None) as port:
        pass
    assert "does not serve" in deliver_mail(office.register, desk(office, port)).problem
    assert states(office) == [("queued", 1)]


def test_server_that_drips_its_answer_is_left_at_the_deadline(office):
    """Each byte comes in time for the socket's own patience; the whole never does."""
    let_go = threading.Event()

    def dripping(connection, read):
        for byte in b"220 mail.hill.example " + b"x" * 10_000:
            connection.sendall(bytes([byte]))
            if let_go.wait(0.05):
                return

    queue(office, ONE)
    with scripted(dripping) as port:
        try:
            passed = deliver_mail(office.register, desk(office, port, longest_s=0.5))
        finally:
            let_go.set()
    assert "does not serve" in passed.problem
    assert states(office) == [("queued", 1)]


@pytest.mark.parametrize("after", ["MAIL", "RCPT", "DATA", "the mail"])
def test_talk_that_breaks_off_has_the_mail_sent_again_under_the_same_id(office, after):
    seen = []

    def dropping(connection, read):
        say(connection, READY)
        while line := read():
            word = line.split(":")[0].split()[0].upper()
            if word == after:
                return
            if word == "DATA":
                say(connection, "354 go on")
                lines = []
                while (text := read()) != ".":
                    lines.append(text)
                seen.append("\n".join(lines))
                return  # It has the mail, and we never hear of it.
            say(connection, "250 ok")

    queue(office, ONE, "other@hill.example")
    with scripted(dropping) as port:
        passed = deliver_mail(office.register, desk(office, port))
    assert passed.later == 1 and "broke off" in passed.problem
    assert states(office) == [("queued", 1), ("queued", 0)]
    handler = Handler()
    office.clock.forward(minutes=2)
    with mail_server(handler) as port:
        assert deliver_mail(office.register, desk(office, port)).accepted == 2
    if after == "the mail":
        first = message_from_bytes(seen[0].encode())["Message-ID"]
        assert first in [one.mail["Message-ID"] for one in handler.taken]


def test_whoever_dies_between_sending_and_recording_leaves_it_to_be_sent_once_more(office):
    handler = Handler()
    queue(office, ONE)
    with office.register.reading() as connection:
        (message,) = outbox.list_messages(connection)
    with office.register.database.transaction() as connection:
        now = office.clock()
        assert outbox.take_message(connection, message.id, at=now, again_at=now + HELD)
    with mail_server(handler) as port:
        assert deliver_mail(office.register, desk(office, port)).accepted == 0
        office.clock.forward(minutes=15)
        assert deliver_mail(office.register, desk(office, port)).accepted == 1
    assert states(office) == [("delivered", 2)]


HOSTILE = [
    "lead@hill.example\r\nBcc: all@hill.example",
    "lead@hill.example>\r\nRCPT TO:<all@hill.example",
    "lead@hill.example, all@hill.example",
    "all@hill.example(lead@hill.example)",
    '"lead\\"@hill.example',
    "lead@hill.example\n",
    "lead@[127.0.0.1]",
    "lead@hill..example",
    "-oQ/tmp@hill.example ",
    "ليد@hill.example",
    "Porter, extension 9",
    "",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_no_plain_address_reaches_no_mail_server(office, address):
    told = []

    def listening(connection, read):
        say(connection, READY)
        while line := read():
            told.append(line.split()[0].split(":")[0].upper())
            say(connection, BYE if line.upper() == "QUIT" else "250 ok")

    queue(office, address)
    with scripted(listening) as port:
        assert deliver_mail(office.register, desk(office, port)).refused == 1
    assert set(told) <= {"EHLO", "QUIT"}
    assert states(office) == [("failed", 1)]


def test_subject_can_begin_no_header_and_turn_no_direction(office):
    handler = Handler()
    subject = "A\r\nBcc: all@hill.example\u202e\x1b[31m" + "x" * 400
    queue(office, ONE, subject=subject, body="text\r\n.\r\nMAIL FROM:<x@y.example>\x1b[2J")
    with mail_server(handler) as port:
        assert deliver_mail(office.register, desk(office, port)).accepted == 1
    (taken,) = handler.taken
    assert taken.mail["Bcc"] is None
    assert taken.mail["Subject"].startswith("A Bcc: all@hill.example [31mxxx")
    assert len(taken.mail["Subject"]) <= 200
    assert "\x1b" not in taken.mail.get_content()


def test_urdu_arrives_as_plain_text_that_keeps_its_letters_and_directions(office):
    letter = Letter("an-id", ONE, "یاد دہانی: round-1", "ادارہ: \u2068hill-office\u2069\nمتن",
                    "ur", office.clock())  # fmt: skip
    data = compose(letter, "posture@cert.example").as_bytes()
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    mail = message_from_bytes(data)
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail["Content-Language"] == "ur"
    assert base64.b64decode(mail.get_payload()).decode().replace("\r\n", "\n") == f"{letter.body}\n"
    assert mail["Message-ID"] == "<an-id@cert.example>"


def person(office, code="l-lead", **contact):
    office.invite(code, "observer")
    with office.register.reading() as connection:
        return people_store.get_person(connection, code).id


def test_person_is_written_to_at_the_address_of_today_or_not_at_all(office):
    handler = Handler()
    queue(office, "l-lead", person_id=person(office))
    with mail_server(handler) as port:
        place = desk(office, port)
        assert deliver_mail(office.register, place).accepted == 0
        people.set_contact(office.register, "l-lead", mail=ONE)
        assert deliver_mail(office.register, place).accepted == 1
    assert handler.taken[0].recipient == ONE


def test_person_who_acts_no_more_gets_no_mail(office):
    queue(office, "l-lead", person_id=person(office))
    people.set_contact(office.register, "l-lead", mail=ONE)
    people.disable(office.register, "l-lead")
    assert deliver_mail(office.register, desk(office, 1)).problem == ""
    assert states(office) == [("withdrawn", 0)]


def test_what_is_over_the_share_of_a_day_goes_into_one_mail(office):
    handler = Handler()
    queue(office, *[ONE] * 9, body="The text.", subject="Notice")
    queue(office, "other@hill.example", prefix="other")
    with mail_server(handler) as port:
        place = desk(office, port, per_day=3)
        assert deliver_mail(office.register, place).accepted == 5
        mine = [one.mail for one in handler.taken if one.recipient == ONE]
        assert len(mine) == 4
        assert "6 notices" in mine[-1]["Subject"]
        assert mine[-1].get_content().count("The text.") == 6
        assert {state for state, _ in states(office)} == {"delivered"}
        # Within the hour what comes more waits; then it goes together again; a day later singly.
        queue(office, *[ONE] * 2, prefix="more")
        assert deliver_mail(office.register, place).accepted == 0
        office.clock.forward(hours=1)
        assert deliver_mail(office.register, place).accepted == 1
        office.clock.forward(hours=24)
        queue(office, *[ONE] * 2, prefix="next")
        assert deliver_mail(office.register, place).accepted == 2
    assert sum(one.mail.get_content().count("stands above") for one in handler.taken) == 5


def test_digest_that_is_refused_takes_down_what_stands_in_it(office):
    handler = Handler(answers={ONE: ["250 OK"] * 0 + ["550 full", "550 full"]})
    queue(office, *[ONE] * 3)
    with mail_server(handler) as port:
        assert deliver_mail(office.register, desk(office, port, per_day=1)).refused == 2
    assert [state for state, _ in states(office)] == ["failed"] * 4


def test_what_is_urgent_goes_before_what_is_older(office):
    handler = Handler()
    queue(office, "a@hill.example", "b@hill.example")
    office.clock.forward(minutes=5)
    queue(office, "z@hill.example", prefix="urgent-f-1")
    with mail_server(handler) as port:
        deliver_mail(office.register, desk(office, port))
    assert handler.taken[0].recipient == "z@hill.example"
