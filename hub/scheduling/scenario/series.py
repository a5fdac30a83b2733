"""Play `series`: a whole series, or several people's, or nothing."""

from hub.scheduling.foresight import book_opening
from hub.scheduling.request import Trip
from hub.scheduling.scenario.actions import BookSeries
from hub.scheduling.scenario.clearing import told_booked
from hub.scheduling.scenario.outside import ask_for_booking
from hub.scheduling.scenario.player import Outcome, Player, asked_part, refused
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_refusal import explain_refusal
from hub.scheduling.series_together import NotTogether, decide_together


def book_series(player: Player, action: BookSeries) -> Outcome:
    """Book the sessions one after another, each as a visit of its own: `s1.1`, `s1.2` …"""
    requests = _requests(player, action)
    found = decide_together(player.scenario, player.book.diary(), requests, player.now)
    if isinstance(found, NotTogether):
        return refused(found.refusal)
    made: dict[int, tuple[str, ...]] = {}
    for place in found.order:
        trip = requests[place].trip
        made[place] = ()
        for arrives_at in found.arrivals[place]:
            booking = book_opening(player.scenario, player.book.diary(), trip, arrives_at, player.now)
            made[place] += player.record(booking, trip)
    ids = tuple(one for place in range(len(requests)) for one in made[place])
    arrivals = [arrival for its in found.arrivals for arrival in its]
    zone = player.scenario.zone_of(requests[0].trip.location_id)

    def tell() -> Outcome:
        told = {
            **told_booked(player, ids),
            "count": len(ids),
            "arrivals": [arrival.astimezone(zone) for arrival in arrivals],
        }
        told.pop("with")  # each session may have others
        return told

    outcome = ask_for_booking(player, ids, action.channel, tell)
    if not outcome.get("refused"):
        player.name(action.named, ids)
    return outcome


def why_no_series(player: Player, action: BookSeries) -> Outcome:
    """How far the first series goes that finds no place, why not further, and the smallest changes that would do."""
    together = decide_together(player.scenario, player.book.diary(), _requests(player, action), player.now)
    if not isinstance(together, NotTogether):
        return {}
    request = together.request
    found = explain_refusal(player.scenario, together.diary, request, player.now)
    zone = player.scenario.zone_of(request.trip.location_id)
    return {
        "patient": found.patient_id,
        "session": found.session,
        "booked": [arrival.astimezone(zone) for arrival in found.booked],
        "reasons": list(found.reasons),
        "smallest": [
            {
                "lift": list(remedy.codes),
                "sessions": [
                    {"session": one.session, "arrives": one.arrives_at.astimezone(zone), "codes": list(one.codes)}
                    for one in remedy.hurdles
                ],
            }
            for remedy in found.remedies
        ],
    }


def _requests(player: Player, action: BookSeries) -> list[SeriesRequest]:
    """One for each person."""
    trips = (Trip((asked_part(part),), player.location(action.location), action.channel) for part in action.wanted())
    return [
        SeriesRequest(as_session(trip, player.new_series()), action.start, action.until, action.sessions)
        for trip in trips
    ]
