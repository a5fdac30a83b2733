"""What a visit costs and what is paid ahead."""

from decimal import ROUND_HALF_UP, Decimal

from hub.canonical.money import Money
from hub.canonical.practice import Deposit, Option, PracticeService


def price_of(service: PracticeService, option: Option | None) -> Money | None:
    """The option's price, or the service's."""
    return option.price if option is not None and option.price is not None else service.price


def deposit_of(rule: Deposit | None, price: Money | None) -> Money | None:
    """What is paid ahead of a price: never more than it. None: nothing."""
    if rule is None or price is None:
        return None
    amount = min(_amount(rule, price.amount_minor), price.amount_minor)
    return Money(amount_minor=amount, currency=price.currency) if amount > 0 else None


def share_of(amount_minor: int, share: Decimal) -> int:
    """A share of an amount, rounded half up to whole minor units."""
    return int((amount_minor * share).quantize(Decimal(1), ROUND_HALF_UP))


def _amount(rule: Deposit, price: int) -> int:
    if rule.tiers is not None:
        return next((tier.flat for tier in reversed(rule.tiers) if tier.from_minor <= price), 0)
    if rule.share is None:
        return rule.flat or 0
    amount = max(share_of(price, rule.share), rule.at_least or 0)
    return amount if rule.at_most is None else min(amount, rule.at_most)
