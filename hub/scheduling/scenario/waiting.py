"""Play the waitlist, and time passing: what expires frees a time, which is offered to the first who can use it."""

from datetime import datetime, timedelta

from hub.scheduling.diary import Diary
from hub.scheduling.foresight import book_opening
from hub.scheduling.request import OpeningsRequest
from hub.scheduling.scenario.actions import Offers, Waitlist
from hub.scheduling.scenario.book import State
from hub.scheduling.scenario.player import Outcome, Player, Waiter, refused
from hub.scheduling.standing import refuse_unknown
from hub.scheduling.waitlist import find_freed_opening


def join_waitlist(player: Player, action: Waitlist) -> Outcome:
    """Wait for a freed time on those dates; what is open already is no reason for an offer."""
    trip = player.trip(action)
    refusal = refuse_unknown(player.scenario, player.book.diary(), trip)
    if refusal is not None:
        return refused(refusal)
    player.name(action.named, ())
    player.waiting.append(Waiter(OpeningsRequest(trip, action.from_on, action.until_on), action.named))
    return {"ok": True}


def tell_offers(player: Player, _action: Offers) -> Outcome:
    """Who has a freed time offered, in the order of joining."""
    offered = [waiter for waiter in player.waiting if waiter.offer]
    patients = dict.fromkeys(part.patient_id for waiter in offered for part in waiter.request.trip.parts)
    return {"ok": True, "patients": list(patients)}


def move_clock(player: Player, to: datetime) -> Outcome:
    """Let time pass, and everything that expires on the way expire at its own moment."""
    _pass_time(player, player.instant(to, None))
    return {"ok": True}


def settle_waitlist(player: Player) -> None:
    """Take off the list who has booked their offer or let it expire; whatever lasts no time is over at once."""
    _pass_time(player, player.now)
    _strike_off(player)


def serve_waitlist(player: Player, before: Diary) -> None:
    """Offer what is open now and was not `before`, to one after the other in the order of joining."""
    for waiter in player.waiting:
        if not waiter.offer:
            _offer(player, before, waiter)


def _pass_time(player: Player, to: datetime) -> None:
    """What expires at one moment is gone together; the offers this leads to may expire on the way, too."""
    while (moment := player.book.next_expiry()) is not None and moment <= to:
        player.now = max(player.now, moment)
        before = player.book.diary()
        player.book.expire(player.now)
        _strike_off(player)
        serve_waitlist(player, before)
    player.now = to


def _strike_off(player: Player) -> None:
    player.waiting = [waiter for waiter in player.waiting if not waiter.offer or _is_held(player, waiter.offer)]


def _is_held(player: Player, offer: tuple[str, ...]) -> bool:
    entries = [player.book.entries.get(entry_id) for entry_id in offer]
    return all(entry is not None and entry.state is State.HELD for entry in entries)


def _offer(player: Player, before: Diary, waiter: Waiter) -> None:
    practice, after, request = player.scenario, player.book.diary(), waiter.request
    arrives_at = find_freed_opening(practice, before, after, request, player.now)
    if arrives_at is None:
        return
    booking = book_opening(practice, after, request.trip, arrives_at, player.now)
    until = player.now + timedelta(minutes=player.policy(request.trip.location_id).offer_minutes)
    waiter.offer = player.record(booking, request.trip, until)
    player.name(waiter.named, waiter.offer)
