"""What a policy may not say of money though it can be read: rules that come to nothing, or that disagree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from hub.canonical.practice_checks import policy_places
from hub.documents import Document, Path
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.canonical.money import Money
    from hub.canonical.practice import Policy, Practice
    from hub.canonical.practice_policy import Deposit

_DESK = "desk"


def find_money_problems(practice: Practice, document: Document) -> Iterator[Problem]:
    """Every such rule, where it stands in `document`."""
    for path, policy in policy_places(practice, document):
        yield from _deposit_first(practice, policy, path, document)
        yield from _tiers(policy, path, document)
        yield from _windows(policy, path, document)
    yield from _currencies(practice, document)


def find_falling_fees(practice: Practice, document: Document) -> Iterator[Problem]:
    """Notes on windows in which a cancellation costs less than earlier: so it may be meant, and hardly is."""
    for path, policy in policy_places(practice, document):
        rules = [(rule.within_hours, n) for n, rule in enumerate(policy.cancellation) if rule.within_hours is not None]
        for (hours, number), (wider, other) in pairwise(sorted(rules)):
            if policy.cancellation[number].fee_share < policy.cancellation[other].fee_share:
                message = f"a cancellation within {hours} hours costs less than one within {wider}"
                hint = "Change the shares about if that is not meant; the order of the windows says nothing"
                yield document.problem((*path, "cancellation", number, "fee_share"), message, hint)


def _deposit_first(practice: Practice, policy: Policy, path: Path, document: Document) -> Iterator[Problem]:
    if not policy.deposit_first:
        return
    where = (*path, "deposit_first")
    if policy.deposit is None:
        message = "this policy asks for no deposit, so none is taken first"
        yield document.problem(where, message, "Add `deposit`, or take this out")
    elif _is_nothing(policy.deposit):
        message = "the deposit is always nothing, so none is taken first"
        yield document.problem(where, message, "Ask for an amount in `deposit`, or take this out")
    elif not any(service.price or any(one.price for one in service.options) for service in practice.services):
        message = "no service has a price, so there is never a deposit to take first"
        yield document.problem(where, message, "Add `price` to the services, or take this out")
    if policy.self_booking is None:
        for channel in sorted(policy.deposit_first - {_DESK}):
            message = f"nobody can book by the channel {channel!r}: this policy has no `self_booking`"
            yield document.problem(where, message, f"Add `self_booking`, or take {channel!r} out")


def _is_nothing(deposit: Deposit) -> bool:
    if deposit.tiers is not None:
        return all(tier.flat == 0 for tier in deposit.tiers)
    is_bounded = deposit.at_most == 0
    return deposit.flat == 0 or is_bounded or (deposit.share == 0 and not deposit.at_least)


def _tiers(policy: Policy, path: Path, document: Document) -> Iterator[Problem]:
    tiers = (policy.deposit.tiers if policy.deposit else None) or ()
    for number in range(1, len(tiers)):
        if tiers[number].from_minor <= tiers[number - 1].from_minor:
            where: Path = (*path, "deposit", "tiers", number, "from_minor")
            message = "this tier does not begin above the one before it, so one of them never counts"
            yield document.problem(where, message, "Put the tiers in the order of their prices, each price once")


def _windows(policy: Policy, path: Path, document: Document) -> Iterator[Problem]:
    seen: set[int | None] = set()
    for number, rule in enumerate(policy.cancellation):
        if rule.within_hours in seen:
            key = "no_show" if rule.no_show else "within_hours"
            message = f"another rule has the same `{key}`: they disagree about the fee, or one is too many"
            yield document.problem((*path, "cancellation", number, key), message, "Keep one of them")
        seen.add(rule.within_hours)


def _currencies(practice: Practice, document: Document) -> Iterator[Problem]:
    """Prices in another currency than the first: a trip costs one sum, and the policy's amounts name none."""
    places: list[tuple[Path, Money | None]] = []
    for i, service in enumerate(practice.services):
        places.append((("services", i, "price"), service.price))
        places += ((("services", i, "options", j, "price"), one.price) for j, one in enumerate(service.options))
    priced = [(path, price) for path, price in places if price is not None]
    for path, price in priced:
        first = priced[0][1].currency
        if price.currency != first:
            message = f"this price is in {price.currency}, and the first one of the file in {first}"
            yield document.problem(path, message, "Give all prices in one currency (`currency`, by default USD)")
