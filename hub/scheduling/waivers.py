"""Who may waive how much of what a visit costs, and what is left of it then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hub.canonical.practice import Policy
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import Settlement

Waivable = Literal["fee", "deposit"]


@dataclass(frozen=True, slots=True)
class Owed:
    """What one visit costs, in minor units of its price's currency."""

    price_minor: int = 0
    deposit_minor: int = 0
    """To pay ahead, by the policy that was accepted."""
    deposit_waived_minor: int = 0
    fee_minor: int = 0
    """For not taking place, by the policy that was accepted."""
    fee_waived_minor: int = 0
    is_credit_lost: bool = False
    """A package pays, and its credit stands for the fee."""
    is_credit_waived: bool = False
    """The credit stood for the fee, and came back."""

    @property
    def settlement(self) -> Settlement:
        """The fee by rule, and what it makes of the deposit once the waivers are taken from both."""
        fee = self.fee_minor - self.fee_waived_minor
        paid = self.deposit_minor - self.deposit_waived_minor
        return Settlement(self.fee_minor, max(paid - fee, 0), max(fee - paid, 0))

    @property
    def waived_minor(self) -> int:
        """All that was waived so far; a credit counts as the price."""
        credit = self.price_minor if self.is_credit_waived else 0
        return self.fee_waived_minor + self.deposit_waived_minor + credit

    def has_left(self, what: Waivable) -> bool:
        """Whether there is something to waive."""
        return self.left_minor(what) > 0 or (what == "fee" and self.is_credit_lost)

    def left_minor(self, what: Waivable) -> int:
        """What is not waived yet."""
        if what == "fee":
            return self.fee_minor - self.fee_waived_minor
        return self.deposit_minor - self.deposit_waived_minor


NOTHING_OWED = Owed()


@dataclass(frozen=True, slots=True)
class WaiverRequest:
    """Somebody wants to let a patient off."""

    what: Waivable
    role: str | None
    reason: str | None
    amount_minor: int | None = None
    """None: all of it, and a credit that stands for the fee comes back. Never more than there is."""


def decide_waiver(policy: Policy, owed: Sequence[Owed], request: WaiverRequest) -> tuple[Owed, ...] | Refusal:
    """What the visits cost once it is waived, the first one's first; or why not.

    `reason_missing`. `may_not_waive`: the role has no rule, the rule does not know this reason, or with what was waived
    of these visits before it would be more than the role may.
    """
    reason = (request.reason or "").strip()
    if not reason:
        return Refusal(("reason_missing",))
    rule = policy.waivers.get(request.role or "")
    if rule is None or (rule.reasons is not None and reason not in rule.reasons):
        return Refusal(("may_not_waive",))
    waived = _waived(owed, request)
    if rule.up_to_minor is not None and sum(one.waived_minor for one in waived) > rule.up_to_minor:
        return Refusal(("may_not_waive",))
    return waived


def _waived(owed: Sequence[Owed], request: WaiverRequest) -> tuple[Owed, ...]:
    left = request.amount_minor
    waived = []
    for one in owed:
        there = one.left_minor(request.what)
        amount = there if left is None else min(there, left)
        waived.append(_less(one, request.what, amount, credit_too=left is None))
        left = None if left is None else left - amount
    return tuple(waived)


def _less(owed: Owed, what: Waivable, amount: int, *, credit_too: bool) -> Owed:
    if what == "deposit":
        return replace(owed, deposit_waived_minor=owed.deposit_waived_minor + amount)
    back = credit_too and owed.is_credit_lost
    return replace(
        owed,
        fee_waived_minor=owed.fee_waived_minor + amount,
        is_credit_lost=owed.is_credit_lost and not back,
        is_credit_waived=owed.is_credit_waived or back,
    )
