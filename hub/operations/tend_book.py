"""What time alone asks for: undecided bookings are settled, what was freed is offered, holds and vials end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from hub.operations.ask_outside import Outside
from hub.operations.check_stock import StockCheck, check_stock
from hub.operations.expire_holds import expire_holds
from hub.operations.migration.forget_notes import forget_what_is_over
from hub.operations.place_facts import recheck_flagged
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.serve_waitlist import serve_waitlist
from hub.ports import Store
from hub.ports.waitlist import Offer


@dataclass(frozen=True, slots=True)
class Tended:
    """What there was to do."""

    settled: ReconcileResult
    offers: tuple[Offer, ...]
    """The new ones."""
    expired: int
    """Holds that were over, beside those that ended while the waitlist was served."""
    stock: StockCheck
    forgotten: int = 0
    """Batches of moved histories that can be taken back no more: what they changed was kept long enough."""


def tend_book(
    store: Store, outside: Outside, *, push_to: Collection[str] = (), keep: timedelta | None = None
) -> Tended:
    """Do all of it; at once again there is nothing left. Each part is a transaction or several of its own.

    Args:
        store: the database.
        outside: the systems that were asked and have not decided.
        push_to: who is told of visits.
        keep: so long a batch of a moved history can be taken back; None: for ever.

    Raises:
        NeedsAttention: no practice file is in force.
        RetryLater: the database went away; what was not done is done the next time.
    """
    settled = reconcile_bookings(store, outside, push_to=push_to)
    offers = serve_waitlist(store)  # first, for it ends holds one moment after another
    expired = expire_holds(store)
    stock = check_stock(store)
    recheck_flagged(store)  # last: whatever was freed since, by whomever, may have mended something
    forgotten = forget_what_is_over(store, keep) if keep is not None else 0
    return Tended(settled, offers, expired, stock, forgotten)
