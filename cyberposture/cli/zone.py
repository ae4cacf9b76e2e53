"""`cyberposture zone`: scanners in zones that cannot reach the register, and who lends to them."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import By, Json
from cyberposture.cli.running import ended_by_signal, wait_for_office
from cyberposture.cli.surroundings import open_runtime, read_settings, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.store.elections import Candidate
    from cyberposture.store.zone_scanners import ZoneScannerRecord

HELP = "Scanners in zones that cannot reach the register: they work on signed leases."
app = typer.Typer()
Name = Annotated[str, typer.Argument(help="Name of the scanner, such as plant-1.")]
Folder = Annotated[Path, typer.Option(help="The folder that centre and zone share.")]


@app.command("key")
def key(
    name: Name,
    out: Annotated[Path, typer.Option(help="Where the private key is left, in the zone.")],
    as_json: Json = False,
) -> None:
    """In the zone: make the key with which a scanner signs; the centre gets its public half."""
    from cyberposture.services.people.people import leave_key

    public_key = leave_key(out)
    if as_json:
        show_json({"name": name, "key_file": out, "public_key": public_key})
        return
    typer.echo(public_key)
    say(f"at the centre: cyberposture zone add {name} --vantage internal:ZONE --public-key …")


@app.command("centre-key")
def centre_key(context: typer.Context, as_json: Json = False) -> None:
    """At the centre: print the public key by which scanners in zones know its leases."""
    from cyberposture.runtime import lending_key
    from cyberposture.scanning.permission.signing import public_half

    public_key = public_half(lending_key(read_settings(context)))
    if as_json:
        show_json({"public_key": public_key})
    else:
        typer.echo(public_key)


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    vantage: Annotated[str, typer.Option(help="Where it stands: internal:ZONE.")],
    public_key: Annotated[str, typer.Option(help="What `zone key` printed: 64 digits.")],
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Trust a scanner from now on; its vantage is then served by leases alone."""
    from cyberposture.services.permission import zone_scanners

    register = open_runtime(context, by).register
    record = zone_scanners.add(register, name, vantage, public_key, reason=reason)
    if as_json:
        show_json(_document(record))
    else:
        typer.echo(f"{name} is trusted at {vantage}")


@app.command("end")
def end(
    context: typer.Context,
    name: Name,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Trust a scanner no more; its row stays on record, and its name is never used again."""
    from cyberposture.services.permission import zone_scanners

    zone_scanners.end(open_runtime(context, by).register, name, reason=reason)
    typer.echo(f"{name} is trusted no more")


@app.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List the scanners that are trusted."""
    from cyberposture.services.permission import zone_scanners

    found = [_document(one) for one in zone_scanners.list_all(open_runtime(context).register)]
    if as_json:
        show_json(found)
    else:
        show_table(("scanner", "vantage", "public key", "since", "by"),
                   (tuple(one.values()) for one in found))  # fmt: skip


def _document(record: "ZoneScannerRecord") -> dict[str, Any]:
    return {"name": record.name, "vantage": record.vantage, "public_key": record.public_key,
            "since": record.act.at, "by": record.act.actor}  # fmt: skip


@app.command("lend")
def lend(context: typer.Context, name: Name, folder: Folder) -> None:
    """At the centre: lend chunks to a scanner until ended (Ctrl-C); one process lends to each."""
    from dataclasses import replace

    from cyberposture.exchange.shared_folder import SharedFolder
    from cyberposture.runtime import lending_key
    from cyberposture.services.permission import zone_scanners
    from cyberposture.services.scans.lending import Post
    from cyberposture.store.elections import Candidate, lending_to

    runtime = open_runtime(context)
    settings = runtime.settings
    record = zone_scanners.get(runtime.register, name)
    post = Post(record, SharedFolder(folder), lending_key(settings), settings.zone_lease_s)
    scanner = replace(runtime.scanner, scanner_id=name, vantage=record.vantage, resolver=None)
    here = replace(runtime.acting_as(f"worker:{name}"), scanner=scanner)
    ended = ended_by_signal()
    candidate = Candidate(runtime.register.database, lending_to(name))
    try:
        if wait_for_office(candidate, ended, "another process lends; this one waits to take over"):
            _lend(here, post, candidate, ended)
    finally:
        candidate.resign()
        runtime.close()


def _lend(here: Any, post: Any, candidate: "Candidate", ended: threading.Event) -> None:
    """Lend while the office is ours and nobody ends us."""
    from dataclasses import replace

    from cyberposture.services.scans.lending import Lender
    from cyberposture.services.scans.watchdog import Watchdog
    from cyberposture.worker.queue import serve
    from cyberposture.worker.zone import LendingPlace

    first = Lender(here.register, here.scanner, post)
    say(f"waiting for a sign of life of {post.record.name} in {post.folder.path}")
    while (sign := first.find_sign()) is None:
        if ended.wait(0.5):
            return
    scanner = replace(here.scanner, has_raw_sockets=sign.raw_sockets)
    here = replace(here, scanner=scanner)
    name, longer_s = post.record.name, 2 * post.lease_s
    guard_of = Watchdog(here.register, scanner, lends_to=name, shortest_lease_s=longer_s)
    with guard_of as watchdog:

        def guard() -> None:
            while not ended.wait(1) and candidate.holds():
                pass
            watchdog.halted.set()

        guarding = threading.Thread(target=guard, name="office")
        guarding.start()
        say(f"{watchdog.name} lends to {scanner.vantage}; end it with Ctrl-C")
        place = LendingPlace(here, watchdog, Lender(here.register, scanner, post))
        try:
            serve(place)
        finally:
            ended.set()
            place.close()
            guarding.join()


@app.command("scan")
def scan(
    context: typer.Context,
    name: Name,
    folder: Folder,
    key: Annotated[Path, typer.Option(help="The private key that `zone key` left.")],
    centre_key: Annotated[str, typer.Option(help="What `zone centre-key` printed.")],
) -> None:
    """In the zone: send what is lent, and nothing else, until ended (Ctrl-C).

    It needs no database and no key of the centre's. The setting VANTAGE says where it stands.
    """
    from cyberposture.services.scans.zone import Identity
    from cyberposture.worker.zone import open_zone, scan_in_zone

    settings = read_settings(context)
    identity = Identity.read(name, key, centre_key)
    zone = open_zone(settings, identity, folder)
    ended_by_signal(zone.halted)
    say(f"{name} scans from {zone.scanner.vantage}, on leases alone; end it with Ctrl-C")
    scan_in_zone(zone, name)
