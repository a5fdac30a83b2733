"""What was proposed, put into force in part or whole: checked again on the book as it stands now.

The approved changes must be consistent on their own: whoever moves into a place that only another proposed change would
free is refused, and told which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.board import Board
from hub.scheduling.diary import Diary
from hub.scheduling.planning import plan_claims
from hub.scheduling.repair.day import BookedVisit, Fate, RepairedVisit, RepairPlan, StandingTrip, standing_trips
from hub.scheduling.repair.fitness import find_unfit
from hub.scheduling.repair.order import Moment, Stand, find_order_rules
from hub.scheduling.repair.plan import board_on, plan_of, without_visits
from hub.scheduling.repair.why import why_unfit
from hub.scheduling.timeline import Span, instant_at, minute_of


@dataclass(frozen=True, slots=True)
class Change:
    """Where a visit is to stand."""

    visit_id: str
    arrives_at: datetime
    resources: Mapping[str, str]
    """Need name → who fills it, all of them."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a change cannot be made."""

    visit_id: str
    reasons: tuple[str, ...]
    """Codes of a refusal, or `changed_since`, `on_the_way`, `too_short_notice`, `out_of_order`."""
    needs: tuple[str, ...] = ()
    """Visits whose proposed changes were not approved and would make room."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What is asked for, and the day it is asked of."""

    visits: Sequence[BookedVisit]
    """All that are booked, as they stand."""
    changes: Sequence[Change]
    """Those that are approved: of a trip all or none."""
    left: Sequence[Change]
    """Those that were proposed with them and are not approved."""
    yielding: frozenset[str]
    """Visits for which no place was found: while they do not fit, they stand in nobody's way."""
    on: date
    notice_minutes: int


@dataclass(frozen=True, slots=True)
class _Day:
    """The day as it stands and as it would stand."""

    practice: Practice
    asked: Approval
    now: datetime
    rest: Diary
    """Without the visits of the day."""
    boards: Mapping[str, Board]
    """Of `rest`."""
    before: tuple[StandingTrip, ...]
    after: tuple[StandingTrip, ...]
    was_unfit: frozenset[str]
    """Visits that do not fit where they stand."""


def decide_approval(
    practice: Practice, diary: Diary, asked: Approval, now: datetime
) -> RepairPlan | tuple[Objection, ...]:
    """What to write, all of it; or, where a single change does not fit, nothing and why."""
    before = standing_trips(practice, asked.visits, asked.on, now)
    rest = without_visits(diary, [visit for trip in before for visit in trip.visits])
    places = sorted({visit.location_id for visit in asked.visits})
    boards = {place: board_on(practice, rest, place, asked.on) for place in places}
    was_unfit = frozenset(visit.id for number in find_unfit(boards, before) for visit in before[number].visits)
    yielding = [visit for visit in asked.visits if visit.id in asked.yielding & was_unfit]
    wanted = {change.visit_id: change for change in asked.changes}
    standing = [visit for visit in asked.visits if visit not in yielding]
    after = standing_trips(practice, [_changed(visit, wanted.get(visit.id)) for visit in standing], asked.on, now)
    day = _Day(practice, asked, now, rest, boards, before, after, was_unfit)
    objections = [*_missing(day), *_untimely(day), *_unfit(day), *_out_of_order(day)]
    if objections:
        return _merged(objections)
    placed = {visit.id: visit for trip in after for visit in _repaired(trip, asked.visits, wanted)}
    stood = {visit.id: visit for visit in asked.visits}
    return plan_of(without_visits(diary, yielding), practice, stood, [placed[one] for one in wanted])


def _changed(visit: BookedVisit, change: Change | None) -> BookedVisit:
    return visit if change is None else replace(visit, arrives_at=change.arrives_at, resources=dict(change.resources))


def _missing(day: _Day) -> Iterable[Objection]:
    """What has begun, or would stand in the past."""
    there = {visit.id for trip in day.after for visit in trip.visits}
    wanted = (change.visit_id for change in day.asked.changes)
    return (Objection(one, ("in_the_past",)) for one in wanted if one not in there)


def _untimely(day: _Day) -> Iterable[Objection]:
    """Nobody on the way is moved who could stay, and nobody is told too late."""
    earliest = day.now + timedelta(minutes=day.asked.notice_minutes)
    stood = {visit.id: (visit, trip) for trip in day.before for visit in trip.visits}
    for visit in (visit for trip in day.after for visit in trip.visits):
        was, trip = stood.get(visit.id, (visit, None))
        if was.arrives_at == visit.arrives_at:
            continue
        if visit.arrives_at < earliest:
            yield Objection(visit.id, ("too_short_notice",))
        if trip is None or not trip.is_whole or (was.arrives_at <= earliest and visit.id not in day.was_unfit):
            yield Objection(visit.id, ("on_the_way",))


