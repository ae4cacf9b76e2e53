"""The command line as people use it: a process, a workspace, real keys, real nmap, and a watch.

Every test gets a copy of one furnished workspace. A stand-in named `nmap` stands first on the
search path: it notes each call beside itself and then becomes the real nmap.
"""

import json
import os
import queue
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import needed_port_offset

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "content"))  # the small editions
sys.path.insert(0, str(Path(__file__).parent))  # the village of namespaces
# A network for each run, so that two runs on one machine do not meet on the loopback interface.
_CHANCE = random.SystemRandom()
NETWORK = f"127.{_CHANCE.randrange(96, 250)}.{_CHANCE.randrange(256)}"
KNOCKED = f"{NETWORK}.254"
PATIENCE_S = 60

STAND_IN = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
exec {nmap} "$@"
"""

INSTITUTIONS = """
institutions:
  - {code: hill-office, name: Hill Office, sectors: [government], tier: A}
  - {code: meadow-office, name: Meadow Office, sectors: [government], tier: A}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The reason code of a command that was not authorised."""
        assert self.code == 4, self
        return self.err.partition(":")[0]


class Nurseries:
    """Two processes that fork for each command; see nursery.py."""

    def __init__(self) -> None:
        self._free: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        self._all = [self._start() for _ in range(2)]
        for process in self._all:
            self._free.put(process)

    def _start(self) -> "subprocess.Popen[str]":
        # The numerical library would start threads, which a fork does not take along.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(
        self, words: Sequence[str], given: str, folder: Path, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        process = self._free.get()
        assert process.stdin is not None and process.stdout is not None
        try:
            with TemporaryDirectory() as files:
                paths = {name: Path(files) / name for name in ("given", "out", "err")}
                for path in paths.values():
                    path.write_text(given if path.name == "given" else "")
                job = {"words": list(words), "folder": str(folder), "patience_s": PATIENCE_S}
                job |= {"environment": dict(environment)}
                job |= {name: str(path) for name, path in paths.items()}
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
                code = int(process.stdout.readline())
                out, err = paths["out"].read_text(), paths["err"].read_text()
        finally:
            self._free.put(process)
        return subprocess.CompletedProcess(list(words), code, out, err)

    def close(self) -> None:
        """End both."""
        for process in self._all:
            process.communicate()


class Office:
    """A folder with a workspace, input files and the stand-in for nmap, and the commands on it."""

    network = f"{NETWORK}.0/24"
    scope = f"{NETWORK}.0/29"
    front, back, beyond = (f"{NETWORK}.{last}" for last in (1, 2, 200))

    def __init__(self, folder: Path, nurseries: Nurseries) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self._nurseries = nurseries

    def environment(self, search_path: str | None = None, **settings: object) -> dict[str, str]:
        """Return the environment of a command: nothing of ours but what is given here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CYBERPOSTURE_")}
        ours = {
            "rate_pps": 1000,
            "connections_per_address": 4,
            "host_timeout_s": 20,
            "stop_poll_s": 0.5,
            "laboratory_port_offset": needed_port_offset(),
            "scanner_addresses": "127.0.0.1",
            "duty_telephone": "extension 4",
            **({"content": self.folder / "content"} if (self.folder / "content").exists() else {}),
            **settings,
        }
        stand_in_first = os.pathsep.join(
            [str(self.folder / "programs"), os.environ.get("PATH", os.defpath)]
        )
        given = {f"CYBERPOSTURE_{name.upper()}": str(value) for name, value in ours.items()}
        return {**kept, **given, "PATH": search_path or stand_in_first}

    def run(
        self,
        *words: object,
        given: str = "",
        search_path: str | None = None,
        **settings: object,
    ) -> Done:
        """Run a command to its end; `given` is its input."""
        texts = ["--workspace", str(self.workspace), *(str(word) for word in words)]
        environment = self.environment(search_path, **settings)
        return ended(self._nurseries.run(texts, given, self.folder, environment))

    def run_alone(self, *words: object, before: Sequence[str] = (), **settings: object) -> Done:
        """Run a command in a new interpreter; `before` it may stand another program."""
        return ended(
            subprocess.run(
                [*before, *self.line(*words)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                cwd=self.folder,
                env=self.environment(**settings),
                timeout=PATIENCE_S,
                check=False,
            )
        )

    def line(self, *words: object) -> list[str]:
        """Return the whole command line for these words."""
        start = [sys.executable, "-m", "cyberposture", "--workspace", str(self.workspace)]
        return [*start, *(str(word) for word in words)]

    def do(self, *words: object) -> Done:
        """Run a command that must succeed."""
        done = self.run(*words)
        assert done.code == 0, done
        return done

    def start(self, *words: object, **settings: object) -> "subprocess.Popen[str]":
        """Start a command and return at once."""
        return subprocess.Popen(
            self.line(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self.environment(**settings),
        )

    def write(self, name: str, content: str | bytes) -> Path:
        """Write an input file and return its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def entry(self, **changes: Any) -> dict[str, Any]:
        """Return the entry of a scope: the addresses that a hoster runs for both offices."""
        consent = {"third_party": "Fictional Hosting Ltd", "letter_sha256": "cd" * 32}
        entry = {"cidr": self.scope, "ports": None, "special_allowed": True, "consent": consent}
        return entry | changes

    def terms(self, reference: str, institution: str = "meadow-office", **changes: Any) -> Path:
        """Write the terms of a letter: good ones, but for the changes."""
        now = datetime.now(UTC)
        terms = {
            "id": reference,
            "institution": institution,
            "signatory": "Head of the office (invented)",
            "signatory_role": "head",
            "power_to_sign_checked": "compared with the fictional register of offices",
            "valid_from": (now - timedelta(days=10)).isoformat(),
            "valid_until": (now + timedelta(days=10)).isoformat(),
            "scope": [self.entry()],
            "load": 3,
            "emergency_contacts": ["duty desk"],
        }
        return self.write(f"{reference}.yaml", json.dumps({**terms, **changes}, indent=1))

    def record(self, terms: Path) -> None:
        """Have the analyst record terms; they are not granted by that."""
        self.do("authorise", "add", terms, "--letter", "letter.txt", "--by", "a-analyst")

    def grant(self, reference: str) -> None:
        """Have the officer grant what the analyst recorded, and the institution be told."""
        self.do("authorise", "grant", reference, "--by", "o-officer")
        self.do("authorise", "notice", reference, "--out", "notice.txt")
        self.do("authorise", "notice", reference, "--sent", "by hand", "--by", "a-analyst")

    def gate_log(self) -> list[dict[str, Any]]:
        """Return every decision of the gate that is on record."""
        found: list[dict[str, Any]] = self.do("audit", "list", "--kind", "gate", "--json").document
        return found

    def nmap_calls(self) -> list[str]:
        """Return the arguments of every call of nmap."""
        log = self.folder / "programs" / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def sql(self, *statements: str) -> None:
        """Change the register behind the program's back."""
        with closing(sqlite3.connect(self.workspace / "register.sqlite")) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, statement
            connection.commit()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Read from the register behind the program's back."""
        with closing(sqlite3.connect(self.workspace / "register.sqlite")) as connection:
            return connection.execute(query).fetchall()

    def holdings(self) -> dict[str, Any]:
        """Return how many rows each table has, the end of each audit chain, and every file."""
        tables = [name for (name,) in self.ask("select name from sqlite_master where type='table'")]
        rows: dict[str, Any] = {t: self.ask(f'select count(*) from "{t}"')[0][0] for t in tables}
        rows["heads"] = sorted(self.ask("select chain, seq, digest from audit_heads"))
        rows["files"] = sorted(
            str(path.relative_to(self.workspace))
            for path in self.workspace.rglob("*")
            if path.suffix not in (".sqlite-wal", ".sqlite-shm")
        )
        return rows

    def beside(self, folder: Path) -> "Office":
        """Return an office in which there is nothing at all yet."""
        folder.mkdir()
        return Office(folder, self._nurseries)

    def copied_to(self, folder: Path) -> "Office":
        """Return a copy of all of this, with no call of nmap on record."""
        shutil.copytree(self.folder, folder, symlinks=True)
        (folder / "programs" / "calls").unlink(missing_ok=True)
        return Office(folder, self._nurseries)


def ended(process: "subprocess.CompletedProcess[str]") -> Done:
    """Return how a command ended; none may ever end with a trace of the interpreter."""
    assert "Traceback" not in process.stderr, f"{process.args}\n{process.stderr}"
    return Done(tuple(process.args), process.returncode, process.stdout, process.stderr)


def furnish(folder: Path, nurseries: Nurseries, content: Path) -> Office:
    """Lay a workspace: two institutions, three people, and one granted authorisation."""
    office = Office(folder, nurseries)
    (folder / "content").symlink_to(content)
    (folder / "programs").mkdir()
    stand_in = office.write("programs/nmap", STAND_IN.format(nmap=shutil.which("nmap") or "false"))
    stand_in.chmod(0o755)
    office.write("letter.txt", "Signed: head of the office (invented)\n")
    office.do("init")
    office.do("institution", "import", office.write("institutions.yaml", INSTITUTIONS))
    hosts = office.write("hosts.csv", f"id,addresses\nfront,{office.front}\nback,{office.back}\n")
    for code in ("hill-office", "meadow-office"):
        office.do("declare", "import", hosts, "--institution", code)
    people = {"a-analyst": "cert-analyst", "b-analyst": "cert-analyst"}
    for code, role in {**people, "o-officer": "authorising-officer"}.items():
        office.do("people", "invite", code, "--name", f"{code} (invented)", "--role", role)
    office.record(office.terms("A-1", "hill-office"))
    office.grant("A-1")
    return office


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office that all others are copied from; nobody works in it."""
    nurseries = Nurseries()
    # A copy: an author who edits the content meanwhile would leave an edition nobody adopted.
    content = tmp_path_factory.mktemp("content")
    for name in ("controls", "scanners", "reports"):
        shutil.copytree(Path(__file__).parents[2] / name, content / name)
    yield furnish(tmp_path_factory.mktemp("furnished"), nurseries, content)
    nurseries.close()


@pytest.fixture
def office(furnished: Office, tmp_path: Path) -> Office:
    """An office of the test's own."""
    return furnished.copied_to(tmp_path / "office")


@pytest.fixture(scope="session")
def two_at_a_time() -> Callable[..., list[Any]]:
    """Calls a function with each item, two at a time, and returns the results in order."""

    def call(function: Callable[[Any], Any], items: Any) -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(function, items))

    return call


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """What runs at the front address: telnet and a web page."""
    running = (Service(kind="telnet", port=23), Service(kind="http", port=80))
    host = Host(code="front", address=Office.front, services=running)
    certificates = Certificates(tmp_path_factory.mktemp("authority"))
    with Laboratory([host], certificates, needed_port_offset()) as laboratory:
        yield laboratory


@dataclass(frozen=True)
class Packet:
    """One packet on the loopback interface: when, and tcpdump's line about it."""

    at: float
    line: str


class Capture:
    """tcpdump on the loopback interface, for the addresses of these tests alone.

    A knock at an address of its own shows that it is awake, and later that all that came before
    the knock has been written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._knocks = 0

    def knock(self) -> None:
        """Send a datagram and return when it was seen."""
        self._knocks += 1
        address = (KNOCKED, 10_000 + self._knocks)
        seen = f"> {address[0]}.{address[1]}: "
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(100):
                sock.sendto(b"knock", address)
                time.sleep(0.1)
                if seen in self._file.read_text():
                    return
        pytest.fail("tcpdump did not see a datagram in ten seconds")

    def packets(self) -> list[Packet]:
        """Return every packet up to now but the knocks."""
        self.knock()
        lines = (line for line in self._file.read_text().splitlines() if " IP " in line)
        return [Packet(float(line.split()[0]), line) for line in lines if KNOCKED not in line]


@contextmanager
def watch_loopback(folder: Path) -> Iterator[Capture | None]:
    """Watch the network of these tests; nothing is yielded where nobody may watch."""
    tcpdump = shutil.which("tcpdump")
    if tcpdump is None or os.geteuid() != 0:
        yield None
        return
    file = folder / "packets"
    options = ["-i", "lo", "-nn", "-tt", "-q", "-l", "--immediate-mode", "-c", "100000"]
    with file.open("wb") as out:
        process = subprocess.Popen(
            [tcpdump, *options, "net", Office.network], stdout=out, stderr=subprocess.DEVNULL
        )
    try:
        capture = Capture(file)
        capture.knock()
        yield capture
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def watching() -> Callable[..., Any]:
    """Gives `watch_loopback`: a capture for as long as a block lasts, or None."""
    return watch_loopback
