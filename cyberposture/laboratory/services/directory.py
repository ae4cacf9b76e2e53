"""LDAP as far as a bind and the root entry; it holds no other entries."""

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.services import ber
from cyberposture.laboratory.station import Station

_BIND, _BIND_ANSWER, _UNBIND = 0x60, 0x61, 0x42
_SEARCH, _ENTRY, _SEARCH_DONE, _EXTENDED, _EXTENDED_ANSWER = 0x63, 0x64, 0x65, 0x77, 0x78
_SUCCESS, _PROTOCOL_ERROR, _NO_SUCH_OBJECT, _NO_ANONYMOUS, _REFUSED = 0, 2, 32, 48, 49
_LARGEST_MESSAGE_BYTES = 64 * 1024


async def speak_ldap(client: Conversation, station: Station) -> None:
    """Answer binds and searches; with open access nameless clients may bind."""
    while True:
        try:
            _, message, _ = ber.unpack(await _read_element(client))
            (_, number), (operation, body), *_ = list(ber.elements(message))
            answers = _answer(operation, body, station)
        except ValueError as error:
            raise EOFError("no LDAP message") from error
        if operation == _UNBIND:
            return
        for answer in answers:
            await client.send(ber.pack(ber.SEQUENCE, ber.pack(ber.INTEGER, number), answer))


async def _read_element(client: Conversation) -> bytes:
    head = await client.read_exactly(2)
    if head[0] != ber.SEQUENCE:
        raise EOFError("no LDAP message")
    size = head[1]
    if size & 0x80:
        more = await client.read_exactly(min(size & 0x7F, 4))
        head += more
        size = int.from_bytes(more, "big")
    if size > _LARGEST_MESSAGE_BYTES:
        raise EOFError("no LDAP message of a sensible size")
    return head + await client.read_exactly(size)


def _answer(operation: int, body: bytes, station: Station) -> list[bytes]:
    if operation == _BIND:
        (_, _), (_, name), (_, secret), *_ = list(ber.elements(body))
        if name or secret:
            return [_result(_BIND_ANSWER, _REFUSED)]
        if station.service.open_access:
            return [_result(_BIND_ANSWER, _SUCCESS)]
        return [_result(_BIND_ANSWER, _NO_ANONYMOUS, "anonymous bind disallowed")]
    if operation == _SEARCH:
        (_, base), (_, scope), *_ = list(ber.elements(body))
        if base or ber.integer(scope) != 0:
            return [_result(_SEARCH_DONE, _NO_SUCH_OBJECT)]
        return [_root_entry(), _result(_SEARCH_DONE, _SUCCESS)]
    if operation == _EXTENDED:
        return [_result(_EXTENDED_ANSWER, _PROTOCOL_ERROR)]
    return []


def _result(operation: int, code: int, why: str = "") -> bytes:
    return ber.pack(
        operation,
        ber.pack_integer(code, ber.ENUMERATED),
        ber.pack(ber.OCTETS),
        ber.pack(ber.OCTETS, why.encode()),
    )


def _root_entry() -> bytes:
    facts = {
        b"objectClass": b"top",
        b"namingContexts": b"dc=laboratory,dc=example",
        b"supportedLDAPVersion": b"3",
        b"vendorName": b"Loopback Laboratory",
    }
    attributes = b"".join(
        ber.pack(
            ber.SEQUENCE,
            ber.pack(ber.OCTETS, name),
            ber.pack(ber.SET, ber.pack(ber.OCTETS, value)),
        )
        for name, value in facts.items()
    )
    return ber.pack(_ENTRY, ber.pack(ber.OCTETS), ber.pack(ber.SEQUENCE, attributes))
