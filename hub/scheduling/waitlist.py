"""The waitlist: what a freed time means to one who waits. Whoever keeps the list asks in the order of joining."""

from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.request import OpeningsRequest


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
