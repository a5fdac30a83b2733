"""Find openings on the practice's own book, in the order in which to offer them."""

from hub.operations.look_at_book import look_at_book
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
    with store.look() as work:
        seen = look_at_book(work, request.trip, request.first_on, request.last_on)
        return decide_ranking(seen.practice, seen.diary, request, wishes, work.now)
