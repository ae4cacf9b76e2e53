"""Looks at services as far as their greeting: nobody logs in, and nothing is asked for.

Each protocol has one function, which says what any client says before a login and reads what the
server answers. What it finds is told by name; None stands for a try in vain.
"""

import secrets
import struct
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from cyberposture.model.observations import ServiceFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.talk import (
    MOST_LINES,
    Garbled,
    MustStop,
    Talk,
    how_it_ended,
    never,
    talking,
)

Told = dict[str, bool | int | str | None]
Door = Callable[[], AbstractContextManager[Talk]]
"""Opens a connection to the endpoint that is looked at."""
_LARGEST_MESSAGE: Final = 16_384


def _speak_ssh(talk: Talk) -> Told:
    """Read the greeting, say nothing. Source: RFC 4253, sections 4.2 and 5.1."""
    for _ in range(MOST_LINES):
        line = talk.read_line()
        if line.startswith("SSH-"):
            _, protocol, software = (*line.split("-", 2), "", "")[:3]
            return {"protocol": protocol[:20], "software": software[:100]}
    raise Garbled("no SSH greeting")


def _read_ftp(talk: Talk) -> tuple[str, list[str]]:
    """Return code and lines of an answer. Source: RFC 959, section 4.2."""
    first = talk.read_line()
    code, lines = first[:3], [first[4:]]
    if not code.isdigit() or first[3:4] not in (" ", "-", ""):
        raise Garbled("the answer is no FTP")
    while first[3:4] == "-" and len(lines) < MOST_LINES:
        line = talk.read_line()
        lines.append(line.strip())
        if line.startswith(f"{code} "):
            return code, lines
    if first[3:4] == "-":
        raise Garbled("an answer without an end")
    return code, lines


def _speak_ftp(talk: Talk) -> Told:
    """Read the greeting, ask for the list of features, leave. Source: RFC 2389, RFC 4217."""
    code, _ = _read_ftp(talk)
    if code != "220":
        raise Garbled(f"it serves nobody: {code}")
    talk.send(b"FEAT\r\n")
    code, lines = _read_ftp(talk)
    talk.send(b"QUIT\r\n")
    if code[0] == "5":
        return {"encryption": None}
    if code != "211":
        raise Garbled(f"no answer to that question: {code}")
    return {"encryption": any(line.upper().startswith("AUTH ") for line in lines)}


_RFB_NONE: Final = 1


def _speak_vnc(talk: Talk) -> Told:
    """Agree on a version, read the ways to log in, leave. Source: RFC 6143, section 7.1."""
    greeting = talk.read_exactly(12)
    if not (greeting.startswith(b"RFB ") and greeting.endswith(b"\n")):
        raise Garbled("no RFB greeting")
    version = greeting[4:11].decode("latin-1")
    is_old = version < "003.007"
    talk.send(b"RFB 003.003\n" if is_old else b"RFB 003.008\n")
    if is_old:
        ways = {struct.unpack(">I", talk.read_exactly(4))[0]}
    else:
        ways = set(talk.read_exactly(talk.read_exactly(1)[0]))
    # No way, or the number nought, is a refusal: too many tries, or nobody is let in.
    asks = None if not ways - {0} else _RFB_NONE not in ways
    return {"protocol": version, "asks-for-login": asks}


_RDP_REQUEST: Final = bytes.fromhex("030000130ee000000000000100080001000000")
"""A connection request that offers TLS and nothing else. Source: MS-RDPBCGR, 2.2.1.1."""
_RDP_ANSWER, _RDP_FAILURE, _RDP_LOGIN_FIRST = 2, 3, 5


def _speak_rdp(talk: Talk) -> Told:
    """Ask for TLS alone: a server that insists on a login first refuses it for that reason.

    Source: MS-RDPBCGR, 2.2.1.2.1 and 2.2.1.2.2.
    """
    talk.send(_RDP_REQUEST)
    version, _, size = struct.unpack(">BBH", talk.read_exactly(4))
    if version != 3 or not 11 <= size <= _LARGEST_MESSAGE:
        raise Garbled("the answer is no RDP")
    body = talk.read_exactly(size - 4)
    if body[1] & 0xF0 != 0xD0:
        raise Garbled("the connection was not confirmed")
    if len(body) < 15:
        # A server that knows no negotiation knows no login first either.
        return {"login-first": False, "protection": "standard"}
    kind, value = body[-8], struct.unpack("<I", body[-4:])[0]
    if kind == _RDP_ANSWER:
        return {"login-first": False, "protection": "tls" if value & 1 else "standard"}
    if kind == _RDP_FAILURE and value == _RDP_LOGIN_FIRST:
        return {"login-first": True, "protection": "network-level"}
    if kind == _RDP_FAILURE and value in (2, 3):
        return {"login-first": False, "protection": "standard"}
    return {"login-first": None, "protection": None}


_SMB1_REQUEST: Final = (
    b"\xffSMBr" + bytes(4) + b"\x18\x01\x28" + bytes(12) + b"\xff\xff\xff\xff\0\0\0\0"
    b"\0\x0c\0\x02NT LM 0.12\0"
)
"""A negotiation that knows no newer dialect. Source: MS-CIFS, 2.2.4.52.1."""
_SMB2_DIALECTS: Final = (0x0202, 0x0210, 0x0300, 0x0302)


