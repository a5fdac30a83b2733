"""Say why a series finds no place on the practice's own book, and the smallest change that would do."""

from dataclasses import replace

from hub.operations.apply_practice import load_practice
from hub.ports import Store
from hub.scheduling.lifting import latest_end
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_refusal import SeriesObstacle, explain_refusal


def explain_series(store: Store, request: SeriesRequest) -> SeriesObstacle:
    """Of what `book_series` refuses with `no_series`; changes nothing. Takes seconds: ask when somebody wants to know.

    Raises:
        InvalidInput: as `book_series`.
        NeedsAttention: no practice file is in force.
    """
    asked = replace(request, trip=as_session(request.trip, "series"))
    with store.begin("explain_series") as work:
        practice = load_practice(work)
        diary = work.diaries.load(
            first_on=asked.start_on,
            last_on=latest_end(practice, asked),
            patient_ids={part.patient_id for part in asked.trip.parts},
            location_id=asked.trip.location_id,
        )
        now = work.now
    return explain_refusal(practice, diary, asked, now)
