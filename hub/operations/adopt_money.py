"""What another system sold becomes what the engine redeems: sessions of packages, deposits of visits to come."""

from collections.abc import Sequence

from hub.canonical.finance import Package, Payment, PaymentKind
from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.operations.apply_practice import practice_of
from hub.ports import Issue, UnitOfWork
from hub.sync.names import plain

OVERDRAWN = "package_overdrawn"
"""The issue of a package of which the other system says that more was used than is left beside what is booked here."""


def keep_promised_sessions(work: UnitOfWork, records: Sequence[Canonical]) -> list[Canonical]:
    """The records; of a package no more was used elsewhere than its bookings here leave, else there is an issue.

    Keeps everybody from booking until the transaction ends, where there is a package among them.
    """
    packages = {one.id for one in records if isinstance(one, Package)}
    if not packages:
        return list(records)
    work.visits.lock()
    taken = work.records.count_taken_sessions(packages)
    kept = [_kept(one, taken.get(one.id, 0)) if isinstance(one, Package) else one for one in records]
    overdrawn = [one for one, before in zip(kept, records, strict=True) if one is not before]
    work.issues.open([Issue(OVERDRAWN, Kind.PACKAGE, one.id, detail={"taken": taken[one.id]}) for one in overdrawn])
    return kept


def _kept(package: Package, taken: int) -> Package:
    bought = max(package.credits, taken)
    used = min(package.used_before, bought - taken)
    if (bought, used) == (package.credits, package.used_before):
        return package
    return package.model_copy(update={"credits": bought, "used_before": used})


def adopt_deposits(work: UnitOfWork, records: Sequence[Canonical]) -> None:
    """Visits to come count the deposits among these payments as paid ahead. Both are saved before; twice is once."""
    work.payments.adopt_deposits(paid_ahead(records))


def paid_ahead(records: Sequence[Canonical]) -> frozenset[str]:
    """The visits for which a deposit among these payments was taken, or went back."""
    kinds = (PaymentKind.DEPOSIT, PaymentKind.REFUND)
    return frozenset(one.visit_id for one in records if isinstance(one, Payment) and one.kind in kinds and one.visit_id)


def product_names(work: UnitOfWork) -> dict[str, str]:
    """Name or id of each product of the practice file, in plain form → its id."""
    in_force = work.practices.find_in_force()
    products = practice_of(in_force).products if in_force.practice is not None else ()
    return {plain(word): product.id for product in products for word in (product.id, product.name or product.id)}
