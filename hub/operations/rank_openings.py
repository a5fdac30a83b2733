"""Find openings on the practice's own book, in the order in which to offer them."""

from hub.operations.apply_practice import load_practice
from hub.ports import Store
from hub.scheduling.decision import Refusal
from hub.scheduling.ranking import Offer, Wishes
from hub.scheduling.ranking import rank_openings as decide_ranking
from hub.scheduling.request import OpeningsRequest


def rank_openings(store: Store, request: OpeningsRequest, wishes: Wishes) -> tuple[Offer, ...] | Refusal:
    """The openings that `find_openings` gives, best first, each with what it costs; nothing is held.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("rank_openings") as work:
        diary = work.diaries.load(
            first_on=request.first_on,
            last_on=request.last_on,
            patient_ids={part.patient_id for part in request.trip.parts},
            location_id=request.trip.location_id,
        )
        return decide_ranking(load_practice(work), diary, request, wishes, work.now)
