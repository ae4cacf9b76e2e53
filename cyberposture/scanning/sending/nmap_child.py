"""The child process in which python-nmap runs nmap once; started by the runner, never imported.

It reads one job as a line of JSON from standard input, leaves nmap's XML in the file that the job
names, and writes one line of JSON to standard output. When standard input closes, because the
parent ended, or brings no sign of life for `PATIENCE_S`, because the parent hangs, it ends its
whole process group: no nmap outlives the one who looks at the stop switch for it.
"""

import json
import os
import resource
import select
import signal
import sys
import threading
from pathlib import Path

import nmap

PATIENCE_S = 4.0
"""Shorter than the five seconds in which a stop must have reached the last packet."""


def _end_with_parent() -> None:
    """Wait until the parent closes our input or falls silent, then end all that we started."""
    source = sys.stdin.fileno()
    while select.select([source], [], [], PATIENCE_S)[0] and os.read(source, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def run(job: dict[str, object]) -> dict[str, object]:
    """Run the job and return what came of it; the XML is in the file `job["output"]`."""
    # Only the search path decides which nmap is run, never a list of usual places.
    scanner = nmap.PortScanner(nmap_search_path=("nmap",))
    said = ""
    try:
        scanner.scan(
            hosts=str(job["hosts"]),
            ports=None,
            arguments=str(job["arguments"]),
            timeout=int(str(job["timeout_s"])),
        )
        outcome = "finished"
    except nmap.PortScannerTimeout:
        return {"outcome": "timed-out", "said": "nmap did not finish in time"}
    except nmap.PortScannerError as error:
        # python-nmap gives up on XML that it cannot read; ours may read it as far as it goes.
        outcome, said = "failed", str(error)[:2000]
    raw = scanner.get_nmap_last_output()
    data = raw if isinstance(raw, bytes) else raw.encode()
    if data.lstrip().startswith(b"<?xml"):
        Path(str(job["output"])).write_bytes(data)
    else:
        outcome = "failed"
    version = ".".join(str(part) for part in scanner.nmap_version())
    return {"outcome": outcome, "said": said, "version": version}


def main() -> int:
    """Run the job on standard input; return the exit code."""
    job = json.loads(sys.stdin.readline())
    limit = int(job["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer = run(job)
    except nmap.PortScannerError as error:
        answer = {"outcome": "missing", "said": str(error)[:2000]}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    # Ends at once: a thread still waits on standard input, and nothing is left to tidy up.
    code = main()
    os._exit(code)
