"""The keys a booking locks before it is written, sorted, so that two writers never wait for each other in a ring."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta

from hub.scheduling.decision import Booking, PlannedClaim, PlannedVisit

Key = tuple[str, ...]


def lock_keys(booking: Booking) -> tuple[Key, ...]:
    """`("claim", resource, UTC day)`, `("package", id)`, `("patient", id)`, `("stock", product, location)`, each once.

    A claim that crosses midnight UTC gives both days' keys.
    """
    return tuple(sorted({key for visit in booking.visits for key in _keys_of(visit)}))


def _keys_of(visit: PlannedVisit) -> Iterator[Key]:
    yield ("patient", visit.patient_id)
    if visit.package_id is not None:
        yield ("package", visit.package_id)
    for promise in visit.promises:
        yield ("stock", promise.product_id, promise.location_id)
    for claim in visit.claims:
        for day in _utc_days(claim):
            yield ("claim", claim.resource_id, day.isoformat())


def _utc_days(claim: PlannedClaim) -> Iterator[date]:
    day = claim.start_at.astimezone(UTC).date()
    last = (claim.end_at.astimezone(UTC) - timedelta(microseconds=1)).date()
    while day <= last:
        yield day
        day += timedelta(days=1)
