"""Repair a day: from the book as it stands to what changes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from hub.canonical.practice import Practice
from hub.scheduling.board import Board, board_over
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import PlannedClaim
from hub.scheduling.diary import BusyClaim, Diary
from hub.scheduling.planning import plan_claims, plan_recolourings
from hub.scheduling.protocol import TimedPart
from hub.scheduling.repair.day import BookedVisit, Fate, RepairedVisit, RepairPlan, StandingTrip, standing_trips
from hub.scheduling.repair.fitness import asked_and_there, find_unfit
from hub.scheduling.repair.places import Mode, Window, find_modes
from hub.scheduling.timeline import MINUTES_PER_DAY, Span, instant_at, minute_from, minute_of
from hub.scheduling.units import UnitClaim, choose_units

if TYPE_CHECKING:
    from hub.scheduling.repair.solve import Placement


def plan_repair(
    practice: Practice,
    diary: Diary,
    visits: Iterable[BookedVisit],
    now: datetime,
    *,
    on: date,
    notice_minutes: int = 0,
    seconds: float = 2.0,
) -> RepairPlan:
    """Place anew what no longer fits on a local date of arrival, with the least change there is.

    `visits` are the booked visits of declared services, of any date; their claims are in `diary`, like everything else
    that stands. The rules that look at dates alone are not asked, since every visit keeps its date. Fewest unplaced,
    then fewest moved, then fewest minutes, then fewest resources changed; after `seconds` the best found, and how much
    `better` another one could be. Writes nothing; the same input gives the same plan.
    """
    trips = standing_trips(practice, visits, on, now)
    if not trips:
        return RepairPlan((), ())
    booked = {visit.id: visit for trip in trips for visit in trip.visits}
    rest = without_visits(diary, booked.values())
    boards = {place: board_on(practice, rest, place, on) for place in sorted({trip.location_id for trip in trips})}
    unfit = find_unfit(boards, trips)
    if not unfit:
        kept = [visit for trip in trips for visit in _as_it_stands(trip, Fate.KEPT)]
        return plan_of(diary, practice, booked, kept)
    window = Window(on, minute_from(now) + notice_minutes)
    modes = [_modes(boards[trip.location_id], trip, window, is_unfit=i in unfit) for i, trip in enumerate(trips)]
    from hub.scheduling.repair.model import DayModel  # noqa: PLC0415 - OR-Tools takes half a second to load
    from hub.scheduling.repair.solve import solve_day  # noqa: PLC0415

    placements, better = solve_day(DayModel(boards, trips, modes, unfit), seconds)
    placed = [visit for trip, where in zip(trips, placements, strict=True) for visit in _placed(trip, where)]
    return replace(plan_of(diary, practice, booked, placed), better=better)


def without_visits(diary: Diary, visits: Collection[BookedVisit]) -> Diary:
    """The diary as if these visits were not in it."""
    ids, claims = {visit.id for visit in visits}, {claim for visit in visits for claim in visit.claim_ids}
    return replace(
        diary,
        claims=tuple(claim for claim in diary.claims if claim.id not in claims),
        visits=tuple(visit for visit in diary.visits if visit.id not in ids),
    )


def board_on(practice: Practice, diary: Diary, location_id: str, on: date) -> Board:
    """Everybody's time at a location around a local date."""
    clock = wall_clock(practice.zone_of(location_id))
    day = clock.day_start(on), clock.day_start(on + timedelta(days=1))
    return board_over(practice, diary, location_id, day, MINUTES_PER_DAY)


def _modes(board: Board, trip: StandingTrip, window: Window, *, is_unfit: bool) -> tuple[Mode, ...]:
    asked = [asked_and_there(board, trip, number) for number in range(len(trip.visits))]
    is_movable = trip.is_whole and (is_unfit or trip.arrival > window.earliest)
    return find_modes(board, trip, asked, window, is_movable=is_movable)


def _as_it_stands(trip: StandingTrip, fate: Fate) -> list[RepairedVisit]:
    return [
        RepairedVisit(
            id=visit.id,
            fate=fate,
            arrives_at=visit.arrives_at,
            leaves_at=instant_at(trip.arrival + part.leaving),
            resources=tuple(visit.resources.items()),
            changed=(),
            claims=(),
        )
        for visit, part in zip(trip.visits, trip.timed, strict=True)
    ]


def _placed(trip: StandingTrip, placement: "Placement | None") -> list[RepairedVisit]:
    """The visits of a trip where the plan puts them."""
    if placement is None:
        return _as_it_stands(trip, Fate.UNPLACED)
    return [
        _placed_part(
            visit, part, placement, {name: who for (of, name), who in placement.choice.items() if of == number}
        )
        for number, (visit, part) in enumerate(zip(trip.visits, placement.mode.timed, strict=True))
    ]


def _placed_part(
    visit: BookedVisit, part: TimedPart, placement: "Placement", resources: dict[str, str]
) -> RepairedVisit:
    arrives_at = instant_at(placement.arrival + part.arrival)
    minutes = abs(minute_of(arrives_at) - minute_of(visit.arrives_at))
    names = [name for name in part.service.names if name in resources]
    changed = tuple(name for name in names if resources[name] != visit.resources.get(name))
    return RepairedVisit(
        id=visit.id,
        fate=Fate.MOVED if minutes else Fate.KEPT,
        arrives_at=arrives_at,
        leaves_at=instant_at(placement.arrival + part.leaving),
        resources=tuple((name, resources[name]) for name in names),
        changed=changed,
        claims=plan_claims(part, placement.arrival, resources) if minutes or changed else (),
        minutes_moved=minutes,
    )


def plan_of(
    diary: Diary, practice: Practice, booked: Mapping[str, BookedVisit], visits: list[RepairedVisit]
) -> RepairPlan:
    """The plan, with a unit for each new claim and the claims of others that make room."""
    ordered = sorted(visits, key=lambda visit: (booked[visit.id].arrives_at, visit.id))
    gone = {claim for visit in visits if not _stands(visit) for claim in booked[visit.id].claim_ids}
    units: dict[str, int] = {}
    for resource in practice.resources:
        claims = [claim for claim in diary.claims_of.get(resource.id, ()) if claim.id not in gone]
        wanted = [
            UnitClaim(_key(visit, i), _span(claim))
            for visit in ordered
            for i, claim in enumerate(visit.claims)
            if claim.resource_id == resource.id
        ]
        if resource.capacity > 1 and wanted:
            existing = [UnitClaim(claim.id, _span(claim), claim.unit) for claim in claims]
            units |= choose_units(existing, wanted, resource.capacity)
    repaired = tuple(_with_units(visit, units) for visit in ordered)
    return RepairPlan(repaired, plan_recolourings(diary.claims, units))


def _with_units(visit: RepairedVisit, units: Mapping[str, int]) -> RepairedVisit:
    claims = (replace(claim, unit=units.get(_key(visit, i), 1)) for i, claim in enumerate(visit.claims))
    return replace(visit, claims=tuple(claims))


def _stands(visit: RepairedVisit) -> bool:
    """Whether its claims before the repair are still its own, and firm."""
    return visit.fate is Fate.KEPT and not visit.changed


def _key(visit: RepairedVisit, claim: int) -> str:
    return f"new:{visit.id}:{claim}"


def _span(claim: PlannedClaim | BusyClaim) -> Span:
    return minute_of(claim.start_at), minute_from(claim.end_at)
