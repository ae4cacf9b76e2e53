"""How the portal holds when many people answer at once, and that nothing that it kept is lost.

    python benchmarks/bench_portal.py [--people 200] [--think 5] [--seconds 60] [--hurry 10]
                                      [--database URL] [--serve "--processes 2"]

`cyberposture serve` serves the portal over a SQLite register in a folder of its own, or over an
empty database. People in tens share an institution; each reads a page of questions, thinks, and has
an answer kept, as the script of the pages does it. Afterwards every answer that the portal
acknowledged is looked for in the register. Then twenty of them answer without thinking, as fast as
the portal takes it (`--hurry` seconds). What the asking itself costs is on the same machine.

Times depend on what else the machine does; processor time and statements do so less.
"""

import argparse
import asyncio
import json
import os
import random
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import event
from sqlalchemy.engine import Engine

from cyberposture.clock import utc_now
from cyberposture.model.institutions import Institution
from cyberposture.model.people import Membership, Person
from cyberposture.runtime import Runtime, lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.assessments import assess, rounds
from cyberposture.services.institutions import entries
from cyberposture.services.people.passwords import digest_of
from cyberposture.settings import Settings
from cyberposture.store import answers, assessments, institutions, people, sessions
from cyberposture.store import rounds as kept_rounds
from cyberposture.web.app import make_app

ROUND, KEY, TOGETHER = "bench", "the-form-key-of-the-bench", 10


@dataclass
class Human:
    """Somebody at an institution, with the cookie of their session."""

    institution: str
    number: int
    cookie: str


@dataclass(frozen=True)
class Place:
    """Where the portal is, and the domains that are asked there."""

    port: int
    domains: list[str]


@dataclass
class Tally:
    """What was asked and how long it took, in seconds; what was acknowledged, by place."""

    pages: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    kept: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    acknowledged: int = 0
    told: int = 0
    """How often somebody was told that a colleague had answered meanwhile."""
    failed: int = 0
    cpu_s: float = 0.0
    """Processor time of the server."""
    took_s: float = 0.0

    @property
    def requests(self) -> int:
        """How many there were."""
        return len(self.pages) + len(self.saves)


