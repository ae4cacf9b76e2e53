"""Mail servers: SMTP that relays nothing, POP3 and IMAP that let nobody in.

They greet like Postfix and Dovecot: nmap takes a greeting that it knows at its word, and half a
minute to doubt one that it does not.
"""

import re

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

MOST_REFUSALS = 3
_TAGGED = re.compile(r"(?P<tag>[A-Za-z0-9.]{1,32}) (?P<command>[A-Za-z]{1,32})(?: .*)?")


def _may_upgrade(client: Conversation, station: Station) -> bool:
    return station.service.tls == "starttls" and not client.is_encrypted


async def _read_command(client: Conversation) -> tuple[str, str]:
    text = (await client.read_line()).decode("latin-1")
    verb, _, rest = text.partition(" ")
    return verb.upper(), rest.strip()


async def speak_smtp(client: Conversation, station: Station) -> None:
    """Greet, take an envelope, refuse every login, every message and, unless it relays, recipient.

    A server that relays says so of the recipient alone; it takes no message either.
    """
    name, refusals = station.host.name, 0
    await client.send_lines(f"220 {station.service.banner or f'{name} ESMTP Postfix'}")
    while refusals < MOST_REFUSALS:
        verb, rest = await _read_command(client)
        if verb == "EHLO":
            await _send_abilities(client, station)
        elif verb == "STARTTLS" and _may_upgrade(client, station) and station.tls:
            if station.service.broken_upgrade:
                await client.send_lines("220 2.0.0 Ready to start TLS")
                return
            await client.start_tls(station.tls, b"220 2.0.0 Ready to start TLS\r\n")
        elif verb == "AUTH":
            refusals += 1
            await client.send_lines("535 5.7.8 Authentication credentials invalid")
        elif verb == "MAIL" and rest.upper().startswith("FROM:"):
            await client.send_lines("250 2.1.0 Sender noted")
        elif verb == "RCPT":
            taken = station.service.open_access
            await client.send_lines("250 2.1.5 Noted" if taken else "554 5.7.1 Relay access denied")
        elif verb == "QUIT":
            await client.send_lines("221 2.0.0 Goodbye")
            return
        else:
            await client.send_lines(_plain_smtp_answer(verb, name))
    await client.send_lines("421 4.7.0 Too many refusals")


async def _send_abilities(client: Conversation, station: Station) -> None:
    abilities = [station.host.name, "PIPELINING", "SIZE 10240000", "8BITMIME"]
    if _may_upgrade(client, station):
        abilities.append("STARTTLS")
    else:
        abilities.append("AUTH PLAIN LOGIN")
    lines = [f"250-{ability}" for ability in abilities[:-1]]
    await client.send_lines(*lines, f"250 {abilities[-1]}")


def _plain_smtp_answer(verb: str, name: str) -> str:
    return {
        "HELO": f"250 {name}",
        "NOOP": "250 2.0.0 Done",
        "RSET": "250 2.0.0 Forgotten",
        "VRFY": "252 2.5.0 Not verified",
        "DATA": "503 5.5.1 No valid recipient",
        "HELP": "214 2.0.0 See RFC 5321",
    }.get(verb, "502 5.5.2 Not understood")


async def speak_pop3(client: Conversation, station: Station) -> None:
    """Greet, tell the capabilities, refuse every login."""
    refusals = 0
    await client.send_lines(f"+OK {station.service.banner or 'Dovecot ready.'}")
    while refusals < MOST_REFUSALS:
        verb, _ = await _read_command(client)
        if verb == "CAPA":
            upgrade = "STLS" if _may_upgrade(client, station) else "USER"
            await client.send_lines("+OK", "TOP", "UIDL", "RESP-CODES", upgrade, ".")
        elif verb == "STLS" and _may_upgrade(client, station) and station.tls:
            await client.start_tls(station.tls, b"+OK Begin TLS\r\n")
        elif verb == "USER" and not _may_upgrade(client, station):
            await client.send_lines("+OK Password, please")
        elif verb in ("USER", "PASS", "APOP", "AUTH"):
            refusals += 1
            await client.send_lines("-ERR [AUTH] Not accepted")
        elif verb == "QUIT":
            await client.send_lines("+OK Goodbye")
            return
        else:
            await client.send_lines("-ERR Not understood")


async def speak_imap(client: Conversation, station: Station) -> None:
    """Greet, tell the capabilities, refuse every login."""
    refusals = 0
    usual = f"[CAPABILITY {_imap_abilities(client, station)}] Dovecot ready."
    await client.send_lines(f"* OK {station.service.banner or usual}")
    while refusals < MOST_REFUSALS:
        line = (await client.read_line()).decode("latin-1")
        found = _TAGGED.fullmatch(line)
        if found is None:
            await client.send_lines("* BAD Not understood")
            continue
        tag, command = found["tag"], found["command"].upper()
        if command == "CAPABILITY":
            abilities = f"* CAPABILITY {_imap_abilities(client, station)}"
            await client.send_lines(abilities, f"{tag} OK Done")
        elif command == "STARTTLS" and _may_upgrade(client, station) and station.tls:
            await client.start_tls(station.tls, f"{tag} OK Begin TLS\r\n".encode())
        elif command in ("LOGIN", "AUTHENTICATE"):
            refusals += 1
            await client.send_lines(f"{tag} NO [AUTHENTICATIONFAILED] Not accepted")
        elif command == "NOOP":
            await client.send_lines(f"{tag} OK Done")
        elif command == "LOGOUT":
            await client.send_lines("* BYE Goodbye", f"{tag} OK Done")
            return
        else:
            await client.send_lines(f"{tag} BAD Not understood")
    await client.send_lines("* BYE Too many refusals")


def _imap_abilities(client: Conversation, station: Station) -> str:
    if _may_upgrade(client, station):
        return "IMAP4rev1 STARTTLS LOGINDISABLED"
    return "IMAP4rev1 AUTH=PLAIN"
