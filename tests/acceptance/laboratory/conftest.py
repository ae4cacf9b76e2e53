"""One host of the laboratory with the services that a test asks for, and a plain wire to them."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

import pytest

from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Counters, Laboratory
from cyberposture.laboratory.ports import needed_port_offset

TIMEOUT_S = 5.0


class Wire:
    """A TCP connection as a test uses it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def take(self, size_bytes: int) -> bytes:
        """Return just so many bytes; EOFError where fewer come."""
        data = b""
        while len(data) < size_bytes:
            more = self.sock.recv(size_bytes - len(data))
            if not more:
                raise EOFError(f"{len(data)} of {size_bytes} bytes came")
            data += more
        return data

    def until(self, mark: bytes) -> bytes:
        """Return what comes up to and with the mark."""
        data = b""
        while not data.endswith(mark):
            data += self.take(1)
        return data

    def rest(self) -> bytes:
        """Return all that still comes before the other side closes."""
        parts = []
        while data := self.sock.recv(1 << 20):
            parts.append(data)
        return b"".join(parts)


class Served:
    """A running laboratory with one host, and how to reach it."""

    address = "127.78.1.1"
    name = "www.mountain-ministry.example"
    timeout_s = TIMEOUT_S

    def __init__(self, laboratory: Laboratory, ca_file: Path) -> None:
        self.laboratory, self.ca_file = laboratory, ca_file

    def port(self, planned: int) -> int:
        return self.laboratory.bound_port(planned)

    def dial(self, planned: int) -> Wire:
        spot = self.address, self.port(planned)
        return Wire(socket.create_connection(spot, TIMEOUT_S))

    def ask(self, planned: int, datagram: bytes, wait_s: float = TIMEOUT_S) -> bytes | None:
        """Send one datagram; return the answer, or None where none comes in time."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(wait_s)
            sock.sendto(datagram, (self.address, self.port(planned)))
            try:
                return sock.recv(4096)
            except TimeoutError:
                return None

    def trust(self) -> ssl.SSLContext:
        """Return a client's context that trusts the laboratory's authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def counters(self, planned: int) -> Counters:
        return self.laboratory.counters(self.address, planned)


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., AbstractContextManager[Served]]:
    """A factory: `with serve(Service(...), ...) as served` runs one host with these services."""

    @contextmanager
    def start(*services: Service) -> Iterator[Served]:
        host = Host(
            code="mountain", address=Served.address, names=(Served.name,), services=services
        )
        certificates = Certificates(tmp_path)
        with Laboratory((host,), certificates, needed_port_offset()) as laboratory:
            yield Served(laboratory, certificates.ca_file)

    return start
