"""FTP, telnet, SSH and mail in the laboratory: real exchanges, and nobody gets in."""

import asyncio
import ftplib
import imaplib
import poplib
import smtplib

import asyncssh
import pytest

from cyberposture.laboratory.hosts import Service

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


def test_ftp_refuses_known_and_anonymous_users(serve):
    with serve(Service(kind="ftp", port=21)) as served, ftplib.FTP(timeout=served.timeout_s) as ftp:
        assert ftp.connect(served.address, served.port(21)).startswith("220")
        for user in ("anonymous", "clerk"):
            with pytest.raises(ftplib.error_perm, match="530"):
                ftp.login(user, "secret")


def test_ftp_upgrades_to_tls_where_it_offers_to(serve):
    with (
        serve(Service(kind="ftp", port=21, tls="starttls")) as served,
        ftplib.FTP_TLS(timeout=served.timeout_s, context=served.trust()) as ftp,
    ):
        ftp.connect(served.address, served.port(21))
        assert ftp.auth().startswith("234")
        with pytest.raises(ftplib.error_perm, match="530"):
            ftp.login("clerk", "secret")


def test_telnet_negotiates_and_refuses_a_login(serve):
    with serve(Service(kind="telnet", port=23)) as served, served.dial(23) as wire:
        greeting = wire.until(b"login: ")
        assert b"\xff\xfb\x01" in greeting
        wire.send(b"\xff\xfb\x1f\xff\xfd\x05root\r\n")
        assert b"\xff\xfc\x05" in wire.until(b"Password: ")
        wire.send(b"root\r\0")
        assert b"Login incorrect" in wire.until(b"login: ")


@pytest.mark.parametrize("port", [22, 2222])
def test_ssh_completes_the_key_exchange_and_refuses_the_password(serve, port):
    async def log_in(served) -> None:
        await asyncssh.connect(
            served.address,
            served.port(port),
            username="root",
            password="root",
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
        )

    with serve(Service(kind="ssh", port=port, password_login=True)) as served:
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(log_in(served))
        assert served.counters(port).bytes_received > 500


def test_ssh_without_password_login_does_not_offer_it(serve):
    async def methods(served) -> list[str]:
        return await asyncssh.get_server_auth_methods(served.address, served.port(22), config=None)

    with serve(Service(kind="ssh", port=22)) as served:
        assert asyncio.run(methods(served)) == ["publickey"]


def test_smtp_relays_nothing(serve):
    with (
        serve(Service(kind="smtp", port=25)) as served,
        smtplib.SMTP(served.address, served.port(25), "client.example", served.timeout_s) as smtp,
    ):
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("a@client.example", ["b@elsewhere.example"], "hello")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("clerk", "secret")


def test_smtp_upgrades_to_tls_and_offers_logins_only_then(serve):
    with (
        serve(Service(kind="smtp", port=25, tls="starttls")) as served,
        smtplib.SMTP(served.address, served.port(25), "client.example", served.timeout_s) as smtp,
    ):
        smtp.ehlo()
        assert smtp.has_extn("starttls")
        assert not smtp.has_extn("auth")
        assert smtp.starttls(context=served.trust())[0] == 220
        smtp.ehlo()
        assert smtp.has_extn("auth")
        assert not smtp.has_extn("starttls")


def test_words_sent_in_the_clear_after_starttls_are_not_taken_for_encrypted(serve):
    with serve(Service(kind="smtp", port=25, tls="starttls")) as served, served.dial(25) as wire:
        wire.until(b"\r\n")
        wire.send(b"STARTTLS\r\nEHLO injected\r\n")
        with pytest.raises((EOFError, ConnectionResetError)):
            wire.take(1)


def test_pop3_in_the_clear_and_upgraded(serve):
    plain = Service(kind="pop3", port=110)
    upgraded = Service(kind="pop3", port=1110, tls="starttls")
    with serve(plain, upgraded) as served:
        client = poplib.POP3(served.address, served.port(110), served.timeout_s)
        assert "USER" in client.capa()
        client.user("clerk")
        with pytest.raises(poplib.error_proto, match="Not accepted"):
            client.pass_("secret")
        client.quit()
        client = poplib.POP3(served.address, served.port(1110), served.timeout_s)
        assert "USER" not in client.capa()
        client.stls(served.trust())
        assert "USER" in client.capa()
        client.quit()


def test_imap_in_the_clear_and_upgraded(serve):
    plain = Service(kind="imap", port=143)
    upgraded = Service(kind="imap", port=1143, tls="starttls")
    with serve(plain, upgraded) as served:
        with (
            imaplib.IMAP4(served.address, served.port(143), served.timeout_s) as client,
            pytest.raises(imaplib.IMAP4.error, match="Not accepted"),
        ):
            client.login("clerk", "secret")
        with imaplib.IMAP4(served.address, served.port(1143), served.timeout_s) as client:
            assert "LOGINDISABLED" in client.capabilities
            client.starttls(served.trust())
            assert "AUTH=PLAIN" in client.capabilities


def test_mail_over_tls_from_the_first_byte(serve):
    with serve(Service(kind="imap", port=993, tls="implicit")) as served:
        client = imaplib.IMAP4_SSL(
            served.address, served.port(993), ssl_context=served.trust(), timeout=served.timeout_s
        )
        assert client.noop()[0] == "OK"
        client.logout()