def _smb2_request() -> bytes:
    """Return a negotiation of the newer protocol. Source: MS-SMB2, 2.2.1 and 2.2.3."""
    header = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16s", 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, b"")
    body = struct.pack("<HHHHI", 36, len(_SMB2_DIALECTS), 1, 0, 0) + secrets.token_bytes(16)
    return header + body + bytes(8) + struct.pack("<4H", *_SMB2_DIALECTS)


def _ask_smb(talk: Talk, message: bytes) -> bytes:
    talk.send(struct.pack(">I", len(message)) + message)
    (size,) = struct.unpack(">I", talk.read_exactly(4))
    if not 36 <= size <= _LARGEST_MESSAGE:
        raise Garbled("the answer is no SMB")
    return talk.read_exactly(size)


def _old_smb(talk: Talk) -> Told:
    """Ask whether the outdated dialect is taken."""
    answer = _ask_smb(talk, _SMB1_REQUEST)
    if answer[:5] != b"\xffSMBr":
        raise Garbled("the answer is no SMB 1")
    taken = answer[32] == 17 and answer[33:35] == b"\0\0"
    if not taken:
        return {"version-1": False}
    return {"version-1": True, "signing-required": bool(answer[35] & 0x08)}


def _new_smb(talk: Talk) -> Told:
    """Ask for the newer protocol, and read whether signing is required. Source: MS-SMB2, 2.2.4."""
    answer = _ask_smb(talk, _smb2_request())
    if answer[:4] != b"\xfeSMB" or len(answer) < 72:
        raise Garbled("the answer is no SMB")
    status = struct.unpack("<I", answer[8:12])[0]
    return {"signing-required": None if status else bool(answer[66] & 0x02)}


def _speak_smb(door: Door) -> Told:
    """Ask for the newer protocol, then for the outdated one; each takes a connection of its own."""
    newer: Told | None = None
    try:
        with door() as talk:
            newer = _new_smb(talk)
    except (Garbled, ConnectionResetError):
        pass  # What knows only the outdated protocol closes here.
    try:
        with door() as talk:
            older = _old_smb(talk)
    except (Garbled, ConnectionResetError):
        if newer is None:
            raise
        # A share that has just shown the newer protocol closes on one that it has switched off.
        older = {"version-1": False}
    return {**older, **(newer or {})}


def _speak_mysql(talk: Talk) -> Told:
    """Read the greeting with its abilities. Source: MySQL protocol, HandshakeV10."""
    head = talk.read_exactly(4)
    size = int.from_bytes(head[:3], "little")
    if not 3 <= size <= _LARGEST_MESSAGE or head[3] != 0:
        raise Garbled("no MySQL greeting")
    body = talk.read_exactly(size)
    if body[0] == 0xFF:
        return {"encryption": None}
    end = body.find(b"\0", 1)
    if body[0] != 10 or end < 0 or len(body) < end + 16:
        raise Garbled("no MySQL greeting")
    (abilities,) = struct.unpack("<H", body[end + 14 : end + 16])
    return {"encryption": bool(abilities & 0x0800), "version": body[1:end][:60].decode("latin-1")}


def _speak_postgresql(talk: Talk) -> Told:
    """Ask whether TLS is spoken. Source: PostgreSQL documentation, SSLRequest."""
    talk.send(struct.pack(">II", 8, 80_877_103))
    answer = talk.read_exactly(1)
    if answer not in (b"S", b"N", b"E"):
        raise Garbled("the answer is no PostgreSQL")
    return {"encryption": None if answer == b"E" else answer == b"S"}


def _once(speak: Callable[[Talk], Told]) -> Callable[[Door], Told]:
    """Return a protocol that takes one connection."""

    def speak_once(door: Door) -> Told:
        with door() as talk:
            return speak(talk)

    return speak_once


SPEAKERS: Final[Mapping[str, Callable[[Door], Told]]] = {
    "ssh": _once(_speak_ssh),
    "ftp": _once(_speak_ftp),
    "vnc": _once(_speak_vnc),
    "rdp": _once(_speak_rdp),
    "smb": _speak_smb,
    "mysql": _once(_speak_mysql),
    "postgresql": _once(_speak_postgresql),
}
"""Every protocol that is known here."""


def _fact(address: str, port: int, speaks: str) -> ServiceFact:
    known = {"address": address, "port": port, "speaks": speaks}
    try:
        told = SPEAKERS[speaks](lambda: talking(address, port))
    except (Garbled, OSError) as error:
        outcome, detail = how_it_ended(error)
        return ServiceFact.model_validate({**known, "outcome": outcome, "detail": detail})
    return ServiceFact.model_validate({**known, "outcome": "answered", "told": told})


def look_at_greetings(
    permitted: PermittedPlan, must_stop: MustStop = never
) -> tuple[ServiceFact, ...]:
    """Return one fact for each address and port of the permitted plan.

    The plan's parameter `speaks` names the protocol; one that is not known here is not tried.
    """
    plan = permitted.plan
    speaks = str(plan.parameters.get("speaks", ""))
    if speaks not in SPEAKERS:
        return ()
    facts: list[ServiceFact] = []
    for address in plan.targets:
        for port in plan.ports or ():
            if must_stop():
                return tuple(facts)
            facts.append(_fact(address, port, speaks))
    return tuple(facts)
