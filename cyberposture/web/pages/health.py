"""For machines that watch over us: is all well, and (where that is set) a few counts."""

from fastapi import APIRouter, Request, Response

from cyberposture.errors import CyberpostureError, NotFound
from cyberposture.services.health import count, look
from cyberposture.web.surroundings import portal_of

router = APIRouter()


@router.get("/healthz")
def tell_health(request: Request) -> Response:
    """Say whether all is well, and nothing else, to anybody."""
    try:
        look(portal_of(request).runtime.register)
        is_well = bool(request.app.state.is_whole())
    except CyberpostureError:
        is_well = False
    return Response(
        "ok\n" if is_well else "not ok\n", 200 if is_well else 503, media_type="text/plain"
    )


@router.get("/metrics")
def tell_counts(request: Request) -> Response:
    """Return counts as Prometheus reads them; no name stands in them.

    Raises:
        NotFound: that was not asked for.
    """
    runtime = portal_of(request).runtime
    if not runtime.settings.metrics:
        raise NotFound("page", "/metrics")
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for measure in count(runtime.register):
        gauge = Gauge(measure.name, measure.says, measure.labels, registry=registry)
        for values, number in measure.rows:
            (gauge.labels(*values) if values else gauge).set(number)
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
