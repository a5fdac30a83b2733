"""Play the repair of a day, and write down what it changes."""

from dataclasses import asdict, replace
from datetime import datetime

from hub.scheduling.diary import BusyClaim
from hub.scheduling.fees import is_in_window
from hub.scheduling.repair.day import BookedVisit, Fate, RepairedVisit
from hub.scheduling.repair.plan import plan_repair
from hub.scheduling.scenario.actions import Repair
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.player import Outcome, Player

SECONDS = 20.0
"""A rehearsal rather waits than answers with less than the best."""


def repair(player: Player, action: Repair) -> Outcome:
    """Place anew what no longer fits on a date; what finds no place stays, flagged."""
    entries = [entry for entry in player.book.entries.values() if _is_at(entry, action.location)]
    visits = [_booked_visit(player, entry) for entry in entries]
    diary = player.book.diary()
    plan = plan_repair(
        player.scenario,
        diary,
        visits,
        player.now,
        on=action.date,
        notice_minutes=action.notice_minutes,
        seconds=SECONDS,
    )
    units = {change.claim_id: change.unit for change in plan.recolourings}
    player.book.write(_recoloured(entry, units) for entry in list(player.book.entries.values()))
    player.book.write(_repaired(player, player.book.entries[visit.id], visit) for visit in plan.visits)
    better: Outcome = {} if plan.better is None else {"better": asdict(plan.better)}
    return {"ok": True, "proven": plan.proven} | better | {fate.value: plan.count(fate) for fate in Fate}


def _is_at(entry: BookEntry, location_id: str | None) -> bool:
    here = entry.visit is not None and location_id in (None, entry.visit.location_id)
    return here and entry.state.is_to_come and entry.part is not None


def _booked_visit(player: Player, entry: BookEntry) -> BookedVisit:
    if entry.visit is None or entry.part is None:
        raise LookupError("a block is not repaired; it has no visit")
    trip = [other for other in player.book.entries.values() if entry.trip_id and other.trip_id == entry.trip_id]
    return BookedVisit(
        id=entry.id,
        part=entry.part,
        location_id=entry.visit.location_id,
        arrives_at=entry.visit.arrives_at,
        resources=dict(entry.resources),
        claim_ids=frozenset(claim.id for claim in entry.claims),
        trip_id=entry.trip_id,
        is_tied=any(other.state in (State.ARRIVED, State.COMPLETED) for other in (entry, *trip)),
        has_begun=bool(entry.steps) and entry.steps[0].start_at <= player.now,
    )


def _recoloured(entry: BookEntry, units: dict[str, int]) -> BookEntry:
    return replace(entry, claims=tuple(replace(c, unit=units.get(c.id, c.unit)) for c in entry.claims))


def _repaired(player: Player, entry: BookEntry, visit: RepairedVisit) -> BookEntry:
    """The entry where the plan puts it; moved inside a fee window it keeps the arrival it had for the fee."""
    entry = replace(entry, is_unplaced=visit.fate is Fate.UNPLACED)
    if entry.visit is None or not visit.is_changed:
        return entry
    return replace(
        entry,
        claims=tuple(
            BusyClaim(f"{entry.id}:{i}", claim.resource_id, claim.unit, claim.start_at, claim.end_at)
            for i, claim in enumerate(visit.claims)
        ),
        visit=replace(entry.visit, arrives_at=visit.arrives_at, leaves_at=visit.leaves_at),
        resources=visit.resources,
        steps=(),
        fee_from=_fee_arrival(player, entry, entry.visit.arrives_at) if visit.minutes_moved else entry.fee_from,
    )


def _fee_arrival(player: Player, entry: BookEntry, arrives_at: datetime) -> datetime | None:
    before = entry.fee_from or arrives_at
    return before if is_in_window(player.accepted(entry).cancellation, before, player.now) else None
