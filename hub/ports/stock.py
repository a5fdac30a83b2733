"""What the store keeps of lots."""

from collections.abc import Collection, Sequence
from typing import Protocol

from hub.scheduling.diary import LotOnHand, Promise
from hub.scheduling.ledger import Movement


class Stock(Protocol):
    """Lots, their open vials and their ledger. Whoever writes has locked `("stock", product, location)`."""

    def load_lots(self, location_id: str, product_ids: Collection[str]) -> tuple[LotOnHand, ...]:
        """What is left of these products at a location."""
        ...

    def load_promises(self, location_id: str, product_ids: Collection[str]) -> tuple[Promise, ...]:
        """What is promised of these products at a location, of any date, summed by date."""
        ...

    def load_ledger(
        self, product_id: str | None = None, location_id: str | None = None, lot: str | None = None
    ) -> tuple[Movement, ...]:
        """What happened to these lots, in the order in which it was written; None: to all."""
        ...

    def find_own(self, record_ids: Collection[str], system: str) -> frozenset[str]:
        """Those that are lots which the hub had counted before the system brought them: they hold nothing of its."""
        ...

    def record(self, movements: Sequence[Movement], *, actor: str) -> None:
        """Write lines of the ledger, in order: what lots and vials hold follows. A lot that is received may be new."""
        ...
