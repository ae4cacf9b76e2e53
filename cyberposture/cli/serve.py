"""`cyberposture serve`: the portal, until it is ended."""

from typing import Annotated

import typer

from cyberposture.cli.surroundings import open_runtime, say


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the portal until Ctrl-C; put a proxy with HTTPS before it for people elsewhere."""
    import uvicorn

    from cyberposture.web.app import make_app

    runtime = open_runtime(context)
    say(f"the portal is at http://{host}:{port}; Ctrl-C ends it")
    # It names neither itself nor its version, and believes no header that a proxy might forge.
    uvicorn.run(
        make_app(runtime),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )
    runtime.close()
