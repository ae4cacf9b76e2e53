"""Keeps all workers together within the rates for system, institution, network and address.

Each chunk takes its packets from the buckets of all four levels before it is given out. One for
which there are too few waits until there are enough, and others go first.
"""

from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection

from cyberposture.errors import WrongUsage
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.windows import to_microseconds, to_moment
from cyberposture.scanning.techniques import find_technique
from cyberposture.scanning.timing.buckets import Manners, demand, reserve
from cyberposture.services.scanner import Scanner
from cyberposture.store import chunks, turns
from cyberposture.store.chunks import ChunkRecord, Wanted

MOST_PUT_OFF = 50
"""So many chunks are put off in one go before somebody else gets a turn at the register."""
TALK_PACKETS = 12
"""Packets of one short exchange: handshake, request, answer, farewell. Source: our own estimate."""
DETECT_PACKETS = 40
"""Packets of detecting one service with the vetted scripts. Source: our own estimate."""
ALL_PORTS = 65_535


def packets_of(plan: Plan) -> int:
    """Return how many packets a plan sends to each of its addresses, as far as can be foreseen.

    Of a port scan it is one a port: it is tried again only where nothing comes back.
    """
    if keeps_to_rate(plan):
        return ALL_PORTS if plan.ports is None else len(plan.ports)
    technique = find_technique(plan.technique)
    count = technique.max_ports if plan.ports is None else len(plan.ports)
    return count * (DETECT_PACKETS if technique.maker == "nmap" else TALK_PACKETS)


def keeps_to_rate(plan: Plan) -> bool:
    """Return whether nmap itself bounds what a plan sends to an address in each second.

    Such a chunk empties the bucket of the address and no more: while it runs nothing else goes
    there, and at its end as much has flowed in as it sent.
    """
    technique = find_technique(plan.technique)
    return technique.maker == "nmap" and not (technique.scripts or technique.detects_versions)


def find_polite(
    connection: Connection, scanner: Scanner, *, at: datetime, wanted: Wanted
) -> UUID | None:
    """Take the packets of the next chunk for which there are enough; return its id, or None.

    Those before it are put off until there are.
    """
    chunks.lock_taking(connection)
    manners = scanner.manners
    for _ in range(MOST_PUT_OFF):
        chunk_id = chunks.find_waiting(connection, at=at, wanted=wanted)
        if chunk_id is None:
            return None
        chunk = chunks.get_chunk(connection, chunk_id)
        wait_us = _take(connection, chunk, manners, at)
        if not wait_us:
            return chunk_id
        until = to_moment(to_microseconds(at) + wait_us)
        chunks.put_off(connection, chunk, until=until)
    return None


def _take(connection: Connection, chunk: ChunkRecord, manners: Manners, at: datetime) -> int:
    """Take what a chunk sends from all buckets, or return how many microseconds it must wait."""
    try:
        plan = Plan.model_validate(chunk.plan)
        packets = packets_of(plan)
    except (ValidationError, WrongUsage):
        # What is no such plan costs nothing: whoever takes it refuses it, and puts that on record.
        return 0
    wanted = demand(plan.targets, str(chunk.institution_id), packets)
    if keeps_to_rate(plan):
        most = manners.address.burst
        wanted = {k: min(n, most) if k.startswith("address:") else n for k, n in wanted.items()}
    full_at = turns.lock_buckets(connection, wanted, at=at)
    present = {key: to_microseconds(moment) for key, moment in full_at.items()}
    wait_us, changed = reserve(present, wanted, manners, to_microseconds(at))
    turns.record_buckets(connection, {key: to_moment(us) for key, us in changed.items()})
    return wait_us
