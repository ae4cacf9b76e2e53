"""What delivery asks of the database holds on both engines: locks, order, what is found again."""

import threading
from datetime import timedelta

import pytest
from mail_servers import Handler, mail_server
from web_receivers import receiving

from cyberposture.services.assessments import assess, reminding, rounds
from cyberposture.services.people import people
from cyberposture.services.permission import stop
from cyberposture.services.post import hooks
from cyberposture.services.post.delivering import deliver_hooks, deliver_mail
from cyberposture.services.post.digests import Desk
from cyberposture.services.post.hook_talk import HookRoute
from cyberposture.services.post.mail import MailRoute
from cyberposture.store import measures, outbox

ENGINES = ("sqlite", "postgresql")
pytestmark = pytest.mark.loopback


def desk(office, port, **changes):
    route = MailRoute("localhost", port, "none", "posture@cert.example", **changes)
    return Desk(route, office.reports, "https://portal.example")


def queue(office, *codes, recipient="person-{}@hill.example"):
    with office.register.change("queued-by-test") as change:
        for number, code in enumerate(codes):
            outbox.queue_message(
                change.connection, change.by, code=code, channel="mail", language="en",
                recipient=recipient.format(number), subject="A notice", body="The text.",
            )  # fmt: skip


def test_those_that_deliver_at_once_send_nothing_twice(office):
    handler = Handler()
    queue(office, *(f"test-{number}" for number in range(30)))
    with mail_server(handler) as port:
        place = desk(office, port)
        threads = [
            threading.Thread(target=deliver_mail, args=(office.register, place)) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(one.recipient for one in handler.taken) == sorted(
        f"person-{number}@hill.example" for number in range(30)
    )
    with office.register.reading() as connection:
        assert measures.count_messages(connection) == {("mail", "delivered"): 30}


def test_the_urgent_goes_first_and_what_is_too_much_together(office):
    handler = Handler()
    queue(office, "a", "b", "c", "urgent-f-1", recipient="lead@hill.example")
    with mail_server(handler) as port:
        deliver_mail(office.register, desk(office, port, per_day=1))
        queue(office, "d", recipient="lead@hill.example")
        deliver_mail(office.register, desk(office, port, per_day=1))
    assert len(handler.taken) == 2
    assert "urgent-f-1" in handler.taken[0].text
    assert handler.taken[1].mail["Subject"].startswith("3 notices")
    with office.register.reading() as connection:
        found = {one.code: one.state for one in outbox.list_messages(connection)}
        assert outbox.find_stuck(connection, office.clock() + timedelta(days=1)) == {}
    assert {found[code] for code in ("a", "b", "c", "urgent-f-1")} == {"delivered"}
    assert found["d"] == "queued"


def test_events_and_reminders_are_found_once(office):
    office.invite("a-admin", "cert-administrator")
    code = office.institution()
    rounds.open_round(office.register, "autumn", "Autumn", office.clock() + timedelta(days=6))
    assess.open_assessment(office.register, code, "autumn")
    office.invite("l-lead", "institution-lead", institution=code)
    people.set_contact(office.register, "l-lead", mail="lead@hill.example")
    assert len(reminding.remind(office.register, office.reports, "https://portal.example")) == 1
    assert reminding.remind(office.register, office.reports, "https://portal.example") == []
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/"
        hooks.add_webhook(office.register, url, ("scans-stopped", "finding-opened"), "a-admin")
        stop.stop(office.register, institution=code)
        assert deliver_hooks(office.register, HookRoute()).accepted == 1
        assert deliver_hooks(office.register, HookRoute()).accepted == 0
    (event,) = receiver.events()
    assert (event["event"], event["institution"]) == ("scans-stopped", code)
    handler = Handler()
    with mail_server(handler) as port:
        assert deliver_mail(office.register, desk(office, port)).accepted == 1
    (shown,) = reminding.list_reminders(office.register, "autumn")
    assert (shown.person, shown.state, shown.days) == ("l-lead", "delivered", 7)
