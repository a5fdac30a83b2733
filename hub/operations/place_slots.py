"""What a system closed takes its provider's or room's time; what it opened again gives it back."""

from collections.abc import Collection, Iterator

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.canonical.schedules import Schedule, Slot, SlotState
from hub.canonical.time import Span
from hub.operations.apply_practice import load_practice
from hub.ports import FactClaim, UnitOfWork

REASON = "closed_there"


def place_slots(work: UnitOfWork, slot_ids: Collection[str]) -> int:
    """Place these in place of what they took, as blocks of the same ids; gives how many claims are contested.

    What is over takes nothing. Nobody is refused: a block that meets a visit is contested, with an issue for a person.
    Without a practice file in force there is no time to take.
    """
    if not slot_ids or work.practices.find_in_force().practice is None:
        return 0
    found = work.records.load(Kind.SLOT, slot_ids)
    slots = [one for one in found.values() if isinstance(one, Slot)]
    closed = [one for one in slots if one.state is SlotState.CLOSED and one.end > work.now]
    work.claims.remove_blocks({str(one.id) for one in slots} - {str(one.id) for one in closed})
    facts = list(_facts(work, load_practice(work), closed))
    return work.claims.place(facts).contested if facts else 0


def _facts(work: UnitOfWork, practice: Practice, closed: Collection[Slot]) -> Iterator[FactClaim]:
    schedules = work.records.load(Kind.SCHEDULE, {one.schedule_id for one in closed})
    for slot in closed:
        schedule = schedules.get(slot.schedule_id)
        if not isinstance(schedule, Schedule):
            continue
        span = Span(slot.start, slot.end)
        known = (practice.find_resource(one) for one in (schedule.provider_id, schedule.room_id) if one)
        for resource in filter(None, known):
            work.claims.save_block(slot.id, practice.location_of(resource), span, reason=REASON)
            yield FactClaim("resource", resource.id, span, block_id=slot.id)
