"""Key-value stores: Redis and memcached as far as looking goes; nothing is ever stored."""

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.station import Station

_REDIS_VERSION = "6.9.14"
_MEMCACHED_VERSION = "1.6.99"
_MOST_WORDS = 64
_LONGEST_WORD_BYTES = 16 * 1024
_LARGEST_VALUE_BYTES = 64 * 1024


async def speak_redis(client: Conversation, station: Station) -> None:
    """Answer PING and INFO where access is open, otherwise ask for a password and refuse it."""
    while True:
        words = await _read_redis_command(client)
        if not words:
            continue
        if words[0].lower() == b"quit":
            await client.send(b"+OK\r\n")
            return
        await client.send(_redis_answer(words, station))


async def _read_redis_command(client: Conversation) -> list[bytes]:
    line = await client.read_line()
    if not line.startswith(b"*"):
        return line.split()
    if not line[1:].isdigit() or int(line[1:]) > _MOST_WORDS:
        raise EOFError("no Redis command")
    words = []
    for _ in range(int(line[1:])):
        head = await client.read_line()
        if not (head.startswith(b"$") and head[1:].isdigit()):
            raise EOFError("no Redis command")
        if int(head[1:]) > _LONGEST_WORD_BYTES:
            raise EOFError("no Redis command of a sensible size")
        words.append((await client.read_exactly(int(head[1:]) + 2))[:-2])
    return words


def _redis_answer(words: list[bytes], station: Station) -> bytes:
    verb = words[0].decode("latin-1").lower()
    # The real server looks at the number of words before it asks for a password.
    if verb == "get" and len(words) != 2:
        return b"-ERR wrong number of arguments for 'get' command\r\n"
    if verb == "auth":
        if station.service.open_access:
            return b"-ERR AUTH called without any password configured\r\n"
        return b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
    if not station.service.open_access:
        return b"-NOAUTH Authentication required.\r\n"
    if verb == "ping":
        return b"+PONG\r\n"
    if verb == "info":
        return _bulk(_redis_facts(station))
    if verb == "get":
        return b"$-1\r\n"
    return f"-ERR unknown command '{verb[:64]}'\r\n".encode()


def _redis_facts(station: Station) -> bytes:
    version = station.service.banner or _REDIS_VERSION
    lines = (
        "# Server",
        f"redis_version:{version}",
        "redis_mode:standalone",
        f"tcp_port:{station.service.port}",
        "# Clients",
        "connected_clients:1",
        "# Keyspace",
        "db0:keys=128,expires=0,avg_ttl=0",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def _bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


async def speak_memcached(client: Conversation, station: Station) -> None:
    """Answer version, stats and get; take what is to be stored and drop it."""
    while True:
        words = (await client.read_line()).split()
        verb = words[0].lower() if words else b""
        if verb == b"quit":
            return
        if verb in (b"set", b"add", b"replace", b"append", b"prepend"):
            await client.send(await _refuse_to_store(client, words))
        else:
            await client.send(_memcached_answer(verb, station))


async def _refuse_to_store(client: Conversation, words: list[bytes]) -> bytes:
    if len(words) < 5 or not words[4].isdigit() or int(words[4]) > _LARGEST_VALUE_BYTES:
        return b"CLIENT_ERROR bad command line format\r\n"
    await client.read_exactly(int(words[4]) + 2)
    return b"SERVER_ERROR nothing is stored here\r\n"


def _memcached_answer(verb: bytes, station: Station) -> bytes:
    version = station.service.banner or _MEMCACHED_VERSION
    if verb == b"version":
        return f"VERSION {version}\r\n".encode()
    if verb == b"stats":
        now = int(station.clock().timestamp())
        facts = {"pid": 1, "uptime": 86400, "time": now, "version": version, "curr_items": 12}
        return ("".join(f"STAT {k} {v}\r\n" for k, v in facts.items()) + "END\r\n").encode()
    return b"END\r\n" if verb in (b"get", b"gets") else b"ERROR\r\n"
