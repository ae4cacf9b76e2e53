"""FTP and telnet: old ways to log in, which ask for a password and never accept one."""

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

MOST_REFUSALS = 3

_IAC, _DONT, _DO, _WONT, _WILL = 255, 254, 253, 252, 251
_ECHO, _TERMINAL_TYPE, _WINDOW_SIZE, _GO_AHEAD = 1, 24, 31, 3
_OFFERED = frozenset({_ECHO, _GO_AHEAD})
_ASKED = frozenset({_TERMINAL_TYPE, _WINDOW_SIZE})


async def speak_ftp(client: Conversation, station: Station) -> None:
    """Greet, ask for a password, refuse it; the anonymous user too."""
    refusals = 0
    greeting = station.service.banner or f"{station.host.name} FTP server at your service"
    await client.send_line(f"220 {greeting}")
    while refusals < MOST_REFUSALS:
        text = (await client.read_line()).decode("latin-1")
        words = text.split(" ")
        verb, rest = words[0].upper(), words[1:]
        may_upgrade = station.service.tls == "starttls" and not client.is_encrypted
        if verb == "AUTH" and rest == ["TLS"] and may_upgrade and station.tls:
            await client.start_tls(station.tls, b"234 Begin TLS\r\n")
        elif verb == "PASS":
            refusals += 1
            await client.send_line("530 Login incorrect")
        elif verb == "FEAT":
            await _send_features(client, may_upgrade=may_upgrade)
        elif verb == "QUIT":
            await client.send_line("221 Goodbye")
            return
        else:
            await client.send_line(_plain_ftp_answer(verb, may_upgrade=may_upgrade))
    await client.send_line("421 Too many refusals")


async def _send_features(client: Conversation, *, may_upgrade: bool) -> None:
    await client.send_line("211-Features:")
    if may_upgrade:
        await client.send_line(" AUTH TLS")
    await client.send_line(" UTF8")
    await client.send_line("211 End")


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
    offer = [bytes((_IAC, _WILL, option)) for option in (_GO_AHEAD, _ECHO)]
    wish = [bytes((_IAC, _DO, option)) for option in (_WINDOW_SIZE, _TERMINAL_TYPE)]
    greeting = station.service.banner or f"{station.host.name} console"
    await client.send(b"".join(wish + offer))
    await client.send(f"\r\n{greeting}\r\n\r\n".encode())
    for _ in range(MOST_REFUSALS):
        await client.send(b"login: ")
        await _read_telnet_line(client)
        await client.send(b"Password: ")
        await _read_telnet_line(client)
        await client.send(b"\r\nLogin incorrect\r\n")


async def _read_telnet_line(client: Conversation) -> bytes:
    line = bytearray()
    while True:
        (byte,) = await client.read_exactly(1)
        if byte == _IAC:
            await _negotiate(client)
        elif byte in b"\r\n":
            # The end is CR NUL, CR LF or a bare LF; what follows the CR belongs to it.
            if byte == 13:
                await client.read_exactly(1)
            return bytes(line)
        else:
            line.append(byte)


async def _negotiate(client: Conversation) -> None:
    (command,) = await client.read_exactly(1)
    if command not in (_WILL, _WONT, _DO, _DONT):
        return
    (option,) = await client.read_exactly(1)
    if command == _DO and option not in _OFFERED:
        await client.send(bytes((_IAC, _WONT, option)))
    elif command == _WILL and option not in _ASKED:
        await client.send(bytes((_IAC, _DONT, option)))
