"""One process holds portal, clock and executor: it starts whole, works, and ends whole."""

import http.client
import re
import signal
import socket
from dataclasses import replace
from urllib.parse import urlencode

import pyotp
import pytest
from fleet import fleet_over
from mail_servers import Handler, mail_server
from web_receivers import receiving

from cyberposture.clock import utc_now
from cyberposture.errors import NotFound
from cyberposture.services.people import people, signing_in
from cyberposture.services.people.first_run import make_first_link
from cyberposture.services.post import hooks
from cyberposture.services.post.delivering import deliver_mail
from cyberposture.services.post.digests import Desk
from cyberposture.services.post.handing import HELD
from cyberposture.services.post.mail import MailRoute
from cyberposture.services.schedule import schedules
from cyberposture.store import outbox, workers
from cyberposture.store.elections import CLOCK, Candidate

pytestmark = [pytest.mark.loopback, pytest.mark.slow]
PLACE = re.compile(r"^portal.*: http://127\.0\.0\.1:(\d+);", re.MULTILINE)
LINK = re.compile(r"/come-in/([A-Za-z0-9_-]{20,})")
PASSWORD = "seven lamps on a quiet quay"


@pytest.fixture
def clock():
    """The real time: other processes know no other."""
    return utc_now


@pytest.fixture
def fleet(office, tmp_path, register_url):
    """Processes over the office's register."""
    with fleet_over(tmp_path, register_url) as fleet:
        yield fleet


class Browser:
    """Asks one portal, and keeps its cookies."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, method, path, **form):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, text


def serve(fleet, *options, **settings):
    """Serve on a free port; return the process and a browser."""
    before = len(PLACE.findall(fleet.said()))
    process = fleet.start("serve", "--port", "0", *options, **settings)

    def browser():
        return Browser(int(PLACE.findall(fleet.said())[-1]))

    def answers():
        try:
            said = len(PLACE.findall(fleet.said())) > before
            return said and browser().ask("GET", "/healthz") == (200, "ok\n")
        except OSError:
            return False

    fleet.wait_until(answers)
    return process, browser()


def end(process, number):
    process.send_signal(number)
    return process.wait(20)


def test_first_run_ends_signed_in_as_administrator_by_a_link_alone(office, fleet):
    office.invite("a-admin", "cert-administrator")
    process, browser = serve(fleet, "--no-clock")
    (token,) = LINK.findall(fleet.said())
    assert browser.ask("GET", "/metrics")[0] == 404  # They are an option.
    status, text = browser.ask("POST", f"/come-in/{token}", password=PASSWORD)
    seed = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", text))
    status, text = browser.ask("POST", f"/come-in/{token}/confirm", code=pyotp.TOTP(seed).now())
    assert status == 200, text
    status, text = browser.ask("GET", "/")
    assert status == 200 and "A-Admin" in text
    assert browser.ask("GET", f"/come-in/{token}")[0] == 404
    assert make_first_link(office.register) is None
    assert end(process, signal.SIGTERM) == 0


def test_first_link_is_for_an_active_administrator_and_ends_the_one_before(office):
    assert make_first_link(office.register) is None  # There is nobody.
    office.invite("a-admin", "cert-administrator")
    office.invite("b-admin", "cert-administrator")
    first = make_first_link(office.register)
    assert first.person == signing_in.whose_link(office.register, first.token).code == "a-admin"
    people.disable(office.register, "a-admin")
    second = make_first_link(office.register)
    third = make_first_link(office.register)
    assert second.person == third.person == "b-admin"
    with pytest.raises(NotFound):
        signing_in.whose_link(office.register, second.token)


def test_port_that_is_taken_ends_it_before_anything_runs(office, fleet):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = fleet.start("serve", "--port", str(port))
        assert process.wait(30) == 6
    assert "cannot be had" in fleet.said()
    assert "portal, " not in fleet.said()


def test_endpoint_is_tried_by_a_command(office, fleet):
    office.invite("a-admin", "cert-administrator")
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/"
        new = hooks.add_webhook(office.register, url, ("scans-stopped",), "a-admin")
        receiver.answers = [(200, {}), (500, {})]
        tried = ("webhook", "test", new.record.code)
        assert fleet.start(*tried, "--json").wait(60) == 0
        assert fleet.start(*tried).wait(60) == 7
    assert [one["event"] for one in receiver.events()] == ["test", "test"]
    assert '"outcome": "accepted"' in fleet.said() and "later: 500" in fleet.said()


def queue(office, count):
    for number in range(count):
        with office.register.change("queued-by-test") as change:
            outbox.queue_message(
                change.connection, change.by, code=f"test-{number}", channel="mail",
                recipient=f"person-{number}@hill.example", subject="A notice", body="The text.",
                language="en",
            )  # fmt: skip


def states(office):
    with office.register.reading() as connection:
        return [one.state for one in outbox.list_messages(connection)]


def mail_settings(port):
    return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none",
            "SMTP_SENDER": "posture@cert.example"}  # fmt: skip


def test_it_works_whole_and_ends_whole(office, fleet):
    handler = Handler()
    queue(office, 3)
    schedules.add_schedule(office.register, "deliver", "deliver", "interval", "1")
    candidate = Candidate(office.register.database, CLOCK)
    with mail_server(handler) as port:
        process, browser = serve(fleet, METRICS="true", **mail_settings(port))
        assert "portal, executor, clock" in fleet.said()
        fleet.wait_until(lambda: states(office) == ["delivered"] * 3)
        assert not candidate.try_win()
        status, text = browser.ask("GET", "/metrics")
        assert end(process, signal.SIGINT) == 0
    assert len(handler.taken) == 3
    assert status == 200
    assert 'cyberposture_messages{channel="mail",state="delivered"} 3.0' in text
    assert candidate.try_win()
    candidate.resign()
    with office.register.reading() as connection:
        assert workers.list_workers(connection, at=office.clock(), vantage="external") == []


def test_delivery_that_is_killed_at_any_moment_loses_nothing(office, fleet):
    """Each kill may double the one message that was under way, under the id that it had."""
    handler, count, kills = Handler(), 24, 0
    queue(office, count)
    with mail_server(handler) as port:
        for wanted in (5, 14):
            process = fleet.start("notice", "deliver", **mail_settings(port))
            fleet.wait_until(
                lambda wanted=wanted, process=process: (
                    len(handler.taken) >= wanted or process.poll() is not None
                )
            )
            process.kill()
            process.wait()
            kills += 1
        # What was under way is held for its time; then whoever delivers next takes it.
        later = utc_now() + HELD
        desk = Desk(
            MailRoute("127.0.0.1", port, "none", "posture@cert.example"),
            office.reports, "https://portal.example",
        )  # fmt: skip
        deliver_mail(replace(office.register, clock=lambda: later), desk)
    taken = [one.recipient for one in handler.taken]
    assert set(taken) == {f"person-{number}@hill.example" for number in range(count)}
    assert len(taken) <= count + kills
    ids = {(one.recipient, one.mail["Message-ID"]) for one in handler.taken}
    assert len(ids) == count
    assert states(office) == ["delivered"] * count
