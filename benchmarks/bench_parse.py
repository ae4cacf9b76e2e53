"""How fast nmap's XML is parsed and in how much memory, beside bare expat and the peers.

    python benchmarks/bench_parse.py [--hosts 65536] [--runs 3]

The file is generated with a seed. Each measurement has a process of its own, so that neither
memory nor garbage of one weighs on the next. The peers are measured where they are installed;
python-libnmap holds all of the file in memory, about 3 GB at the full size.
"""

import argparse
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from xml.parsers import expat

PORTS = 10
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -n -sT" start="1795322156" startstr="then" version="7.93" \
xmloutputversion="1.05">
<scaninfo type="connect" protocol="tcp" numservices="1000" services="1-1000"/>
<verbose level="0"/>
<debugging level="0"/>
"""
FOOT = """<runstats><finished time="1795322160" timestr="then" summary="done" elapsed="4.00" \
exit="success"/><hosts up="{hosts}" down="0" total="{hosts}"/>
</runstats>
</nmaprun>
"""
SERVICES = (
    ("http", "nginx", "igor_sysoev:nginx"),
    ("ssh", "OpenSSH", "openbsd:openssh"),
    ("smtp", "Postfix smtpd", "postfix:postfix"),
    ("mysql", "MariaDB", "mariadb:mariadb"),
)


def write_scan(path: Path, hosts: int, seed: int = 1) -> None:
    """Write a scan of so many hosts with ten open ports each, as nmap 7.93 would."""
    chance = random.Random(seed)
    with path.open("w") as out:
        out.write(HEAD)
        for number in range(hosts):
            out.write(
                '<host starttime="1795322156" endtime="1795322157"><status state="up" '
                'reason="syn-ack" reason_ttl="0"/>\n'
                f'<address addr="10.{number >> 16}.{number >> 8 & 255}.{number & 255}" '
                'addrtype="ipv4"/>\n<hostnames>\n</hostnames>\n<ports>'
                f'<extraports state="closed" count="{1000 - PORTS}">\n'
                f'<extrareasons reason="conn-refused" count="{1000 - PORTS}" proto="tcp" '
                f'ports="{PORTS + 1}-1000"/>\n</extraports>\n'
            )
            out.writelines(make_port(port, chance) for port in range(1, PORTS + 1))
            out.write('</ports>\n<times srtt="257" rttvar="267" to="100000"/>\n</host>\n')
        out.write(FOOT.format(hosts=hosts))


def make_port(number: int, chance: random.Random) -> str:
    name, product, cpe = chance.choice(SERVICES)
    version = f"{chance.randrange(10)}.{chance.randrange(30)}"
    return (
        f'<port protocol="tcp" portid="{number}"><state state="open" reason="syn-ack" '
        f'reason_ttl="0"/><service name="{name}" product="{product}" version="{version}" '
        f'extrainfo="Linux" method="probed" conf="10"><cpe>cpe:/a:{cpe}:{version}</cpe>'
        "</service></port>\n"
    )


def read_hosts(path: Path) -> None:
    """Our parser, as a stream of plain hosts."""
    from cyberposture.scanning.reading.nmap_xml import HostStream

    for _ in HostStream(path):
        pass


def read_door(path: Path) -> None:
    """The document of `scan parse --json`, as text."""
    from cyberposture.scanning.reading.parse import parse_door_text

    for _ in parse_door_text(path):
        pass


def read_expat(path: Path) -> None:
    """Expat with handlers in Python that do nothing: what any parser in Python pays at least."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: None
    parser.EndElementHandler = lambda name: None
    parser.CharacterDataHandler = lambda text: None
    with path.open("rb") as stream:
        parser.ParseFile(stream)


def read_python_nmap(path: Path) -> None:
    """The dictionary of python-nmap."""
    import nmap

    nmap.PortScanner().analyse_nmap_xml_scan(path.read_text())


def read_libnmap(path: Path) -> None:
    """The report of python-libnmap."""
    from libnmap.parser import NmapParser

    NmapParser.parse_fromfile(str(path))


READERS: dict[str, Callable[[Path], None]] = {
    "cyberposture": read_hosts,
    "cyberposture, JSON": read_door,
    "bare expat": read_expat,
    "python-nmap": read_python_nmap,
    "python-libnmap": read_libnmap,
}
PEERS = {"python-nmap": "nmap", "python-libnmap": "libnmap"}


def measure_here(name: str, path: Path) -> dict[str, float]:
    """Return seconds of CPU, and MiB at the peak beyond what the interpreter had before."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as small:
        write_scan(Path(small.name), 1)
        READERS[name](Path(small.name))  # loads the modules, which are not what is measured
    before = peak_mib()
    started = time.process_time()
    READERS[name](path)
    return {"seconds": time.process_time() - started, "mib": peak_mib() - before}


def peak_mib() -> float:
    """Return the most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, path: Path, runs: int) -> tuple[float, float]:
    """Return the median seconds and the highest peak of several processes."""
    command = [sys.executable, __file__, "--measure", name, str(path)]
    results = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(runs)
    ]
    median = statistics.median(result["seconds"] for result in results)
    return median, max(result["mib"] for result in results)


def compare(path: Path, hosts: int, runs: int) -> None:
    """Print all parsers side by side at one size."""
    present = [name for name in READERS if name not in PEERS or find_spec(PEERS[name])]
    found = {name: measure(name, path, runs) for name in present}
    ours = found["cyberposture"][0]
    print(f"{hosts} hosts with {PORTS} ports, {path.stat().st_size / 1e6:.0f} MB, {runs} runs")
    print(f"{'':20}{'ratio':>8}{'seconds':>10}{'MiB':>8}")
    for name, (seconds, mib) in found.items():
        print(f"{name:20}{seconds / ours:8.2f}{seconds:10.2f}{mib:8.0f}")
    for name in set(PEERS) - set(present):
        print(f"{name:20} is not installed")


def grow(folder: Path, hosts: int, runs: int) -> None:
    """Print how time and memory grow over three sizes."""
    sizes = (hosts // 16, hosts // 4, hosts)
    seconds = []
    for size in sizes:
        path = folder / f"{size}.xml"
        if not path.exists():
            write_scan(path, size)
        took, mib = measure("cyberposture", path, runs)
        seconds.append(took)
        print(f"{size:8} hosts {took:8.3f} s {mib:6.1f} MiB")
    exponent = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])
    print(f"time grows with the number of hosts to the power of {exponent:.2f}")


def main() -> None:
    """Write the file, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hosts", type=int, default=65_536)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--measure", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(measure_here(given.measure[0], Path(given.measure[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{given.hosts}.xml"
        write_scan(path, given.hosts)
        compare(path, given.hosts, given.runs)
        grow(Path(folder), given.hosts, given.runs)


if __name__ == "__main__":
    main()
