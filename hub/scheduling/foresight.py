"""A diary as it would stand once a booking is in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.assignment import first_choice, slots_of
from hub.scheduling.board import board_over
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, PlannedVisit, Reassignment
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit, Promise
from hub.scheduling.judge import Case, trips_at
from hub.scheduling.planning import plan_booking
from hub.scheduling.protocol import reach_of
from hub.scheduling.request import BookingRequest, Trip
from hub.scheduling.timeline import minute_of

_NEAR = timedelta(days=2)


def book_opening(practice: Practice, diary: Diary, trip: Trip, arrives_at: datetime, now: datetime) -> Booking:
    """The booking of an opening that was found in this diary at this moment: it cannot be refused."""
    decision = decide_booking(practice, diary, BookingRequest(trip, arrives_at), now)
    if isinstance(decision, Booking):
        return decision
    raise AssertionError(f"an opening is refused: {', '.join(decision.reasons)}")


def foresee_booking(practice: Practice, diary: Diary, request: BookingRequest) -> Booking | None:
    """What the request would take if only the time of resources mattered: no rule is asked, and no patient's time.

    Quicker than a decision, and none: for who must know what will be needed before the book is read.
    """
    trip, arrival = request.trip, minute_of(request.arrives_at)
    if any(practice.find_service(part.service_id) is None for part in trip.parts):
        return None
    reach = reach_of(practice, trip)
    board = board_over(practice, diary, trip.location_id, (arrival, arrival + 1), reach)
    for timed in trips_at(board, trip, arrival):
        slots = slots_of(board, trip, timed)
        choice = first_choice(board, slots, 1 << (arrival - board.window[0]))
        if choice is not None:
            case = Case(timed, frozenset(), slots, choice, frozenset(range(len(timed))))
            return plan_booking(board, trip, arrival, case, (), deposit=None)
    return None


def around(diary: Diary, arrives_at: datetime) -> Diary:
    """The same diary with the claims of those days only: what a booking is decided on."""
    return diary.near(arrives_at - _NEAR, arrives_at + _NEAR)


def with_booking(diary: Diary, booking: Booking, name: str, series_id: str | None = None) -> Diary:
    """The diary with the booking's visits, claims, promises and credits; `name` is new to it and begins their ids."""
    diary = _made_way(diary, booking.reassignments)
    units = {move.claim_id: move.unit for move in booking.recolourings}
    spent = Counter(visit.package_id for visit in booking.visits)
    numbered = [(f"{name}:{number}", visit) for number, visit in enumerate(booking.visits)]
    return replace(
        diary,
        claims=(
            *(replace(claim, unit=units[claim.id]) if claim.id in units else claim for claim in diary.claims),
            *(claim for visit_id, visit in numbered for claim in _claims(visit_id, visit)),
        ),
        visits=(*diary.visits, *(_visit(visit_id, visit, series_id) for visit_id, visit in numbered)),
        promises=(*diary.promises, *(promise for _, visit in numbered for promise in _promises(visit))),
        packages=tuple(
            replace(package, credits_left=package.credits_left - spent[package.id]) for package in diary.packages
        ),
    )


def with_sessions(diary: Diary, bookings: Iterable[Booking], series_id: str | None) -> Diary:
    """The diary with all of these, one after another, as the sessions of a series that is new to it."""
    for number, booking in enumerate(bookings, 1):
        diary = with_booking(diary, booking, f"{series_id}:{number}", series_id)
    return diary


def _made_way(diary: Diary, reassignments: tuple[Reassignment, ...]) -> Diary:
    """The diary with these claims on their new resources."""
    if not reassignments:
        return diary
    moved = {one.claim_id: one for one in reassignments}
    return replace(
        diary,
        claims=tuple(
            replace(claim, resource_id=moved[claim.id].resource_id, unit=moved[claim.id].unit)
            if claim.id in moved
            else claim
            for claim in diary.claims
        ),
        filled=tuple(
            replace(
                fact,
                claims=tuple(
                    replace(claim, resource_id=moved[claim.id].resource_id) if claim.id in moved else claim
                    for claim in fact.claims
                ),
            )
            for fact in diary.filled
        ),
    )


def _claims(visit_id: str, visit: PlannedVisit) -> list[BusyClaim]:
    return [
        BusyClaim(f"{visit_id}:{number}", claim.resource_id, claim.unit, claim.start_at, claim.end_at)
        for number, claim in enumerate(visit.claims)
    ]


def _visit(visit_id: str, visit: PlannedVisit, series_id: str | None) -> PatientVisit:
    return PatientVisit(
        visit_id,
        visit.patient_id,
        visit.service_id,
        visit.location_id,
        visit.arrives_at,
        visit.leaves_at,
        series_id,
    )


def _promises(visit: PlannedVisit) -> list[Promise]:
    return [
        Promise(promise.product_id, promise.location_id, promise.promised_on, promise.quantity)
        for promise in visit.promises
    ]
