"""Find openings on the practice's own book."""

from hub.operations.look_at_book import look_at_book
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
    with store.look() as work:
        seen = look_at_book(work, request.trip, request.first_on, request.last_on)
        return decide_openings(seen.practice, seen.diary, request, work.now)
