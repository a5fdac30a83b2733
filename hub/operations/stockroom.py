"""The operations on stock under one name, for those who look and those who do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hub.operations.check_stock import StockCheck, check_stock
from hub.operations.count_stock import count_stock, explain_variance, find_unexplained
from hub.operations.note_shortages import REORDER
from hub.operations.open_vial import open_vial
from hub.operations.receive_stock import receive_stock
from hub.operations.record_waste import record_waste
from hub.ports import Store
from hub.scheduling.counts import Counted, CountRequest, WasteRequest
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import LotKey, Movement
from hub.scheduling.variance import VarianceReport, sum_up


@dataclass(frozen=True, slots=True)
class Stockroom:
    """One actor's."""

    store: Store
    actor: str

    def open_vial(self, product: str, location: str, by: str, lot: str | None = None) -> Movement | Refusal:
        """See `open_vial`."""
        return open_vial(self.store, product, location, by, actor=self.actor, lot=lot)

    def receive(self, lot: LotKey, quantity: Decimal, expires_on: date, by: str | None = None) -> Movement | Refusal:
        """See `receive_stock`."""
        return receive_stock(self.store, lot, quantity, expires_on, actor=self.actor, provider_id=by)

    def waste(self, request: WasteRequest) -> tuple[Movement, ...] | Refusal:
        """See `record_waste`."""
        return record_waste(self.store, request, actor=self.actor)

    def count(self, request: CountRequest) -> Counted | Refusal:
        """See `count_stock`."""
        return count_stock(self.store, request, actor=self.actor)

    def explain(self, lot: LotKey, reason: str | None, by: str) -> Refusal | None:
        """See `explain_variance`."""
        return explain_variance(self.store, lot, reason, by, actor=self.actor)

    def check(self) -> StockCheck:
        """See `check_stock`."""
        return check_stock(self.store, actor=self.actor)

    def ledger(self, product: str | None = None, location: str | None = None) -> tuple[Movement, ...]:
        """Every line, in the order in which it was written."""
        with self.store.begin("read_ledger") as work:
            return work.stock.load_ledger(product, location)

    def variance(self, product: str | None = None, location: str | None = None) -> VarianceReport:
        """By lot and by provider."""
        with self.store.begin("read_ledger") as work:
            return sum_up(work.stock.load_ledger(product, location), find_unexplained(work))

    def reorders(self) -> tuple[Mapping[str, Any], ...]:
        """The open reorder tasks: product, location, needed_on (ISO), quantity (text)."""
        with self.store.begin("read_reorders") as work:
            return tuple(issue.detail for issue in work.issues.find_open(REORDER))
