"""Reads whole files of bounded size, and their text; what stands in them is for others to say."""

from pathlib import Path

from cyberposture.errors import Fault, InvalidInput


def read_bytes(path: Path, limit: int, name: str | None = None) -> bytes:
    """Return what stands in the file; faults call it by `name`, else by its own.

    Raises:
        InvalidInput: the file cannot be read, or holds more than `limit` bytes.
    """
    shown = name or path.name
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise InvalidInput(Fault(shown, error.strerror or "cannot be read")) from error
    if len(data) > limit:
        raise InvalidInput(Fault(shown, f"larger than {limit} bytes"))
    return data


def decode_text(name: str, data: bytes, *, marked: bool = False) -> str:
    """Return the text, without the byte-order mark in front that `marked` files may have.

    Raises:
        InvalidInput: it is not UTF-8, with the line.
    """
    try:
        return data.decode("utf-8-sig" if marked else "utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidInput(Fault(f"{name}:{line}", "not UTF-8 text")) from error
