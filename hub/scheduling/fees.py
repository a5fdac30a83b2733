"""What a visit that does not take place costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hub.canonical.money import Money
from hub.canonical.practice import Cancellation
from hub.scheduling.pricing import share_of


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the fee is, and what it makes of the deposit, in minor units. The deposit counts towards the fee."""

    fee: int
    refund: int
    """What is left of the deposit."""
    due: int
    """What is still to pay."""


def window_share(rules: Iterable[Cancellation], arrives_at: datetime, now: datetime) -> Decimal:
    """The share of the narrowest window that holds the time left before arrival, ends included; 0 outside of all.

    After arrival it is the narrowest of all.
    """
    left = arrives_at - now
    holding = [
        (rule.within_hours, rule.fee_share)
        for rule in rules
        if rule.within_hours is not None and left <= timedelta(hours=rule.within_hours)
    ]
    return min(holding)[1] if holding else Decimal()


def is_in_window(rules: Iterable[Cancellation], arrives_at: datetime, now: datetime) -> bool:
    """Whether a cancellation now would fall into one of the windows."""
    left = arrives_at - now
    return any(rule.within_hours is not None and left <= timedelta(hours=rule.within_hours) for rule in rules)


def no_show_share(rules: Iterable[Cancellation]) -> Decimal:
    """The share a no-show costs; 0 where the practice has no rule for it."""
    return next((rule.fee_share for rule in rules if rule.no_show), Decimal())


def fee_of(price: Money | None, share: Decimal) -> int:
    """The fee in minor units of the price."""
    return share_of(price.amount_minor, share) if price else 0
