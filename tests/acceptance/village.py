"""A second laboratory, in network namespaces: a scanner outside, a firewall, an office and a plant.

```
  outside 10.201.0.2 ── .1 gate .1 ── office 10.201.1.0/24   (an inner scanner at .20)
                             .1 ── plant  10.201.2.0/24
```

The namespaces have no way to the machine's own network, and this machine has none to them. The
firewall is made of policy routing rules, which every Linux kernel has; it keeps no state, so each
way that is opened is opened for the answers too. Only root may make it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

OUTSIDE, INSIDE = "10.201.0.2", "10.201.1.20"
OFFICE, PLANT = "10.201.1.0/24", "10.201.2.0/24"
DOOR, DESK, KEPT_OUT = "10.201.1.10", "10.201.1.11", "10.201.1.12"
PUMP, SCREEN = "10.201.2.10", "10.201.2.11"

SERVICES = {
    "office": [
        (DOOR, 80, "http"),
        (DOOR, 22, "ssh"),
        (DESK, 23, "telnet"),
        (KEPT_OUT, 23, "telnet"),
    ],
    "plant": [(PUMP, 502, "modbus"), (PUMP, 80, "http"), (SCREEN, 80, "http"), (SCREEN, 22, "ssh")],
}
_SILENT, _OPEN, _SHUT = 20_000, 10_000, 5_000
"""Where rules stand: lower numbers are read first, and the kernel's own table stands at 32766."""


def why_not() -> str | None:
    """Return why no village can be laid on this machine, or None."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    if shutil.which("ip") is None:
        return "the program ip (iproute2) is not on this machine"
    name = f"cp{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode != 0:
        return "this machine grants no network namespaces"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


@dataclass
class Village:
    """The namespaces by name, and what is open between them."""

    prefix: str
    listeners: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)

    def within(self, place: str) -> list[str]:
        """Return what to put before a command so that it runs at this place."""
        return ["ip", "netns", "exec", f"{self.prefix}-{place}"]

    def ip(self, place: str, *words: str) -> None:
        """Run `ip` at a place."""
        subprocess.run([*self.within(place), "ip", *words], check=True, capture_output=True)

    def shut_off(self, origin: str, target: str) -> None:
        """Let nothing pass from one network to another, without a word to whoever tries."""
        rule = ("from", origin, "to", target, "priority", str(_SILENT), "blackhole")
        self.ip("gate", "rule", "add", *rule)

    def let_through(self, origin: str, target: str, port: int) -> None:
        """Let TCP to one port pass, and its answers back."""
        for way in (
            ("from", origin, "to", target, "ipproto", "tcp", "dport", str(port)),
            ("from", target, "to", origin, "ipproto", "tcp", "sport", str(port)),
        ):
            self.ip("gate", "rule", "add", *way, "priority", str(_OPEN), "lookup", "main")

    def bar(self, origin: str) -> None:
        """Let nothing at all pass from an address: the defenders have noticed a scanner."""
        self.ip("gate", "rule", "add", "from", origin, "priority", str(_SHUT), "blackhole")

    def unbar(self, origin: str) -> None:
        """Let an address pass again."""
        self.ip("gate", "rule", "del", "from", origin, "priority", str(_SHUT))

    def received(self, place: str) -> dict[str, int]:
        """Return how many bytes each port at a place that was connected to has been sent."""
        process = self.listeners[place]
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("tell\n")
        process.stdin.flush()
        told: dict[str, int] = json.loads(process.stdout.readline())
        return told


def _join(village: Village, place: str, gate: str, addresses: Sequence[str]) -> None:
    """Put a cable between a place and the gate; the first address is the one it speaks from."""
    near, far = f"{village.prefix}-{place}", f"{village.prefix}-gate"
    link = ["ip", "-n", near, "link", "add", "eth0", "type", "veth", "peer", "name", place]
    subprocess.run([*link, "netns", far], check=True, capture_output=True)
    for address in addresses:
        village.ip(place, "addr", "add", f"{address}/24", "dev", "eth0")
    village.ip("gate", "addr", "add", f"{gate}/24", "dev", place)
    for where, link_name in ((place, "eth0"), (place, "lo"), ("gate", place)):
        village.ip(where, "link", "set", link_name, "up")
    village.ip(place, "route", "add", "default", "via", gate)


def _listen(village: Village, place: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [*village.within(place), sys.executable, str(Path(__file__).with_name("listeners.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(SERVICES[place]) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def _end(process: "subprocess.Popen[str]") -> None:
    process.communicate(timeout=10)


@contextmanager
def village() -> Iterator[Village]:
    """Lay the village; it is gone at the end, whatever happened."""
    laid = Village(f"cp{os.getpid()}")
    with ExitStack() as stack:
        for place in ("gate", "outside", "office", "plant"):
            name = f"{laid.prefix}-{place}"
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=True)
        _join(laid, "outside", "10.201.0.1", [OUTSIDE])
        _join(laid, "office", "10.201.1.1", [INSIDE, DOOR, DESK, KEPT_OUT])
        _join(laid, "plant", "10.201.2.1", [PUMP, SCREEN])
        forwarding = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        subprocess.run([*laid.within("gate"), "sh", "-c", forwarding], check=True)
        for place in SERVICES:
            laid.listeners[place] = _listen(laid, place)
            stack.callback(_end, laid.listeners[place])
        yield laid
