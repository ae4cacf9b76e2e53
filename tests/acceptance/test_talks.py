"""Short talks against real services, good and bad; and against whatever a hostile host may say."""

import random
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.sending.probe_datagram import look_at_datagrams
from cyberposture.scanning.sending.probe_greeting import SPEAKERS, look_at_greetings
from cyberposture.scanning.sending.probe_http import STRAY_PATHS, Visitor, look_at_web
from cyberposture.scanning.sending.probe_mail import STRANGER, look_at_mail
from cyberposture.scanning.sending.probe_tls import look_at_tls
from cyberposture.scanning.techniques import DATAGRAMS, find_technique

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]
_CHANCE = random.SystemRandom()
NETWORK = f"127.{_CHANCE.randrange(96, 250)}.{_CHANCE.randrange(256)}"
ADDRESS, NAME, PORT = f"{NETWORK}.1", "mail.blue.example", 8443
VISITOR = Visitor("posture check (duty desk)")


def permitted(technique: str, address: str = ADDRESS, **parameters) -> PermittedPlan:
    now = utc_now()
    kind = find_technique(technique)
    scope = [{"cidr": f"{NETWORK}.0/24", "ports": None, "special_allowed": True}]
    question = {
        "gate": 1, "now": now.isoformat(), "expected_s": 1, "name": None, "resolved": [],
        "protocol": kind.protocol, "load": 3, "stop": False, "deny": [], "excluded_elsewhere": [],
        "windows": [], "blackouts": [], "targets": [address], "ports": [PORT],
        "authorisations": [
            {"id": "A-1", "granted": True, "valid_from": (now - timedelta(days=1)).isoformat(),
             "valid_until": (now + timedelta(days=1)).isoformat(), "withdrawn_at": None,
             "load": 3, "scope": scope, "exclusions": []}
        ],
    }  # fmt: skip
    plan = Plan(job="j-1", technique=technique, protocol=kind.protocol, targets=(address,),
                ports=(PORT,), load=3, name=None, expected_s=1, parameters=parameters)  # fmt: skip
    return permit(plan, ChunkQuestion.model_validate(question))


def ask(speaks: str):
    """Ask the port as if it were the usual one of a protocol."""
    usual = next(port for port, name in DATAGRAMS.items() if name == speaks)
    return look_at_datagrams(permitted("udp-exchange"), utc_now, meant_port=lambda _port: usual)


@contextmanager
def serving(folder, **options):
    """Run one service at a port that needs no rights; give the trust store."""
    certificates = Certificates(folder)
    service = Service.model_validate({"port": PORT, **options})
    host = Host(code="host", address=ADDRESS, names=(NAME,), services=(service,))
    with Laboratory([host], certificates):
        yield certificates.ca_file


def greeting_of(folder, speaks: str, **options):
    with serving(folder, **options):
        (fact,) = look_at_greetings(permitted("service-greeting", speaks=speaks))
    return fact


@pytest.mark.parametrize(
    ("speaks", "options", "told"),
    [
        ("ssh", {"kind": "ssh"}, {"protocol": "2.0"}),
        ("ssh", {"kind": "ssh", "version_one": True}, {"protocol": "1.99"}),
        ("ftp", {"kind": "ftp"}, {"encryption": False}),
        ("ftp", {"kind": "ftp", "tls": "starttls"}, {"encryption": True}),
        ("vnc", {"kind": "vnc"}, {"asks-for-login": True}),
        ("vnc", {"kind": "vnc", "open_access": True}, {"asks-for-login": False}),
        ("rdp", {"kind": "rdp"}, {"login-first": True}),
        ("rdp", {"kind": "rdp", "network_level": False}, {"login-first": False}),
        ("smb", {"kind": "smb"}, {"version-1": False, "signing-required": True}),
        ("smb", {"kind": "smb", "signing": False}, {"signing-required": False}),
        ("smb", {"kind": "smb", "version_one": True}, {"version-1": True}),
        ("mysql", {"kind": "mysql"}, {"encryption": False}),
        ("mysql", {"kind": "mysql", "tls": "starttls"}, {"encryption": True}),
        ("postgresql", {"kind": "postgresql"}, {"encryption": False}),
        ("postgresql", {"kind": "postgresql", "tls": "starttls"}, {"encryption": True}),
    ],
)
def test_a_greeting_tells_what_the_service_is(tmp_path, speaks, options, told):
    fact = greeting_of(tmp_path, speaks, **options)
    assert fact.outcome == "answered"
    assert told.items() <= fact.told.items()


