"""What every test stands on: a wall around the network, the checkout's folder, and PostgreSQL.

The wall is an audit hook of the interpreter, so it also sees what libraries do: a test opens
sockets only if it is marked `loopback`, and no test reaches anything but 127.0.0.0/8 and ::1.
"""

import gc
import ipaddress
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
INTERNET = (AF_INET, AF_INET6)
WITH_SERVICES = ("tests/acceptance/", "tests/browser/", "tests/services/test_scan_")
"""The beginnings of the files whose tests take an address or a port for themselves."""


class Wall:
    """Decides what the present test may do with sockets."""

    def __init__(self) -> None:
        self.is_open = True

    def watch(self, event: str, details: tuple[Any, ...]) -> None:
        """Stop the event if it would leave the machine, or the test may not open sockets."""
        if event == "socket.__new__":
            if not self.is_open and details[1] in INTERNET:
                pytest.fail("opens a socket without the mark `loopback`")
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
            sock, address = details[:2]
            if sock.family in INTERNET and address is not None:
                self.refuse_beyond_loopback(address[0])
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.refuse_beyond_loopback(details[0])

    def refuse_beyond_loopback(self, host: str | bytes | None) -> None:
        """Fail the test unless `host` is a loopback address, or the name or lack of one."""
        text = host.decode() if isinstance(host, bytes) else host
        if text in (None, "localhost"):
            return
        try:
            is_loopback = ipaddress.ip_address(str(text)).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            pytest.fail(f"contacts or binds {text!r}, which is not loopback")


WALL = Wall()
sys.addaudithook(WALL.watch)

# How long an example takes depends on what else the machine does; a test that means it, says so.
settings.register_profile("anywhere", deadline=None)
settings.load_profile("anywhere")


class TakingTurns(LoadScopeScheduling):
    """Runs files side by side, but those with real services in three rows, one after the other.

    They wait more than they compute; more than two at once would make each other late.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((row for row in WITH_SERVICES if file.startswith(row)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TakingTurns:
    """Give out the tests so that laboratory, nmap and captures never meet."""
    return TakingTurns(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let more be tried, and on more, than every change can wait for."""
    parser.addoption("--both-engines", action="store_true", help="services on PostgreSQL as well")
    parser.addoption("--fuzz", type=int, default=1, metavar="TIMES", help="cases of properties")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Try each property on as many times more cases as was asked for."""
    times = config.getoption("--fuzz")
    for item in items if times > 1 else ():
        test = getattr(item, "obj", None)
        own = getattr(test, "_hypothesis_internal_use_settings", None)
        if own is not None:
            more = settings(own, max_examples=own.max_examples * times, deadline=None)
            getattr(test, "__func__", test)._hypothesis_internal_use_settings = more


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the collector of garbage what stays until the end: the tests and all their modules."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Close the wall before the test's fixtures, unless the test is marked."""
    WALL.is_open = item.get_closest_marker("loopback") is not None
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Open the wall (to loopback), for services that outlive one test to end in peace."""
    WALL.is_open = True
    return (yield)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; the test is skipped where it lacks."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder ../shared beside the checkout")
    return folder


def find_postgresql() -> Path | None:
    """Return the newest folder that holds PostgreSQL's server programs, or None."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: [int(part) for part in path.parts[4].split(".")],
    )
    elsewhere = shutil.which("initdb")
    if elsewhere and not found:
        found = [Path(elsewhere).resolve()]
    return found[-1].parent if found else None


def as_server_user() -> list[str]:
    """Return what to put before a server command: it refuses root, and must not outlive us."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig", "INT", "--"]
    user = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return ["setpriv", *user, "--pdeathsig", "INT", "--"]


def lay_cluster(programs: Path, folder: Path, password: str) -> None:
    """Make an empty cluster in `folder`/data that lets `cyberposture` in by `password`."""
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    subprocess.run(
        [
            *as_server_user(),
            *(str(programs / "initdb"), "--pgdata", str(folder / "data")),
            *("--username", "cyberposture", "--pwfile", str(secret)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd=folder,
    )


def start_server(programs: Path, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the server on 127.0.0.1:`port`, without the care for crashes that tests do not need."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*as_server_user(), str(programs / "postgres"), "-D", str(folder / "data"), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,  # Ctrl-C reaches the tests, which then stop the server
        )


def is_answering(programs: Path, server: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait up to 30 s; return whether this very server came up on its port."""
    ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(300):
        if server.poll() is not None:
            return False
        if subprocess.run(ask, check=False).returncode == 0:
            # Another server may hold the port: then ours is about to give up.
            time.sleep(0.1)
            return server.poll() is None
        time.sleep(0.1)
    return False


@contextmanager
def private_postgresql(programs: Path) -> Iterator[str]:
    """Run a server of our own in a temporary folder; yield its SQLAlchemy URL."""
    password = secrets.token_urlsafe(16)
    server: subprocess.Popen[bytes] | None = None
    # Not TMPDIR: the server's own user must reach it, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="cyberposture-postgresql-", dir="/tmp"))
    try:
        lay_cluster(programs, folder, password)
        for _ in range(5):
            port = random.SystemRandom().randrange(20_000, 32_000)
            server = start_server(programs, folder, port)
            if is_answering(programs, server, port):
                break
            stop_server(server)
        else:
            pytest.fail("PostgreSQL did not start:\n" + (folder / "log").read_text())
        yield f"postgresql+psycopg://cyberposture:{password}@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            stop_server(server)
        shutil.rmtree(folder, ignore_errors=True)


def stop_server(server: "subprocess.Popen[bytes]") -> None:
    """Stop the server at once, open connections or not."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a private, empty PostgreSQL server; its user may do everything."""
    programs = find_postgresql()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing here, and .ci/set-up test should have installed it")
        pytest.skip("PostgreSQL's initdb is not on this machine; .ci/set-up test installs it")
    with private_postgresql(programs) as url:
        yield url
