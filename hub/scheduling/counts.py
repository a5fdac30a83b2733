"""What people do with lots beside using them: open, receive, waste, count. Each is a line or two of the ledger."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from hub.canonical.practice import Practice
from hub.errors import InvalidInput, Problem
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import LotOnHand, OpenVial
from hub.scheduling.ledger import ZERO, LotKey, Movement, MovementKind, key_of, lots_after
from hub.scheduling.vials import find_lapsed, open_one

NO_LOT = Refusal(("unknown_lot",))
NO_STOCK = Refusal(("no_stock",))
NO_REASON = Refusal(("reason_missing",))
NO_WITNESS = Refusal(("witness_missing",))
OTHER_EXPIRY = Refusal(("other_expiry",))
NO_VARIANCE = Refusal(("no_variance",))


@dataclass(frozen=True, slots=True)
class WasteRequest:
    """So much of a lot is thrown away."""

    lot: LotKey
    quantity: Decimal
    provider_id: str
    witness_id: str | None
    reason: str | None
    sealed: bool = False
    """Only what is not opened: a vial fell down."""


@dataclass(frozen=True, slots=True)
class CountRequest:
    """So much of a lot was found, open vials included."""

    lot: LotKey
    counted: Decimal
    provider_id: str
    reason: str | None = None
    """Why it is not what the book says."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What one provider did with a lot since its last count."""

    used: Decimal = ZERO
    wasted: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Counted:
    """The book follows what was found."""

    movements: tuple[Movement, ...]
    book: Decimal
    """What it said before."""
    variance: Decimal
    """Found less book: below zero where something is missing."""
    providers: Mapping[str, Handled] = field(default_factory=dict)
    """Who used or wasted of the lot since its last count, by provider."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to explain it."""
        return self.variance != 0 and self.movements[-1].reason is None


def decide_opening(
    practice: Practice,
    lots: Sequence[LotOnHand],
    wanted: tuple[str, str, str | None],
    provider_id: str,
    now: datetime,
    *,
    new_vial_id: Callable[[], str],
) -> tuple[Movement, ...] | Refusal:
    """A vial of (product, location, lot) is opened; without a lot of the first to expire. `unknown_lot`, `no_stock`.

    Raises:
        InvalidInput: the product does not come in vials.
    """
    product_id, location_id, name = wanted
    product = practice.find_product(product_id)
    if product is None or product.vial is None:
        raise InvalidInput(Problem(f"the product {product_id!r} has no `vial`", field="product"))
    today = now.astimezone(practice.zone_of(location_id)).date()
    its = [lot for lot in lots if (lot.product_id, lot.location_id) == (product_id, location_id)]
    if name is not None:
        its = [lot for lot in its if lot.lot == name]
        if not its:
            return NO_LOT
    usable = [lot for lot in its if lot.expires_on >= today and lot.sealed > 0]
    if not usable:
        return NO_STOCK
    lot = min(usable, key=lambda lot: (lot.expires_on, lot.lot))
    opening = open_one(practice, product.vial, lot, now, new_vial_id)
    return (*find_lapsed(its, now), replace(opening, provider_id=provider_id))


def decide_waste(lots: Sequence[LotOnHand], request: WasteRequest, now: datetime) -> tuple[Movement, ...] | Refusal:
    """Out of open vials first, the earliest to close first, then out of the rest.

    `unknown_lot`; `reason_missing`; `witness_missing`: nobody but the one who wastes saw it; `no_stock`: there is less.
    """
    lot = _find(lots, request.lot)
    if lot is None:
        return NO_LOT
    if not (request.reason or "").strip():
        return NO_REASON
    if request.witness_id is None or request.witness_id == request.provider_id:
        return NO_WITNESS
    lapsed = find_lapsed([lot], now)
    (lot,) = lots_after([lot], lapsed)
    if request.quantity > (lot.sealed if request.sealed else lot.on_hand):
        return NO_STOCK
    draft = Movement(
        MovementKind.WASTED,
        request.lot,
        now,
        provider_id=request.provider_id,
        witness_id=request.witness_id,
        reason=request.reason,
    )
    return (*lapsed, *_spread(draft, () if request.sealed else _by_closing(lot), -request.quantity))


def decide_count(
    practice: Practice, lots: Sequence[LotOnHand], ledger: Iterable[Movement], request: CountRequest, now: datetime
) -> Counted | Refusal:
    """Compare with the book and put the book right. A difference is an open vial's as far as it can be: `unknown_lot`.

    Args:
        practice: with its products.
        lots: of this location; others do no harm.
        ledger: of this lot at least since its last count, in order; others do no harm.
        request: what was found.
        now: when.
    """
    lot = _find(lots, request.lot)
    if lot is None:
        return NO_LOT
    lapsed = find_lapsed([lot], now)
    (lot,) = lots_after([lot], lapsed)
    variance = request.counted - lot.on_hand
    said = Movement(
        MovementKind.COUNTED, request.lot, now, provider_id=request.provider_id, reason=_said(request.reason)
    )
    counted = (*lapsed, replace(said, level=request.counted))
    if variance:
        draft = replace(said, kind=MovementKind.ADJUSTED)
        product = practice.find_product(lot.product_id)
        size = product.vial.units if product is not None and product.vial is not None else ZERO
        counted += tuple(_spread(draft, _by_closing(lot), variance, size))
    return Counted(counted, lot.on_hand, variance, handlers_since_count(request.lot, ledger))


def receive(lot: LotKey, quantity: Decimal, expires_on: date, now: datetime, provider_id: str | None) -> Movement:
    """A delivery, or the opening count of a lot."""
    return Movement(MovementKind.RECEIVED, lot, now, change=quantity, expires_on=expires_on, provider_id=provider_id)


def handlers_since_count(lot: LotKey, ledger: Iterable[Movement]) -> dict[str, Handled]:
    """Who used or wasted of the lot since its last count, by provider."""
    found: dict[str, Handled] = {}
    for movement in (one for one in ledger if one.lot == lot):
        if movement.kind is MovementKind.COUNTED:
            found = {}
        if movement.provider_id is None or movement.kind not in (MovementKind.USED, MovementKind.WASTED):
            continue
        before = found.get(movement.provider_id, Handled())
        if movement.kind is MovementKind.USED:
            before = replace(before, used=before.used - movement.change)
        else:
            before = replace(before, wasted=before.wasted - movement.change)
        found[movement.provider_id] = before
    return dict(sorted(found.items()))


def _spread(draft: Movement, vials: Sequence[OpenVial], change: Decimal, size: Decimal = ZERO) -> list[Movement]:
    """The change over the vials in order, no vial below nothing or above its size, and the rest of it unopened."""
    parts = []
    for vial in vials:
        part = max(-vial.remaining, min(change, max(size - vial.remaining, ZERO)))
        if part:
            parts.append(replace(draft, change=part, vial_id=vial.id))
            change -= part
    return [*parts, replace(draft, change=change)] if change else parts


def _by_closing(lot: LotOnHand) -> list[OpenVial]:
    return sorted(lot.open_vials, key=lambda vial: (vial.closes_at, vial.id))


def _find(lots: Iterable[LotOnHand], wanted: LotKey) -> LotOnHand | None:
    return next((lot for lot in lots if key_of(lot) == wanted), None)


def _said(reason: str | None) -> str | None:
    return (reason or "").strip() or None
