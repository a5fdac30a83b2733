"""What records of money cannot say."""

from datetime import date

import pytest
from pydantic import ValidationError

from hub.canonical.finance import GiftCard, Invoice, InvoiceLine, InvoiceState, Package, Payment, PaymentKind
from hub.canonical.ids import GiftCardId, InvoiceId, PackageId, PatientId, PaymentId, ServiceId
from hub.canonical.money import Money
from hub.canonical.phi import Phi, phi_classes
from hub.canonical.records import MODELS

ANN = PatientId("pat-1")


def dollars(minor: int, currency: str = "USD") -> Money:
    return Money(amount_minor=minor, currency=currency)


def test_a_refund_goes_back_and_any_other_payment_may_too() -> None:
    back = Payment(id=PaymentId("p"), kind=PaymentKind.REFUND, amount=dollars(-100), paid_on=date(2026, 3, 2))
    assert back.amount.amount_minor == -100
    Payment(id=PaymentId("p"), kind=PaymentKind.PAYMENT, amount=dollars(-100), paid_on=date(2026, 3, 2))
    with pytest.raises(ValidationError, match="a refund goes back"):
        Payment(id=PaymentId("p"), kind=PaymentKind.REFUND, amount=dollars(100), paid_on=date(2026, 3, 2))


@pytest.mark.parametrize(("sessions", "used"), [(6, 7), (0, 1), (-1, 0), (6, -1)])
def test_no_more_sessions_are_used_than_were_bought(sessions: int, used: int) -> None:
    with pytest.raises(ValidationError):
        Package(id=PackageId("k"), patient_id=ANN, service_id=ServiceId("s"), credits=sessions, used_before=used)


@pytest.mark.parametrize("left", [dollars(-1), dollars(101), dollars(50, "EUR")])
def test_a_gift_card_holds_what_was_loaded_or_less(left: Money) -> None:
    with pytest.raises(ValidationError):
        GiftCard(id=GiftCardId("g"), value=dollars(100), left=left)


@pytest.mark.parametrize("lines", [[90], [60, 60], [(100, "EUR")]])
def test_lines_of_an_invoice_add_up_to_its_total(lines: list[int | tuple[int, str]]) -> None:
    amounts = [dollars(*one) if isinstance(one, tuple) else dollars(one) for one in lines]
    made = tuple(InvoiceLine(amount=amount) for amount in amounts)
    with pytest.raises(ValidationError, match="line"):
        Invoice(id=InvoiceId("i"), patient_id=ANN, state=InvoiceState.OPEN, total=dollars(100), lines=made)


def test_every_amount_of_somebodys_money_is_marked_as_financial() -> None:
    for model in MODELS.values():
        marks = phi_classes(model)
        amounts = {name for name, field in model.model_fields.items() if "Money" in str(field.annotation)}
        if model.__name__ != "Service":  # what it costs anybody is no secret
            assert {marks.get(name) for name in amounts} <= {Phi.FINANCIAL}
