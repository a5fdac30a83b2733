"""The guard of calendars that somebody else owns: whoever does not ask the vendor promises nothing there."""

from collections.abc import Iterable

from hub.canonical.practice import Practice
from hub.errors import NeedsAttention, Problem


def require_own_calendar(practice: Practice, location_ids: Iterable[str]) -> None:
    """Make sure that nobody but the hub has a say in these calendars.

    Raises:
        NeedsAttention: a vendor owns one of them.
    """
    for location_id in location_ids:
        vendor = practice.vendor_of(location_id)
        if vendor is not None:
            message = f"{vendor} owns the calendar of {location_id!r}, and this change does not ask it"
            hint = "Do it there, and the next pull brings it; or give the calendar to the hub (`authority: hub`)"
            raise NeedsAttention(Problem(message, code="vendor_calendar", hint=hint))
