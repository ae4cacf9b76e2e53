"""Hands mail to a mail server over SMTP; one session serves many messages.

The standard library's smtplib speaks the protocol: it is kept with the language, resets all that
was said before STARTTLS, and lets each answer be read. Where TLS is asked for and not offered,
nothing is sent.
"""

import smtplib
import socket
import ssl
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from cyberposture.errors import MissingService
from cyberposture.services.post.deadline import Deadline
from cyberposture.store.outbox import Outcome

TLS = Literal["none", "starttls", "tls"]
LONGEST_SUBJECT = 200
LONGEST_ANSWER = 500
_JOINERS = "\u200c\u200d"
"""They belong to the spelling of Urdu and take no direction."""


@dataclass(frozen=True)
class MailRoute:
    """The mail server to which everything is handed, and who we are there."""

    host: str
    port: int
    tls: TLS
    sender: str
    user: str | None = None
    password: str = field(default="", repr=False)
    trust_store: Path | None = None
    per_day: int = 20
    """So many mails a day go to one address singly; what is more goes together."""
    timeout_s: float = 30.0
    longest_s: float = 120.0
    """No greeting or message takes longer, however slowly the server answers."""


@dataclass(frozen=True)
class Letter:
    """One mail, in plain words."""

    id: str
    """Stays the same however often the mail is sent, and with it its Message-ID."""
    recipient: str
    subject: str
    body: str
    language: str
    at: datetime


@dataclass(frozen=True)
class Answer:
    """What came of an attempt, and what the other side said."""

    outcome: Outcome
    said: str
    ends_talk: bool = False
    """The other side is gone: nothing else can be sent now."""


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Return a letter as a MIME message; nothing in it can begin a header of its own."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=letter.recipient)
    mail["Subject"] = one_line(letter.subject)
    mail["Date"] = format_datetime(letter.at)
    mail["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    # Nobody's absence is told to a program. Source: RFC 3834, 5.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_plain(letter.body), subtype="plain", charset="utf-8", cte="base64")
    mail["Content-Language"] = letter.language
    return mail


def one_line(text: str) -> str:
    """Return text as a subject: without control characters or signs that turn the direction."""
    words = "".join(one if _is_plain(one) else " " for one in text).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def _is_plain(sign: str) -> bool:
    return sign in _JOINERS or not unicodedata.category(sign).startswith(("C", "Z"))


def _plain(text: str) -> str:
    """Return a body without control characters but line ends."""
    return "".join(
        one
        for one in text.replace("\r\n", "\n")
        if one in "\n\t" or unicodedata.category(one) != "Cc"
    )


class MailSession:
    """One session with the mail server, open while the block runs.

    Raises:
        MissingService: the server cannot be reached, refuses us, or does not speak TLS as it must.
    """

    def __init__(self, route: MailRoute) -> None:
        """Prepare a session; nothing is opened yet."""
        self._route = route
        self._talk: _Talk | None = None

    def __enter__(self) -> Self:
        route = self._route
        talk = _Talk(route)
        try:
            with Deadline(route.longest_s) as deadline:
                talk.open(deadline)
        except (smtplib.SMTPException, OSError) as error:
            talk.close()
            raise MissingService(
                f"the mail server {route.host}:{route.port} does not serve: {_said(error)}"
            ) from error
        self._talk = talk
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._talk is not None:
            self._talk.leave()

    def send(self, letter: Letter) -> Answer:
        """Hand a letter over and return what the server answered.

        Where the talk broke off it is not known whether the server took the letter: it is sent
        again later, under the same Message-ID.
        """
        assert self._talk is not None
        data = compose(letter, self._route.sender).as_bytes()
        try:
            with Deadline(self._route.longest_s) as deadline:
                deadline.guard(self._talk.connected)
                return self._talk.hand_over(self._route.sender, letter.recipient, data)
        except (smtplib.SMTPException, OSError) as error:
            return Answer("later", f"the mail server broke off: {_said(error)}", ends_talk=True)


class _Talk(smtplib.SMTP):
    """The library's client, with our own connection under it and a deadline over it."""

    def __init__(self, route: MailRoute) -> None:
        self._route = route
        self._deadline: Deadline | None = None
        self._context = None if route.tls == "none" else _trusting(route)
        # Our own name is not looked up: we greet with the domain that we write from.
        own = route.sender.rpartition("@")[2]
        super().__init__(timeout=route.timeout_s, local_hostname=own)
        # It is named in the certificate that is expected of the server.
        self._host = route.host

    @property
    def connected(self) -> socket.socket:
        assert self.sock is not None
        return self.sock

    def open(self, deadline: Deadline) -> None:
        """Connect, greet, and sign in, all of it before the deadline."""
        self._deadline = deadline
        code, said = self.connect(self._route.host, self._route.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        self.ehlo_or_helo_if_needed()
        if self._route.tls == "starttls":
            self.starttls(context=self._context)
            self.ehlo_or_helo_if_needed()
        if self._route.user is not None:
            self.login(self._route.user, self._route.password)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        opened = socket.create_connection((host, port), timeout)
        assert self._deadline is not None
        self._deadline.guard(opened)
        if self._route.tls == "tls" and self._context is not None:
            return self._context.wrap_socket(opened, server_hostname=host)
        return opened

    def hand_over(self, sender: str, recipient: str, data: bytes) -> Answer:
        """Hand one message over; a refusal leaves the session as it was."""
        code, said = self.mail(sender)
        if code != 250:
            # It is we who are refused here, and not this one reader.
            return self._refused(code, said, is_for_good=False)
        code, said = self.rcpt(recipient)
        if code not in (250, 251):
            return self._refused(code, said)
        try:
            code, said = self.data(data)
        except smtplib.SMTPDataError as error:
            return self._refused(error.smtp_code, error.smtp_error)
        if code != 250:
            return self._refused(code, said)
        return Answer("accepted", _answer(code, said))

    def _refused(self, code: int, said: bytes | str, *, is_for_good: bool = True) -> Answer:
        if code == 421:
            raise smtplib.SMTPServerDisconnected(_answer(code, said))
        self.rset()
        return Answer("refused" if is_for_good and code >= 500 else "later", _answer(code, said))

    def leave(self) -> None:
        """Say goodbye, if anybody still listens."""
        try:
            with Deadline(5) as deadline:
                if self.sock is not None:
                    deadline.guard(self.sock)
                    self.quit()
        except (smtplib.SMTPException, OSError):
            self.close()


def _trusting(route: MailRoute) -> ssl.SSLContext:
    """Return what a certificate is held against: known authorities, and the server's name."""
    try:
        return ssl.create_default_context(cafile=route.trust_store)
    except OSError as error:
        raise MissingService(f"{route.trust_store} holds no authorities: {error}") from error


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {text}")[:LONGEST_ANSWER]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return one_line(str(error)) or type(error).__name__
