"""What is noted of everything that people do with lots: ledger, event, audit row, and the reorder task that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.errors import InvalidInput, Problem
from hub.operations.note_shortages import note_shortages
from hub.ports import AuditEntry, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import LotOnHand
from hub.scheduling.ledger import LotKey, Movement

UNKNOWN_RESOURCE = Refusal(("unknown_resource",))


@dataclass(frozen=True, slots=True)
class StockNote:
    """Who did what with which lot, and why."""

    event: str
    """In the past tense: `vial_opened`."""
    action: str
    actor: str
    lot: LotKey
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Ids, codes and quantities; nothing personal."""


def lock_lots(work: UnitOfWork, practice: Practice, product_id: str, location_id: str) -> tuple[LotOnHand, ...]:
    """The lots of a product at a location; nobody else writes them until the operation ends.

    Raises:
        InvalidInput: the practice file has no such product or location.
    """
    if practice.find_product(product_id) is None:
        raise InvalidInput(Problem(f"the product {product_id!r} is not declared", field="product"))
    if practice.find_location(location_id) is None:
        raise InvalidInput(Problem(f"the location {location_id!r} is not declared", field="location"))
    work.bookings.lock([("stock", product_id, location_id)])
    return work.stock.load_lots(location_id, [product_id])


def note_stock(work: UnitOfWork, practice: Practice, movements: Sequence[Movement], note: StockNote) -> None:
    """Write it down in the same transaction as the change."""
    work.stock.record(movements, actor=note.actor)
    subject = "/".join(note.lot)
    work.journal.record_event(note.event, Kind.LOT, subject, note.detail)
    work.journal.record_audit(
        AuditEntry(note.actor, note.action, Kind.LOT, subject, reason=note.reason, detail=note.detail)
    )
    note_shortages(work, practice, [note.lot[:2]], always=True)


def is_known(practice: Practice, *resource_ids: str | None) -> bool:
    """Whether all of them that are named are people of the practice file."""
    return all(one is None or practice.is_person(one) for one in resource_ids)