def test_mail_server_is_asked_what_it_offers_and_its_handshake_is_judged(tmp_path):
    with serving(tmp_path, kind="smtp", tls="starttls") as store:
        (fact,) = look_at_mail(permitted("smtp-exchange"), store)
    assert (fact.outcome, fact.starttls, fact.tls.outcome) == ("answered", True, "answered")
    assert fact.tls.certificate.trusted is True
    assert not any(word.startswith("AUTH") for word in fact.abilities)
    with serving(tmp_path, kind="smtp", tls="starttls", certificate="self-signed") as store:
        (fact,) = look_at_mail(permitted("smtp-exchange"), store)
    assert (fact.tls.version, fact.tls.certificate.trusted) == ("TLSv1.3", False)
    with serving(tmp_path, kind="smtp", tls="implicit") as store:
        (fact,) = look_at_mail(permitted("smtp-exchange", tls=1), store)
    assert (fact.starttls, fact.tls.outcome) == (None, "answered")


def test_mail_server_without_encryption_and_with_a_broken_one_are_told_apart(tmp_path):
    with serving(tmp_path, kind="smtp") as store:
        (bare,) = look_at_mail(permitted("smtp-exchange"), store)
    with serving(tmp_path, kind="smtp", tls="starttls", broken_upgrade=True) as store:
        (broken,) = look_at_mail(permitted("smtp-exchange"), store)
    assert (bare.starttls, bare.tls) == (False, None)
    assert (broken.starttls, broken.tls.outcome) == (True, "failed")


def listening(answers: list[bytes]) -> tuple[list[bytes], threading.Thread, int]:
    """Start a mail server that answers with these lines in turn, and keeps what it is sent."""
    heard: list[bytes] = []
    server = socket.create_server((ADDRESS, PORT))

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection, connection.makefile("rwb") as wire:
                for answer in answers:
                    wire.write(answer)
                    wire.flush()
                    line = wire.readline()
                    heard.append(line)
                    if not line:
                        return

    thread = threading.Thread(target=serve)
    thread.start()
    return heard, thread, PORT


@pytest.mark.parametrize(
    ("reply", "relay"),
    [
        (b"250 2.1.5 Ok\r\n", "accepted"),
        (b"554 5.7.1 <x>: Relay access denied\r\n", "refused"),
        (b"550 not here\r\n", "refused"),
        (b"450 4.7.1 Greylisted\r\n", "deferred"),
        (b"550 5.1.2 Domain not found\r\n", "unclear"),
        (b"252 2.0.0 Perhaps\r\n", "unclear"),
    ],
)
def test_relaying_is_asked_with_an_empty_sender_and_never_a_message(reply, relay):
    heard, thread, _ = listening(
        [b"220 mail\r\n", b"250 mail\r\n", b"250 Ok\r\n", reply, b"250 Ok\r\n"]
    )
    (fact,) = look_at_mail(permitted("smtp-relay"), None)
    thread.join(10)
    assert (fact.outcome, fact.relay) == ("answered", relay)
    verbs = [line.split(b" ")[0].strip() for line in heard if line]
    assert verbs == [b"EHLO", b"MAIL", b"RCPT", b"RSET", b"QUIT"]
    assert heard[1] == b"MAIL FROM:<>\r\n"
    assert heard[2] == f"RCPT TO:<{STRANGER}>\r\n".encode()


