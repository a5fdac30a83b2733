"""Play `series`: a whole series, or nothing."""

from hub.scheduling.decision import Refusal
from hub.scheduling.foresight import book_opening
from hub.scheduling.scenario.actions import BookSeries
from hub.scheduling.scenario.clearing import told_booked
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.series import SeriesRequest, as_session, decide_series


def book_series(player: Player, action: BookSeries) -> Outcome:
    """Book the sessions one after another, each as a visit of its own: `s1.1`, `s1.2` …"""
    trip = as_session(player.trip(action), player.new_series())
    request = SeriesRequest(trip, action.start, action.until, action.sessions)
    arrivals = decide_series(player.scenario, player.book.diary(), request, player.now)
    if isinstance(arrivals, Refusal):
        return refused(arrivals)
    ids: tuple[str, ...] = ()
    for arrives_at in arrivals:
        booking = book_opening(player.scenario, player.book.diary(), trip, arrives_at, player.now)
        ids += player.record(booking, trip)
    player.name(action.named, ids)
    zone = player.scenario.zone_of(trip.location_id)
    outcome = {
        **told_booked(player, ids),
        "count": len(ids),
        "arrivals": [arrival.astimezone(zone) for arrival in arrivals],
    }
    outcome.pop("with")  # each session may have others
    return outcome
