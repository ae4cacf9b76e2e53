"""`cyberposture serve`: the portal with clock and executor beside it, until it is ended."""

import socket
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from cyberposture.cli.opened_pack import Folder, Key, serve_pack
from cyberposture.cli.surroundings import open_runtime, say

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 is any free one.")] = 8000,
    no_clock: Annotated[
        bool, typer.Option("--no-clock", help="The portal alone: one of many, or beside a clock.")
    ] = False,
    pack: Annotated[
        Path | None, typer.Option("--pack", help="Serve this pack alone, on this machine alone.")
    ] = None,
    folder: Folder = None,
    key: Key = None,
) -> None:
    """Serve everything until Ctrl-C: portal, clock, and on the embedded register the executor.

    People elsewhere need a proxy with HTTPS before it. On PostgreSQL scans are done by
    `cyberposture worker`, and the clocks elect one among them.
    """
    if pack is not None:
        serve_pack(pack, folder, key, port)
        return
    from cyberposture.cli.serving import serve_together

    runtime = open_runtime(context)
    try:
        with listen(host, port) as listening:
            runtime = with_address(runtime, place_of(listening))
            show_first_link(runtime)
            serve_together(runtime, listening, place_of(listening), has_clock=not no_clock)
    finally:
        runtime.close()


def is_told(runtime: "Runtime") -> bool:
    """Return whether it was set where people reach the portal."""
    return runtime.settings.origin_of("portal_url") != "default"


def with_address(runtime: "Runtime", place: str) -> "Runtime":
    """Return the runtime whose links lead to where it listens, unless another place was set.

    No request says where that is: it could name any host. Who listens on every address has none
    that could stand in a link, and is told to set one.
    """
    if is_told(runtime):
        return runtime
    if ip_address(urlsplit(place).hostname or "").is_unspecified:
        say(
            f"links lead to {runtime.settings.portal_url}, which is right on this machine alone: "
            "set CYBERPOSTURE_PORTAL_URL to the address by which people reach the portal"
        )
        return runtime
    settings = runtime.settings.model_copy(update={"portal_url": place})
    return replace(runtime, settings=settings)


def place_of(listening: socket.socket) -> str:
    """Return the address of a socket as a browser takes it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def show_first_link(runtime: "Runtime") -> None:
    """Print a link for an administrator, where nobody can come in yet; earlier ones end with it."""
    from cyberposture.services.people.first_run import make_first_link

    first = make_first_link(runtime.register)
    if first is not None:
        say(f"nobody has an account yet; this link is for {first.person} alone, once, for 7 days:")
        typer.echo(f"{runtime.settings.portal_url}/come-in/{first.token}")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; asked before anything else runs.

    What it accepts sends at once: otherwise a page's body would wait behind its head, for the 40 ms
    or so in which the other side acknowledges that. The event loop sees to it for sockets of its
    own alone; from this one the accepted inherit it.

    Raises:
        MissingService: the address cannot be had.
    """
    from cyberposture.errors import MissingService

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise MissingService(f"{host} port {port} cannot be had: {error.strerror}") from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
