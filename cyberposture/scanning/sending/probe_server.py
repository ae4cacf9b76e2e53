"""Asks a name server itself: does it know its zone, look names up for strangers, give zones away?

A contact like any other: addresses and port come from a permitted plan. Of a transfer only the
first message is read and nothing of it is kept; the name looked up is one that is set aside.
"""

import struct
from typing import Final

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from cyberposture.model.observations import DNSFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.ask import Where, ask
from cyberposture.scanning.sending.connect import PROBE_SECONDS, Deadline, connected
from cyberposture.scanning.sending.talk import MustStop, never

TEST_NAME: Final = "example.com"
"""A name that belongs to nobody. Source: RFC 2606, section 3, June 1999."""
_NOT_GIVEN: Final = frozenset(
    {dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.FORMERR, dns.rcode.NOTIMP}
)


def look_at_name_server(
    permitted: PermittedPlan, must_stop: MustStop = never
) -> tuple[DNSFact, ...]:
    """Return what each address of the permitted plan said; the zone is the parameter `zone`.

    Where no zone is given, only what the server does for strangers is asked.
    """
    plan = permitted.plan
    zone = str(plan.parameters.get("zone", ""))
    found: list[DNSFact] = []
    for address in plan.targets:
        for port in plan.ports or ():
            if must_stop():
                break
            where = (address, port)
            if plan.technique == "dns-transfer":
                found += [_ask_for_the_zone(zone, where)] if zone else []
            else:
                found += _ask_what_it_does(zone, where)
    return tuple(found)


def _ask_what_it_does(zone: str, where: Where) -> list[DNSFact]:
    found = [ask(zone, "SOA", where, direct=True, recurse=False).fact] if zone else []
    looked_up = ask(TEST_NAME, "A", where, direct=True)
    found.append(looked_up.fact)
    if looked_up.fact.outcome == "answered":
        # What one small question can be made to bring, where anybody may ask it.
        large = ask(TEST_NAME, "ANY", where, direct=True, dnssec=True)
        if large.message is not None:
            sizes = {
                "size_bytes": len(large.message.to_wire()),
                "asked_bytes": len(dns.message.make_query(TEST_NAME, "ANY", use_edns=0).to_wire()),
                "records": (),
            }
            found.append(large.fact.model_copy(update=sizes))
    return found


def _ask_for_the_zone(zone: str, where: Where) -> DNSFact:
    """Ask for the whole zone and stop at the first message, whatever it brings."""
    told: dict[str, object] = {"name": zone, "kind": "AXFR", "server": where[0]}
    deadline = Deadline(PROBE_SECONDS)
    query = dns.message.make_query(zone, "AXFR").to_wire()
    try:
        with connected(where[0], where[1], deadline) as channel:
            channel.settimeout(deadline.remaining_s())
            channel.sendall(struct.pack(">H", len(query)) + query)
            wire = b""
            while len(wire) < 2 or len(wire) < 2 + struct.unpack(">H", wire[:2])[0]:
                channel.settimeout(deadline.remaining_s())
                more = channel.recv(16_384)
                if not more:
                    break
                wire += more
    except TimeoutError:
        told |= {"outcome": "timed-out", "detail": "no whole answer in time"}
    except ConnectionRefusedError:
        told |= {"outcome": "refused", "detail": "the port is closed"}
    except OSError as error:
        told |= {"outcome": "failed", "detail": (error.strerror or type(error).__name__)[:200]}
    else:
        told |= _read_transfer(wire)
    return DNSFact.model_validate(told)


def _read_transfer(wire: bytes) -> dict[str, object]:
    """Return what the first message of a transfer says; its records are counted, never kept."""
    if not wire:
        return {"outcome": "refused", "detail": "the connection was closed without an answer"}
    try:
        (size,) = struct.unpack(">H", wire[:2])
        message = dns.message.from_wire(wire[2 : 2 + size], xfr=True, one_rr_per_rrset=True)
    except (dns.exception.DNSException, struct.error) as error:
        return {"outcome": "failed", "detail": f"an answer that cannot be read: {error}"[:200]}
    if any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.answer):
        count = len(message.answer)
        return {"outcome": "answered", "detail": f"{count} records in the first message alone"}
    if message.rcode() in _NOT_GIVEN:
        return {"outcome": "refused", "detail": dns.rcode.to_text(message.rcode())}
    if message.rcode() == dns.rcode.NOERROR:
        return {"outcome": "refused", "detail": "an answer without the zone"}
    return {"outcome": "failed", "detail": dns.rcode.to_text(message.rcode())}