def test_laboratory_relay_takes_the_recipient_and_refuses_the_message(tmp_path):
    with serving(tmp_path, kind="smtp", open_access=True):
        (fact,) = look_at_mail(permitted("smtp-relay"), None)
        with socket.create_connection((ADDRESS, PORT), 5) as wire:
            lines = wire.makefile("rwb")
            lines.readline()
            said = []
            for line in (b"MAIL FROM:<>", b"RCPT TO:<a@b.invalid>", b"DATA"):
                lines.write(line + b"\r\n")
                lines.flush()
                said.append(lines.readline()[:3])
    assert fact.relay == "accepted"
    assert said == [b"250", b"250", b"503"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, {"synchronised": True, "control-mode": False, "monitor-list": False}),
        ({"open_access": True}, {"control-mode": True, "monitor-list": True}),
        ({"in_step": False}, {"synchronised": False}),
    ],
)
def test_time_server_is_asked_for_the_time_and_for_what_it_must_not_tell(tmp_path, options, told):
    with serving(tmp_path, kind="ntp", **options):
        (fact,) = ask("ntp")
    assert fact.outcome == "answered"
    assert told.items() <= fact.told.items()
    assert abs(fact.told["offset-ms"]) < 500


def test_wrong_clock_is_measured(tmp_path):
    with serving(tmp_path, kind="ntp", offset_s=90):
        (fact,) = ask("ntp")
    assert 89_000 < fact.told["offset-ms"] < 91_000


@pytest.mark.parametrize("kind", ["ipmi", "gtp"])
def test_datagram_services_are_told_from_closed_and_mute_ports(tmp_path, kind):
    with serving(tmp_path, kind=kind):
        (there,) = ask(kind)
    (closed,) = ask(kind)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((ADDRESS, PORT))
        (silent,) = ask(kind)
    assert [f.outcome for f in (there, closed, silent)] == ["answered", "refused", "timed-out"]


def test_stray_files_are_known_by_their_content_alone(tmp_path):
    with serving(tmp_path, kind="http", site="stray"):
        stray = look_at_web(permitted("http-files"), VISITOR)
    with serving(tmp_path, kind="http"):
        kept = look_at_web(permitted("http-files"), VISITOR)
    assert [page.path for page in stray] == list(STRAY_PATHS)
    assert {mark for page in stray for mark in page.marks} == {"repository", "environment-file"}
    assert not any(page.marks for page in kept)


def test_contact_file_is_read_over_https_only(tmp_path):
    with serving(tmp_path, kind="https"):
        pages = look_at_web(permitted("http-exchange", tls=1), VISITOR)
    assert pages[-1].contact_file.contacts == (f"mailto:security@{NAME}",)
    assert pages[-1].contact_file.expires > utc_now()
    with serving(tmp_path, kind="http"):
        assert len(look_at_web(permitted("http-exchange"), VISITOR)) == 2


# Whatever a hostile host may say.

HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"
SAYINGS = {
    "nothing-and-closes": [b""],
    "html": [HTML],
    "random": [random.Random(7).randbytes(4_096)],
    "zeros": [bytes(4_096)],
    "an-endless-line": [b"A" * 200_000],
    "endless-lines": [b"220-welcome\r\n" * 20_000],
    "endless-ssh-lines": [b"hello\r\n" * 20_000],
    "half-a-handshake": [b"\x16\x03\x03\x01\x00\x02\x00\x00\xfc\x03\x03"],
    "a-10-mb-header": [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000],
    "a-false-length": [b"\x03\x00\xff\xff" + bytes(40)],
    "an-smb-of-4-gb": [b"\xff\xff\xff\xff" + bytes(40)],
    "mysql-too-short": [b"\x03\x00\x00\x00\x0a5\x00"],
    "rfb-without-ways": [b"RFB 003.008\n\xff"],
    "direction-marks": ["220 \u202email\u0000\r\n".encode() * 3],
    "a-byte-now-and-then": [b"2"] * 40,
}
PROBES = {
    **{f"greeting-{name}": name for name in SPEAKERS},
    "mail": "", "mail-tls": "", "relay": "", "tls": "", "web": "", "web-tls": "", "files": "",
}  # fmt: skip


