"""Rules between visits of one patient that a repair could break: those that look at the order within the day.

Every visit keeps its date, so days between visits stay as they are; only what is before what can change. What is
broken already stays as it is: it was booked so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.canonical.practice import PracticeService, Requirement
from hub.scheduling.board import Board
from hub.scheduling.protocol import TimedPart
from hub.scheduling.repair.day import PartNumber
from hub.scheduling.rules import dated_visits
from hub.scheduling.rules_between_visits import DatedVisit

Moment = int | PartNumber
"""A fixed minute, or the arrival of a part that is to be placed."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A part that is to be placed, as it stands."""

    location_id: str
    part: TimedPart
    arrival: int
    number: PartNumber


@dataclass(frozen=True, slots=True)
class OrderRule:
    """One of the pairs must hold: the first arrives before the second."""

    any_of: tuple[tuple[Moment, Moment], ...]
    unless_unplaced: tuple[int, ...]
    """The trips whose being unplaced lifts the rule."""


@dataclass(frozen=True, slots=True)
class _Visit:
    dated: DatedVisit
    moment: Moment
    trip: int | None
    """None: it is not to be placed."""


def find_order_rules(boards: Mapping[str, Board], stands: Sequence[Stand]) -> Iterator[OrderRule]:
    """The rules of order among the visits to be placed, and between them and the patients' others."""
    patients: dict[str, list[Stand]] = {}
    for stand in stands:
        patients.setdefault(stand.part.part.patient_id, []).append(stand)
    for patient_id, own in patients.items():
        visits = [*_placeable(boards, own), *_fixed(boards[own[0].location_id], patient_id)]
        for visit in visits:
            for rule in visit.dated.service.requires if visit.dated.service else ():
                yield from _required(visit, rule, visits)
            yield from (rule for other in visits for rule in _spaced(visit, other))


def _placeable(boards: Mapping[str, Board], stands: Sequence[Stand]) -> Iterator[_Visit]:
    for stand in stands:
        service: PracticeService = stand.part.service
        day = boards[stand.location_id].clock.date_at(stand.arrival)
        yield _Visit(DatedVisit(service.id, service, stand.arrival, day), stand.number, stand.number[0])


def _fixed(board: Board, patient_id: str) -> Iterator[_Visit]:
    return (_Visit(dated, dated.arrival, None) for dated in dated_visits(board, patient_id))


def _required(visit: _Visit, rule: Requirement, visits: Sequence[_Visit]) -> Iterator[OrderRule]:
    """Something that must come before the visit comes before it still."""
    before = [other for other in visits if _satisfies(visit.dated, rule, other.dated)]
    if not before or any(_keeps_order(visit, other) for other in before):
        return
    same_day = [
        other
        for other in visits
        if other is not visit
        and other.dated.answers_to(rule.before)
        and other.dated.arrives_on == visit.dated.arrives_on
    ]
    lifted = () if visit.trip is None else (visit.trip,)
    yield OrderRule(tuple((other.moment, visit.moment) for other in same_day), lifted)


def _satisfies(visit: DatedVisit, rule: Requirement, other: DatedVisit) -> bool:
    days = (visit.arrives_on - other.arrives_on).days
    return (
        other.answers_to(rule.before)
        and other.arrival < visit.arrival
        and rule.min_days <= days
        and (rule.max_days is None or days <= rule.max_days)
    )


def _keeps_order(visit: _Visit, other: _Visit) -> bool:
    """Whether no repair can change which of them is first."""
    return visit.trip == other.trip or visit.dated.arrives_on != other.dated.arrives_on


def _spaced(visit: _Visit, other: _Visit) -> Iterator[OrderRule]:
    """A visit that may not follow another on its day, and does not now, goes on to arrive before it."""
    if visit.dated.service is None or visit is other or _keeps_order(visit, other):
        return
    apart = any(other.dated.answers_to(rule.after) and rule.min_days > 0 for rule in visit.dated.service.spacing)
    if apart and visit.dated.arrival < other.dated.arrival:
        trips = tuple(trip for trip in (visit.trip, other.trip) if trip is not None)
        yield OrderRule(((visit.moment, other.moment),), trips)
