"""Complete a visit: what was used comes out of the lots, and its promise ends."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from hub.canonical.ids import Kind, mint_vial
from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.check_in_visit import needs_check_in
from hub.operations.note_shortages import note_shortages, places_held
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.under_locks import change_standing
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.keys import Key
from hub.scheduling.ledger import Movement, lots_after
from hub.scheduling.treatments import Treatment, plan_use

_NOBODY: Mapping[Kind, Collection[str]] = {}


def complete_visit(
    store: Store,
    *visit_ids: str,
    actor: str,
    used: Mapping[str, Decimal] | None = None,
    push_to: Collection[str] = (),
    told: Mapping[Kind, Collection[str]] = _NOBODY,
) -> tuple[Visit, ...] | Refusal:
    """What is still to come of these visits took place.

    `not_booked`: unknown, over or cancelled. `not_begun`: the arrival of one of them is still to come. `not_arrived`:
    one needs consents and its patient was not checked in. `no_stock`: more was used than the lots hold that were usable
    on the arrival's date; nothing is changed then.

    Args:
        store: where the book is.
        visit_ids: one visit, or the parts of a trip.
        actor: who says so: a login, or `system:<name>`.
        used: product → quantity really used, by all of them together; None: as promised.
        push_to: the systems that must be told of the visits.
        told: those that must be told of what was done (procedures) and of what was given (doses).
    """
    with store.begin("complete_visit", in_turn=True) as work:

        def complete(standing: Sequence[StandingVisit]) -> tuple[Visit, ...] | Refusal:
            if any(one.visit.start > work.now for one in standing):
                return Refusal(("not_begun",))
            practice = load_practice(work)
            if any(needs_check_in(practice, one.visit) for one in standing):
                return Refusal(("not_arrived",))
            movements = _plan(work, practice, standing, used)
            if movements is None:
                return Refusal(("no_stock",))
            work.stock.record(movements, actor=actor)
            for one in standing:
                work.visits.complete(one.visit.id)
            places = places_held(standing) | {one.lot[:2] for one in movements}
            note_shortages(work, practice, places, always=True)
            visits = load_visits(work, [one.visit.id for one in standing])
            note_visits(work, visits, Note("visit_completed", "complete_visit", actor), push_to)
            _tell_charts(work, [one.visit.id for one in standing], told)
            return visits

        def lots_of(standing: Collection[StandingVisit]) -> frozenset[Key]:
            places = {one.visit.location_id for one in standing}
            return frozenset(("stock", product, place) for product in used or () for place in places)

        return change_standing(work, visit_ids, complete, also=lots_of)


def _tell_charts(work: UnitOfWork, visit_ids: Sequence[str], told: Mapping[Kind, Collection[str]]) -> None:
    """Behind the visits in the outbox: what was done names the visit it was done at."""
    work.outbox.enqueue_all(told.get(Kind.PROCEDURE, ()), Kind.PROCEDURE, visit_ids)
    if told.get(Kind.DOSE):
        work.outbox.enqueue_all(told[Kind.DOSE], Kind.DOSE, work.records.find_doses(visit_ids))


def _plan(
    work: UnitOfWork, practice: Practice, standing: Sequence[StandingVisit], used: Mapping[str, Decimal] | None
) -> tuple[Movement, ...] | None:
    """What happens to the lots. What is given as used is the first visit's."""
    movements: tuple[Movement, ...] = ()
    for number, one in enumerate(standing):
        given = {} if number else used or {}
        taken = one.promised if used is None else given
        place = one.visit.location_id
        lots = lots_after(
            work.stock.load_lots(place, taken),
            (one for one in movements if one.lot[0] in taken and one.lot[1] == place),
        )
        treatment = Treatment(place, one.visit.start, one.visit.id, one.visit.provider_id)
        drawn = plan_use(practice, lots, taken, treatment, work.now, new_vial_id=mint_vial)
        if drawn is None:
            return None
        movements += drawn
    return movements
