"""Complete a visit: what was used comes out of the lots, and its promise ends."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.check_in_visit import needs_check_in
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.under_locks import change_standing
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import LotOnHand
from hub.scheduling.keys import Key
from hub.scheduling.lots import LotDraw, plan_draws, take_out


def complete_visit(
    store: Store,
    *visit_ids: str,
    actor: str,
    used: Mapping[str, Decimal] | None = None,
    push_to: Collection[str] = (),
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
        push_to: the systems that must be told.
    """
    with store.begin("complete_visit") as work:

        def complete(standing: Sequence[StandingVisit]) -> tuple[Visit, ...] | Refusal:
            if any(one.visit.start > work.now for one in standing):
                return Refusal(("not_begun",))
            practice = load_practice(work)
            if any(needs_check_in(practice, one.visit) for one in standing):
                return Refusal(("not_arrived",))
            draws = _plan(work, practice, standing, used)
            if draws is None:
                return Refusal(("no_stock",))
            for visit_id, drawn in draws.items():
                work.visits.complete(visit_id, drawn)
            visits = load_visits(work, draws)
            note_visits(work, visits, Note("visit_completed", "complete_visit", actor), push_to)
            return visits

        def lots_of(standing: Collection[StandingVisit]) -> frozenset[Key]:
            places = {one.visit.location_id for one in standing}
            return frozenset(("stock", product, place) for product in used or () for place in places)

        return change_standing(work, visit_ids, complete, also=lots_of)


def _plan(
    work: UnitOfWork, practice: Practice, standing: Sequence[StandingVisit], used: Mapping[str, Decimal] | None
) -> dict[str, tuple[LotDraw, ...]] | None:
    """Visit → what comes out of which lot. What is given as used is the first visit's."""
    draws: dict[str, tuple[LotDraw, ...]] = {}
    shelves: dict[str, tuple[LotOnHand, ...]] = {}
    for number, one in enumerate(standing):
        place, day = one.visit.location_id, _arrival_date(practice, one.visit)
        given = {} if number else used or {}
        lots = shelves.get(place) or _lots(work, place, day)
        drawn = plan_draws(lots, one.promised if used is None else given, day)
        if drawn is None:
            return None
        draws[one.visit.id] = drawn
        shelves[place] = take_out(lots, drawn)
    return draws


def _lots(work: UnitOfWork, location_id: str, day: date) -> tuple[LotOnHand, ...]:
    return work.diaries.load(first_on=day, last_on=day, patient_ids=(), location_id=location_id).lots


def _arrival_date(practice: Practice, visit: Visit) -> date:
    return visit.start.astimezone(practice.zone_of(visit.location_id)).date()
