"""Play `series`: a whole series, or several people's, or nothing."""

from collections.abc import Iterator
from datetime import datetime

from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import book_opening, with_booking
from hub.scheduling.request import Trip
from hub.scheduling.scenario.actions import BookSeries
from hub.scheduling.scenario.clearing import told_booked
from hub.scheduling.scenario.outside import ask_for_booking
from hub.scheduling.scenario.player import Outcome, Player, asked_part, refused
from hub.scheduling.series import SeriesRequest, as_session, decide_series
from hub.scheduling.series_refusal import explain_refusal


def book_series(player: Player, action: BookSeries) -> Outcome:
    """Book the sessions one after another, each as a visit of its own: `s1.1`, `s1.2` …"""
    decided = [(request, found) for request, _, found in _decided(player, action)]
    arrivals: list[datetime] = []
    ids: tuple[str, ...] = ()
    for _, found in decided:
        if isinstance(found, Refusal):
            return refused(found)
    for request, found in decided:
        for arrives_at in found if isinstance(found, tuple) else ():
            booking = book_opening(player.scenario, player.book.diary(), request.trip, arrives_at, player.now)
            ids += player.record(booking, request.trip)
            arrivals.append(arrives_at)
    zone = player.scenario.zone_of(decided[0][0].trip.location_id)

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
    request, diary, _ = list(_decided(player, action))[-1]
    found = explain_refusal(player.scenario, diary, request, player.now)
    zone = player.scenario.zone_of(request.trip.location_id)
    return {
        "patient": request.trip.parts[0].patient_id,
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


def _decided(
    player: Player, action: BookSeries
) -> Iterator[tuple[SeriesRequest, Diary, tuple[datetime, ...] | Refusal]]:
    """Each series with the book it is decided on, the ones before in it, and what was decided; a refusal ends it."""
    diary = player.book.diary()
    for part in action.wanted():
        trip = Trip((asked_part(part),), player.location(action.location), action.channel)
        request = SeriesRequest(as_session(trip, player.new_series()), action.start, action.until, action.sessions)
        found = decide_series(player.scenario, diary, request, player.now)
        yield request, diary, found
        if isinstance(found, Refusal):
            return
        for number, arrives_at in enumerate(found):
            booking = book_opening(player.scenario, diary, request.trip, arrives_at, player.now)
            series_id = request.trip.parts[0].series_id
            diary = with_booking(diary, booking, f"{series_id}:{number}", series_id)