def look(probe: str, address: str) -> list[str]:
    """Return the outcomes of one probe at one address."""
    match probe:
        case "mail" | "mail-tls":
            plan = permitted("smtp-exchange", address, tls=int(probe == "mail-tls"))
            return [f.outcome for f in look_at_mail(plan, None)]
        case "relay":
            return [f.outcome for f in look_at_mail(permitted("smtp-relay", address), None)]
        case "tls":
            return [f.outcome for f in look_at_tls(permitted("tls-handshake", address), None)]
        case "web" | "web-tls":
            plan = permitted("http-exchange", address, tls=int(probe == "web-tls"))
            return [f.outcome for f in look_at_web(plan, VISITOR)]
        case "files":
            return [f.outcome for f in look_at_web(permitted("http-files", address), VISITOR)]
    plan = permitted("service-greeting", address, speaks=PROBES[probe])
    return [f.outcome for f in look_at_greetings(plan)]


@contextmanager
def saying(address: str, pieces: list[bytes]):
    """Say the pieces to whoever connects, a moment apart, and then close."""
    ended = threading.Event()
    with socket.create_server((address, PORT), backlog=64) as server:
        server.settimeout(0.1)

        def speak(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(6)
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        if len(pieces) > 1 and ended.wait(0.3):
                            return
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65_536):
                        pass
                except OSError:
                    return

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=speak, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("saying_name", SAYINGS)
def test_nothing_hostile_ends_as_an_answer_or_takes_long(saying_name):
    address = f"{NETWORK}.{10 + list(SAYINGS).index(saying_name)}"
    began = time.monotonic()
    with saying(address, SAYINGS[saying_name]), ThreadPoolExecutor(len(PROBES)) as pool:
        found = dict(zip(PROBES, pool.map(lambda p: look(p, address), PROBES), strict=True))
    assert time.monotonic() - began < 12
    page_answers = {"web", "files"} if saying_name == "html" else set()
    for probe, outcomes in found.items():
        assert outcomes, probe
        if probe not in page_answers:
            assert "answered" not in outcomes, probe


def test_a_certificate_full_of_html_stays_text(tmp_path):
    markup = "<script>alert(1)</script>"
    certificates = Certificates(tmp_path)
    issued = certificates.issue("good", (NAME,), ADDRESS, key="ec")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_hostile_certificate(tmp_path, markup))
    assert issued.chain_file.exists()
    with socket.create_server((ADDRESS, PORT)) as server:

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        (fact,) = look_at_tls(permitted("tls-handshake"), certificates.ca_file)
        thread.join(10)
    assert fact.outcome == "answered"
    assert fact.certificate.trusted is False
    assert markup in fact.certificate.subject.replace("\\", "")


def _hostile_certificate(folder, markup: str) -> tuple[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, markup)])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "hostile.pem", folder / "hostile.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(chain), str(secret)


SAID_IN_ONE = {
    "empty": b"",
    "short": b"\x24",
    "zeros": bytes(400),
    "html": HTML,
    "another-question": b"\x24" + bytes(47),
    "random": random.Random(3).randbytes(900),
}


@pytest.mark.parametrize("speaks", ["ntp", "ipmi", "gtp"])
def test_no_hostile_datagram_ends_as_an_answer(speaks):
    for name, data in SAID_IN_ONE.items():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind((ADDRESS, PORT))
            server.settimeout(3)

            def serve(server: socket.socket = server, data: bytes = data) -> None:
                _, peer = server.recvfrom(2_048)
                server.sendto(data, peer)

            thread = threading.Thread(target=serve)
            thread.start()
            (fact,) = ask(speaks)
            thread.join(5)
        assert fact.outcome in ("other", "timed-out", "failed"), name


def test_a_stop_is_heard_between_two_connections():
    plan = permitted("http-files")
    assert look_at_web(plan, VISITOR, lambda: True) == ()
    assert look_at_mail(permitted("smtp-exchange"), None, lambda: True) == ()
    assert look_at_greetings(permitted("service-greeting", speaks="ssh"), lambda: True) == ()
    assert look_at_datagrams(permitted("udp-exchange"), utc_now, lambda: True) == ()


def test_a_protocol_that_nobody_knows_is_not_tried():
    assert look_at_greetings(permitted("service-greeting", speaks="gopher")) == ()
    assert look_at_datagrams(permitted("udp-exchange"), utc_now) == ()
