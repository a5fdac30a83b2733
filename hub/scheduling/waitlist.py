"""The waitlist: what a freed time means to one who waits. Whoever keeps the list asks in the order of joining."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit, Promise, taken_off
from hub.scheduling.openings import find_openings
from hub.scheduling.protocol import candidates, reach_of
from hub.scheduling.request import OpeningsRequest, Part, Trip


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


def narrowed(
    practice: Practice, freed: Freed, request: OpeningsRequest, now: datetime, *, may_make_way: bool = True
) -> OpeningsRequest | None:
    """The request on those of its dates on which what was freed could open a time; None: on none of them.

    Freed time opens arrivals near it, and only for whom the resource could serve; unless others `may_make_way`, who
    could go there. Stock, credit and a patient's own visit may matter on any date.
    """
    trip = request.trip
    if not _is_declared(practice, trip) or _is_about(practice, freed, trip):
        return request
    able = None if may_make_way else _able(practice, trip)
    near = [one for one in freed.claims if one.end_at > now and (able is None or one.resource_id in able)]
    if not near:
        return None
    zone = practice.zone_of(trip.location_id)
    reach = timedelta(minutes=reach_of(practice, trip))
    first = (min(one.start_at for one in near) - reach).astimezone(zone).date()
    last = (max(one.end_at for one in near) + reach).astimezone(zone).date()
    within = replace(request, first_on=max(request.first_on, first), last_on=min(request.last_on, last))
    return within if within.first_on <= within.last_on else None


def _is_declared(practice: Practice, trip: Trip) -> bool:
    """Whether the practice file still knows all that was asked for; whoever asks on is told what not."""

    def knows(part: Part) -> bool:
        service = practice.find_service(part.service_id)
        return (
            service is not None
            and (part.option_id is None or service.option(part.option_id) is not None)
            and part.resources.keys() <= set(service.names)
        )

    return practice.find_location(trip.location_id) is not None and all(map(knows, trip.parts))


def _is_about(practice: Practice, freed: Freed, trip: Trip) -> bool:
    """Whether stock that the trip uses, its package's credit or a visit of its patients was given up."""
    patients = {part.patient_id for part in trip.parts}
    packages = {part.package_id for part in trip.parts}
    services = [practice.find_service(part.service_id) for part in trip.parts]
    listed = (one for one in services if one is not None)
    used = {use.product for one in listed for its in (one.uses, *(o.uses or () for o in one.options)) for use in its}
    return (
        any(one.location_id == trip.location_id and one.product_id in used for one in freed.promises)
        or not packages.isdisjoint(freed.credits)
        or any(visit.patient_id in patients for visit in freed.visits)
    )


def _able(practice: Practice, trip: Trip) -> frozenset[str]:
    """Who may fill a name of the trip."""
    names = ((part, name) for part in trip.parts for name in _names(practice, part.service_id))
    return frozenset(one.id for part, name in names for one in candidates(practice, trip, part, name))


def _names(practice: Practice, service_id: str) -> tuple[str, ...]:
    service = practice.find_service(service_id)
    return service.names if service is not None else ()


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
            *(taken_off(promise) for promise in freed.promises_now),
        ),
        packages=tuple(
            replace(package, credits_left=package.credits_left - spent[package.id]) for package in diary.packages
        ),
    )
