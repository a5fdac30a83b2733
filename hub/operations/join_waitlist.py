"""Wait for a time to be freed, and stop waiting."""

from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import load_practice
from hub.operations.note_visits import Note
from hub.operations.note_waitlist import note_entry
from hub.ports import Store
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.decision import Refusal
from hub.scheduling.request import OpeningsRequest
from hub.scheduling.standing import refuse_unknown


def join_waitlist(store: Store, request: OpeningsRequest, *, actor: str) -> WaitlistEntry | Refusal:
    """Wait behind all who wait already; what is open today is no reason for an offer.

    Refused where no time could ever do: `unknown_service`, `unknown_patient`, `unknown_resource`.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared, or the last date is before the first.
        NeedsAttention: no practice file is in force.
    """
    if request.last_on < request.first_on:
        raise InvalidInput(Problem("the last date is before the first", field="until"))
    with store.begin("join_waitlist") as work:
        diary = work.diaries.load(
            first_on=request.first_on,
            last_on=request.first_on,
            patient_ids={part.patient_id for part in request.trip.parts},
            location_id=request.trip.location_id,
        )
        refusal = refuse_unknown(load_practice(work), diary, request.trip)
        if refusal is not None:
            return refusal
        entry = work.waitlist.join(request)
        note_entry(work, entry, Note("waitlist_joined", "join_waitlist", actor))
        return entry


def leave_waitlist(store: Store, entry_id: str, *, actor: str) -> WaitlistEntry | None:
    """Stop waiting; a time that was offered stays held until its end. None: nobody of that id waits."""
    with store.begin("leave_waitlist") as work:
        entry = work.waitlist.leave(entry_id)
        if entry is not None:
            note_entry(work, entry, Note("waitlist_left", "leave_waitlist", actor))
        return entry
