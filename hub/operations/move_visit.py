"""Move a visit or a trip to another time, judged as if it were not there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.canonical.practice import Practice
from hub.canonical.records import Visit, VisitState
from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import accepted_policy, load_practice, practice_of
from hub.operations.book_under_locks import decide_now
from hub.operations.judge_booked import judge_relying
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_shortages import NO_STOCK, note_shortages, places_held, places_of
from hub.operations.note_visits import Note, note_visits
from hub.operations.own_calendar import require_own_calendar
from hub.operations.place_facts import recheck_facts
from hub.operations.under_locks import Lacking, act_under_locks, keys_of
from hub.operations.visit_clearances import prepare_consents
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.fees import is_in_window
from hub.scheduling.keys import Key, lock_keys
from hub.scheduling.request import DESK, BookingRequest, Part, Trip
from hub.scheduling.standing import refuse_two_calendars


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Another time for what is booked."""

    visit_ids: Sequence[str]
    """One visit, or the parts of a trip in its order. Those that are over stay as they are."""
    arrives_at: datetime
    """Aware, a whole minute."""
    resources: Mapping[str, str] | None = None
    """Need name → the resource asked for; None: those asked for at booking where that works, else anybody."""
    location_id: str | None = None
    """None: where it is."""
    channel: str = DESK
    override: frozenset[str] = frozenset()
    reason: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """It stands at its new time, and is the same visit."""

    visits: tuple[Visit, ...]
    booking: Booking


def move_visit(store: Store, request: MoveRequest, *, actor: str, push_to: Collection[str] = ()) -> Moved | Refusal:
    """Move, or say every reason why not; a refusal changes nothing. `not_booked`: unknown, over or cancelled.
    `already_arrived`: the patient is here. `two_calendars`: it would go from one owner's calendar to another's.

    Price, deposit, credit and the accepted policy go along; a visit moved inside a cancellation window keeps the
    arrival it had for the fee. What it leaves may make contested facts firm.

    Raises:
        InvalidInput: the location or a name asked for is not declared, the arrival is no whole minute, or the visits
            are neither one visit that was booked alone nor all that is still to come of one trip.
        NeedsAttention: no practice file is in force, or a vendor owns one of the calendars: `confirm_move` asks it.
        RetryLater: the database went away; asking again is safe.
    """
    with store.begin("move_visit", in_turn=True) as work:

        def move(keys: frozenset[Key]) -> Moved | Refusal | Lacking:
            standing = load_whole(work, request)
            if not standing:
                return Refusal(("not_booked",))
            if any(one.visit.state is VisitState.ARRIVED for one in standing):
                return Refusal(("already_arrived",))
            needed = keys_of(standing)
            return _move(work, standing, request, keys) if needed <= keys else Lacking(keys | needed)

        moved = act_under_locks(work, keys_of(load_whole(work, request)), move)
        if isinstance(moved, Refusal):
            return moved
        detail = {"overridden": list(moved.booking.overridden)}
        data = {"channel": request.channel}
        note = Note("visit_moved", "move_visit", actor, request.role, request.reason, data, detail)
        note_visits(work, moved.visits, note, push_to)
        note_made_way(work, moved.booking, actor=actor)
        practice = load_practice(work)
        prepare_consents(work, practice, moved.visits, actor=actor)
        judge_relying(work, practice, moved.visits)
        has_flagged = work.facts.has_flagged()
    if has_flagged:
        recheck_facts(store)
    return moved


def load_whole(work: UnitOfWork, request: MoveRequest) -> list[StandingVisit]:
    """What is still to come of the visits, in the trip's order.

    Raises:
        InvalidInput: they are neither one visit that was booked alone nor all that is still to come of one trip.
    """
    standing = sorted(work.visits.load_standing(request.visit_ids), key=lambda one: one.trip_number)
    if standing:
        _require_whole(work, standing)
    return standing


def _move(
    work: UnitOfWork, standing: Sequence[StandingVisit], request: MoveRequest, keys: frozenset[Key]
) -> Moved | Refusal | Lacking:
    """Take it out and decide as for a new one; what that needs beside `keys` may be lacking."""
    in_force = standing[0].in_force
    practice = practice_of(in_force)
    asked = asked_again(practice, standing, request)
    calendars = {asked.trip.location_id, *(one.visit.location_id for one in standing)}
    if refusal := refuse_two_calendars(practice, calendars):
        return refusal
    require_own_calendar(practice, calendars)
    ids = [one.visit.id for one in standing]
    work.visits.vacate(ids)
    decision = decide_now(work, asked, without=ids)
    if isinstance(decision, Refusal):
        return decision
    over = work.holds.find_over(lock_keys(decision))
    needed = over.keys.union(lock_keys(decision))
    if not needed <= keys:
        return Lacking(keys | needed)
    work.holds.purge(over.ids)
    kept: dict[str, datetime | None] = {one.visit.id: kept_arrival(work, one) for one in standing}
    moved = work.visits.move(decision, asked.trip, kept)
    places = places_of(decision) | places_held(standing)
    note_shortages(work, practice, places, opened=in_force.reorders, always=NO_STOCK in decision.overridden)
    return Moved(moved, decision)


def _require_whole(work: UnitOfWork, standing: Sequence[StandingVisit]) -> None:
    """A trip moves whole, and one at a time."""
    trips = {one.trip_id for one in standing}
    if len(trips) > 1 or (None in trips and len(standing) > 1):
        raise InvalidInput(Problem("only one visit or one trip is moved at a time", field="visit"))
    trip_id = standing[0].trip_id
    rest = {one.visit.id for one in work.visits.find_trip(trip_id)} if trip_id is not None else set()
    if missing := sorted(rest - {one.visit.id for one in standing}):
        hint = f"Move the trip: also {', '.join(missing)}"
        raise InvalidInput(Problem("a part of a trip is not moved alone", field="visit", hint=hint))


def asked_again(practice: Practice, standing: Sequence[StandingVisit], request: MoveRequest) -> BookingRequest:
    """What was asked for at booking, at another time, or what the move asks for instead."""
    first = standing[0].visit
    together = len(standing) > 1 and len({one.visit.start for one in standing}) == 1
    parts = tuple(_part(practice, one.part, request.resources) for one in standing)
    trip = Trip(parts, request.location_id or first.location_id, request.channel, together)
    is_flexible = request.resources is None
    return BookingRequest(trip, request.arrives_at, request.override, request.reason, request.role, is_flexible)


def _part(practice: Practice, part: Part, resources: Mapping[str, str] | None) -> Part:
    """The part as it was asked for, or with the names of `resources` that its service has."""
    service = practice.find_service(part.service_id)
    if resources is None or service is None:
        return part
    return replace(part, resources={name: one for name, one in resources.items() if name in service.names})


def kept_arrival(work: UnitOfWork, one: StandingVisit) -> datetime | None:
    """The arrival that a fee is reckoned from after a move now; None: the new one."""
    rules = accepted_policy(work, one).cancellation
    return one.fee_arrival if is_in_window(rules, one.fee_arrival, work.now) else None
