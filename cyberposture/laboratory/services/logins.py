"""FTP and telnet: old ways to log in, which ask for a password and never accept one."""

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

MOST_REFUSALS = 3

_IAC, _DONT, _DO, _WONT, _WILL = 255, 254, 253, 252, 251
_ECHO = 1


async def speak_ftp(client: Conversation, station: Station) -> None:
    """Greet, ask for a password, refuse it; the anonymous user too."""
    refusals = 0
    greeting = station.service.banner or f"{station.host.name} FTP server ready"
    await client.send_lines(f"220 {greeting}")
    while refusals < MOST_REFUSALS:
        text = (await client.read_line()).decode("latin-1")
        words = text.split(" ")
        verb, rest = words[0].upper(), words[1:]
        may_upgrade = station.service.tls == "starttls" and not client.is_encrypted
        if verb == "AUTH" and rest == ["TLS"] and may_upgrade and station.tls:
            await client.start_tls(station.tls, b"234 Begin TLS\r\n")
        elif verb == "PASS":
            refusals += 1
            await client.send_lines("530 Login incorrect")
        elif verb == "FEAT":
            upgrade = (" AUTH TLS",) if may_upgrade else ()
            await client.send_lines("211-Features:", *upgrade, " UTF8", "211 End")
        elif verb == "QUIT":
            await client.send_lines("221 Goodbye")
            return
        else:
            await client.send_lines(_plain_ftp_answer(verb, may_upgrade=may_upgrade))
    await client.send_lines("421 Too many refusals")


def _plain_ftp_answer(verb: str, *, may_upgrade: bool) -> str:
    answers = {
        "USER": "530 Only over TLS" if may_upgrade else "331 Password, please",
        "AUTH": "504 Not available",
        "PBSZ": "200 Done",
        "PROT": "200 Done",
        "NOOP": "200 Done",
        "SYST": "215 UNIX Type: L8",
        "HELP": "214 No help here",
    }
    return answers.get(verb, "530 Log in first")


async def speak_telnet(client: Conversation, station: Station) -> None:
    """Negotiate, ask for name and password, refuse them."""
    greeting = "" if station.service.banner is None else f"{station.service.banner}\r\n"
    # In one piece, for nmap knows a telnet server by what comes with the first offer.
    await client.send(bytes((_IAC, _WILL, _ECHO)) + f"{greeting}login: ".encode())
    for _ in range(MOST_REFUSALS):
        await _skip_telnet_line(client)
        await client.send(b"Password: ")
        await _skip_telnet_line(client)
        await client.send(b"\r\nLogin incorrect\r\nlogin: ")


async def _skip_telnet_line(client: Conversation) -> None:
    while True:
        (byte,) = await client.read_exactly(1)
        if byte == _IAC:
            await _negotiate(client)
        elif byte in b"\r\n":
            # The end is CR NUL, CR LF or a bare LF; what follows the CR belongs to it.
            if byte == 13:
                await client.read_exactly(1)
            return


async def _negotiate(client: Conversation) -> None:
    (command,) = await client.read_exactly(1)
    if command not in (_WILL, _WONT, _DO, _DONT):
        return
    (option,) = await client.read_exactly(1)
    if command == _DO and option != _ECHO:
        await client.send(bytes((_IAC, _WONT, option)))
    elif command == _WILL:
        await client.send(bytes((_IAC, _DONT, option)))