def furnish(
    folder: Path, count: int, database: str | None = None
) -> tuple[Settings, list[Human], list[str]]:
    """Lay a register with institutions, people and an open round; return who may come in."""
    settings = Settings(workspace=folder, database_url=database)
    lay_workspace(settings)
    runtime = open_runtime(settings, "bench")
    setup.adopt_content(runtime.register)
    setup.confirm_empty_deny_list(runtime.register)
    rounds.open_round(runtime.register, ROUND, "Bench", utc_now() + timedelta(days=30))
    humans = [one for place in range(-(-count // TOGETHER)) for one in _invite(runtime, place)]
    domains = sorted({c.domain for c in runtime.register.content.catalogue.controls})
    runtime.close()
    return settings, humans[:count], domains


def _invite(runtime: Runtime, place: int) -> list[Human]:
    code, now = f"office-{place}", utc_now()
    entries.add_institution(
        runtime.register,
        Institution(code=code, name=f"Office {place} (invented)", sectors=("government",),
                    tier="A", features=("web", "mail"), contacts=("Porter",)),
    )  # fmt: skip
    assess.open_assessment(runtime.register, code, ROUND)
    made = []
    with runtime.register.change("people-settled") as change:
        for number in range(TOGETHER):
            person = f"p-{place}-{number}"
            given = {"code": person, "name": person, "public_key": secrets.token_hex(32)}
            record = people.insert_person(
                change.connection, Person.model_validate({**given, "invited_at": now}), change.by
            )
            held = Membership(person=person, role="institution-lead", institution=code,
                              valid_from=now)  # fmt: skip
            people.insert_membership(change.connection, held, change.by)
            token = secrets.token_urlsafe(32)
            sessions.insert_session(change.connection, digest_of(token), record.id, KEY, now)
            made.append(Human(code, number, token))
    return made


class Line:
    """One connection that stays open, as a browser's does."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of one request; a line that fell is taken up anew."""
        body = b"" if form is None else urlencode(form).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session={self._cookie}\r\n"
            f"Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        # A line that the server let go while somebody thought is taken up anew, as browsers do.
        for _ in range(2):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            try:
                writer.write(head.encode() + body)
                await writer.drain()
                answer = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
                length = int(found[1]) if found else 0
                return int(answer[9:12]), await reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                self._streams = None
        return 0, b""


async def live(human: Human, place: Place, until: float, think: float, tally: Tally) -> None:
    """Read, think and answer until the time is over.

    Everybody begins at a moment of their own and thinks half as long to half as long again, drawn
    from a seed: people do not act in step.
    """
    line, turn, domains = Line(place.port, human.cookie), human.number, place.domains
    drawn = random.Random(f"{human.institution} {human.number}")
    await asyncio.sleep(think * drawn.random())
    while time.monotonic() < until:
        domain = domains[turn % len(domains)]
        base = f"/institutions/{human.institution}/rounds/{ROUND}/answers/{domain}"
        began = time.monotonic()
        status, page = await line.ask("GET", base)
        tally.pages.append(time.monotonic() - began)
        if status != 200:
            tally.failed += 1
            return
        text = page.decode()
        forms = re.findall(
            rf'action="({base}/([A-Z]+-\d+))".*?name="seen" value="(\d+)"', text, re.DOTALL
        )
        for path, control, seen in forms[human.number % 3 :: 3][:3]:
            await asyncio.sleep(think * (0.5 + drawn.random()))
            await keep(human, line, (path, control, seen), tally)
            if time.monotonic() >= until:
                break
        turn += 1


async def keep(human: Human, line: Line, place: tuple[str, str, str], tally: Tally) -> None:
    """Have one answer kept, and note what was acknowledged."""
    path, control, seen = place
    said = f"{human.institution} {human.number} {secrets.token_hex(4)}"
    form = {"form_key": KEY, "seen": seen, "level": str(secrets.randbelow(3)), "reason": said}
    began = time.monotonic()
    status, body = await line.ask("POST", path, form)
    tally.saves.append(time.monotonic() - began)
    if status == 200:
        revision = json.loads(body)["revision"]
        tally.acknowledged += 1
        before = tally.kept.get((human.institution, control), (0, ""))
        tally.kept[human.institution, control] = max(before, (revision, said))
    elif status == 409:
        tally.told += 1
    else:
        tally.failed += 1


async def crowd(
    humans: list[Human], place: Place, seconds: float, think: float, server: int
) -> Tally:
    """Let everybody live for some time and return what happened."""
    tally, began, spent = Tally(), time.monotonic(), cpu_of(server)
    await asyncio.gather(*(live(one, place, began + seconds, think, tally) for one in humans))
    tally.took_s, tally.cpu_s = time.monotonic() - began, cpu_of(server) - spent
    return tally


def cpu_of(server: int) -> float:
    """Return the processor time, in seconds, of a process and those that it started.

    Source: Linux, proc(5): fields 14 and 15 of /proc/PID/stat count in ticks.
    """
    whole = 0.0
    for process in (server, *children_of(server)):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        whole += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return whole


def children_of(server: int) -> list[int]:
    """Return the processes that a process started."""
    try:
        said = Path(f"/proc/{server}/task/{server}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in said.split()]


def count_statements(settings: Settings, human: Human, domain: str) -> tuple[int, int]:
    """Return how many statements a page of questions and a kept answer take, asked in process."""
    runtime = open_runtime(settings, "bench")
    app, seen = make_app(runtime), [0]

    @event.listens_for(Engine, "before_cursor_execute")
    def note(*_: Any) -> None:
        seen[0] += 1

    async def ask(method: str, path: str, form: dict[str, str] | None = None) -> str:
        body = b"" if form is None else urlencode(form).encode()
        said: list[bytes] = []
        headers = {"host": "bench", "cookie": f"session={human.cookie}",
                   "accept": "application/json", "content-length": str(len(body)),
                   "content-type": "application/x-www-form-urlencoded"}  # fmt: skip
        scope = {"type": "http", "method": method, "path": path, "query_string": b"",
                 "root_path": "", "scheme": "http", "http_version": "1.1",
                 "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
                 "client": ("127.0.0.1", 1), "server": ("bench", 80)}  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message.get("body", b""))

        await app(scope, receive, send)
        return b"".join(said).decode()

    async def both() -> tuple[int, int]:
        base = f"/institutions/{human.institution}/rounds/{ROUND}/answers/{domain}"
        control = re.findall(rf'action="{base}/([A-Z]+-[0-9]+)"', await ask("GET", base))[0]
        form = {"form_key": KEY, "seen": "0", "level": "1", "reason": "counted"}
        await ask("POST", f"{base}/{control}", form)
        seen[0] = 0
        await ask("GET", base)
        page, seen[0] = seen[0], 0
        await ask("POST", f"{base}/{control}", {**form, "seen": "1", "level": "2"})
        return page, seen[0]

    found = asyncio.run(both())
    event.remove(Engine, "before_cursor_execute", note)
    runtime.close()
    return found


def count_lost(settings: Settings, tallies: list[Tally]) -> int:
    """Return how many acknowledged answers are not in the register as they were acknowledged."""
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for tally in tallies:
        for place, kept in tally.kept.items():
            newest[place] = max(newest.get(place, (0, "")), kept)
    runtime = open_runtime(settings, "bench")
    lost = 0
    with runtime.register.reading() as connection:
        campaign = kept_rounds.get_round(connection, ROUND)
        for code in {place[0] for place in newest}:
            owner = institutions.get_institution_id(connection, code)
            opened = assessments.get_assessment(connection, owner, campaign.id)
            given = answers.list_answers(connection, opened.id)
            for (institution, control), (revision, said) in newest.items():
                if institution == code:
                    found = given.get(control)
                    lost += found is None or (found.revision, found.answer.reason) != (
                        revision,
                        said,
                    )
    runtime.close()
    return lost


def serve(settings: Settings, options: Iterable[str] = ()) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the portal as a user does; return it with its port."""
    port = 20_000 + secrets.randbelow(10_000)
    command = [sys.executable, "-m", "cyberposture", "--workspace", str(settings.workspace)]
    surroundings = dict(os.environ)
    if settings.database_url is not None:
        surroundings["CYBERPOSTURE_DATABASE_URL"] = settings.database_url
    process = subprocess.Popen(
        [*command, "serve", "--port", str(port), *options], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=surroundings,
    )  # fmt: skip
    return process, port


async def wait_for(port: int) -> None:
    """Wait until the portal answers, 120 s at most."""
    for _ in range(1200):
        try:
            status, _ = await Line(port, "").ask("GET", "/healthz")
        except OSError:
            status = 0
        if status == 200:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the portal did not come up")


def show(name: str, times: list[float]) -> None:
    """Print how long something took."""
    if not times:
        print(f"  {name:<28} none")
        return
    times = sorted(times)
    said = "   ".join(
        f"p{part} {1000 * times[int(part / 100 * (len(times) - 1))]:6.1f} ms"
        for part in (50, 95, 99)
    )
    print(f"  {name:<20} {len(times):>6}   {said}   longest {1000 * times[-1]:6.1f} ms")


def show_all(title: str, tally: Tally) -> None:
    """Print what happened to a crowd."""
    print(title)
    show("pages of questions", tally.pages)
    show("answers kept", tally.saves)
    rate, each = tally.requests / tally.took_s, 1000 * tally.cpu_s / max(1, tally.requests)
    kept = tally.acknowledged / tally.took_s
    print(f"  {rate:.0f} requests/s, {kept:.0f} of them answers kept; CPU {each:.1f} ms a request")
    print(f"  told of a colleague's answer {tally.told}, failed {tally.failed}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--hurry", type=float, default=10.0)
    parser.add_argument("--database", help="postgresql://… of an empty database")
    parser.add_argument("--serve", default="", help="options of `cyberposture serve`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cyberposture-bench-") as folder:
        workspace = Path(folder) / "workspace"
        settings, humans, domains = furnish(workspace, given.people, given.database)
        process, port = serve(settings, shlex.split(given.serve))
        try:
            asyncio.run(wait_for(port))
            place = Place(port, domains)
            # The first pages of a process translate their templates; the crowd comes after them.
            warm = asyncio.run(crowd(humans[-1:], place, 2.0, 0.1, process.pid))
            calm = asyncio.run(crowd(humans, place, given.seconds, given.think, process.pid))
            fast = asyncio.run(crowd(humans[:20], place, given.hurry, 0.0, process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        lost = count_lost(settings, [warm, calm, fast])
        page, save = count_statements(settings, humans[-1], domains[0])
    show_all(f"{given.people} people, {given.think:g} s of thought, {given.seconds:g} s:", calm)
    show_all(f"20 people without thought, {given.hurry:g} s:", fast)
    print(f"statements: {page} a page of questions, {save} an answer kept")
    print(f"acknowledged {calm.acknowledged + fast.acknowledged}, lost={lost}")
    print(f"load of the machine, 1 minute: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
