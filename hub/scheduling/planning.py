"""From an accepted case to what must be written: visits, claims with units, promises, money."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.canonical.practice import Deposit, Need
from hub.scheduling.board import Board
from hub.scheduling.decision import (
    Booking,
    PlannedClaim,
    PlannedPromise,
    PlannedVisit,
    Reassignment,
    Recolouring,
)
from hub.scheduling.diary import BusyClaim
from hub.scheduling.judge import Case
from hub.scheduling.pricing import deposit_of, price_of
from hub.scheduling.protocol import TimedPart
from hub.scheduling.request import Trip
from hub.scheduling.rules import uses_of
from hub.scheduling.timeline import instant_at, minute_from, minute_of
from hub.scheduling.units import UnitClaim, choose_units

Moved = tuple[Reassignment, ...]


def plan_booking(
    board: Board,
    trip: Trip,
    arrival: int,
    case: Case,
    overridden: tuple[str, ...],
    *,
    deposit: Deposit | None,
    moved: Moved = (),
) -> Booking:
    """The booking of a case whose choice is made, and of what makes way for it; `deposit`: the rule for it."""
    visits = tuple(_visit(board, trip, arrival, case, number, deposit=deposit) for number in range(len(case.timed)))
    return _with_units(board, Booking(visits, (), overridden, moved))


def _visit(board: Board, trip: Trip, arrival: int, case: Case, number: int, *, deposit: Deposit | None) -> PlannedVisit:
    part, choice = case.timed[number], case.choice or {}
    resources = tuple((name, choice[number, name]) for name in part.service.names)
    price = price_of(part.service, part.option)
    package = part.part.package_id
    arrives_on = board.clock.date_at(arrival + part.arrival)
    return PlannedVisit(
        service_id=part.service.id,
        option_id=part.part.option_id,
        patient_id=part.part.patient_id,
        location_id=trip.location_id,
        arrives_at=instant_at(arrival + part.arrival),
        starts_at=instant_at(arrival + part.start),
        leaves_at=instant_at(arrival + part.leaving),
        ends_at=instant_at(arrival + part.end),
        resources=resources,
        first_of_kind={board.resources[one].kind: one for _, one in reversed(resources)},
        claims=plan_claims(part, arrival, dict(resources)),
        promises=tuple(
            PlannedPromise(use.product, trip.location_id, arrives_on, use.quantity)
            for use in uses_of(part)
            if use.quantity
        ),
        price=price,
        deposit=None if package else deposit_of(deposit, price),
        package_id=package,
    )


def plan_claims(part: TimedPart, arrival: int, resources: dict[str, str]) -> tuple[PlannedClaim, ...]:
    """A claim for each step and name that `resources` fills; units are still 1."""
    return tuple(
        PlannedClaim(
            resources[name],
            1,
            timed.step.name,
            name,
            instant_at(arrival + timed.start),
            instant_at(arrival + timed.end),
        )
        for timed in part.steps
        for name in names_in(timed.step.needs)
        if name in resources
    )


def names_in(needs: tuple[Need, ...]) -> tuple[str, ...]:
    """The names that the needs of one step ask to be filled, each once."""
    return tuple(dict.fromkeys(need.name for need in needs if not need.present))


def _with_units(board: Board, booking: Booking) -> Booking:
    """The booking with a unit for each claim, and the existing claims that make room."""
    moved = {one.claim_id: one for one in booking.reassignments}
    wanted: dict[str, list[UnitClaim]] = {}
    keyed: list[tuple[str, PlannedClaim | Reassignment]] = [*_keyed_claims(booking), *moved.items()]
    for key, claim in keyed:
        if board.resources[claim.resource_id].capacity > 1:
            wanted.setdefault(claim.resource_id, []).append(UnitClaim(key, _span(claim)))
    if not wanted:  # everybody has but one unit
        return booking
    units: dict[str, int] = {}
    existing: list[BusyClaim] = []
    for resource_id, claims in wanted.items():
        standing = [one for one in board.diary.claims_of.get(resource_id, ()) if one.id not in moved]
        units |= choose_units(map(_as_unit_claim, standing), claims, board.resources[resource_id].capacity)
        existing += standing
    return replace(
        booking,
        visits=tuple(_on_units(visit, number, units) for number, visit in enumerate(booking.visits)),
        recolourings=plan_recolourings(existing, units),
        reassignments=tuple(replace(one, unit=units.get(one.claim_id, 1)) for one in booking.reassignments),
    )


def _on_units(visit: PlannedVisit, number: int, units: Mapping[str, int]) -> PlannedVisit:
    claims = (replace(claim, unit=units.get(_key(number, index), 1)) for index, claim in enumerate(visit.claims))
    return replace(visit, claims=tuple(claims))


def plan_recolourings(existing: Iterable[BusyClaim], units: Mapping[str, int]) -> tuple[Recolouring, ...]:
    """Those of the existing claims that `units` gives another unit, by id."""
    changed = (claim for claim in existing if claim.id in units)
    return tuple(
        Recolouring(claim.id, units[claim.id], claim.resource_id, claim.start_at, claim.end_at)
        for claim in sorted(changed, key=lambda claim: claim.id)
    )


def _keyed_claims(booking: Booking) -> list[tuple[str, PlannedClaim]]:
    return [
        (_key(number, index), claim)
        for number, visit in enumerate(booking.visits)
        for index, claim in enumerate(visit.claims)
    ]


def _key(visit: int, claim: int) -> str:
    return f"new:{visit}:{claim}"


def _as_unit_claim(claim: BusyClaim) -> UnitClaim:
    return UnitClaim(claim.id, (minute_of(claim.start_at), minute_from(claim.end_at)), claim.unit)


def _span(claim: PlannedClaim | Reassignment) -> tuple[int, int]:
    return minute_of(claim.start_at), minute_from(claim.end_at)
