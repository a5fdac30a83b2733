"""The nearest times before and after one that was refused, found by the engine that refused it."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from hub.canonical.practice import Practice
from hub.canonical.wall import LAST_DATE
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest

DAYS = 14
"""How many local dates on either side are looked at first."""
FAR_DAYS = 90
"""How many where a side has none: sessions of a course lie weeks apart."""
NO_TIME_MENDS = frozenset(
    {
        *("unknown_service", "unknown_patient", "unknown_resource", "key_reused", "reason_missing"),
        *("hold_expired", "not_booked", "not_begun", "already_arrived"),
        *("vendor_unavailable", "payment_declined", "undecided_change", "two_calendars"),
    }
)
"""Refusals that another time does not turn into a booking."""


class Nearest(NamedTuple):
    """Arrival instants in UTC on the grid, at which the trip breaks no rule; None: not within the days looked at."""

    before: datetime | None = None
    """The last one before the time asked for."""
    after: datetime | None = None
    """The first one after it."""


def find_nearest(
    practice: Practice, diary: Diary, request: BookingRequest, now: datetime, *, days: int = DAYS
) -> Nearest:
    """The times on both sides of the request's at which `decide_booking` accepts the trip, nothing passed over.

    The diary holds what `find_openings` needs for `dates_around`. Never before `now`.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
    """
    if request.is_flexible:
        request = request.freely()
    first, last = dates_around(practice, request, now, days=days)
    found = find_openings(practice, diary, OpeningsRequest(request.trip, first, last), now)
    if isinstance(found, Refusal):
        return Nearest()
    earlier = [arrival for arrival in found.arrivals if arrival < request.arrives_at]
    later = (arrival for arrival in found.arrivals if arrival > request.arrives_at)
    return Nearest(earlier[-1] if earlier else None, next(later, None))


def may_lie_further(practice: Practice, request: BookingRequest, found: Nearest, now: datetime) -> bool:
    """Whether a side on which `DAYS` have none could have one beyond them."""
    today = now.astimezone(practice.zone_of(request.trip.location_id)).date()
    return found.after is None or (found.before is None and dates_around(practice, request, now)[0] > today)


def dates_around(practice: Practice, request: BookingRequest, now: datetime, *, days: int = DAYS) -> tuple[date, date]:
    """The first and last local date looked at: so many days on both sides, those gone by left out.

    Of a time long gone the days from today on. Of a location that is not declared the practice's zone decides.
    """
    zone = practice.zone_of(request.trip.location_id)
    asked = request.arrives_at.astimezone(zone).date()
    today = now.astimezone(zone).date()
    margin = timedelta(days=days)
    return max(today, asked - margin), min(max(today, asked) + margin, LAST_DATE)
