"""Play the actions that ask and book: find, hold, book; and send every action to whoever plays it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.openings import find_openings
from hub.scheduling.request import OpeningsRequest
from hub.scheduling.scenario.actions import ActionEntry, Book, Find, Hold
from hub.scheduling.scenario.book import State
from hub.scheduling.scenario.changes import cancel, complete, go_away, miss, move
from hub.scheduling.scenario.clearing import check_in, sign, tell_clearances, told_booked, withdraw
from hub.scheduling.scenario.idle import find_idle
from hub.scheduling.scenario.nearness import booking_request, nearest_times
from hub.scheduling.scenario.offering import rank
from hub.scheduling.scenario.outside import ask_for_booking, reconcile, set_payment, set_vendor
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.scenario.relying import relying_on
from hub.scheduling.scenario.repairing import repair
from hub.scheduling.scenario.running import finish, run_late, run_over
from hub.scheduling.scenario.series import book_series, why_no_series
from hub.scheduling.scenario.stockroom import (
    count_lot,
    explain,
    note_lapsed,
    open_vial,
    receive_stock,
    tell_ledger,
    tell_reorders,
    waste,
)
from hub.scheduling.scenario.waiting import join_waitlist, move_clock, serve_waitlist, settle_waitlist, tell_offers
from hub.scheduling.scenario.waiving import waive

FREEING = frozenset({"cancel", "move", "repair", "late", "over", "finish", "reconcile"})
"""What may free a time that somebody waits for, beside holds and offers that expire."""


def play(player: Player, entry: ActionEntry) -> Outcome:
    """What comes out of one action; with `refused` in it when it was refused."""
    action = getattr(entry, entry.kind)
    before = player.book.diary()
    outcome = PLAYS[entry.kind](player, action)
    if entry.expect is not None and entry.expect.nearest is not None and outcome.get("refused"):
        outcome["nearest"] = nearest_times(player, action, outcome["refused"])
    if entry.expect is not None and entry.expect.why is not None and outcome.get("refused") == ["no_series"]:
        outcome["why"] = why_no_series(player, action)
    if entry.expect is not None and entry.expect.relying is not None and outcome["ok"]:
        outcome["relying"] = relying_on(player, action)
    if entry.kind in FREEING:
        serve_waitlist(player, before)
    settle_waitlist(player)
    note_lapsed(player)
    if entry.expect is not None and entry.expect.stock is not None:
        outcome["stock"] = player.stock(_place_of(player, action))
    return outcome


def _place_of(player: Player, action: object) -> str:
    """Where an action takes place: where it says, or where the visit or hold is that it names, or the first."""
    named = getattr(action, "visit", None) or getattr(action, "hold", None)
    visits = [entry.visit for entry in player.entries(named)] if named else []
    place: str | None = getattr(action, "location", None)
    return place or next((visit.location_id for visit in visits if visit), player.location(None))


def openings_request(player: Player, action: Find) -> OpeningsRequest:
    """The engine's request for a `find`."""
    return OpeningsRequest(player.trip(action), action.from_on, action.until_on)


def _find(player: Player, action: Find) -> Outcome:
    found = find_openings(player.scenario, player.book.diary(), openings_request(player, action), player.now)
    if isinstance(found, Refusal):
        return refused(found)
    zone = player.scenario.zone_of(player.location(action.location))
    openings = [arrival.astimezone(zone) for arrival in found.arrivals]
    first = openings[0] if openings else None
    outcome = {"ok": True, "openings": openings, "first": first, "count": len(openings), "none": not openings}
    ranked = rank(player, openings_request(player, action), action) if action.ranked else {}
    return ranked if ranked.get("refused") else outcome | ranked


def _hold(player: Player, action: Hold) -> Outcome:
    request = booking_request(player, action)
    decision = decide_booking(player.scenario, player.book.diary(), request, player.now)
    if isinstance(decision, Refusal):
        return refused(decision)
    ids = player.record(decision, request.trip, player.hold_end(request.trip.location_id))
    player.name(action.named, ids)
    player.channels |= dict.fromkeys(ids, action.channel)
    return player.told(ids)


def _book(player: Player, action: Book) -> Outcome:
    asked = action.model_dump(exclude={"named", "key"})
    if action.key is not None and action.key in player.keys:
        earlier, outcome, ids = player.keys[action.key]
        if earlier != asked:
            return refused("key_reused")
        player.name(action.named, ids)
        return dict(outcome)
    deadline_at = _hold_end(player, action.hold)
    found = _turn_hold(player, action.hold) if action.hold is not None else _decide(player, action)
    if isinstance(found, Refusal):
        return refused(found)
    ids, key = found, action.key
    channel = player.channels.get(ids[0], action.channel)

    def tell() -> Outcome:
        outcome = told_booked(player, ids)
        if key is not None:
            player.keys[key] = (asked, dict(outcome), ids)
        return outcome

    outcome = ask_for_booking(player, ids, channel, tell, deadline_at)
    if not outcome.get("refused"):
        player.name(action.named, ids)
    if key is not None and outcome.get("undecided"):
        player.keys[key] = (asked, dict(outcome), ids)
    return outcome


def _hold_end(player: Player, name: str | None) -> datetime | None:
    """When the hold that is booked is over; None: none is."""
    return next((entry.expires_at for entry in player.entries(name)), None) if name is not None else None


def _turn_hold(player: Player, name: str) -> tuple[str, ...] | Refusal:
    entries = player.entries(name)
    if not entries or any(entry.state is not State.HELD for entry in entries):
        return Refusal(("hold_expired",))
    player.book.write(replace(entry, state=State.BOOKED, expires_at=None) for entry in entries)
    return tuple(entry.id for entry in entries)


def _decide(player: Player, action: Book) -> tuple[str, ...] | Refusal:
    request = booking_request(player, action)
    decision = decide_booking(player.scenario, player.book.diary(), request, player.now)
    return decision if isinstance(decision, Refusal) else player.record(decision, request.trip)


PLAYS: dict[str, Callable[[Player, Any], Outcome]] = {
    "find": _find,
    "hold": _hold,
    "book": _book,
    "move": move,
    "cancel": cancel,
    "clock": move_clock,
    "complete": complete,
    "no_show": miss,
    "away": go_away,
    "repair": repair,
    "series": book_series,
    "waitlist": join_waitlist,
    "offers": tell_offers,
    "gaps": find_idle,
    "late": run_late,
    "over": run_over,
    "finish": finish,
    "sign": sign,
    "withdraw": withdraw,
    "clearances": tell_clearances,
    "check_in": check_in,
    "waive": waive,
    "open": open_vial,
    "receive": receive_stock,
    "waste": waste,
    "count": count_lot,
    "explain": explain,
    "ledger": tell_ledger,
    "reorders": tell_reorders,
    "vendor": set_vendor,
    "payment": set_payment,
    "reconcile": reconcile,
}
