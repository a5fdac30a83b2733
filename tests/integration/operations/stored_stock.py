"""The actions on stock, asked of the operations."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from hub.operations.check_stock import check_stock
from hub.operations.count_stock import find_unexplained
from hub.operations.stockroom import Stockroom
from hub.scheduling.counts import NO_LOT, CountRequest, WasteRequest
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import LotKey, MovementKind
from hub.scheduling.scenario.actions import ActionEntry
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
from hub.scheduling.variance import sum_up
from tests.integration.operations.stored_scenario import PLAYED, Outcome, StoredScenario, refused

STOCK = frozenset({"open", "receive", "waste", "count", "explain", "ledger", "reorders"})
PLAYED_IN_STOCK = PLAYED | STOCK


class StoredStock(StoredScenario):
    """A scenario in a database, its lots included. When the clock moves somebody looks after the stock."""

    def play(self, entry: ActionEntry) -> Outcome:
        plays: dict[str, Callable[[Any], Outcome]] = {
            "open": self._open,
            "receive": self._receive,
            "waste": self._waste,
            "count": self._count,
            "explain": self._explain,
            "ledger": self._ledger,
            "reorders": self._reorders,
        }
        if entry.kind in plays:
            return plays[entry.kind](getattr(entry, entry.kind))
        outcome = super().play(entry)
        if entry.kind == "clock":
            check_stock(self.store)
        return outcome

    @property
    def _room(self) -> Stockroom:
        return Stockroom(self.store, "test")

    def _open(self, action: OpenVialOf) -> Outcome:
        done = self._room.open_vial(action.product, self._at(action), action.by, action.lot)
        if isinstance(done, Refusal):
            return refused(done)
        assert done.closes_at is not None
        return {
            "ok": True,
            "opened": done.level,
            "closes": done.closes_at.astimezone(self.scenario.zone_of(self._at(action))),
        }

    def _receive(self, action: Receive) -> Outcome:
        key = self._key(action, action.lot)
        done = self._room.receive(key, action.quantity, action.expires, action.by)
        return refused(done) if isinstance(done, Refusal) else {"ok": True} | self._standing(key)

    def _waste(self, action: Waste) -> Outcome:
        key = self._key(action, action.lot)
        request = WasteRequest(key, action.quantity, action.by, action.witness, action.reason, action.sealed)
        done = self._room.waste(request)
        return refused(done) if isinstance(done, Refusal) else {"ok": True} | self._standing(key)

    def _count(self, action: CountLot) -> Outcome:
        key = self._key(action, action.lot)
        done = self._room.count(CountRequest(key, action.counted, action.by, action.reason))
        if isinstance(done, Refusal):
            return refused(done)
        handled = {one: {k: q for k, q in asdict(what).items() if q} for one, what in done.providers.items()}
        with self.store.begin("look") as work:
            unexplained = find_unexplained(work).get(key, Decimal())
        said = {"ok": True, "book": done.book, "variance": done.variance}
        return said | {"providers": handled, "unexplained": unexplained}

    def _explain(self, action: Explain) -> Outcome:
        done = self._room.explain(self._key(action, action.lot), action.reason, action.by)
        return {"ok": True} if done is None else refused(done)

    def _ledger(self, action: Ledger) -> Outcome:
        place = self._at(action)
        with self.store.begin("look") as work:
            lots = [one for one in work.stock.load_lots(place, [action.product]) if action.lot in (None, one.lot)]
            report = sum_up(work.stock.load_ledger(action.product, place, action.lot), find_unexplained(work))
        if action.lot is not None and not lots:
            return refused(NO_LOT)

        def total(kind: MovementKind) -> Decimal:
            return sum((sums.get(kind, Decimal()) for sums in report.by_lot.values()), Decimal())

        return {
            "ok": True,
            "on_hand": sum((one.on_hand for one in lots), Decimal()),
            "opened": sum((one.on_hand - one.sealed for one in lots), Decimal()),
            "received": total(MovementKind.RECEIVED),
            "used": -total(MovementKind.USED),
            "wasted": -total(MovementKind.WASTED),
            "adjusted": total(MovementKind.ADJUSTED),
            "unexplained": sum(report.unexplained.values(), Decimal()),
        }

    def _reorders(self, _action: Reorders) -> Outcome:
        """As the open issues say: nobody looks again."""
        found = [
            {
                "product": one["product"],
                "location": one["location"],
                "date": date.fromisoformat(one["needed_on"]),
                "quantity": Decimal(one["quantity"]),
            }
            for one in self._room.reorders()
        ]
        order = [product.id for product in self.scenario.products]
        return {"ok": True, "reorders": sorted(found, key=lambda one: order.index(one["product"]))}

    def _standing(self, key: LotKey) -> Outcome:
        with self.store.begin("look") as work:
            (lot,) = (one for one in work.stock.load_lots(key[1], [key[0]]) if one.lot == key[2])
        return {"on_hand": lot.on_hand, "opened": lot.on_hand - lot.sealed}

    def _key(self, action: StockEntry, lot: str) -> LotKey:
        return (action.product, self._at(action), lot)

    def _at(self, action: StockEntry) -> str:
        return action.location or self.scenario.locations[0].id
