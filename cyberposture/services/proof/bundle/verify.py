"""Verifies a bundle of evidence without the program that made it, and without a network.

    python3 -I -S verify.py [--key KEY] [FOLDER or FILE.zip]

It needs Python 3.11 or newer and nothing else. Each line of its output is one thing that was
looked at, with ok or FAILED, or a note; it ends with 0 where all is well and with 1 where anything
is not. `--key` is the register's public key as you know it from a receipt, a notice or a printed
report: without it, the signatures are held against the key in the bundle itself.

Everything here is written a second time, after the published rules and not after the program:
canonical JSON after RFC 8785, Ed25519 after RFC 8032, the score and the gate after their pages.
"""

import hashlib
import ipaddress
import json
import shlex
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zoneinfo import ZoneInfo

Json = dict[str, Any]
MOST_BYTES = 500_000_000
"""A file that unpacks to more is not opened."""
BEGINNING = "0" * 64
UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError,
              ValueError, expat.ExpatError, zipfile.BadZipFile)  # fmt: skip


# -- canonical JSON (RFC 8785) ---------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """Return the one way to write a value as JSON: keys sorted, no spaces, numbers as in RFC 8785.

    Raises:
        ValueError: it is no plain JSON.
    """
    return _written(value).encode("utf-8")


def _written(value: Any) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            if abs(value) >= 2**53:
                raise ValueError("a whole number beyond 2^53")
            return str(value)
        case float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(_written(one) for one in value) + "]"
        case dict():
            keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
            return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"
    raise ValueError(f"no plain JSON: {type(value).__name__}")


def _number(value: float) -> str:
    """Return a number as ECMAScript writes it. Source: RFC 8785, section 3.2.2.3."""
    if not isfinite(value):
        raise ValueError("no number")
    if value == 0:
        return "0"
    digits, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = digits.partition(".")
    all_digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(all_digits))
    shown, sign = all_digits.rstrip("0"), "-" if value < 0 else ""
    if 0 < point <= 21:
        padded = shown.ljust(point, "0")
        return sign + padded[:point] + ("." + padded[point:] if padded[point:] else "")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{shown}"
    power = f"e{point - 1:+d}"
    return sign + shown[0] + ("." + shown[1:] if shown[1:] else "") + power


def digest_of(value: Any) -> str:
    """Return the SHA-256 over the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()


