"""The nearest times around a hold, a booking or a move that was refused."""

from collections.abc import Collection

from hub.scheduling.diary import Diary
from hub.scheduling.nearest import FAR_DAYS, NO_TIME_MENDS, Nearest, find_nearest, may_lie_further
from hub.scheduling.request import BookingRequest
from hub.scheduling.scenario.actions import Book, Hold, Move
from hub.scheduling.scenario.changes import booked_entries, move_request
from hub.scheduling.scenario.player import Outcome, Player


def nearest_times(player: Player, action: Book | Hold | Move, reasons: Collection[str]) -> Outcome:
    """Local times before and after the refused one; None where there is none, or where no time mends it."""
    if NO_TIME_MENDS.intersection(reasons):
        return dict(Nearest()._asdict())
    request, diary = _asked(player, action)
    zone = player.scenario.zone_of(request.trip.location_id)
    found = find_nearest(player.scenario, diary, request, player.now)
    if may_lie_further(player.scenario, request, found, player.now):
        found = find_nearest(player.scenario, diary, request, player.now, days=FAR_DAYS)
    return {side: at and at.astimezone(zone) for side, at in found._asdict().items()}


def booking_request(player: Player, action: Book | Hold) -> BookingRequest:
    """The engine's request for a `book` or `hold` that says when."""
    if action.arrives is None:
        raise LookupError("a booking without a hold has an arrival; its model says so")
    return BookingRequest(
        player.trip(action),
        player.instant(action.arrives, player.location(action.location)),
        frozenset(action.override),
        action.reason,
        action.role,
    )


def _asked(player: Player, action: Book | Hold | Move) -> tuple[BookingRequest, Diary]:
    if isinstance(action, Move):
        return move_request(player, booked_entries(player, action.visit), action)
    return booking_request(player, action), player.book.diary()
