"""Programs of the CERT are told of events: signed, to an end, and nowhere they should not be."""

import ssl
import threading
from ipaddress import ip_address

import pytest
from mail_servers import scripted
from web_receivers import is_signed, receiving

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.laboratory.certificates import Certificates
from cyberposture.services.findings import views
from cyberposture.services.permission import stop
from cyberposture.services.post import hooks
from cyberposture.services.post.delivering import deliver_hooks
from cyberposture.services.post.hook_talk import HookRoute, check_url, is_public
from cyberposture.services.scores import score
from cyberposture.store import assessments, outbox

pytestmark = pytest.mark.loopback
HOST = "127.50.0.1"
OPEN = {"rest": "closed", "services": {"23": "telnet"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
ALL = (
    "finding-opened",
    "finding-reopened",
    "scans-stopped",
    "answers-submitted",
    "score-finalised",
)
ROUTE = HookRoute(timeout_s=5, longest_s=5)


@pytest.fixture
def admin(office):
    """An administrator of the CERT."""
    office.invite("a-admin", "cert-administrator")
    return "a-admin"


def register_hook(office, admin, port, *events, scheme="http", host="127.0.0.1"):
    url = f"{scheme}://{host}:{port}/posture?from=cert"
    return hooks.add_webhook(office.register, url, events or ALL, admin)


def deliver(office, route=ROUTE):
    return deliver_hooks(office.register, route)


def found(office):
    """Have something found at an institution."""
    code = office.institution()
    office.declare(code, HOST)
    office.look(code, HOST, **OPEN)
    return code


def states(office):
    with office.register.reading() as connection:
        return [one.state for one in outbox.list_messages(connection, prefix="hook-")]


def test_what_one_look_found_is_told_together_signed_and_once(office, admin):
    with receiving() as receiver:
        new = register_hook(office, admin, receiver.port)
        code = found(office)
        assert deliver(office).accepted == 1
        assert deliver(office).accepted == 0
    ((headers, body),) = receiver.taken
    (event,) = receiver.events()
    assert event["event"] == "finding-opened" and event["institution"] == code
    opened = {one.code: one.key.check for one in office.findings("cleartext.no-telnet-or-r-login")}
    told = {one["finding"]: one["check"] for one in event["data"]["findings"]}
    assert opened.items() <= told.items()
    assert headers["Cyberposture-Event"] == event["id"]
    assert receiver.paths == ["/posture?from=cert"]
    now = office.clock().timestamp()
    assert is_signed(new.secret, headers, body, now=now)
    assert not is_signed(new.secret, headers, body + b" ", now=now)
    assert not is_signed("another", headers, body, now=now)
    assert not is_signed(new.secret, headers, body, now=now + 400)


def test_every_event_is_told_and_no_text_of_an_answer_or_address(office, admin):
    with receiving() as receiver:
        register_hook(office, admin, receiver.port)
        code = found(office)
        office.look(code, HOST, **CLOSED)
        office.look(code, HOST, **OPEN)
        stop.stop(office.register, institution=code, reason="a call from 051 000 0000")
        office.open_round()
        office.answer(code, "autumn", IAM_09={"level": 2, "reason": "the moon is a secret"})
        with office.register.change("handed-in-by-test") as change:
            (one,) = assessments.list_assessments(change.connection)
            assessments.record_state(
                change.connection, one.id, "submitted", change.by, expected=(one.state,)
            )
        score.finalise(office.register, code, "autumn")
        deliver(office)
    told = sorted(receiver.events(), key=lambda one: one["at"])
    assert [one["event"] for one in told] == list(ALL)
    whole = b" ".join(body for _, body in receiver.taken).decode()
    for secret in ("the moon", HOST, "051 000", "amna"):
        assert secret not in whole
    last = told[-1]["data"]
    assert last["round"] == "autumn" and isinstance(last["verified"], int)


def test_only_what_was_asked_for_is_told_and_nothing_from_before(office, admin):
    with receiving() as receiver:
        found(office)
        register_hook(office, admin, receiver.port, "scans-stopped", "finding-opened")
        office.institution("dale-office")
        stop.stop(office.register, institution="dale-office")
        deliver(office)
    assert [one["event"] for one in receiver.events()] == ["scans-stopped"]


def test_a_look_that_finds_hundreds_is_told_in_parts(office, admin, monkeypatch):
    monkeypatch.setattr(hooks, "MOST_IN_ONE", 2)
    with receiving() as receiver:
        register_hook(office, admin, receiver.port)
        code = office.institution()
        office.declare(code, HOST)
        ports = {"23": "telnet", "21": "ftp", "513": "login", "514": "shell"}
        office.look(code, HOST, rest="closed", services=ports)
        deliver(office)
    parts = [[row["finding"] for row in one["data"]["findings"]] for one in receiver.events()]
    assert len(parts) > 1
    assert max(len(part) for part in parts) == 2
    told = sorted(code for part in parts for code in part)
    assert told == sorted(one.code for one in views.list_findings(office.register))


def test_what_is_refused_is_told_again_under_the_same_id_until_it_is_taken(office, admin):
    with receiving() as receiver:
        receiver.answers = [(404, {}), (503, {}), (200, {})]
        register_hook(office, admin, receiver.port)
        found(office)
        assert deliver(office).later == 1
        assert deliver(office).later == 0
        office.clock.forward(seconds=61)
        assert deliver(office).later == 1
        office.clock.forward(seconds=121)
        assert deliver(office).accepted == 1
        office.clock.forward(hours=2)
        assert deliver(office).accepted == 0
    assert len({one["id"] for one in receiver.events()}) == 1
    assert len({headers["Cyberposture-Timestamp"] for headers, _ in receiver.taken}) == 3
    assert states(office) == ["delivered"]


def test_redirect_is_not_followed(office, admin):
    with receiving() as receiver, receiving() as elsewhere:
        receiver.answers = [(307, {"Location": f"http://127.0.0.1:{elsewhere.port}/"})]
        register_hook(office, admin, receiver.port)
        found(office)
        assert deliver(office).later == 1
    assert elsewhere.taken == []
    assert states(office) == ["queued"]


def test_who_is_gone_is_told_no_more_of_that(office, admin):
    with receiving() as receiver:
        receiver.answers = [(410, {})]
        register_hook(office, admin, receiver.port)
        found(office)
        assert deliver(office).refused == 1
    assert states(office) == ["failed"]


def test_who_never_answers_keeps_nobody_waiting(office, admin):
    with receiving() as receiver, receiving() as other:
        receiver.hangs = threading.Event()
        register_hook(office, admin, receiver.port)
        register_hook(office, admin, other.port)
        found(office)
        passed = deliver(office, HookRoute(timeout_s=0.3, longest_s=0.3))
    assert (passed.accepted, passed.later) == (1, 1)
    assert len(other.taken) == 1


def test_answer_that_drips_is_left_at_the_deadline(office, admin):
    let_go = threading.Event()

    def dripping(connection, read):
        while read():
            pass
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
            connection.sendall(bytes([byte]))
            if let_go.wait(0.05):
                return

    with scripted(dripping) as port:
        register_hook(office, admin, port)
        found(office)
        try:
            assert deliver(office, HookRoute(timeout_s=5, longest_s=0.5)).later == 1
        finally:
            let_go.set()


@pytest.mark.parametrize("kind", ["good", "expired", "wrong-name", "self-signed"])
def test_over_https_only_who_proves_its_name_is_told(office, admin, kind, tmp_path):
    certificates = Certificates(tmp_path)
    issued = certificates.issue(kind, ["localhost"], "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(issued.chain_file, issued.key_file)
    with receiving(tls) as receiver:
        register_hook(office, admin, receiver.port, scheme="https", host="localhost")
        found(office)
        passed = deliver(office, HookRoute(trust_store=certificates.ca_file))
    assert (passed.accepted, passed.later) == ((1, 0) if kind == "good" else (0, 1))
    assert len(receiver.taken) == passed.accepted


NO_ADDRESSES = [
    "http://tools.example/x",
    "ftp://tools.example/x",
    "https://",
    "https:///x",
    "https://user:pass@tools.example/",
    "https://tools.example/#part",
    "https://tools.example/a b",
    "https://tools.example/\r\nHost: other",
    "https://tools.example:99999/",
    "https://tools.example:0/",
    "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://a..b/",
    "https://" + "a" * 64 + ".example/",
    "https://tools.example/" + "a" * 500,
    "http://127.0.0.1.tools.example/",
    "http://2130706433.example/",
    "https://ü.example/",
    "file:///etc/passwd",
    "tools.example",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_https_address_is_refused(url):
    with pytest.raises(InvalidInput):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://tools.example/x", "http://127.0.0.1:8080/", "http://[::1]:8080/",
     "http://localhost/", "https://10.0.0.1/", "https://[fc00::1]/"],
)  # fmt: skip
def test_https_and_this_machine_are_registered(url):
    assert check_url(url).hostname


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "0.0.0.0",
     "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
     "::ffff:10.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::a00:1",
     "64:ff9b::7f00:1", "192.0.2.1", "2001:db8::1"],
)  # fmt: skip
def test_no_special_address_is_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["9.9.9.9", "39.32.0.1", "2620:fe::fe", "64:ff9b::909:909"])
def test_address_of_anybody_is_public(address):
    assert is_public(ip_address(address))


