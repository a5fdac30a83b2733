"""Visits that go elsewhere once a vendor agreed: both places are taken until its word is known.

Moves and approved repairs are both that. What was asked stands in the pending change, whole, so that whoever ends it
needs nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from hub.canonical.ids import Kind
from hub.canonical.records import Visit, VisitState
from hub.operations.apply_practice import practice_of
from hub.operations.ask_to_move import STANDS_AS_BEFORE
from hub.operations.judge_booked import judge_relying
from hub.operations.note_shortages import NO_STOCK, note_shortages, places_held
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.propose_repair import UNPLACED
from hub.operations.question import NOT_CONFIRMED
from hub.operations.visit_clearances import prepare_consents
from hub.ports import Issue, Pending, StandingVisit, UnitOfWork
from hub.ports.relocations import Relocation
from hub.scheduling.decision import PlannedVisit

CHANGED_SINCE = "changed_since"
VENDOR_DIFFERS = "vendor_differs"
RELOCATIONS = TypeAdapter(tuple[Relocation, ...])


def read_relocations(pending: Pending) -> tuple[Relocation, ...]:
    """What is asked for."""
    return RELOCATIONS.validate_python(pending.asked["relocations"])


def as_relocated(work: UnitOfWork, pending: Pending) -> tuple[Visit, ...]:
    """The visits as they would be."""
    relocations = read_relocations(pending)
    visits = load_visits(work, [one.visit_id for one in relocations])
    return tuple(visit.model_copy(update=_fields(one.planned)) for visit, one in zip(visits, relocations, strict=True))


def relocate(work: UnitOfWork, pending: Pending, told: Collection[str]) -> bool:
    """Let it come about as it was asked; False: a visit stands otherwise by now, so all stay, and the vendor is told.

    The patient may have come meanwhile, or the visit may be over.
    """
    relocations, asked = read_relocations(pending), pending.asked
    standing = work.visits.load_standing(pending.visit_ids)
    if not _stand(standing, relocations):
        stay_put(work, pending)
        return False
    visits = work.relocations.carry_out(pending.id, relocations, asked["yielding"])
    its = asked["note"]
    note = Note(
        "visit_moved", its["action"], asked["actor"], asked["role"], asked["reason"], its["event"], its["audit"]
    )
    note_visits(work, visits, note, told)
    in_force = standing[0].in_force
    practice = practice_of(in_force)
    places = {(one.product_id, one.location_id) for each in relocations for one in each.planned.promises}
    is_short = NO_STOCK in its["audit"].get("overridden", ())
    note_shortages(work, practice, places | places_held(standing), opened=in_force.reorders, always=is_short)
    prepare_consents(work, practice, visits, actor=asked["actor"])
    judge_relying(work, practice, visits)
    if asked["proposal"] is not None:
        work.repairs.mark_applied(asked["proposal"], pending.visit_ids, asked["actor"])
        work.issues.close(UNPLACED, "visit", list(pending.visit_ids), by=asked["actor"])
    return True


def stay_put(work: UnitOfWork, pending: Pending) -> None:
    """The visits are kept where they are, and the vendor is told how they stand."""
    work.relocations.give_up(pending.id, pending.visit_ids)
    note = Note("move_overtaken", pending.asked["note"]["action"], pending.asked["actor"])
    visits = load_visits(work, pending.visit_ids)
    note_visits(work, visits, note, [] if pending.connection is None else [pending.connection])


def release_relocation(work: UnitOfWork, pending: Pending, data: Mapping[str, Any]) -> None:
    """The visits stay where they are; where the vendor has them at neither place, a person looks."""
    work.relocations.give_up(pending.id, pending.visit_ids)
    if data["refused"] == NOT_CONFIRMED and data["code"] != STANDS_AS_BEFORE:
        work.issues.open([Issue(VENDOR_DIFFERS, Kind.VISIT, one, (str(data["code"]),)) for one in pending.visit_ids])
    work.journal.record_event("move_refused", Kind.VISIT, pending.visit_ids[0], data)


def _stand(standing: Sequence[StandingVisit], relocations: Sequence[Relocation]) -> bool:
    stood = {str(one.visit.id): one.visit for one in standing}
    return all(
        (visit := stood.get(one.visit_id)) is not None
        and visit.start == one.stood_at
        and (visit.state is VisitState.BOOKED or visit.start == one.planned.arrives_at)
        for one in relocations
    )


def _fields(planned: PlannedVisit) -> dict[str, Any]:
    return {
        "location_id": planned.location_id,
        "provider_id": planned.first_of_kind.get("provider"),
        "room_id": planned.first_of_kind.get("room"),
        "device_id": planned.first_of_kind.get("device"),
        "start": planned.arrives_at,
        "end": planned.leaves_at,
    }
