"""A whole series as one thing to write: every session's claims, with units that go together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.decision import Booking, PlannedClaim, PlannedVisit, Reassignment, Recolouring, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import around, book_opening, with_booking
from hub.scheduling.request import Trip
from hub.scheduling.series import SeriesRequest, decide_series
from hub.scheduling.series_together import NotTogether, decide_together

Sessions = Sequence[tuple[Trip, datetime]]
"""What was asked for each, and its arrival."""


def plan_series(practice: Practice, diary: Diary, request: SeriesRequest, now: datetime) -> Booking | Refusal:
    """All sessions as visits of one booking, in order, or why there is no series. See `decide_series`."""
    arrivals = decide_series(practice, diary, request, now)
    if isinstance(arrivals, Refusal):
        return arrivals
    return _plan(practice, diary, [(request.trip, at) for at in arrivals], now)


def plan_together(
    practice: Practice, diary: Diary, requests: Sequence[SeriesRequest], now: datetime
) -> tuple[Booking, Sessions] | Refusal:
    """The sessions of several people's series as visits of one booking, and what each visit is of.

    See `decide_together`. The visits stand in the order in which they were decided.
    """
    found = decide_together(practice, diary, requests, now)
    if isinstance(found, NotTogether):
        return found.refusal
    sessions = [(requests[place].trip, at) for place in found.order for at in found.arrivals[place]]
    return _plan(practice, diary, sessions, now), sessions


def _plan(practice: Practice, diary: Diary, sessions: Sessions, now: datetime) -> Booking:
    book = diary
    visits: list[PlannedVisit] = []
    changes: dict[str, Recolouring] = {}
    moved: dict[str, Reassignment] = {}
    for number, (trip, arrives_at) in enumerate(sessions):
        booking = book_opening(practice, around(book, arrives_at), trip, arrives_at, now)
        book = with_booking(book, booking, _name(number), trip.parts[0].series_id)
        visits += booking.visits
        for one in booking.reassignments:
            changes.pop(one.claim_id, None)
            moved[one.claim_id] = _since(moved.get(one.claim_id), one)
        changes |= {change.claim_id: change for change in booking.recolourings}
        for claim_id in moved.keys() & changes.keys():
            moved[claim_id] = replace(moved[claim_id], unit=changes.pop(claim_id).unit)
    return replace(_joined(visits, changes), reassignments=tuple(moved.values()))


def _since(before: Reassignment | None, after: Reassignment) -> Reassignment:
    """Where a claim that moves twice goes, from where it was first."""
    return after if before is None else replace(after, left=before.left)


def _name(number: int) -> str:
    return f"session-{number}"


def _joined(visits: Iterable[PlannedVisit], changes: Mapping[str, Recolouring]) -> Booking:
    """One booking: a session that makes room for a later one is planned on its last unit at once."""
    own: set[str] = set()
    joined = []
    for number, visit in enumerate(visits):
        names = [f"{_name(number)}:0:{index}" for index in range(len(visit.claims))]
        own.update(names)
        claims = zip(names, visit.claims, strict=True)
        joined.append(replace(visit, claims=tuple(replace(c, unit=_unit(changes, name, c)) for name, c in claims)))
    return Booking(tuple(joined), tuple(change for name, change in sorted(changes.items()) if name not in own))


def _unit(changes: Mapping[str, Recolouring], name: str, claim: PlannedClaim) -> int:
    return changes[name].unit if name in changes else claim.unit
