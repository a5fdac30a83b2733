"""The keys a writer locks before it writes, sorted, so that two writers never wait for each other in a ring.

`("claim", resource, UTC day)`, `("package", id)`, `("patient", id)`, `("stock", product, location)`, and for what is
changed or settled `("visit", id)` or `("block", id)`. A claim that crosses midnight UTC has both days' keys.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from hub.scheduling.decision import Booking, PlannedVisit

Key = tuple[str, ...]


def lock_keys(booking: Booking) -> tuple[Key, ...]:
    """All that the booking takes and all that makes way for it, each key once."""
    keys = {key for visit in booking.visits for key in _keys_of(visit)}
    for one in booking.recolourings:
        keys |= time_keys("resource", one.resource_id, one.start_at, one.end_at)
    for moved in booking.reassignments:
        keys.add(("visit", moved.visit_id))
        for resource_id in (moved.left, moved.resource_id):
            keys |= time_keys("resource", resource_id, moved.start_at, moved.end_at)
    return tuple(sorted(keys))


def time_keys(owner_kind: str, owner_id: str, start_at: datetime, end_at: datetime) -> frozenset[Key]:
    """Of time that a resource or a patient is taken for."""
    last_at = end_at.astimezone(UTC) - timedelta(microseconds=1)
    return day_keys(owner_kind, owner_id, start_at.astimezone(UTC).date(), last_at.date())


def day_keys(owner_kind: str, owner_id: str, first_on: date, last_on: date) -> frozenset[Key]:
    """The same for UTC days, both counted. A patient has one key for all days."""
    if owner_kind == "patient":
        return frozenset({("patient", owner_id)})
    days = (first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1))
    return frozenset(("claim", owner_id, day.isoformat()) for day in days)


def _keys_of(visit: PlannedVisit) -> Iterator[Key]:
    yield ("patient", visit.patient_id)
    if visit.package_id is not None:
        yield ("package", visit.package_id)
    for promise in visit.promises:
        yield ("stock", promise.product_id, promise.location_id)
    for claim in visit.claims:
        yield from time_keys("resource", claim.resource_id, claim.start_at, claim.end_at)
