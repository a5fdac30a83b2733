"""Hold a trip for a while: it takes time, stock and credit like a booking, until its end comes or it is booked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.canonical.practice import Practice
from hub.operations.book_under_locks import book_under_locks
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, note_one
from hub.ports import Store
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.request import BookingRequest


@dataclass(frozen=True, slots=True)
class Held:
    """It is there while now is before `expires_at`."""

    hold_id: str
    """For `book_hold`."""
    expires_at: datetime
    booking: Booking


def hold_visit(store: Store, request: BookingRequest, *, actor: str) -> Held | Refusal:
    """Hold for the policy's `hold_minutes`, or say every reason why not; a refusal changes nothing.

    No other system is told. The arguments and errors are those of `book_visit`.
    """
    with store.begin("hold_visit", in_turn=True) as work:

        def write(practice: Practice, booking: Booking) -> tuple[str, datetime]:
            today = practice.date_at(work.now, request.trip.location_id)
            expires_at = work.now + timedelta(minutes=practice.policy_on(today).hold_minutes)
            return work.holds.save(booking, request.trip, expires_at, booked_on=today), expires_at

        made = book_under_locks(work, request, write, promises=False)
        if isinstance(made, Refusal):
            return made
        booking, (hold_id, expires_at) = made.booking, made.written
        data = {"expires_at": expires_at.isoformat(), "channel": request.trip.channel}
        detail = {"overridden": list(booking.overridden)}
        note = Note("visit_held", "hold_visit", actor, request.role, request.reason, data, detail)
        note_one(work, hold_id, request.trip.parts[0].patient_id, note)
        note_made_way(work, booking, actor=actor)
        return Held(hold_id, expires_at, booking)
