"""Services that behave badly on purpose: slow, mute, endless, or gone in mid-handshake."""

import asyncio

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_CHUNK_BYTES = 16 * 1024
_PAUSE_S = 0.01


async def speak_slowly(client: Conversation, station: Station) -> None:
    """Send one meaningless byte every few seconds until the connection's time is over."""
    while True:
        await asyncio.sleep(station.service.interval_s)
        await client.send(b".")


async def hang_up(client: Conversation, station: Station) -> None:
    """Close as soon as the connection stands, as a wrapper in front of a service does."""


async def speak_endlessly(client: Conversation, station: Station) -> None:
    """Send a banner without an end, until the connection's share of time or bytes is used up."""
    text = (station.service.banner or "welcome ").encode()
    chunk = text * (_CHUNK_BYTES // len(text) + 1)
    while True:
        await client.send(chunk)
        await asyncio.sleep(_PAUSE_S)


async def break_tls(client: Conversation, station: Station) -> None:
    """Take the first bytes of a TLS handshake, begin an answer and close in its middle."""
    await client.read_exactly(5)
    # A handshake record of 256 bytes is announced; six of them follow.
    await client.send(b"\x16\x03\x03\x01\x00" + b"\x02\x00\x00\xfc\x03\x03")
