"""Token buckets: how fast may be sent, for system, institution, network and address.

A token is a packet. A bucket is kept as the moment at which it is full again, in µs: so it fills
by itself, and one whose moment is past is the same as none.
Source: the virtual scheduling form of the generic cell rate algorithm, ITU-T I.371, annex A.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

MILLION = 1_000_000
NETWORK_BITS = {4: 24, 6: 48}
"""The networks that are spared as a whole: a /24, a /48. Source: our own default."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second, and how many a bucket holds."""

    per_s: int
    burst: int

    def __post_init__(self) -> None:
        if self.per_s < 1 or self.burst < 1:
            raise ValueError("rate and burst are whole numbers from 1")


@dataclass(frozen=True, slots=True)
class Manners:
    """How fast may be sent at each of the four levels."""

    system: Rate
    institution: Rate
    network: Rate
    address: Rate

    def of(self, key: str) -> Rate:
        """Return the rate that holds for a bucket with this key."""
        level = key.partition(":")[0]
        rates = {
            "system": self.system,
            "institution": self.institution,
            "network": self.network,
            "address": self.address,
        }
        return rates[level]


BURST_S = 10
"""A bucket holds what flows into it in so many seconds."""
_INSTITUTION, _NETWORK, _SYSTEM = 16, 16, 256
"""How many addresses at once the other levels bear. Source: our own default: 16 is a chunk."""


def manners_for(
    rate_pps: int,
    *,
    network_pps: int | None = None,
    institution_pps: int | None = None,
    system_pps: int | None = None,
) -> Manners:
    """Return the rates of all levels, in packets a second; those not given follow from the first.

    `rate_pps` is that to one address.
    """

    def rate(given: int | None, times: int) -> Rate:
        per_s = rate_pps * times if given is None else given
        return Rate(per_s, per_s * BURST_S)

    return Manners(
        rate(system_pps, _SYSTEM),
        rate(institution_pps, _INSTITUTION),
        rate(network_pps, _NETWORK),
        rate(None, 1),
    )


def keys_of(address: str, institution: str) -> tuple[str, str, str, str]:
    """Return the keys of the buckets that a packet to this address is taken from."""
    parsed = ip_address(address)
    network = ip_network((parsed, NETWORK_BITS[parsed.version]), strict=False)
    return ("system", f"institution:{institution}", f"network:{network}", f"address:{address}")


def demand(addresses: Iterable[str], institution: str, tokens_each: int) -> dict[str, int]:
    """Return how many tokens are taken from each bucket for so many packets to each address."""
    found: dict[str, int] = {}
    for address in addresses:
        for key in keys_of(address, institution):
            found[key] = found.get(key, 0) + tokens_each
    return found


def wait_us(full_us: int | None, rate: Rate, tokens: int, now_us: int) -> int:
    """Return how long must be waited before so many tokens may be taken.

    What asks for more than the bucket holds waits until it is full, and leaves it below zero:
    whoever comes next waits the longer for it. Where the clock was put back, all wait for it.
    """
    if full_us is None:
        return 0
    may_miss = rate.burst - min(tokens, rate.burst)
    return max(0, full_us - now_us - may_miss * MILLION // rate.per_s)


def take(full_us: int | None, rate: Rate, tokens: int, now_us: int) -> int:
    """Return when the bucket is full again after so many tokens were taken."""
    return max(now_us, full_us or 0) + -(-tokens * MILLION // rate.per_s)


def reserve(
    full_us: Mapping[str, int], wanted: Mapping[str, int], manners: Manners, now_us: int
) -> tuple[int, dict[str, int]]:
    """Take from all buckets at once, or from none; return the wait and the buckets that changed.

    The wait is 0 where the tokens were taken; otherwise nothing was, and asking again before so
    many microseconds have passed is in vain.
    """
    wait = max(
        (wait_us(full_us.get(k), manners.of(k), n, now_us) for k, n in wanted.items()), default=0
    )
    if wait:
        return wait, {}
    return 0, {k: take(full_us.get(k), manners.of(k), n, now_us) for k, n in wanted.items()}
