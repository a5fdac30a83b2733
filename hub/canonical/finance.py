"""The canonical records of money: what was paid, and what was paid for and is still to be had.

What moved is a `Payment`; what somebody still has is a `Package`, a `GiftCard` or a `Membership`; what was charged is
an `Invoice`. What the hub asks a processor for is none of these (hub/ports/payments.py).
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from hub.canonical.ids import (
    GiftCardId,
    InvoiceId,
    MembershipId,
    PackageId,
    PatientId,
    PaymentId,
    ServiceId,
    VisitId,
)
from hub.canonical.money import Money
from hub.canonical.phi import Phi
from hub.canonical.record import Record

FinancialText = Annotated[str | None, Phi.FINANCIAL]
Count = Annotated[int, Field(ge=0)]


class PaymentKind(StrEnum):
    """What a payment is for."""

    PAYMENT = "payment"
    DEPOSIT = "deposit"
    """Taken before the visit; counts towards its price or its fee."""
    FEE = "fee"
    """For a visit that did not take place: a no-show, a late cancellation."""
    REFUND = "refund"
    """Goes back to the patient."""


class SettlementState(StrEnum):
    """Whether the money moved."""

    SETTLED = "settled"
    PENDING = "pending"
    FAILED = "failed"
    VOIDED = "voided"


class Payment(Record):
    """Money that moved between a patient and the practice, or failed to."""

    id: PaymentId
    patient_id: PatientId | None = None
    """Who paid, where neither visit nor invoice says it."""
    visit_id: VisitId | None = None
    invoice_id: InvoiceId | None = None
    kind: PaymentKind
    amount: Annotated[Money, Phi.FINANCIAL]
    """Negative for what goes back."""
    method: FinancialText = None
    """`visa`, `cash`, `hsa` …; never a number of a card."""
    paid_on: date
    state: SettlementState = SettlementState.SETTLED
    reference: FinancialText = None
    """What the processor calls it."""

    @model_validator(mode="after")
    def _a_refund_goes_back(self) -> Self:
        if self.kind is PaymentKind.REFUND and self.amount.amount_minor > 0:
            raise ValueError("a refund goes back: its amount is not above nothing")
        return self


class Package(Record):
    """Sessions of one service that a patient bought ahead."""

    id: PackageId
    patient_id: PatientId
    service_id: ServiceId
    credits: Count
    """Sessions bought."""
    used_before: Count = 0
    """Of them those that were used in another system. What the hub books with it comes on top."""
    price: Annotated[Money | None, Phi.FINANCIAL] = None
    sold_on: date | None = None
    expires_on: date | None = None
    """The last day of a visit that it pays; None: it does not expire."""

    @model_validator(mode="after")
    def _no_more_used_than_bought(self) -> Self:
        if self.used_before > self.credits:
            raise ValueError("more sessions were used than bought")
        return self


class GiftCard(Record):
    """Money that was paid ahead, for whoever holds the card."""

    id: GiftCardId
    code: FinancialText = None
    """What the holder shows."""
    patient_id: PatientId | None = None
    """Who holds it, where that is known."""
    value: Annotated[Money, Phi.FINANCIAL]
    """All that was loaded on it."""
    left: Annotated[Money, Phi.FINANCIAL]
    sold_on: date | None = None
    expires_on: date | None = None
    active: bool = True

    @model_validator(mode="after")
    def _holds_no_more_than_was_loaded(self) -> Self:
        if self.left.currency != self.value.currency:
            raise ValueError("what is left is in another currency than what was loaded")
        if not 0 <= self.left.amount_minor <= self.value.amount_minor:
            raise ValueError("what is left is neither below nothing nor above what was loaded")
        return self


class MembershipState(StrEnum):
    """Whether a member is one today."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Membership(Record):
    """A plan that a patient pays again and again."""

    id: MembershipId
    patient_id: PatientId
    plan: str
    """As the practice calls it."""
    price: Annotated[Money | None, Phi.FINANCIAL] = None
    """Each time."""
    every_months: Annotated[int | None, Field(gt=0)] = None
    started_on: date | None = None
    ends_on: date | None = None
    """The last day; None: until somebody ends it."""
    next_billing_on: date | None = None
    credit: Annotated[Money | None, Phi.FINANCIAL] = None
    """Paid in and not spent yet."""
    state: MembershipState


class InvoiceState(StrEnum):
    """Whether an invoice is still owed."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"


class InvoiceLine(Record):
    """One thing that is charged."""

    description: Annotated[str | None, Phi.CLINICAL] = None
    service_id: ServiceId | None = None
    quantity: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    amount: Annotated[Money, Phi.FINANCIAL]
    """Of the whole line, tax and discount in it; negative for a discount of its own."""


class Invoice(Record):
    """What a patient was charged."""

    id: InvoiceId
    patient_id: PatientId
    visit_id: VisitId | None = None
    number: str | None = None
    """As the practice counts them."""
    issued_on: date | None = None
    due_on: date | None = None
    state: InvoiceState
    total: Annotated[Money, Phi.FINANCIAL]
    lines: Annotated[tuple[InvoiceLine, ...], Phi.FINANCIAL] = ()
    """None: the source tells no more than the total."""

    @model_validator(mode="after")
    def _lines_add_up(self) -> Self:
        if not self.lines:
            return self
        if any(line.amount.currency != self.total.currency for line in self.lines):
            raise ValueError("the lines are not all in the currency of the total")
        if sum(line.amount.amount_minor for line in self.lines) != self.total.amount_minor:
            raise ValueError("the lines do not add up to the total")
        return self
