"""Makes one host of an address that stands several times in a file, in memory or beside it.

A target given twice does that, a resumed run, and masscan, which writes one host for each port.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

from cyberposture.errors import InvalidInput
from cyberposture.scanning.ports import ANY_PROTOCOL, PortKey, ports_in, ranges_of
from cyberposture.scanning.reading.nmap_xml import HostFields

MAX_SUMMED_REPEATS = 100
"""How often one address may come back with summed-up ports: each time costs up to 65 536 steps."""
SPOOL_BYTES = 8 * 1024 * 1024


def each_host_once(hosts: Iterable[HostFields]) -> Iterator[tuple[str, str]]:
    """Yield every address once, in order of first appearance, with its host as JSON text.

    It needs little memory. Nothing is yielded before the last host has been read: until then they
    wait in a temporary file without a name, and memory holds where each address stands there.

    Raises:
        InvalidInput: an address comes back too often.
    """
    places: dict[str, list[int]] = {}
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        for host in hosts:
            places.setdefault(host["address"], []).append(spool.tell())
            spool.write(json.dumps(host).encode() + b"\n")
        for address, found in places.items():
            texts = []
            for place in found:
                spool.seek(place)
                texts.append(spool.readline().decode().rstrip())
            if len(texts) > 1:
                texts = [json.dumps(merge_hosts([json.loads(text) for text in texts]))]
            yield address, texts[0]


def merge_hosts(records: Sequence[HostFields]) -> HostFields:
    """Return what several records of one address say together.

    It is up if one record says so, and has timed out if one has. A port on which they disagree is
    `unknown`; otherwise the record with a probed service tells about it. Remainders are united.

    Raises:
        InvalidInput: more than 100 records sum up ports.
    """
    if len(records) == 1:
        return records[0]
    if sum(bool(record["extra"]) for record in records) > MAX_SUMMED_REPEATS:
        raise InvalidInput(
            f"{records[0]['address']} comes back more than {MAX_SUMMED_REPEATS} times"
        )
    named: dict[PortKey, list[dict[str, Any]]] = {}
    states: dict[PortKey, str] = {}
    for record in records:
        for port in record["ports"]:
            key = port["protocol"], port["port"]
            named.setdefault(key, []).append(port)
            _state(states, key, port["state"])
        for row in record["extra"]:
            for number in ports_in(row["ranges"] or ()):
                _state(states, (row["protocol"], number), row["state"])
    vague = _settle_vague(records, states, named)
    ports = [{**_unite_ports(named[key]), "state": states.pop(key)} for key in sorted(named)]
    return {
        "address": records[0]["address"],
        "state": "up" if any(r["state"] == "up" for r in records) else records[0]["state"],
        "timed_out": any(record["timed_out"] for record in records),
        "ports": ports,
        "extra": _sum_up(states) + vague,
        "scripts": _without_repeats(s for record in records for s in record["scripts"]),
        "started_at": min((r["started_at"] for r in records if r["started_at"]), default=None),
        "ended_at": max((r["ended_at"] for r in records if r["ended_at"]), default=None),
    }


def _state(states: dict[PortKey, str], key: PortKey, state: str) -> None:
    """Note what a record says of a port; contradictions are `unknown`."""
    states[key] = state if states.get(key, state) == state else "unknown"


def _settle_vague(
    records: Sequence[HostFields], states: dict[PortKey, str], named: Iterable[PortKey]
) -> list[dict[str, Any]]:
    """Return the remainders without ranges, and note where they contradict a port that is named.

    A port that one record names and another does not is, in the other, among those summed up.
    """
    vague: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        rows = [row for row in record["extra"] if row["ranges"] is None]
        if not rows:
            continue
        own = {(port["protocol"], port["port"]) for port in record["ports"]}
        for key in named:
            summed = {row["state"] for row in rows if row["protocol"] in (key[0], ANY_PROTOCOL)}
            if key not in own and summed and states[key] not in summed:
                states[key] = "unknown"
        for row in rows:
            same = vague.setdefault((row["protocol"], row["state"]), {**row})
            same["count"] = max(same["count"], row["count"])
    return list(vague.values())


def _sum_up(states: dict[PortKey, str]) -> list[dict[str, Any]]:
    """Return single ports as remainders with ranges."""
    groups: dict[tuple[str, str], list[int]] = {}
    for (protocol, port), state in states.items():
        groups.setdefault((protocol, state), []).append(port)
    return [
        {"protocol": protocol, "state": state, "count": len(ports), "ranges": ranges_of(ports)}
        for (protocol, state), ports in sorted(groups.items())
    ]


def _unite_ports(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one port of several records: what was probed outweighs what was guessed."""
    ranked = sorted(told, key=lambda port: port["method"] != "probed")
    united = {**ranked[0]}
    for port in ranked[1:]:
        united.update({key: port[key] for key, value in united.items() if value is None})
    united["cpe"] = _without_repeats(cpe for port in ranked for cpe in port["cpe"])
    united["scripts"] = _without_repeats(script for port in ranked for script in port["scripts"])
    return united


def _without_repeats(values: Iterable[Any]) -> list[Any]:
    """Return the values in order, each once; they may be dicts."""
    kept: dict[str, Any] = {}
    for value in values:
        kept.setdefault(json.dumps(value, sort_keys=True), value)
    return list(kept.values())