# -- Ed25519 (RFC 8032, section 5.1) ---------------------------------------------------------------

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_1 = pow(2, (PRIME - 1) // 4, PRIME)
Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""
NEUTRAL: Point = (0, 1, 1, 0)


def _add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % PRIME
    b = (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c = 2 * p[3] * q[3] * CURVE_D % PRIME
    d = 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _unpacked(data: bytes) -> Point | None:
    """Return the point that 32 bytes stand for, or None where they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(data) != 32 or y >= PRIME:
        return None
    u, v = (y * y - 1) % PRIME, (CURVE_D * y * y + 1) % PRIME
    x = u * pow(v, 3, PRIME) * pow(u * pow(v, 7, PRIME), (PRIME - 5) // 8, PRIME) % PRIME
    if v * x * x % PRIME == -u % PRIME:
        x = x * ROOT_OF_MINUS_1 % PRIME
    if v * x * x % PRIME != u or (x == 0 and sign):
        return None
    x = PRIME - x if x & 1 != sign else x
    return x, y, 1, x * y % PRIME


def _packed(point: Point) -> bytes:
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _unpacked(bytes.fromhex("58" + "66" * 31)) or NEUTRAL


def is_signed(key: str, signature: str, message: bytes) -> bool:
    """Return whether an Ed25519 key (64 hexadecimal digits) signed exactly this message."""
    try:
        public, signed = bytes.fromhex(key), bytes.fromhex(signature)
    except ValueError:
        return False
    point = _unpacked(public)
    if point is None or len(signed) != 64:
        return False
    r, s = signed[:32], int.from_bytes(signed[32:], "little")
    if s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % ORDER
    away: Point = (-point[0] % PRIME, point[1], 1, -point[3] % PRIME)
    table = (NEUTRAL, _BASE, away, _add(_BASE, away))
    found = NEUTRAL
    for place in range(252, -1, -1):  # s times the base minus k times the key, bit by bit
        found = _add(found, found)
        chosen = (s >> place & 1) | (k >> place & 1) << 1
        if chosen:
            found = _add(found, table[chosen])
    return _packed(found) == r


def is_sealed(seal: Json, what: str, document: Json) -> bool:
    """Return whether a seal of the register stands under exactly this document."""
    return is_signed(
        seal["key"], seal["signature"], canonical({"what": what, "document": document})
    )


# -- the score (scoring, version 1) ----------------------------------------------------------------


def _half_up(some: int, whole: int) -> int:
    return (2 * some + whole) // (2 * whole)


def _endpoints(row: Json) -> int:
    counts = ("pass", "fail", "fresh", "inconclusive", "not_tested")
    return sum(int(row[name]) for name in counts)


def _passed(row: Json, parameters: Json) -> bool:
    """Return whether a row counts as passed: something passed, nothing failed, enough was seen."""
    seen = row["pass"] + row["fail"] + row["fresh"]
    enough: bool = 10000 * seen >= parameters["observed_floor"] * _endpoints(row)
    return row["pass"] > 0 and row["fail"] == 0 and enough


def _after_failures(points: int, rows: list[Json], parameters: Json) -> int:
    for row in rows:
        if row["fail"] == 0 or row["direction"] == "S":
            continue
        share = 10000 * row["pass"] // (row["pass"] + row["fail"])
        limit = 0 if row["rollup"] == "worst" else min(parameters["share_cap"], share)
        if row["direction"] == "R":
            limit = max(parameters["contradicted_cap"], limit)
        points = min(points, limit)
    return points


def _score_of_network(out: Json, rows: list[Json], parameters: Json) -> Json:
    known = [row for row in rows if _endpoints(row) > 0]
    decides = [row for row in known if row["direction"] == "C"]
    if any(row["fail"] for row in decides):
        out["verified"] = _after_failures(10000, decides, parameters)
    elif decides:
        if all(_passed(row, parameters) for row in decides):
            out["verified"] = 10000
    elif any(_passed(row, parameters) for row in known):
        out["verified"] = parameters["support_value"]
    out["assessed"] = out["examined"] = out["verified"] is not None
    return out


def _score_control(parameters: Json, control: Json, answer: Json | None, rows: list[Json]) -> Json:
    out: Json = {"id": control["id"], "applicable": False, "assessed": False, "examined": False,
                 "declared": None, "verified": None, "grade": None,
                 "contradiction": False}  # fmt: skip
    given = answer or {"level": None, "not_applicable": None, "grade": "E0", "review": None}
    if given["not_applicable"] in ("approved", "condition"):
        return out
    out["applicable"] = True
    if control["evidence"] == "N":
        return _score_of_network(out, rows, parameters)
    level, review = given["level"], given["review"]
    claimed = given["not_applicable"] == "claimed"
    if not claimed:
        out["declared"] = 0 if level is None else parameters["values"][level]
    lifts = {"S": "E1", "C": "E2", "R": "E0"}
    passed = [row["direction"] for row in rows if _passed(row, parameters)]
    grade = max([(review or given)["grade"], *(lifts[direction] for direction in passed)])
    counted = review["level"] if review else level
    value = 0 if counted is None else parameters["values"][counted]
    points = value * parameters["factors"][grade] // 10000
    failed = any(row["fail"] and row["direction"] in ("C", "R") for row in rows)
    out["grade"] = grade
    out["verified"] = _after_failures(points, rows, parameters)
    out["assessed"] = level is not None or claimed or review is not None
    out["examined"] = review is not None or failed or "C" in passed
    out["contradiction"] = level in (2, 3) and failed
    return out


def _mean(pairs: Iterable[tuple[int, int | None]]) -> int | None:
    """Return the mean of points by weight, over those that have points; None where none has."""
    counted = [(weight, points) for weight, points in pairs if points is not None]
    total = sum(weight for weight, _ in counted)
    return _half_up(sum(w * points for w, points in counted), total) if total else None


def _part(some: int, whole: int) -> int | None:
    return _half_up(10000 * some, whole) if whole else None


def _domain_score(name: str, own: list[Json], weight: dict[str, int]) -> Json:
    claims = [one for one in own if one["declared"] is not None]
    seen = sum(weight[one["id"]] for one in own if one["assessed"])
    return {
        "id": name,
        "declared": _mean((weight[one["id"]], one["declared"]) for one in own),
        "verified": _mean((weight[one["id"]], one["verified"]) for one in own),
        "claims_verified": _mean((weight[one["id"]], one["verified"]) for one in claims),
        "coverage": _part(seen, sum(weight[one["id"]] for one in own)),
    }


def _band(parameters: Json, whole: Json, overdue: bool) -> str | None:
    if whole["coverage"] is None or whole["verified"] is None:
        return None
    if whole["coverage"] < parameters["coverage_floor"]:
        return None
    order: list[str] = [name for name, _ in parameters["bands"]]
    limits: list[str] = [
        [one for one, start in parameters["bands"] if start <= whole["verified"]][-1]
    ]
    if whole["gates_holding"] or (whole["gates_unknown"] and overdue):
        limits.append(parameters["gate_band"])
    if whole["confidence"] == "low":
        limits.append(parameters["low_confidence_band"])
    return min(limits, key=order.index)


def score(document: Json) -> Json:
    """Return the score of a score document, computed anew; all points are whole basis points."""
    parameters = document["parameters"]
    answers = {one["control"]: one for one in document["answers"]}
    asked = {one["id"]: one for one in document["controls"]}
    weight = {name: int(one["weight"]) for name, one in asked.items()}
    rows: dict[str, list[Json]] = {name: [] for name in asked}
    for row in document["verdicts"]:
        rows[row["control"]].append(row)
    controls = [_score_control(parameters, asked[name], answers.get(name), rows[name])
                for name in sorted(asked)]  # fmt: skip
    alive = [one for one in controls if one["applicable"]]
    domains, shares = [], {}
    for domain in sorted(document["domains"], key=lambda one: str(one["id"])):
        own = [one for one in alive if asked[one["id"]]["domain"] == domain["id"]]
        shares[domain["id"]] = domain["factor_pct"] * sum(weight[one["id"]] for one in own)
        domains.append(_domain_score(domain["id"], own, weight))
    fields = ("declared", "verified", "claims_verified")
    whole: Json = {name: _mean((shares[d["id"]], d[name]) for d in domains) for name in fields}
    everything = sum(weight[one["id"]] for one in alive)
    examined = _part(sum(weight[one["id"]] for one in alive if one["examined"]), everything)
    floors = parameters["confidence"]
    confidence = None
    if examined is not None:
        reached = [name for name in ("high", "medium") if examined >= floors[name]]
        confidence = (reached or ["low"])[0]
    gates = [one for one in alive if asked[one["id"]]["gate"]]
    known = [one for one in gates if one["verified"] is not None]
    counted = [row for one in alive for row in rows[one["id"]]]
    seen = sum(row["pass"] + row["fail"] + row["fresh"] for row in counted)
    whole |= {"band": None, "confidence": confidence, "examined": examined}
    whole["coverage"] = _part(sum(weight[o["id"]] for o in alive if o["assessed"]), everything)
    whole["observation_coverage"] = _part(seen, sum(_endpoints(row) for row in counted))
    whole["gates_holding"] = [
        one["id"] for one in known
        if one["verified"] <= parameters["gate_threshold"] or one["grade"] == "E0"
    ]  # fmt: skip
    whole["gates_unknown"] = [one["id"] for one in gates if one["verified"] is None]
    whole["contradictions"] = [one["id"] for one in controls if one["contradiction"]]
    whole["band"] = _band(parameters, whole, document["observation_overdue"])
    return {"institution": whole, "domains": domains, "controls": controls}


def shown(points: int | None) -> str:
    """Return basis points as people are shown them: one decimal, cut off and not rounded."""
    return "not known" if points is None else f"{points // 100}.{points % 100 // 10}"


# -- the gate (gate, version 1) --------------------------------------------------------------------

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


def _address(text: str) -> Address | None:
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
        address = _address(target)
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


# -- raw files -------------------------------------------------------------------------------------


def addresses_in(data: bytes) -> set[str]:
    """Return every address that a raw file shows as looked at: of nmap's XML, or a probe's record.

    Raises:
        ValueError: it is neither.
    """
    if data.lstrip()[:1] == b"{":
        record = json.loads(data)
        spoken = (one.get("address", one.get("server")) for one in record.get("seen", ()))
        return {*record.get("targets", ()), *(one for one in spoken if one)}
    found: set[str] = set()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "address" and attributes.get("addrtype", "ipv4") != "mac":
            found.add(attributes.get("addr", "").lower())
        if tag == "nmaprun":
            found.update(_targets(attributes.get("args", "")))

    def declared(*_: object) -> None:
        raise ValueError("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EntityDeclHandler = start, declared
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        if not found:  # one that was cut off by a stop is read as far as it goes
            raise
    return found


def _targets(command: str) -> Iterator[str]:
    words = shlex.split(command)
    for before, word in zip(["", *words], words, strict=False):
        if before not in ("--excludefile", "--exclude", "-oX", "-iL") and _address(word):
            yield word.lower()


# -- the bundle ------------------------------------------------------------------------------------

MANIFEST, SEAL = "manifest.json", "manifest.seal.json"
WHAT = "cyberposture audit bundle 1"


class Bundle:
    """The files of a bundle, by name, and what was found about it."""

    def __init__(self, files: dict[str, bytes], key: str | None) -> None:
        self.files = files
        self.known_key = key
        self.failed = 0
        self.lines: list[str] = []
        self.manifest: Json = {}
        self.entries: list[Json] = []
        """Every entry of the log that is shown, chain by chain and in order."""
        self.letters: dict[str, Json] = {}
        self.contacts: list[tuple[Json, Json]] = []
        """Each contact with the question that allowed it."""

    def ok(self, what: str) -> None:
        """Note that something holds."""
        self._say(f"ok      {what}")

    def note(self, what: str) -> None:
        """Say something that neither holds nor fails: what was not compared, or not handed out."""
        self._say(f"note    {what}")

    def fail(self, what: str) -> None:
        """Note that something does not hold."""
        self.failed += 1
        self._say(f"FAILED  {what}")

    def _say(self, line: str) -> None:
        self.lines.append("".join(sign if sign.isprintable() else "?" for sign in line))

    def read(self, name: str) -> Any:
        """Return what a file of the bundle holds as JSON.

        Raises:
            KeyError: there is no such file.
            ValueError: it is no JSON.
        """
        return json.loads(self.files[name])

    def named(self, beginning: str) -> list[str]:
        """Return the names of the files that begin so, in order."""
        return sorted(name for name in self.files if name.startswith(beginning))

    def of_kind(self, *kinds: str) -> list[Json]:
        """Return the entries of these kinds that are shown."""
        return [one for one in self.entries if one["kind"] in kinds]

    def zone(self, name: str) -> ZoneInfo:
        """Return the time zone of this name, out of the bundle and never of the machine."""
        return ZoneInfo.from_file(BytesIO(self.files[f"zones/{name}"]), key=name)


def open_bundle(place: Path, key: str | None) -> Bundle:
    """Return the bundle in a folder, or in a zip file.

    Raises:
        ValueError: it unpacks to more than anybody would put in a bundle.
    """
    if place.is_dir():
        paths = [path for path in place.rglob("*") if path.is_file()]
        files = {path.relative_to(place).as_posix(): path.read_bytes() for path in paths}
        return Bundle(files, key)
    with zipfile.ZipFile(place) as packed:
        if sum(one.file_size for one in packed.infolist()) > MOST_BYTES:
            raise ValueError("it unpacks to too much")
        return Bundle({one.filename: packed.read(one) for one in packed.infolist()}, key)


def check_manifest(bundle: Bundle) -> None:
    """Hold every file against the manifest, and the manifest against its seal."""
    bundle.manifest = bundle.read(MANIFEST)
    manifest, seal = bundle.manifest, bundle.read(SEAL)
    listed = manifest["files"]
    before = bundle.failed
    for name in sorted(listed):
        if name not in bundle.files:
            bundle.fail(f"manifest: {name} is missing")
        elif hashlib.sha256(bundle.files[name]).hexdigest() != listed[name]:
            bundle.fail(f"manifest: {name} is not the file that was sealed")
    for name in sorted(set(bundle.files) - set(listed) - {MANIFEST, SEAL}):
        bundle.fail(f"manifest: {name} was added, nobody sealed it")
    if bundle.failed == before:
        bundle.ok(f"manifest: {len(listed)} files are as they were sealed")
    if is_sealed(seal, WHAT, manifest) and seal["key"] == manifest["key"]:
        bundle.ok("manifest: the seal under it holds")
    else:
        bundle.fail("manifest: the seal under it is not of this manifest and key")
    if bundle.known_key is None:
        bundle.note(f"key: not compared; give --key, or compare it by eye: {manifest['key']}")
    elif bundle.known_key == manifest["key"]:
        bundle.ok("key: it is the register's key that you gave")
    else:
        bundle.fail("key: the bundle is sealed with another key than the one that you gave")


def check_chains(bundle: Bundle) -> None:
    """Walk each chain of the log from its first entry: nothing changed, missing or out of place."""
    for name in bundle.named("chains/"):
        document = bundle.read(name)
        before = bundle.failed
        walk = _Walk(bundle, document["chain"])
        for piece in document["pieces"]:
            walk.step(piece)
        walk.end()
        if bundle.failed == before:
            told = f"{walk.whole} entries whole, each under a signature of the register"
            if walk.reduced:
                told += (f"; {walk.reduced} without addresses of others, which the seal of the "
                         "bundle vouches for and their digest cannot")  # fmt: skip
            bundle.ok(f"log: chain {document['chain']} holds to entry {walk.seq}: {told}")


class _Walk:
    """One chain of the log, read in order."""

    def __init__(self, bundle: Bundle, chain: str) -> None:
        self.bundle, self.chain = bundle, chain
        self.seq, self.last = 0, BEGINNING
        self.whole = self.reduced = 0
        self._unsigned: Json | None = None
        """The last entry that was shown, while no signature was seen over it or after it."""

    def _fail(self, seq: int, what: str) -> None:
        self.bundle.fail(f"log: chain {self.chain}, entry {seq}: {what}")

    def step(self, piece: Json) -> None:
        """Look at one piece: an entry, or a stretch that is held back."""
        if "withheld" in piece:
            self.end()
            stretch = piece["withheld"]
            self._follow(stretch["first"], None)
            self.seq, self.last = stretch["last"], stretch["digest"]
            return
        entry = piece["entry"]
        self._follow(entry["seq"], entry["previous"])
        plain = {name: value for name, value in entry.items() if name != "digest"}
        if entry["chain"] != self.chain:
            self._fail(entry["seq"], "it is of another chain")
        if "left_out" in piece:
            self.reduced += 1
        elif digest_of(plain) == entry["digest"]:
            self.whole += 1
        else:
            self._fail(entry["seq"], "its content is not what was written")
        self.seq, self.last, self._unsigned = entry["seq"], entry["digest"], entry
        self.bundle.entries.append(entry)
        if piece.get("head") is not None:
            self._head(piece["head"])

    def _follow(self, seq: int, previous: str | None) -> None:
        if seq > self.seq + 1:
            self._fail(self.seq + 1, f"entries {self.seq + 1} to {seq - 1} are missing")
        elif seq <= self.seq:
            self._fail(seq, f"it stands behind entry {self.seq}, out of its place")
        elif previous is not None and previous != self.last:
            self._fail(seq, "it does not follow from the entry before it")

    def _head(self, head: Json) -> None:
        said = {"what": "cyberposture audit head 1",
                **{name: head[name] for name in ("chain", "seq", "digest", "at")}}  # fmt: skip
        if (head["chain"], head["seq"], head["digest"]) != (self.chain, self.seq, self.last):
            self._fail(self.seq, "the signature beside it is of another entry")
        elif head["key_id"] != self.bundle.manifest["key"]:
            self._fail(self.seq, "it is signed with another key than the register's")
        elif not is_signed(head["key_id"], head["signature"], canonical(said)):
            self._fail(self.seq, "the register's signature does not hold")
        self._unsigned = None

    def end(self) -> None:
        """Require that a signature stands at or behind every entry shown so far."""
        if self._unsigned is not None:
            self._fail(self._unsigned["seq"], "no signature of the register stands over it")
        self._unsigned = None


def check_letters(bundle: Bundle) -> None:
    """Hold each letter against its file, its two signatures, and what the log says of it."""
    for name in (one for one in bundle.named("letters/") if one.endswith("/terms.json")):
        letter = bundle.read(name)
        code = letter["terms"]["id"]
        bundle.letters[code] = letter
        faults = list(_faults_of_letter(bundle, name.rpartition("/")[0] + "/", letter))
        for fault in faults:
            bundle.fail(f"letter {code}: {fault}")
        if not faults:
            terms = letter["terms"]
            bundle.ok(
                f"letter {code}: signed by {terms['signatory']}, {terms['signatory_role']}; "
                f"received by {letter['receipt']['person']} and granted by "
                f"{', '.join(one['person'] for one in letter['grants'])}, under two keys"
            )


def _faults_of_letter(bundle: Bundle, folder: str, letter: Json) -> Iterator[str]:
    terms, receipt, keys = letter["terms"], letter["receipt"], letter["keys"]
    digest, held_back = digest_of(terms), bundle.manifest["held_back"]
    files = {hashlib.sha256(bundle.files[one]).hexdigest() for one in bundle.named(folder)}
    consents = [one["consent"] for one in terms["scope"] if one.get("consent")]
    for sha256 in (terms["letter_sha256"], *(one["letter_sha256"] for one in consents)):
        if sha256 not in files and not any(sha256 in one["what"] for one in held_back):
            yield f"the paper {sha256} is not the one that was received"
    grants = [one for one in letter["grants"]
              if keys[one["person"]] != keys[receipt["person"]]]  # fmt: skip
    if not grants:
        yield "no second person granted it"
    if receipt["person"] != terms["received_by"]:
        yield "somebody else received it than its terms say"
    for kind, said in (("receipt", receipt), *(("grant", one) for one in letter["grants"])):
        text = {"statement": kind, "terms": terms, "person": said["person"], "at": said["at"]}
        if said["terms_sha256"] != digest:
            yield f"the {kind} is of other terms"
        elif not is_signed(keys[said["person"]], said["signature"], canonical(text)):
            yield f"the {kind} is not signed by the key of {said['person']}"
    for person, key in keys.items():
        told = [one["data"]["public_key"] for one in bundle.of_kind("person-invited",
                "signing-key-made") if one["subject"] == person]  # fmt: skip
        if told and key not in told:
            yield f"the key of {person} is not the one that the log knows"
    for kind in ("authorisation-received", "authorisation-granted"):
        of = [one for one in bundle.of_kind(kind) if one["subject"] == terms["id"]]
        if not of:
            yield f"the log holds no {kind}"
        elif any(one["data"]["terms_sha256"] != digest for one in of):
            yield f"the log knows other terms ({kind})"


def check_decisions(bundle: Bundle) -> None:
    """Make each decision of the gate again, and require one before each contact."""
    for entry in bundle.of_kind("gate"):
        where = f"decision of {entry['at']} (entry {entry['seq']})"
        faults = list(_faults_of_decision(bundle, entry))
        for fault in faults:
            bundle.fail(f"{where}: {fault}")
        if not faults:
            pairs = list(_pairs(entry["data"]["question"]))
            letter = entry["data"]["answer"]["authorisation"]
            bundle.ok(f"{where}: {len(pairs)} pairs of address and port come out as logged, "
                      f"{entry['data']['answer']['reason']} by {letter}")  # fmt: skip
    for entry in bundle.of_kind("chunk-run"):
        where = f"contact of {entry['at']} (entry {entry['seq']})"
        faults = list(_faults_of_contact(bundle, entry))
        for fault in faults:
            bundle.fail(f"{where}: {fault}")
        if not faults:
            targets = ", ".join(entry["data"]["targets"]) or "no address, a name was looked up"
            bundle.ok(f"{where}: allowed right before by {entry['data']['authorisation']}: "
                      f"{targets}")  # fmt: skip


def _pairs(question: Json) -> Iterator[tuple[str, int | None]]:
    targets = question["targets"] if "targets" in question else [question["target"]]
    ports = question["ports"] if "ports" in question else [question["port"]]
    return ((target, port) for target in targets for port in ports or (None,))


def _faults_of_decision(bundle: Bundle, entry: Json) -> Iterator[str]:
    question, answer = entry["data"]["question"], entry["data"]["answer"]
    logged = (answer["reason"], answer["authorisation"])
    gate = Gate(question, bundle.zone)
    others = {gate.decide(*pair) + pair for pair in _pairs(question)}
    wrong = sorted(f"{target}: {reason}" for reason, letter, target, port in others
                   if (reason, letter) != logged)  # fmt: skip
    if wrong:
        yield f"the log says {answer['reason']}, the rules say {'; '.join(wrong[:5])}"
    code = answer["authorisation"]
    used = [one for one in question["authorisations"] if one["id"] == code]
    if code is not None and used:
        yield from _faults_of_use(bundle, code, used[0], moment(question["now"]))


def _faults_of_use(bundle: Bundle, code: str, used: Json, now: datetime) -> Iterator[str]:
    """Yield where the letter that a decision stood on is not the letter that was signed."""
    letter = bundle.letters.get(code)
    if letter is None:
        yield f"the letter {code} is not in the bundle"
        return
    terms = letter["terms"]
    scope = [{k: v for k, v in one.items() if k != "consent"} for one in terms["scope"]]
    if scope != used["scope"] or terms["exclusions"] != used["exclusions"]:
        yield f"the letter {code} was signed with another scope"
    if terms["load"] != used["load"] or any(
        moment(terms[name]) != moment(used[name]) for name in ("valid_from", "valid_until")
    ):
        yield f"the letter {code} was signed with other terms"
    for kinds, what in (
        (("authorisation-granted",), "granted"),
        (("notice-sent", "notice-waived"), "told to the institution"),
    ):
        done = [moment(one["at"]) for one in bundle.of_kind(*kinds) if one["subject"] == code]
        if not done or min(done) > now:
            yield f"the letter {code} was not {what} before"
    ended = [moment(one["at"]) for one in bundle.of_kind("authorisation-withdrawn")
             if one["subject"] == code]  # fmt: skip
    if ended and min(ended) + timedelta(seconds=5) < now:
        yield f"the letter {code} was withdrawn"


def _faults_of_contact(bundle: Bundle, entry: Json) -> Iterator[str]:
    data = entry["data"]
    found = None
    for one in bundle.of_kind("gate", "lookup"):
        same = one["chain"] == entry["chain"] and one["subject"] == entry["subject"]
        before = same and one["data"].get("chunk") == data["chunk"] and one["seq"] < entry["seq"]
        if before and one["data"].get("stage") == "send":
            found = one if one["data"]["answer"]["decision"] == "allow" else None
    if found is None:
        yield "no decision allowed it right before"
        return
    question, code = found["data"]["question"], data["authorisation"]
    if code != found["data"]["answer"]["authorisation"]:
        yield "it names another letter than the decision"
    if moment(entry["at"]) < moment(question["now"]):
        yield "it ended before it was decided"
    if found["kind"] == "lookup":
        yield from _faults_of_lookup(bundle, code, question)
        return
    gate = Gate(question, bundle.zone)
    for target in data["targets"]:
        if target not in question["targets"]:
            yield f"{target}: nobody asked the gate for it"
        reasons = {gate.decide(target, port)[0] for port in question["ports"] or (None,)}
        if reasons != {"allowed"}:
            yield f"{target} lies outside of what the letter allows: {', '.join(sorted(reasons))}"
    bundle.contacts.append((entry, question))


def _faults_of_lookup(bundle: Bundle, code: str, question: Json) -> Iterator[str]:
    """Yield where the letter does not name the name that was looked up."""
    names = [one for one in bundle.letters[code]["terms"]["scope"] if "name" in one]
    asked = question["name"].lower()
    if not any(asked == one["name"].lower()
               or (one["subdomains"] and asked.endswith("." + one["name"].lower()))
               for one in names):  # fmt: skip
        yield f"{asked} is no name that the letter {code} holds"


def check_raw_files(bundle: Bundle) -> None:
    """Hold each raw file against its digest, and against the contact that it came of."""
    if "raw.json" not in bundle.files:
        return
    for one in bundle.read("raw.json"):
        name, sha256 = one["file"], one["sha256"]
        if name is None:
            bundle.note(f"raw file {sha256}: held back ({one['why']})")
            continue
        faults = list(_faults_of_raw(bundle, one))
        for fault in faults:
            bundle.fail(f"raw file {sha256}: {fault}")
        if not faults:
            bundle.ok(f"raw file {sha256}: {one['is']}")


def _faults_of_raw(bundle: Bundle, one: Json) -> Iterator[str]:
    data, sha256 = bundle.files[one["file"]], one["sha256"]
    if one["is"] != "cut" and hashlib.sha256(data).hexdigest() != sha256:
        yield "its bytes are not those that were kept"
    if one["is"] in ("cut", "shared"):
        return  # what the log says of it is about others: the seal of the bundle vouches for it
    kinds = ("chunk-run", "scan-imported")
    of = [e for e in bundle.of_kind(*kinds) if e["data"].get("artefact_sha256") == sha256]
    if not of:
        yield "no contact in the log names it"
    runs = [entry for entry in of if entry["kind"] == "chunk-run"]
    allowed = {target for entry in runs for target in entry["data"]["targets"]}
    if any(entry["data"]["targets"] for entry in runs):
        for strange in sorted(addresses_in(data) - allowed):
            yield f"it shows {strange}, which nobody allowed"


def check_score(bundle: Bundle) -> None:
    """Compute the score anew, and hold it against what was kept and what the log knows."""
    if "score/document.json" not in bundle.files:
        return
    document, result = bundle.read("score/document.json"), bundle.read("score/result.json")
    kept = bundle.read("score/kept.json")
    again = score(document)
    whole = again["institution"]
    if again == result:
        bundle.ok(f"score: computed anew, it is the same: declared {shown(whole['declared'])}, "
                  f"verified {shown(whole['verified'])}, band {whole['band']}")  # fmt: skip
    for name, (ours, theirs) in _differences(again, result):
        bundle.fail(f"score: {name} is {theirs} in the bundle, and {ours} by the rules")
    logged = [one for one in bundle.of_kind("scored", "finalised", "appeal-decided")
              if one["data"].get("score") == kept["score"]]  # fmt: skip
    digests = {"document_sha256": digest_of(document), "result_sha256": digest_of(result)}
    if not logged:
        bundle.fail("score: the log holds no entry of it")
    for name, value in digests.items():
        if any(one["data"][name] != value for one in logged):
            bundle.fail(f"score: it is not the {name.partition('_')[0]} that the log knows")
    if logged and all(one["data"][name] == value for one in logged
                      for name, value in digests.items()):  # fmt: skip
        bundle.ok("score: document and result are those that the log took the digests of")
    _check_answers(bundle, document)


def _differences(again: Json, result: Json) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in again["institution"].items():
        if result["institution"].get(name) != value:
            yield f"{name} of the whole", (value, result["institution"].get(name))
    for kind in ("domains", "controls"):
        given = {one["id"]: one for one in result[kind]}
        for one in again[kind]:
            for name, value in one.items():
                if given.get(one["id"], {}).get(name) != value:
                    yield f"{name} of {one['id']}", (value, given.get(one["id"], {}).get(name))


def _check_answers(bundle: Bundle, document: Json) -> None:
    scored = {one["control"]: one for one in document["answers"]}
    before = bundle.failed
    answers = bundle.read("score/answers.json")
    for one in answers:
        used = scored.get(one["control"])
        said = {"level": None, "not_applicable": None, "review": None} if used is None else used
        review = one["review"] or {}
        levels = (one["level"], review.get("level"))
        if levels != (said["level"], (said["review"] or {}).get("level")):
            bundle.fail(f"answers: {one['control']} is not the answer that was scored")
    if bundle.failed == before:
        bundle.ok(f"answers: {len(answers)} are those that were scored")


def check_editions(bundle: Bundle) -> None:
    """Hold catalogue, checks and texts against their digests, and the score against them."""
    adopted = {one["data"].get(kind) for one in bundle.of_kind("edition-adopted")
               for kind in ("catalogue", "checks", "texts")}  # fmt: skip
    for name in bundle.named("edition/"):
        kind = name.removeprefix("edition/").removesuffix(".json")
        sha256 = hashlib.sha256(bundle.files[name]).hexdigest()
        if sha256 != bundle.manifest["editions"].get(kind):
            bundle.fail(f"edition: {kind}: not the one that it was made under")
        elif sha256 not in adopted:
            bundle.fail(f"edition: {kind}: the log knows of no such one")
        else:
            bundle.ok(f"edition: {kind}: {sha256[:12]}, as the register adopted it")
    if {"score/document.json", "edition/catalogue.json"} <= bundle.files.keys():
        rules, document = bundle.read("edition/catalogue.json"), bundle.read("score/document.json")
        weights = {one["id"]: one["weight"] for one in rules["controls"]}
        odd = [one["id"] for one in document["controls"]
               if weights.get(one["id"]) != one["weight"]]  # fmt: skip
        if rules["framework"]["scale"] != document["parameters"]:
            bundle.fail("edition: the score was computed with other parameters")
        elif odd:
            bundle.fail(f"edition: other weights than the catalogue's: {', '.join(odd[:5])}")
        else:
            bundle.ok("edition: parameters and weights of the score are the catalogue's")


def check_subject(bundle: Bundle) -> None:
    """Require that the bundle is about what it says."""
    about = bundle.manifest["about"]
    if about["kind"] == "contact":
        asked = bundle.read("contact.json")["address"]
        held = [entry for entry, _ in bundle.contacts if asked in entry["data"]["targets"]]
        running = bundle.read("contact.json")["ended"] is None
        if about["address"] != asked or not (held or running):
            bundle.fail(f"subject: nothing here shows that {asked} was contacted with leave")
        else:
            bundle.ok(f"subject: the contact with {asked} is among those above")
    elif about["kind"] == "finding":
        finding = bundle.read("finding.json")
        looks = {one["artefact_sha256"] for one in bundle.read("observations.json")}
        raw = {one["sha256"] for one in bundle.read("raw.json")}
        if about["id"] != finding["code"]:
            bundle.fail("subject: the bundle holds another finding")
        elif looks - raw - {None}:
            bundle.fail("subject: raw files of the finding are missing")
        else:
            bundle.ok(f"subject: finding {finding['code']}, {finding['check']} at "
                      f"{finding['address']}")  # fmt: skip
    elif about["id"] != bundle.read("score/kept.json")["score"]:
        bundle.fail("subject: the bundle holds another score")
    for one in bundle.manifest["held_back"]:
        bundle.note(f"held back: {one['what']} ({one['why']})")


CHECKS = (
    check_manifest, check_chains, check_letters, check_decisions, check_raw_files, check_editions,
    check_score, check_subject,
)  # fmt: skip


def verify(bundle: Bundle) -> bool:
    """Look at everything, and return whether all of it holds; `bundle.lines` tells what was found.

    Whatever cannot be read counts as failed, and the rest is looked at all the same.
    """
    for check in CHECKS:
        try:
            check(bundle)
        except UNREADABLE as error:
            name = check.__name__.removeprefix("check_").replace("_", " ")
            bundle.fail(f"{name}: cannot be read: {type(error).__name__}: {error}")
    return bundle.failed == 0


def main(arguments: list[str]) -> int:
    """Verify what the arguments name, print what was found, and return the exit code."""
    key = None
    if "--key" in arguments:
        place = arguments.index("--key")
        key, arguments = arguments[place + 1], arguments[:place] + arguments[place + 2 :]
    where = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        bundle = open_bundle(where, key)
    except UNREADABLE as error:
        sys.stdout.write(f"FAILED  {where} cannot be opened: {error}\n")
        return 1
    holds = verify(bundle)
    last = "all of it holds" if holds else f"{bundle.failed} things do not hold"
    text = "".join(f"{line}\n" for line in (*bundle.lines, f"{len(bundle.lines)} lines: {last}"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
