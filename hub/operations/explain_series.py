"""Say why a series finds no place on the practice's own book, and the smallest change that would do."""

from dataclasses import replace

from hub.operations.apply_practice import load_practice
from hub.ports import Store
from hub.scheduling.lifting import latest_end
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_refusal import SeriesObstacle, explain_refusal
from hub.scheduling.series_together import NotTogether, decide_together


def explain_series(store: Store, *requests: SeriesRequest) -> SeriesObstacle:
    """Of what `book_series` refuses with `no_series`; changes nothing. Takes seconds: ask when somebody wants to know.

    Of several people's it is about the first in their order who finds none beside those before.

    Raises:
        InvalidInput: as `book_series`.
        NeedsAttention: no practice file is in force.
    """
    asked = [replace(one, trip=as_session(one.trip, f"series-{n}")) for n, one in enumerate(requests)]
    with store.begin("explain_series") as work:
        practice = load_practice(work)
        diary = work.diaries.load(
            first_on=min(one.start_on for one in asked),
            last_on=max(latest_end(practice, one) for one in asked),
            patient_ids={part.patient_id for one in asked for part in one.trip.parts},
            location_id=asked[0].trip.location_id,
        )
        now = work.now
    found = decide_together(practice, diary, asked, now)
    refused, book = (found.request, found.diary) if isinstance(found, NotTogether) else (asked[0], diary)
    return explain_refusal(practice, book, refused, now)
