"""Play the actions that change what is booked: move, cancel, complete, no-show; and somebody being away."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from hub.canonical.practice import PROVIDER, Stretch
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import PlannedVisit, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.fees import is_in_window, no_show_share, window_share
from hub.scheduling.ledger import Movement, lots_after
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.scheduling.scenario.actions import Away, Cancel, Complete, Move, NoShow
from hub.scheduling.scenario.book import BookEntry, State, entry_of
from hub.scheduling.scenario.clearing import needs_check_in, told_booked
from hub.scheduling.scenario.outside import ask_to_cancel, ask_to_move, is_awaited
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.scenario.waiving import end_entries
from hub.scheduling.standing import refuse_two_calendars
from hub.scheduling.treatments import Treatment, plan_use


def cancel(player: Player, action: Cancel) -> Outcome:
    """Call off what is still booked of a visit or trip."""
    entries = booked_entries(player, action.visit)
    if not entries:
        return refused("not_booked")
    shares = [
        window_share(player.accepted(entry).cancellation, _fee_arrival(entry), player.now)
        if action.by == "patient"
        else Decimal()
        for entry in entries
    ]
    if is_awaited(player, entries):
        return refused("undecided_change")
    return ask_to_cancel(player, entries, lambda: end_entries(player, entries, shares, State.CANCELLED, action))


def miss(player: Player, action: NoShow) -> Outcome:
    """The patient did not come."""
    entries = booked_entries(player, action.visit)
    if not entries:
        return refused("not_booked")
    if _has_arrived(entries):
        return refused("already_arrived")
    if any(_arrival(entry) > player.now for entry in entries):
        return refused("not_begun")
    shares = [no_show_share(player.accepted(entry).cancellation) for entry in entries]
    return end_entries(player, entries, shares, State.NO_SHOW, action)


def move(player: Player, action: Move) -> Outcome:
    """Another time, judged as if the visit were not there."""
    entries = booked_entries(player, action.visit)
    if not entries:
        return refused("not_booked")
    if _has_arrived(entries):
        return refused("already_arrived")
    if is_awaited(player, entries):
        return refused("undecided_change")
    request, rest = move_request(player, entries, action)
    places = {entry.visit.location_id for entry in entries if entry.visit is not None}
    if refusal := refuse_two_calendars(player.scenario, {request.trip.location_id, *places}):
        return refused(refusal)
    decision = decide_booking(player.scenario, rest, request, player.now)
    if isinstance(decision, Refusal):
        return refused(decision)
    planned = zip(entries, decision.visits, request.trip.parts, strict=True)
    passed_over = frozenset(decision.overridden)
    moved = [_moved(player, entry, visit, part, passed_over) for entry, visit, part in planned]
    ids = tuple(entry.id for entry in entries)
    return ask_to_move(player, entries, decision, moved, lambda: told_booked(player, ids))


def move_request(player: Player, entries: list[BookEntry], action: Move) -> tuple[BookingRequest, Diary]:
    """What a move asks for, and the book as if they were not there."""
    trip = _trip_of(entries, action)
    arrives_at = player.instant(action.arrives, trip.location_id)
    override, is_flexible = frozenset(action.override), action.resources is None
    request = BookingRequest(trip, arrives_at, override, action.reason, action.role, is_flexible)
    return request, player.book.without({entry.id for entry in entries})


def complete(player: Player, action: Complete) -> Outcome:
    """The visit took place: take what was used out of the lots and end the promise."""
    entries = booked_entries(player, action.visit)
    if not entries:
        return refused("not_booked")
    if any(_arrival(entry) > player.now for entry in entries):
        return refused("not_begun")
    if any(needs_check_in(player, entry) for entry in entries):
        return refused("not_arrived")
    movements: tuple[Movement, ...] = ()
    for number, entry in enumerate(entries):
        given = _given(action) if number == 0 else {}
        drawn = _used_up(player, movements, entry, given if action.used is not None else _promised(entry))
        if drawn is None:
            return refused("no_stock")
        movements += drawn
    player.book.move_stock(movements)
    player.book.write(replace(entry, state=State.COMPLETED) for entry in entries)
    return {"ok": True}


def go_away(player: Player, action: Away) -> Outcome:
    """A resource is gone for a while; what is booked with it stays."""
    if player.scenario.find_resource(action.resource) is None:
        return refused("unknown_resource")
    stretch = Stretch.model_construct(starts=action.starts, ends=action.ends)
    resources = tuple(
        resource.model_copy(update={"away": (*resource.away, stretch)}) if resource.id == action.resource else resource
        for resource in player.scenario.resources
    )
    player.change_practice(resources=resources)
    return {"ok": True}


def booked_entries(player: Player, name: str) -> list[BookEntry]:
    """What is still booked of what the name stands for."""
    return [entry for entry in player.entries(name) if entry.state.is_to_come]


def _has_arrived(entries: list[BookEntry]) -> bool:
    return any(entry.state is State.ARRIVED for entry in entries)


def _moved(player: Player, entry: BookEntry, visit: PlannedVisit, part: Part, passed_over: frozenset[str]) -> BookEntry:
    """The entry at its new time; what was paid ahead stays paid."""
    fee_from = _kept_fee_arrival(player, entry)
    there = entry_of(visit, entry.id, part, entry.policy)
    overridden = entry.overridden | passed_over
    return replace(there, trip_id=entry.trip_id, owed=entry.owed, fee_from=fee_from, overridden=overridden)


def _trip_of(entries: list[BookEntry], action: Move) -> Trip:
    first = entries[0]
    if first.visit is None:
        raise LookupError("a block is not moved; the checks say so")
    parts = tuple(_asked_again(entry, action.resources) for entry in entries)
    together = len(entries) > 1 and len({_arrival(entry) for entry in entries}) == 1
    return Trip(parts, action.location or first.visit.location_id, action.channel, together)


def _asked_again(entry: BookEntry, resources: Mapping[str, str] | None) -> Part:
    if entry.part is None:
        raise LookupError("a visit has a part; only blocks have none")
    names = {name for name, _ in entry.resources}
    asked = entry.part.resources if resources is None else {n: r for n, r in resources.items() if n in names}
    return replace(entry.part, resources=asked)


def _arrival(entry: BookEntry) -> datetime:
    if entry.visit is None:
        raise LookupError("a block does not arrive")
    return entry.visit.arrives_at


def _fee_arrival(entry: BookEntry) -> datetime:
    return entry.fee_from or _arrival(entry)


def _kept_fee_arrival(player: Player, entry: BookEntry) -> datetime | None:
    """A visit moved inside a window keeps the arrival it had for the fee."""
    before = _fee_arrival(entry)
    return before if is_in_window(player.accepted(entry).cancellation, before, player.now) else None


def _given(action: Complete) -> dict[str, Decimal]:
    """What was used by the action's list; a product may stand in it more than once."""
    found: dict[str, Decimal] = {}
    for used in action.used or ():
        found[used.product] = found.get(used.product, Decimal()) + used.quantity
    return found


def _promised(entry: BookEntry) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for promise in entry.promises:
        found[promise.product_id] = found.get(promise.product_id, Decimal()) + promise.quantity
    return found


def _used_up(
    player: Player, before: tuple[Movement, ...], entry: BookEntry, used: Mapping[str, Decimal]
) -> tuple[Movement, ...] | None:
    """What is taken for one visit after `before`; None: the lots hold less."""
    if entry.visit is None:
        return None
    kinds = {resource.id: resource.kind for resource in player.scenario.resources}
    provider = next((who for _, who in entry.resources if kinds.get(who) == PROVIDER), None)
    treatment = Treatment(entry.visit.location_id, entry.visit.arrives_at, entry.id, provider)
    lots = lots_after(player.book.lots, before)
    return plan_use(player.scenario, lots, used, treatment, player.now, new_vial_id=player.new_vial)
