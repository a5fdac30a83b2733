"""Find the nearest times that would work, on the practice's own book."""

from hub.operations.apply_practice import load_practice
from hub.ports import Store
from hub.scheduling.nearest import Nearest, dates_around
from hub.scheduling.nearest import find_nearest as decide_nearest
from hub.scheduling.request import BookingRequest


def find_nearest(store: Store, request: BookingRequest) -> Nearest:
    """The nearest times before and after the request's at which `book_visit` would not refuse now; nothing is held.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("find_nearest") as work:
        practice = load_practice(work)
        first_on, last_on = dates_around(practice, request, work.now)
        diary = work.diaries.load(
            first_on=first_on,
            last_on=last_on,
            patient_ids={part.patient_id for part in request.trip.parts},
            location_id=request.trip.location_id,
        )
        return decide_nearest(practice, diary, request, work.now)
