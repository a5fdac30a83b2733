"""What the front desk reads of money."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hub.canonical.ids import LocationId, PatientId, ServiceId, VisitId
from hub.canonical.money import Money
from hub.canonical.practice import read_practice
from hub.canonical.records import Visit, VisitState
from hub.cli.answers import ended
from hub.operations.end_visits import Ended
from hub.scheduling.fees import Settlement

IN_POUNDS = """\
zone: Europe/London
services: [{id: peel, price: {amount_minor: 10000, currency: GBP}, steps: [{name: peel, minutes: 30}]}]
"""
AT = datetime(2098, 3, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price", "practice", "told"),
    [
        (Money(amount_minor=10000, currency="EUR"), IN_POUNDS, "12.50 EUR"),
        (None, IN_POUNDS, "12.50 GBP"),
        (None, "zone: Europe/London\n", "12.50 USD"),
    ],
)
def test_what_a_visit_without_a_price_costs_is_told_in_the_practices_currency(
    price: Money | None, practice: str, told: str
) -> None:
    hub = SimpleNamespace(folder=SimpleNamespace(practice=read_practice(practice, "practice.yaml")))
    visit = Visit(
        id=VisitId("vis-1"),
        patient_id=PatientId("ann"),
        service_id=ServiceId("peel"),
        location_id=LocationId("main"),
        start=AT,
        end=AT.replace(hour=16),
        state=VisitState.CANCELLED,
        price=price,
    )
    _, lines = ended(hub, Ended((visit,), Settlement(fee=1250, refund=0, due=0)), "cancelled")  # type: ignore[arg-type]
    assert lines[1] == f"  fee {told}"
