"""Makes the sets of reports that people asked for on the portal, beside the clock."""

import threading
import traceback

import structlog

from cyberposture.runtime import Runtime
from cyberposture.services.reports.sets.working import Workshop, make_next


def make_sets(runtime: Runtime, ended: threading.Event) -> None:
    """Make whatever waits, until nothing does or the process is to end."""
    register = runtime.acting_as("clock").register
    shop = Workshop(register, runtime.folders, runtime.sets_folder, ended.is_set)
    try:
        while make_next(shop) is not None:
            continue
    except Exception:  # the clock must outlive any one set, which is begun again
        structlog.get_logger("clock").error("a set failed", trace=traceback.format_exc())
