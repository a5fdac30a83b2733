"""The waitlist: what a freed time means to one who waits. Whoever keeps the list asks in the order of joining."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit, Promise
from hub.scheduling.openings import find_openings
from hub.scheduling.request import OpeningsRequest

_NEAR = timedelta(days=3)


def find_freed_opening(
    practice: Practice, before: Diary, after: Diary, request: OpeningsRequest, now: datetime
) -> datetime | None:
    """The earliest opening of `after` that `before` did not have, both seen at `now`; None: there is none.

    Hold it (`decide_booking` on `after`) before the next in the order of joining is asked, with the hold in `after`.
    """
    found = _openings(practice, after, request, now)
    if not found:
        return None
    known = frozenset(_openings(practice, before, request, now))
    return next((arrival for arrival in found if arrival not in known), None)


def _openings(practice: Practice, diary: Diary, request: OpeningsRequest, now: datetime) -> tuple[datetime, ...]:
    found: Openings | Refusal = find_openings(practice, diary, request, now)
    return () if isinstance(found, Refusal) else found.arrivals


@dataclass(frozen=True, slots=True)
class Freed:
    """What visits and holds gave up in one go, and what they take instead (a visit that was moved)."""

    owners: frozenset[str]
    """The ids of the visits and holds."""
    claims: tuple[BusyClaim, ...] = ()
    promises: tuple[Promise, ...] = ()
    credits: tuple[str, ...] = ()
    """A package's id for each."""
    visits: tuple[PatientVisit, ...] = ()
    """As they stood."""
    claims_now: frozenset[str] = frozenset()
    """The ids of the claims that they have now."""
    promises_now: tuple[Promise, ...] = ()
    credits_now: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given up that anybody could want."""
        return not (self.claims or self.promises or self.credits or self.visits)

    def may_matter(self, request: OpeningsRequest) -> bool:
        """Whether it could open a time for this request; no means no, yes may mean no."""
        first = datetime.combine(request.first_on, time.min, UTC) - _NEAR
        last = datetime.combine(request.last_on, time.min, UTC) + _NEAR
        patients = {part.patient_id for part in request.trip.parts}
        packages = {part.package_id for part in request.trip.parts}
        return (
            any(claim.start_at < last and first < claim.end_at for claim in self.claims)
            or any(promise.location_id == request.trip.location_id for promise in self.promises)
            or not packages.isdisjoint(self.credits)
            or any(visit.patient_id in patients for visit in self.visits)
        )


def before_freed(diary: Diary, freed: Freed) -> Diary:
    """The diary as if it had not been given up: everything else stands as it does now."""
    spent = Counter(freed.credits)
    spent.subtract(freed.credits_now)
    return replace(
        diary,
        claims=(*(claim for claim in diary.claims if claim.id not in freed.claims_now), *freed.claims),
        visits=(*(visit for visit in diary.visits if visit.id not in freed.owners), *freed.visits),
        promises=(
            *diary.promises,
            *freed.promises,
            *(replace(promise, quantity=-promise.quantity) for promise in freed.promises_now),
        ),
        packages=tuple(
            replace(package, credits_left=package.credits_left - spent[package.id]) for package in diary.packages
        ),
    )
