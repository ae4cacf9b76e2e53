"""Real processes over a test's register: workers and clocks that can be killed, and a capture."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from cyberposture.services.proof import audit
from cyberposture.store import tables as t

SETTINGS = {
    "STOP_POLL_S": "0.2",
    "RATE_PPS": "2000",
    "HOST_TIMEOUT_S": "4",
    "PARALLEL_CHUNKS": "2",
}


PATIENCE_S = 120
"""On a machine that others use as well a process may need a minute to begin."""


def wait_until(reached: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def nmaps() -> list[int]:
    """Return the process of every nmap that runs on behalf of this test's processes."""
    mine, found = str(os.getpid()), []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().split(b"\0")[0].endswith(b"nmap"):
                around = (folder / "environ").read_bytes()
                if f"CYBERPOSTURE_FLEET={mine}".encode() in around or is_ours(int(folder.name)):
                    found.append(int(folder.name))
    return found


def is_ours(process: int) -> bool:
    """Return whether a process descends from this one."""
    while process > 1:
        if process == os.getpid():
            return True
        status = Path(f"/proc/{process}/stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
    return False


class Fleet:
    """Processes of the program over one register; whatever happens, none outlives the test."""

    def __init__(self, workspace: Path, url: str) -> None:
        keys = workspace / "keys"
        keys.mkdir(exist_ok=True)
        (keys / "master.key").write_text((b"m" * 32).hex() + "\n")
        (keys / "audit.key").write_text((b"k" * 32).hex() + "\n")
        self.workspace, self.url = workspace, url
        self.processes: list[subprocess.Popen[bytes]] = []
        self.proxies: list[Proxy] = []

    def start(self, *command: str, url: str | None = None, **settings: str) -> "subprocess.Popen":
        """Start a command of the program in a process of its own."""
        given = {**SETTINGS, **settings, "DATABASE_URL": url or self.url}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CYBERPOSTURE_")}
        environment |= {f"CYBERPOSTURE_{name}": value for name, value in given.items()}
        log = (self.workspace / f"log-{len(self.processes)}").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "cyberposture", "--workspace", str(self.workspace),
                 *command],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def worker(self, queue: str = "external", **settings: str) -> "subprocess.Popen":
        return self.start("worker", "--queue", queue, **settings)

    def proxy(self) -> "Proxy":
        """Return a way to the register that can be cut."""
        self.proxies.append(Proxy(self.url))
        return self.proxies[-1]

    def wait_until(self, reached: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait; where it does not come to that, tell what the processes said."""
        try:
            wait_until(reached, patience_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}") from None

    def said(self) -> str:
        logs = sorted(self.workspace.glob("log-*"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in logs)

    def end(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        for proxy in self.proxies:
            proxy.close()
        wait_until(lambda: not nmaps())


@contextmanager
def fleet_over(workspace: Path, url: str) -> Iterator[Fleet]:
    fleet = Fleet(workspace, url)
    try:
        yield fleet
    finally:
        fleet.end()


def kill(process: "subprocess.Popen") -> None:
    process.kill()
    process.wait()


@dataclass
class Capture:
    """The moments at which packets went to addresses of a network on the loopback interface."""

    network: str
    moments: list[float] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Capture"]:
        """Capture until the end.

        Raises:
            PermissionError: this account may not capture.
        """
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as raw:
            raw.bind(("lo", 0))
            raw.settimeout(0.1)
            thread = threading.Thread(target=self._listen, args=(raw,))
            thread.start()
            try:
                yield self
            finally:
                self._ended.set()
                thread.join()

    def _listen(self, raw: socket.socket) -> None:
        wanted = bytes(int(part) for part in self.network.split("."))
        while not self._ended.is_set():
            try:
                packet = raw.recv(64)
            except TimeoutError:
                continue
            if packet[16 : 16 + len(wanted)] == wanted:
                self.moments.append(time.monotonic())


class Proxy:
    """Stands between a process and its database, and falls silent when told to."""

    def __init__(self, url: str) -> None:
        self._there = make_url(url)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._frozen = threading.Event()
        self._sockets: list[socket.socket] = []
        port = self._server.getsockname()[1]
        self.url = self._there.set(port=port).render_as_string(hide_password=False)
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def freeze(self) -> None:
        """Pass nothing on any more, and close nothing either, like a cable that was pulled."""
        self._frozen.set()

    def thaw(self) -> None:
        """Pass on again; what was open is closed."""
        self._frozen.clear()
        self._close_all()

    def close(self) -> None:
        self._frozen.clear()
        self._server.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._server.close()
        self._close_all()

    def _close_all(self) -> None:
        with self._lock:
            open_now, self._sockets = self._sockets, []
        for one in open_now:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            pair = [client]
            if not self._frozen.is_set():
                there = socket.create_connection((self._there.host, self._there.port))
                pair.append(there)
                for source, sink in ((client, there), (there, client)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()
            with self._lock:
                self._sockets += pair

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                while self._frozen.is_set():
                    time.sleep(0.05)
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def killing_rounds(fleet: Fleet, chance: random.Random, rounds: int, is_over) -> Counter:
    """Kill a worker, an nmap or everything at random moments; return how often which."""
    killed: Counter = Counter()
    workers = [fleet.worker() for _ in range(2)]
    for victim in chance.choices(("worker", "nmap", "machine"), k=rounds):
        time.sleep(chance.uniform(0.5, 3))
        if is_over():
            break
        if victim == "nmap":
            for process in nmaps()[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed[victim] += 1
            continue
        dying = list(workers) if victim == "machine" else [chance.choice(workers)]
        for process in dying:
            kill(process)
            workers[workers.index(process)] = fleet.worker()
        killed[victim] += 1
    return killed


def require_nothing_lost_or_doubled(office, scan) -> None:
    """Require that each chunk of a scan came to its end, and that what it saw is kept once."""
    with office.register.reading() as connection:
        chunks = connection.execute(sa.select(t.chunks).where(t.chunks.c.scan_id == scan.id))
        rows = list(chunks.mappings())
        facts = Counter(
            row.chunk_id
            for row in connection.execute(
                sa.select(t.facts.c.chunk_id, t.facts.c.address).distinct()
            )
        )
        kept = connection.execute(sa.select(sa.func.count()).select_from(t.facts)).scalar_one()
        attempts = Counter(
            (row.chunk_id, row.outcome) for row in connection.execute(sa.select(t.chunk_attempts))
        )
    runs = Counter(
        entry.data["chunk"] for entry in audit.read_entries(office.register, kind="chunk-run")
    )
    for row in rows:
        assert row["state"] == "done" or (row["state"], row["attempts"]) == ("failed", 3)
        is_done = row["state"] == "done"
        assert runs[row["number"]] == is_done
        assert attempts[row["id"], "done"] == is_done
        assert facts[row["id"]] == (len(row["plan"]["targets"]) if is_done else 0)
    assert sum(facts.values()) == kept
    office.verify()
