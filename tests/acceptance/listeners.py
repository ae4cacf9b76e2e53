"""Small services for a network namespace: they greet, count what they are sent, and answer a page.

Started by `village.py` inside a namespace, with the addresses that this namespace has. It reads one
line of JSON (a list of `[address, port, kind]`), says `ready`, and ends when its input closes.
"""

import json
import selectors
import socket
import sys

GREETINGS = {
    "ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "telnet": b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27",
    "http": b"",
    "modbus": b"",
}
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n"


def serve(selector: selectors.BaseSelector) -> None:
    """Accept, greet and answer until standard input closes; say what each port was sent."""
    received: dict[str, int] = {}
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sys.stdout.write(json.dumps(received) + "\n")
                sys.stdout.flush()
                if not sys.stdin.readline():
                    return
            elif key.data[0] == "listener":
                greet(selector, key, received)
            else:
                hear(selector, key, received)


def greet(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, received: dict[str, int]
) -> None:
    """Take a connection and say what such a service says first."""
    _, place, kind = key.data
    listener = key.fileobj
    assert isinstance(listener, socket.socket)
    client, _ = listener.accept()
    received.setdefault(place, 0)
    try:
        client.sendall(GREETINGS[kind])
    except OSError:
        client.close()
        return
    selector.register(client, selectors.EVENT_READ, ("client", place, kind))


def hear(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, received: dict[str, int]
) -> None:
    """Count what a client sent; answer a page, and let go of whoever hung up."""
    _, place, kind = key.data
    client = key.fileobj
    assert isinstance(client, socket.socket)
    try:
        data = client.recv(65_536)
        received[place] += len(data)
        if data and kind == "http":
            client.sendall(PAGE)
            data = b""
        elif kind == "ssh":
            data = b""  # whoever is not let in is not kept waiting either
    except OSError:
        data = b""
    if not data:
        selector.unregister(client)
        client.close()


def main() -> None:
    """Open what the first line asks for, and serve."""
    selector = selectors.DefaultSelector()
    for address, port, kind in json.loads(sys.stdin.readline()):
        listener = socket.create_server((address, port), backlog=64)
        selector.register(listener, selectors.EVENT_READ, ("listener", f"{address}:{port}", kind))
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(selector)


if __name__ == "__main__":
    main()
