"""As much of the Basic Encoding Rules as SNMP and LDAP need: lengths, integers, object ids."""

from collections.abc import Iterator

INTEGER, OCTETS, NULL, OBJECT_ID, ENUMERATED, SEQUENCE, SET = 2, 4, 5, 6, 10, 0x30, 0x31
_MOST_LENGTH_BYTES = 4


def pack(tag: int, *parts: bytes) -> bytes:
    """Return one element: tag, length, and the parts as its content."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def pack_integer(value: int, tag: int = INTEGER) -> bytes:
    """Return a whole number as one element, in the fewest bytes."""
    return pack(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def pack_object_id(numbers: tuple[int, ...]) -> bytes:
    """Return an object id of at least two numbers as one element."""
    content = bytearray((numbers[0] * 40 + numbers[1],))
    for number in numbers[2:]:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content.extend(reversed(groups))
    return pack(OBJECT_ID, bytes(content))


def unpack(data: bytes) -> tuple[int, bytes, bytes]:
    """Return tag and content of the first element, and what follows it.

    Raises:
        ValueError: the data ends too early, or the length is of no sensible size.
    """
    if len(data) < 2:
        raise ValueError("the element is cut short")
    start, length = 2, data[1]
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= _MOST_LENGTH_BYTES:
            raise ValueError("the element has a length of no sensible size")
        start += count
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError("the element is cut short")
    return data[0], data[start : start + length], data[start + length :]


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in `data`.

    Raises:
        ValueError: the data ends within an element.
    """
    while data:
        tag, content, data = unpack(data)
        yield tag, content


def integer(content: bytes) -> int:
    """Return the whole number that this content encodes."""
    return int.from_bytes(content, "big", signed=True)


def object_id(content: bytes) -> tuple[int, ...]:
    """Return the object id that this content encodes.

    Raises:
        ValueError: there is no content.
    """
    if not content:
        raise ValueError("an object id has at least one byte")
    numbers, number = [*divmod(content[0], 40)], 0
    for byte in content[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return tuple(numbers)
