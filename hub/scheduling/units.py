"""Which unit of a resource a claim takes: a colouring in which claims of one unit never overlap.

Where units are free at every minute but none of them throughout, existing claims change units. Greedy colouring by
start needs no more units than there are claims at the busiest minute, so it succeeds whenever the time is free.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hub.scheduling.timeline import Span


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """A claim on some unit of one resource; `unit` 0 is still to be chosen."""

    id: str
    span: Span
    unit: int = 0


def choose_units(existing: Iterable[UnitClaim], wanted: Iterable[UnitClaim], capacity: int) -> dict[str, int]:
    """Claim id → unit, for all of `wanted` and those of `existing` that must change.

    Existing claims beyond the capacity are facts that clash already; they are left as they are.
    """
    placed = {claim.id: claim for claim in existing if 1 <= claim.unit <= capacity}
    before = {claim.id: claim.unit for claim in placed.values()}
    for claim in sorted(wanted, key=lambda claim: claim.span):
        unit = _free_unit(claim.span, placed.values(), capacity)
        placed[claim.id] = UnitClaim(claim.id, claim.span, unit or 0)
        if unit is None:
            _recolour(claim, placed, capacity)
    return {claim.id: claim.unit for claim in placed.values() if before.get(claim.id) != claim.unit}


def _free_unit(span: Span, placed: Iterable[UnitClaim], capacity: int) -> int | None:
    """The unit whose last claim before ends latest (the tightest fit), among those with no overlap."""
    latest = dict.fromkeys(range(1, capacity + 1), 0)
    for claim in placed:
        if claim.span[0] < span[1] and span[0] < claim.span[1]:
            latest.pop(claim.unit, None)
        elif claim.unit in latest and claim.span[1] <= span[0]:
            latest[claim.unit] = max(latest[claim.unit], claim.span[1])
    return max(latest, key=lambda unit: (latest[unit], -unit)) if latest else None


def _recolour(claim: UnitClaim, placed: dict[str, UnitClaim], capacity: int) -> None:
    """Give new units to all claims that hang together with this one through overlaps."""
    taken_until = [0] * capacity
    # Facts may clash with each other elsewhere in the chain: those get units beyond the capacity.
    for member in sorted(_connected(claim, placed), key=lambda member: (member.span, member.id)):
        unit = next((i for i, until in enumerate(taken_until) if until <= member.span[0]), len(taken_until))
        taken_until[unit : unit + 1] = [member.span[1]]
        placed[member.id] = UnitClaim(member.id, member.span, unit + 1)


def _connected(claim: UnitClaim, placed: dict[str, UnitClaim]) -> list[UnitClaim]:
    start, end = claim.span
    members = [claim]
    rest = [other for other in placed.values() if other.id != claim.id]
    while near := [other for other in rest if other.span[0] < end and start < other.span[1]]:
        members += near
        rest = [other for other in rest if other not in near]
        start = min(start, *(other.span[0] for other in near))
        end = max(end, *(other.span[1] for other in near))
    return members
