"""Find openings on the practice's own book."""

from hub.operations.apply_practice import practice_of
from hub.ports import Store
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.openings import find_openings as decide_openings
from hub.scheduling.request import OpeningsRequest


def find_openings(store: Store, request: OpeningsRequest) -> Openings | Refusal:
    """Every grid instant at which `book_visit` would not refuse now; nothing is held.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("find_openings") as work:
        look = work.diaries.look(
            first_on=request.first_on,
            last_on=request.last_on,
            patient_ids={part.patient_id for part in request.trip.parts},
            location_id=request.trip.location_id,
        )
        practice = practice_of(look.in_force)
        diary = look.diary(practice.resources_at(request.trip.location_id))
        return decide_openings(practice, diary, request, work.now)
