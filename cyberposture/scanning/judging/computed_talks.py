"""Computed facts about what our own probes were told: by mail servers, desktops, shares, clocks."""

from collections.abc import Callable
from typing import Final

from cyberposture.model.observations import MailFact, ServiceFact
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found
from cyberposture.scanning.judging.wording import quote

_ENDED: Final = {
    "refused": "it refused the connection",
    "timed-out": "it gave no whole answer in time",
    "other": "what answers speaks something else",
    "failed": "the connection failed",
}


def _in_vain(talk: MailFact | ServiceFact) -> Found:
    detail = f": {quote(talk.detail)}" if talk.detail else ""
    return Found(UNKNOWN, f"{_ENDED.get(talk.outcome, talk.outcome)}{detail}")


def _talk(endpoint: Endpoint, *protocols: str) -> ServiceFact | None:
    """Return the talk with the endpoint in one of these protocols, an answered one first."""
    key = (endpoint.protocol, endpoint.port or 0)
    talks = endpoint.view.talks.services
    found = [talks[(key, speaks)] for speaks in protocols if (key, speaks) in talks]
    return next((talk for talk in found if talk.outcome == "answered"), next(iter(found), None))


def told(name: str, words: str, *protocols: str) -> Callable[[Endpoint], Found]:
    """Return a fact: what a talk in one of the protocols told by this name.

    `words` put the value into a sentence: `{}` stands for yes, no, or the value.
    """

    def find(endpoint: Endpoint) -> Found:
        talk = _talk(endpoint, *protocols)
        if talk is None:
            return Found(UNTESTED)
        if talk.outcome != "answered":
            return _in_vain(talk)
        value = talk.told.get(name)
        if value is None:
            return Found(UNKNOWN, "its answer did not tell")
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        return Found(value, words.format(quote(shown) if isinstance(shown, str) else shown))

    return find


def old_ssh_protocol(endpoint: Endpoint) -> Found:
    """Whether an SSH server still takes protocol 1; `1.99` stands for both.

    Source: RFC 4253, sections 5 and 5.1.
    """
    talk = _talk(endpoint, "ssh")
    if talk is None:
        return Found(UNTESTED)
    if talk.outcome != "answered":
        return _in_vain(talk)
    protocol = str(talk.told.get("protocol") or "")
    return Found(protocol.startswith("1."), f"its greeting names protocol {quote(protocol, 20)}")


def clock_offset_ms(endpoint: Endpoint) -> Found:
    """By how many thousandths of a second the server's clock and ours differ, either way."""
    talk = _talk(endpoint, "ntp")
    if talk is None:
        return Found(UNTESTED)
    if talk.outcome != "answered":
        return _in_vain(talk)
    offset = talk.told.get("offset-ms")
    if type(offset) is not int:
        return Found(UNKNOWN, "its answer did not tell")
    way = "ahead of" if offset > 0 else "behind"
    return Found(abs(offset), f"{abs(offset) / 1000:.3f} s {way} the scanner's clock")


def _mail(endpoint: Endpoint, asked: str = "abilities") -> MailFact | Found:
    talk = endpoint.view.talks.mail.get((endpoint.port or 0, asked))
    if talk is None:
        return Found(UNTESTED)
    return talk if talk.outcome == "answered" else _in_vain(talk)


def mail_encryption(endpoint: Endpoint) -> Found:
    """What comes of encryption: `none` is offered, it is `broken`, or it `works`.

    Source: RFC 3207, section 4; RFC 8314, section 3.3 (TLS from the first byte).
    """
    talk = _mail(endpoint)
    if isinstance(talk, Found):
        return talk
    if talk.tls is None:
        return Found("none", "no STARTTLS among what it offers")
    if talk.tls.outcome == "answered":
        return Found("works", f"{talk.tls.version or 'TLS'} was agreed on")
    if talk.tls.outcome == "timed-out":
        return Found(UNKNOWN, "the handshake did not end in time")
    return Found("broken", f"the handshake failed: {quote(talk.tls.detail)}")


_TLS_NAMES: Final = {"TLSv1": "TLSv1.0"}


def mail_tls_version(endpoint: Endpoint) -> Found:
    """The newest TLS version that the mail server agreed on with us, who know them all."""
    talk = _mail(endpoint)
    if isinstance(talk, Found):
        return talk
    if talk.tls is None or talk.tls.outcome != "answered" or talk.tls.version is None:
        return Found(UNKNOWN, "no handshake was completed")
    version = _TLS_NAMES.get(talk.tls.version, talk.tls.version)
    return Found(version, f"{version} at best")


def mail_certificate(endpoint: Endpoint) -> Found:
    """Whether the mail server's certificate is `good`, `expired` or not valid yet (`early`)."""
    talk = _mail(endpoint)
    if isinstance(talk, Found):
        return talk
    seen = talk.tls.certificate if talk.tls is not None else None
    at = endpoint.view.talks.mail_at.get(endpoint.port or 0)
    if seen is None or at is None:
        return Found(UNKNOWN, "no certificate was seen")
    if seen.not_after < at:
        return Found("expired", f"valid until {seen.not_after.date().isoformat()}")
    if seen.not_before > at:
        return Found("early", f"valid from {seen.not_before.date().isoformat()}")
    return Found("good", f"valid until {seen.not_after.date().isoformat()}")


def mail_login_in_clear(endpoint: Endpoint) -> Found:
    """Whether a login is offered before anything is encrypted. Source: RFC 4954, section 4."""
    talk = _mail(endpoint)
    if isinstance(talk, Found):
        return talk
    if talk.starttls is None:
        return Found(False, "TLS is spoken from the first byte")
    offered = [word for word in talk.abilities if word.partition(" ")[0] == "AUTH"]
    if offered:
        return Found(True, f"it offers {quote(offered[0])} in the clear")
    return Found(False, "no login is offered in the clear")


def relays_for_strangers(endpoint: Endpoint) -> Found:
    """Whether a mail server takes a recipient elsewhere from a stranger.

    Only a refusal that is about relaying counts as one. Source: RFC 5321, sections 3.6.2 and 7.9.
    """
    talk = _mail(endpoint, "relay")
    if isinstance(talk, Found):
        return talk
    said = f"it said {quote(talk.reply)}"
    match talk.relay:
        case "accepted":
            return Found(True, said)
        case "refused":
            return Found(False, said)
        case "deferred":
            return Found(UNKNOWN, f"it asks to come back later: {said}")
        case _:
            return Found(UNKNOWN, f"it refused for another reason: {said}")