def test_private_address_is_refused_before_anything_is_sent(office, admin):
    """The wall around the tests would end this one if anything were contacted."""
    places = ["https://10.255.0.1/x", "https://[fc00::1]/x", "https://169.254.169.254/latest"]
    for url in places:
        hooks.add_webhook(office.register, url, ALL, admin)
    found(office)
    assert deliver(office).later == 3
    with office.register.reading() as connection:
        messages = outbox.list_messages(connection, prefix="hook-")
    assert all("no public address" in message.problem for message in messages)


def test_secret_is_sealed_and_stands_in_no_row_and_no_entry(office, admin):
    with receiving() as receiver:
        new = register_hook(office, admin, receiver.port)
        found(office)
        deliver(office)
        assert all(new.secret not in row for rows in office.rows().values() for row in rows)
        assert new.secret not in str(receiver.taken)


def test_end_of_an_endpoint_withdraws_what_waits_for_it(office, admin):
    new = register_hook(office, admin, 9)
    found(office)
    hooks.queue_events(office.register)
    assert hooks.end_webhook(office.register, new.record.code, admin) == 1
    assert states(office) == ["withdrawn"]
    stop.stop(office.register, everything=True)
    assert hooks.queue_events(office.register) == 0
    with office.refuses(WrongState):
        hooks.end_webhook(office.register, new.record.code, admin)
    with office.refuses(WrongState):
        hooks.try_webhook(office.register, ROUTE, new.record.code)


