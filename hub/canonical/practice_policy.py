"""Patients, packages and policy of a practice file."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from hub.canonical.practice_places import Entry
from hub.canonical.wall import Count, DayCount, Flag, LocalDate, Minutes, Share, Some, Word, require_some

OVERRIDABLE = frozenset({"closed", "in_the_past", "no_stock", "too_soon", "too_late", "missing_prerequisite"})
"""The only refusal codes anybody may ever pass over."""


class PracticePatient(Entry):
    """A patient of a rehearsal; a running practice has them in its tables."""

    id: Word
    known: Flag = True


class Package(Entry):
    """Sessions paid ahead."""

    id: Word
    patient: Word
    service: Word
    credits: Count
    expires: LocalDate | None = None
    """The last local date of arrival it pays for. None: it does not expire."""


class SelfBooking(Entry):
    """What binds every channel but the desk."""

    lead_minutes: Minutes = 0
    horizon_days: DayCount | None = None
    """None: as far ahead as one likes."""
    services: tuple[Word, ...] | None = None
    """None: all."""
    known_only: Flag = False


class DepositTier(Entry):
    """A flat amount for prices from `from_minor` on."""

    from_minor: Count
    flat: Count


class Deposit(Entry):
    """What is paid ahead: a share of the price within bounds, a flat amount, or tiers of flat amounts."""

    share: Share | None = None
    at_least: Count | None = None
    at_most: Count | None = None
    flat: Count | None = None
    tiers: Annotated[tuple[DepositTier, ...] | None, Some] = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if sum(rule is not None for rule in (self.share, self.flat, self.tiers)) != 1:
            raise ValueError("a deposit is one of `share`, `flat` and `tiers`")
        if self.share is None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("`at_least` and `at_most` go with `share`")
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("`at_most` is not below `at_least`")
        return self


class Cancellation(Entry):
    """A fee: for a cancellation with at most `within_hours` left, or for a no-show."""

    within_hours: int | None = Field(default=None, strict=True, ge=0, le=8_784)
    no_show: Flag = False
    fee_share: Share

    @model_validator(mode="after")
    def _one_case(self) -> Self:
        if (self.within_hours is not None) == self.no_show:
            raise ValueError("a fee is for `within_hours` or for `no_show: true`")
        return self


class Waiver(Entry):
    """What a role may waive of one visit's fee and deposit, all its waivers together."""

    up_to_minor: Count | None = None
    """None: any amount. Where a package pays, a credit counts as the visit's price."""
    reasons: Annotated[frozenset[Word] | None, Some] = None
    """None: any reason will do, but there is one."""


class Policy(Entry):
    """The practice's own rules."""

    since: LocalDate | None = Field(default=None, alias="from")
    """The first local date on which it is in force, instead of the entry before it. None: it always was."""
    self_booking: SelfBooking | None = None
    deposit: Deposit | None = None
    deposit_first: frozenset[Word] = frozenset()
    """Channels whose deposit is reserved before the visit stands; elsewhere it is noted as due."""
    cancellation: tuple[Cancellation, ...] = ()
    overrides: dict[Word, frozenset[Word]] = Field(default_factory=dict)
    """Role → the refusal codes it may pass over, of those that can be passed over at all."""
    waivers: dict[Word, Waiver] = Field(default_factory=dict)
    """Role → what it may waive; a role that is not named waives nothing."""
    settles: frozenset[Word] = frozenset()
    """Roles that may say what became of what another system left undecided."""
    decides: frozenset[Word] = frozenset()
    """Roles that may say which of two systems is right about a value, and let a mass change of one through."""
    hold_minutes: Annotated[Minutes, Field(ge=1)] = 10
    offer_minutes: Annotated[Minutes, Field(ge=1)] = 60


def policy_in_force(policies: Iterable[Policy], day: date) -> Policy:
    """The last entry that is in force on that local date; before the first of them a policy without rules."""
    in_force = NO_POLICY
    for policy in policies:
        if policy.since is None or policy.since <= day:
            in_force = policy
    return in_force


def _one_or_several(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """A plain table is the only entry."""
    if not isinstance(value, dict):
        return read(value)
    return (Policy.model_validate(value, by_alias=True, by_name=False),)


def _in_order(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    for before, after in pairwise(policies):
        if after.since is None or (before.since is not None and after.since <= before.since):
            raise ValueError("every entry but the first has a `from`, later than that of the entry before it")
    return policies


NO_POLICY = Policy()
Policies = Annotated[
    tuple[Policy, ...], AfterValidator(require_some), AfterValidator(_in_order), WrapValidator(_one_or_several)
]
"""Entries in the order in which they come into force; in a file also a single one, without a list around it."""
