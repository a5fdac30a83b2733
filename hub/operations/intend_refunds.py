"""What is to be given back of deposits that were taken: noted for a payment connection, nobody is asked here."""

from collections.abc import Mapping

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.ports import StandingVisit, UnitOfWork


def intend_refunds(work: UnitOfWork, refunds: Mapping[str, tuple[StandingVisit, int]]) -> None:
    """Note the refund of each visit, by id, in minor units; what was only due and never taken comes to nothing."""
    for visit_id, (one, minor) in refunds.items():
        if minor <= 0 or one.deposit is None:
            continue
        back = work.payments.intend_refund(visit_id, Money(amount_minor=minor, currency=one.deposit.currency))
        if back is not None:
            work.journal.record_event("refund_intended", Kind.VISIT, visit_id)