def _unfit(day: _Day) -> Iterable[Objection]:
    """What meets somebody or lacks something where it is to stand, with the changes that would mend it."""
    wanted = {change.visit_id for change in day.asked.changes}
    for number in sorted(find_unfit(day.boards, day.after)):
        trip = day.after[number]
        changed = [visit.id for visit in trip.visits if visit.id in wanted]
        if changed:
            others = [other for other in day.after if other is not trip]
            reasons = why_unfit(day.practice, day.rest, trip, others, day.now)
            yield from (Objection(visit_id, reasons, _in_the_way(day, trip)) for visit_id in changed)


def _in_the_way(day: _Day, trip: StandingTrip) -> tuple[str, ...]:
    """Visits that stand where the trip is to go, and whose own change was proposed and not approved."""
    would_go = {change.visit_id for change in day.asked.left}
    return tuple(
        visit.id for other in day.before if _meet(trip, other) for visit in other.visits if visit.id in would_go
    )


def _meet(trip: StandingTrip, other: StandingTrip) -> bool:
    """Whether they want a resource or a patient at the same time."""
    return any(who == whose and _overlap(a, b) for who, a in _taken(trip) for whose, b in _taken(other))


def _taken(trip: StandingTrip) -> Iterable[tuple[str, Span]]:
    yield from trip.spans()
    for part in trip.timed:
        yield part.part.patient_id, (trip.arrival + part.arrival, trip.arrival + part.leaving)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _out_of_order(day: _Day) -> Iterable[Objection]:
    """What must come before another visit of its patient on the day keeps coming before it."""
    wanted = {change.visit_id for change in day.asked.changes}
    arrivals = {
        visit.id: trip.arrival + part.arrival
        for trip in day.after
        for visit, part in zip(trip.visits, trip.timed, strict=True)
    }
    ids = {(i, k): visit.id for i, trip in enumerate(day.before) for k, visit in enumerate(trip.visits)}
    stands = [
        Stand(trip.location_id, part, trip.arrival + part.arrival, (number, index))
        for number, trip in enumerate(day.before)
        for index, part in enumerate(trip.timed)
    ]

    def comes_first(first: Moment, then: Moment) -> bool:
        one = first if isinstance(first, int) else arrivals.get(ids[first])
        other = then if isinstance(then, int) else arrivals.get(ids[then])
        return one is None or other is None or one < other

    for rule in find_order_rules(day.boards, stands):
        if not any(comes_first(first, then) for first, then in rule.any_of):
            named = [ids[moment] for pair in rule.any_of for moment in pair if not isinstance(moment, int)]
            yield from (Objection(one, ("out_of_order",)) for one in dict.fromkeys(named) if one in wanted)


def _merged(objections: Iterable[Objection]) -> tuple[Objection, ...]:
    """One for each visit, in the order of their first."""
    merged: dict[str, Objection] = {}
    for one in objections:
        known = merged.get(one.visit_id, Objection(one.visit_id, ()))
        reasons = tuple(sorted({*known.reasons, *one.reasons}))
        merged[one.visit_id] = Objection(one.visit_id, reasons, tuple(dict.fromkeys((*known.needs, *one.needs))))
    return tuple(merged.values())


def _repaired(
    trip: StandingTrip, visits: Iterable[BookedVisit], wanted: Mapping[str, Change]
) -> Iterable[RepairedVisit]:
    stood = {visit.id: visit for visit in visits}
    for visit, part in zip(trip.visits, trip.timed, strict=True):
        if visit.id not in wanted:
            continue
        was = stood[visit.id]
        minutes = abs(minute_of(visit.arrives_at) - minute_of(was.arrives_at))
        yield RepairedVisit(
            id=visit.id,
            fate=Fate.MOVED if minutes else Fate.KEPT,
            arrives_at=visit.arrives_at,
            leaves_at=instant_at(trip.arrival + part.leaving),
            resources=tuple(visit.resources.items()),
            changed=tuple(name for name, who in visit.resources.items() if was.resources.get(name) != who),
            claims=plan_claims(part, trip.arrival, dict(visit.resources)),
            minutes_moved=minutes,
        )