def test_administrators_of_the_cert_alone_keep_endpoints(office, admin):
    office.invite("a-analyst", "cert-analyst")
    with office.refuses(NotAuthorised):
        hooks.add_webhook(office.register, "https://tools.example/", ALL, "a-analyst")
    with office.refuses(NotFound):
        hooks.add_webhook(office.register, "https://tools.example/", ALL, "nobody")
    for url, events in (("https://tools.example/", ()), ("http://tools.example/", ALL)):
        with office.refuses(InvalidInput):
            hooks.add_webhook(office.register, url, events, admin)


def test_endpoint_can_be_tried(office, admin):
    with receiving() as receiver:
        new = register_hook(office, admin, receiver.port)
        assert hooks.try_webhook(office.register, ROUTE, new.record.code).outcome == "accepted"
    assert receiver.events()[0]["event"] == "test"


def test_what_was_committed_late_is_told_all_the_same(office, admin):
    """An event whose transaction took longer than the last pass lies before that pass."""
    with receiving() as receiver:
        register_hook(office, admin, receiver.port)
        office.institution("dale-office")
        before = office.clock()
        office.clock.forward(minutes=10)
        stop.stop(office.register, institution="dale-office")
        assert deliver(office).accepted == 1
        office.clock.forward(minutes=-5)
        late = stop.stop(office.register, everything=True)
        assert before < late.act.at
        office.clock.forward(minutes=10)
        assert deliver(office).accepted == 1
        office.clock.forward(hours=5)
        assert deliver(office).accepted == 0
