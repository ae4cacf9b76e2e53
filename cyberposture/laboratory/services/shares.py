"""Shares: Windows file sharing as far as the negotiation, and rsync as far as its list."""

import secrets
import struct

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_LARGEST_MESSAGE_BYTES = 16 * 1024
_OLD, _NEW = b"\xffSMBr", b"\xfeSMB"
_OLD_DIALECT = b"\x02NT LM 0.12"
_NEW_DIALECTS = (0x0302, 0x0300, 0x0210, 0x0202)
_SIGNING_ENABLED, _SIGNING_REQUIRED = 1, 2


async def speak_smb(client: Conversation, station: Station) -> None:
    """Answer a negotiation, and close on one of the outdated version unless that is offered."""
    (size,) = struct.unpack(">I", await client.read_exactly(4))
    if not 35 <= size <= _LARGEST_MESSAGE_BYTES:
        return
    request = await client.read_exactly(size)
    answer = None
    if request[:5] == _OLD and station.service.version_one:
        answer = _old_answer(request)
    elif request[:4] == _NEW and len(request) >= 102:
        answer = _new_answer(request, signing=station.service.signing)
    if answer is not None:
        await client.send(struct.pack(">I", len(answer)) + answer)


def _old_answer(request: bytes) -> bytes | None:
    dialects = request[35:].split(b"\0")
    if _OLD_DIALECT not in dialects:
        return None
    header = _OLD + bytes(4) + b"\x88\x01\x40" + bytes(12) + request[24:32]
    words = struct.pack(
        "<BHBHHIIIIQHB",
        17,
        dialects.index(_OLD_DIALECT),
        0x03,
        10,
        1,
        0x1104,
        0x10000,
        0,
        0x1E3FC,
        0,
        0,
        8,
    )
    data = secrets.token_bytes(8) + "LABORATORY\0HALL\0".encode("utf-16-le")
    return header + words + struct.pack("<H", len(data)) + data


def _new_answer(request: bytes, *, signing: bool) -> bytes | None:
    """Return the answer to a negotiation of the newer versions.

    Source: Microsoft MS-SMB2, sections 2.2.1.2 and 2.2.4.
    """
    (count,) = struct.unpack("<H", request[66:68])
    offered = struct.unpack(f"<{count}H", request[100 : 100 + 2 * count]) if count <= 8 else ()
    dialect = next((one for one in _NEW_DIALECTS if one in offered), None)
    if dialect is None:
        return None
    header = _NEW + struct.pack("<HHIHHII", 64, 0, 0, 0, 1, 1, 0) + request[24:32] + bytes(32)
    mode = _SIGNING_ENABLED | (_SIGNING_REQUIRED if signing else 0)
    body = struct.pack("<HHHH", 65, mode, dialect, 0) + secrets.token_bytes(16)
    body += struct.pack("<IIIIQQHHI", 0, 65_536, 65_536, 65_536, 0, 0, 128, 0, 0)
    return header + body


_MODULES = ("backup         \tnightly copies of the registry", "scans          \tpapers")


async def speak_rsync(client: Conversation, station: Station) -> None:
    """Agree on a version; list the modules where access is open, and hand out none of them."""
    await client.send(b"@RSYNCD: 31.0\n")
    await client.read_line()
    wanted = (await client.read_line()).decode("latin-1")
    if wanted in ("", "#list"):
        lines = _MODULES if station.service.open_access else ()
        await client.send("".join(f"{line}\n" for line in lines).encode() + b"@RSYNCD: EXIT\n")
        return
    await client.send(b"@ERROR: Unknown module\n")
