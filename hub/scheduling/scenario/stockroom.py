"""Play the actions on stock: each writes lines of the ledger, and the lots follow."""

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal

from hub.scheduling.counts import (
    NO_LOT,
    NO_REASON,
    NO_VARIANCE,
    OTHER_EXPIRY,
    CountRequest,
    WasteRequest,
    decide_count,
    decide_opening,
    decide_waste,
    receive,
)
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import LotKey, Movement, MovementKind, key_of
from hub.scheduling.reorder import find_shortage
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.scenario.stock_actions import (
    CountLot,
    Explain,
    Ledger,
    OpenVialOf,
    Receive,
    Reorders,
    StockEntry,
    Waste,
)
from hub.scheduling.vials import find_lapsed


def note_lapsed(player: Player) -> None:
    """Write off what is left in vials whose hours have ended."""
    player.book.move_stock(find_lapsed(player.book.lots, player.now))


def open_vial(player: Player, action: OpenVialOf) -> Outcome:
    """A vial is opened."""
    if _unknown(player, action.by):
        return refused("unknown_resource")
    wanted = (action.product, player.location(action.location), action.lot)
    decided = decide_opening(
        player.scenario, player.book.lots, wanted, action.by, player.now, new_vial_id=player.new_vial
    )
    if isinstance(decided, Refusal):
        return refused(decided)
    player.book.move_stock(decided)
    opening = decided[-1]
    closes_at = opening.closes_at or player.now
    zone = player.scenario.zone_of(player.location(action.location))
    return {"ok": True, "opened": opening.level, "closes": closes_at.astimezone(zone)}


def receive_stock(player: Player, action: Receive) -> Outcome:
    """A delivery; of a lot that is there with the same expiry."""
    if action.by is not None and _unknown(player, action.by):
        return refused("unknown_resource")
    key = _key(player, action, action.lot)
    if any(key_of(lot) == key and lot.expires_on != action.expires for lot in player.book.lots):
        return refused(OTHER_EXPIRY)
    player.book.move_stock([receive(key, action.quantity, action.expires, player.now, action.by)])
    return {"ok": True} | _standing(player, key)


def waste(player: Player, action: Waste) -> Outcome:
    """Units are thrown away."""
    if _unknown(player, action.by) or (action.witness is not None and _unknown(player, action.witness)):
        return refused("unknown_resource")
    key = _key(player, action, action.lot)
    request = WasteRequest(key, action.quantity, action.by, action.witness, action.reason, action.sealed)
    decided = decide_waste(player.book.lots, request, player.now)
    if isinstance(decided, Refusal):
        return refused(decided)
    player.book.move_stock(decided)
    return {"ok": True} | _standing(player, key)


def count_lot(player: Player, action: CountLot) -> Outcome:
    """Compare with the book; a variance without a reason stays open."""
    if _unknown(player, action.by):
        return refused("unknown_resource")
    key = _key(player, action, action.lot)
    request = CountRequest(key, action.counted, action.by, action.reason)
    counted = decide_count(player.scenario, player.book.lots, player.book.ledger, request, player.now)
    if isinstance(counted, Refusal):
        return refused(counted)
    player.book.move_stock(counted.movements)
    if counted.is_open:
        player.unexplained[key] = player.unexplained.get(key, Decimal()) + counted.variance
    providers = {
        provider: {what: quantity for what, quantity in asdict(handled).items() if quantity}
        for provider, handled in counted.providers.items()
    }
    return {
        "ok": True,
        "book": counted.book,
        "variance": counted.variance,
        "providers": providers,
        "unexplained": player.unexplained.get(key, Decimal()),
    }


def explain(player: Player, action: Explain) -> Outcome:
    """A variance gets its reason."""
    if _unknown(player, action.by):
        return refused("unknown_resource")
    key = _key(player, action, action.lot)
    if all(key_of(lot) != key for lot in player.book.lots):
        return refused(NO_LOT)
    if not (action.reason or "").strip():
        return refused(NO_REASON)
    if player.unexplained.pop(key, None) is None:
        return refused(NO_VARIANCE)
    return {"ok": True}


def tell_ledger(player: Player, action: Ledger) -> Outcome:
    """What became of a product, or of one lot of it, and what is there."""
    place = player.location(action.location)

    def fits(key: LotKey) -> bool:
        return key[:2] == (action.product, place) and action.lot in (None, key[2])

    lots = [lot for lot in player.book.lots if fits(key_of(lot))]
    if action.lot is not None and not lots:
        return refused(NO_LOT)
    lines = [movement for movement in player.book.ledger if fits(movement.lot)]
    return {
        "ok": True,
        "on_hand": sum((lot.on_hand for lot in lots), Decimal()),
        "opened": sum((lot.on_hand - lot.sealed for lot in lots), Decimal()),
        "received": _sum(lines, MovementKind.RECEIVED),
        "used": -_sum(lines, MovementKind.USED),
        "wasted": -_sum(lines, MovementKind.WASTED),
        "adjusted": _sum(lines, MovementKind.ADJUSTED),
        "unexplained": sum((one for key, one in player.unexplained.items() if fits(key)), Decimal()),
    }


def tell_reorders(player: Player, _action: Reorders) -> Outcome:
    """What is promised, however far ahead, and not there."""
    diary, practice = player.book.diary(), player.scenario
    found = [
        find_shortage(practice, diary.lots, diary.promises, product.id, location.id)
        for product in practice.products
        for location in practice.locations
    ]
    return {
        "ok": True,
        "reorders": [
            {
                "product": one.product_id,
                "location": one.location_id,
                "date": one.needed_on,
                "quantity": one.quantity,
            }
            for one in found
            if one is not None
        ],
    }


def _standing(player: Player, key: LotKey) -> Outcome:
    (lot,) = (lot for lot in player.book.lots if key_of(lot) == key)
    return {"on_hand": lot.on_hand, "opened": lot.on_hand - lot.sealed}


def _sum(lines: Iterable[Movement], kind: MovementKind) -> Decimal:
    return sum((one.change for one in lines if one.kind is kind), Decimal())


def _key(player: Player, action: StockEntry, lot: str) -> LotKey:
    return (action.product, player.location(action.location), lot)


def _unknown(player: Player, resource_id: str) -> bool:
    return not player.scenario.is_person(resource_id)
