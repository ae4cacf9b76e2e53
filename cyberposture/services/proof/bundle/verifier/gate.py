"""The gate that decides on each contact, version 1, written a second time after its page."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from .canonical_json import Json

NEVER = ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "2001::/32",
         "2002::/16")  # fmt: skip
SPECIAL = (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "::1/128", "fc00::/7", "2001:2::/48", "2001:db8::/32", "3fff::/20",
)  # fmt: skip
REASONS = (
    "bad-target", "stopped", "no-authorisation", "withdrawn", "not-yet-valid", "expired",
    "denied-nationally", "special-range", "excluded", "out-of-scope", "port-not-allowed",
    "load-too-high", "outside-window", "does-not-fit-window", "blackout", "allowed",
)  # fmt: skip
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Zones = Callable[[str], ZoneInfo]
Answer = tuple[str, str | None]
"""Why, and the authorisation that allows."""


def read_address(text: str) -> Address | None:
    """Return the address that a text spells as it must be spelt, or None."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None
    return None if mapped or "%" in text or str(found) != text.lower() else found


@cache
def _span(cidr: str) -> tuple[int, int, int]:
    net = ipaddress.ip_network(cidr)
    return net.version, int(net[0]), int(net[-1])


def _within(address: Address, cidrs: Iterable[str]) -> bool:
    version, number = address.version, int(address)
    spans = (_span(cidr) for cidr in cidrs)
    return any(of == version and first <= number <= last for of, first, last in spans)


def moment(text: str) -> datetime:
    """Return the moment that a text names, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Gate:
    """One question of the log, made ready to be asked for each of its addresses and ports."""

    def __init__(self, question: Json, zones: Zones) -> None:
        self.question, self._zones = question, zones
        self._granted = [one for one in question["authorisations"] if one["granted"]]
        self._now = moment(question["now"])
        self._end = self._now + timedelta(seconds=question["expected_s"])
        excluded = [cidr for one in self._granted for cidr in one["exclusions"]]
        self._excluded = [*question["excluded_elsewhere"], *excluded]
        self._calendar: str | None = None
        self._standing: dict[str, list[tuple[Json, str | list[Json]]]] = {}
        """Each letter's word on an address that was asked for, whatever the port."""

    def decide(self, target: str, port: int | None) -> Answer:
        """Return the reason, and the authorisation where it allows."""
        address = read_address(target)
        if address is None:
            return "bad-target", None
        if self.question["stop"]:
            return "stopped", None
        if target not in self._standing:
            self._standing[target] = [(one, self._stands(one, address)) for one in self._granted]
        found = [(self._code(letter, stands, port), letter["id"])
                 for letter, stands in self._standing[target]]  # fmt: skip
        reason, letter = max(
            found, key=lambda one: REASONS.index(one[0]), default=("no-authorisation", "")
        )
        return reason, letter if reason == "allowed" else None

    def _stands(self, letter: Json, address: Address) -> str | list[Json]:
        """Return the entries of a letter's scope that hold an address, or why none counts."""
        until, withdrawn = moment(letter["valid_until"]), letter["withdrawn_at"]
        if withdrawn is not None and moment(withdrawn) <= self._end:
            return "withdrawn"
        if self._now < moment(letter["valid_from"]):
            return "not-yet-valid"
        if self._now >= until or self._end > until:
            return "expired"
        if _within(address, self.question["deny"]):
            return "denied-nationally"
        odd = address.version == 6 and not _within(address, ("2000::/3", "::1/128", "fc00::/7"))
        special = _within(address, SPECIAL)
        entries = list(self._entries(letter, address, special))
        if odd or _within(address, NEVER) or (special and not entries):
            return "special-range"
        if _within(address, self._excluded):
            return "excluded"
        return entries or "out-of-scope"

    def _code(self, letter: Json, stands: str | list[Json], port: int | None) -> str:
        if isinstance(stands, str):
            return stands
        entries = [one for one in stands if self._opens(one, port)]
        if not entries:
            return "port-not-allowed"
        wanted = 4 if port is None else self.question["load"]
        load = letter["load"]
        if not any(wanted <= (load if "cidr" in one else min(load, 2)) for one in entries):
            return "load-too-high"
        if self._calendar is None:
            self._calendar = self._look_at_calendar()
        return self._calendar

    def _entries(self, letter: Json, address: Address, special: bool) -> Iterator[Json]:
        """Yield the entries of a letter's scope that hold the address."""
        asked = self.question["name"]
        resolved = [ipaddress.ip_address(one) for one in self.question["resolved"]]
        for entry in letter["scope"]:
            if "cidr" in entry:
                if _within(address, [entry["cidr"]]) and (entry["special_allowed"] or not special):
                    yield entry
            elif asked is not None and not special and address in resolved:
                own, name = entry["name"].lower(), asked.lower()
                if name == own or (entry["subdomains"] and name.endswith("." + own)):
                    yield entry

    def _opens(self, entry: Json, port: int | None) -> bool:
        if "cidr" in entry:
            return entry["ports"] is None or port in entry["ports"]
        return self.question["protocol"] == "tcp" and port in (25, 80, 443)

    def _look_at_calendar(self) -> str:
        if self.question["windows"]:
            ends = [end for begin, end in self._stretches() if begin <= self._now < end]
            if not ends:
                return "outside-window"
            if self._end > ends[0]:
                return "does-not-fit-window"
        for one in self.question["blackouts"]:
            if moment(one["from"]) < self._end and self._now < moment(one["until"]):
                return "blackout"
        return "allowed"

    def _stretches(self) -> list[tuple[datetime, datetime]]:
        """Return the occurrences of all windows about now; those that touch are one."""
        ahead = min((self._end - self._now).days, 60) + 3
        found = []
        for window in self.question["windows"]:
            zone = self._zones(window["zone"])
            for days in range(-11, ahead):
                day = self._now.date() + timedelta(days=days)
                if day.weekday() not in window["weekdays"]:
                    continue
                local = datetime.fromisoformat(f"{day}T{window['start']}")
                offset = local.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
                begins = (local - offset).replace(tzinfo=UTC)
                found.append((begins, begins + timedelta(seconds=window["length_s"])))
        merged: list[tuple[datetime, datetime]] = []
        for begins, ends in sorted(found):
            if merged and begins <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
            else:
                merged.append((begins, ends))
        return merged
