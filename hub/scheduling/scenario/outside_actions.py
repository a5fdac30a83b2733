"""What a scenario says of others who have a say: how a vendor and a payment processor answer, and who asks again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from hub.canonical.practice import Entry
from hub.canonical.wall import Flag
from hub.documents import Document
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.scheduling.scenario.document import Scenario

_YES, _TIMEOUT = "yes", "timeout"


def _yes(value: Any) -> Any:
    """A bare `yes` is true in YAML."""
    return _YES if value is True else value


class VendorAnswers(Entry):
    """How the owners of calendars answer from now on."""

    answers: Annotated[Literal["yes", "refuse", "timeout"], BeforeValidator(_yes)]
    stored: Flag = False
    """Of a timeout: it did what it was asked all the same."""

    @model_validator(mode="after")
    def _without_an_answer(self) -> Self:
        if self.stored and self.answers != _TIMEOUT:
            raise ValueError("`stored` goes with `answers: timeout`")
        return self


class PaymentAnswers(Entry):
    """How whoever takes deposits first answers from now on."""

    answers: Annotated[Literal["yes", "declined", "timeout"], BeforeValidator(_yes)]
    reserved: Flag = False
    """Of a timeout: the amount is reserved all the same."""

    @model_validator(mode="after")
    def _without_an_answer(self) -> Self:
        if self.reserved and self.answers != _TIMEOUT:
            raise ValueError("`reserved` goes with `answers: timeout`")
        return self


class Reconcile(Entry):
    """Ask what became of all that is undecided."""


def find_outside_problems(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Answers of somebody who has no say in this practice."""
    owns = any(scenario.vendor_of(location.id) for location in scenario.locations)
    pays = any(policy.deposit_first for policy in scenario.policies)
    for number, entry in enumerate(scenario.actions):
        if entry.vendor is not None and not owns:
            hint = "Give a location `authority: {vendor: NAME}`"
            yield document.problem(("actions", number, "vendor"), "no vendor owns a calendar here", hint)
        if entry.payment is not None and not pays:
            hint = "Name channels in the policy's `deposit_first`"
            yield document.problem(("actions", number, "payment"), "no deposit is taken first here", hint)
