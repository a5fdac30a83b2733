"""The policy in plain sentences, as a patient reads it on the booking page and in the confirmation."""

from collections.abc import Iterator
from decimal import Decimal

from hub.canonical.practice import Cancellation, Deposit, Policy, Practice, SelfBooking

_NO_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})


def policy_sentences(practice: Practice, policy: Policy) -> tuple[str, ...]:
    """What a patient agrees to, one rule a sentence: booking, deposit, cancellation, what the practice cancels.

    What staff may pass over or waive is not published.
    """
    currency = _currency(practice)
    return (
        *_booking(practice, policy.self_booking),
        *_deposit(policy.deposit, currency),
        *_fees(policy.cancellation),
        "If we cancel, it costs you nothing and your deposit comes back.",
    )


def _booking(practice: Practice, rule: SelfBooking | None) -> Iterator[str]:
    if rule is None:
        yield "Please call us to book."
        return
    if rule.services is not None:
        named = [practice.find_service(one) for one in rule.services]
        yield f"You can book online: {', '.join(one.name or one.id for one in named if one is not None)}."
    if rule.known_only:
        yield "Online booking is for patients who have been here before."
    if rule.lead_minutes:
        yield f"Book online at least {_minutes(rule.lead_minutes)} ahead."
    if rule.horizon_days is not None:
        yield f"You can book up to {_days(rule.horizon_days)} ahead."


def _deposit(rule: Deposit | None, currency: str) -> Iterator[str]:
    if rule is None:
        return
    after = "It counts towards the price. A visit that a package pays needs none."
    if rule.flat is not None:
        yield f"A deposit of {_amount(rule.flat, currency)} (at most the price) is taken when you book. {after}"
    elif rule.tiers is not None:
        tiers = "; ".join(
            f"{_amount(tier.flat, currency)} from a price of {_amount(tier.from_minor, currency)}"
            for tier in rule.tiers
        )
        yield f"A deposit is taken when you book: {tiers}. {after}"
    elif rule.share is not None:
        bounds = [f"at least {_amount(rule.at_least, currency)}"] if rule.at_least is not None else []
        bounds += [f"at most {_amount(rule.at_most, currency)}"] if rule.at_most is not None else []
        within = f", {' and '.join(bounds)}" if bounds else ""
        yield f"A deposit of {_percent(rule.share)} of the price{within} is taken when you book. {after}"


def _fees(rules: tuple[Cancellation, ...]) -> Iterator[str]:
    windows = sorted((rule.within_hours, rule.fee_share) for rule in rules if rule.within_hours is not None)
    if windows:
        yield f"You can cancel free of charge until {windows[-1][0]} hours before your arrival."
    else:
        yield "You can cancel free of charge."
    for hours, share in reversed(windows):
        yield f"With {hours} hours or less left, a cancellation costs {_percent(share)} of the price."
    if windows:
        yield "Moving a visit in that time does not change what a cancellation costs."
    missed = next((rule.fee_share for rule in rules if rule.no_show), Decimal())
    yield (
        f"A visit that you miss costs {_percent(missed)} of the price."
        if missed
        else "A visit that you miss costs nothing."
    )
    if windows or missed:
        yield "The deposit counts towards these fees. Where a package pays, it costs the session instead."


def _currency(practice: Practice) -> str:
    """The one currency of all prices; "" where there are several: the figures then stand alone."""
    prices = [service.price for service in practice.services]
    prices += [option.price for service in practice.services for option in service.options]
    found = {price.currency for price in prices if price is not None}
    return found.pop() if len(found) == 1 else ""


def _amount(minor: int, currency: str) -> str:
    figure = f"{minor:,}" if currency in _NO_CENTS else f"{minor // 100:,}.{minor % 100:02}"
    return f"{figure} {currency}".strip()


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def _minutes(minutes: int) -> str:
    if minutes % 60:
        return _count(minutes, "minute")
    return _count(minutes // 60, "hour")


def _days(days: int) -> str:
    return _count(days, "day")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
