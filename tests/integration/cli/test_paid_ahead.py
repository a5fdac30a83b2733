"""`hub people paid-ahead` tells what a patient has paid for and not had yet."""

import json
from datetime import date

import pytest

from hub.canonical.finance import GiftCard, Membership, MembershipState, Package
from hub.canonical.ids import GiftCardId, MembershipId, PackageId, PatientId, ServiceId
from hub.canonical.money import Money
from hub.operations.book_visit import Booked, book_visit
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.integration.operations.small_practice import NINE, open_practice

CARD = GiftCard(
    id=GiftCardId("gft_1"),
    code="GC-1",
    patient_id=PatientId("pat-1"),
    value=Money(amount_minor=22000),
    left=Money(amount_minor=12000),
)
MEMBER = Membership(
    id=MembershipId("mbr_1"),
    patient_id=PatientId("pat-1"),
    plan="Glow",
    credit=Money(amount_minor=4550),
    ends_on=date(2024, 1, 14),
    state=MembershipState.ENDED,
)
PACKAGE = Package(
    id=PackageId("pkg_1"), patient_id=PatientId("pat-1"), service_id=ServiceId("consult"), credits=6, used_before=3
)


@pytest.mark.slow
def test_what_is_left_is_told_with_what_was_booked_here_taken_off_and_the_look_is_audited(hub, store, database, owner):
    open_practice(store, patients=3)
    with store.begin("test") as work:
        work.records.save([CARD, MEMBER, PACKAGE])
    request = BookingRequest(Trip((Part("consult", "pat-1", package_id="pkg_1"),), "main"), NINE)
    booked = book_visit(store, request, actor="desk")
    assert isinstance(booked, Booked)
    with owner.begin() as connection:
        connection.exec_driver_sql("UPDATE visit SET price_minor = 9000, price_currency = 'USD', deposit_minor = 5000")
    said = hub.run("people", "paid-ahead", "pat-1", HUB_DATABASE_URL=database.text_url)
    assert said.stdout.splitlines() == [
        "package     pkg_1  consult: 2 of 6 sessions left",
        "gift card   GC-1  120.00 USD of 220.00 USD left",
        "membership  mbr_1  Glow: ended, until 2024-01-14, 45.50 USD credit",
        f"deposit     {booked.visits[0].id}  50.00 USD for {NINE:%Y-%m-%d %H:%M} UTC",
    ], said.stderr
    told = json.loads(hub.run("people", "paid-ahead", "pat-1", "--json", HUB_DATABASE_URL=database.text_url).stdout)
    assert [one["left"] for one in told["packages"]] == [2]
    with owner.connect() as connection:
        looked = connection.exec_driver_sql("SELECT count(*) FROM audit_entry WHERE action = 'show_paid_ahead'")
        assert looked.scalar_one() == 2
    assert hub.run("people", "paid-ahead", "pat-2", HUB_DATABASE_URL=database.text_url).stdout == (
        "Nothing is paid ahead.\n"
    )


def test_nobody_of_that_id_is_one_clear_message(hub, database):
    said = hub.run("people", "paid-ahead", "pat-9", HUB_DATABASE_URL=database.text_url)
    assert said.returncode != 0
    assert "there is no patient 'pat-9'" in said.stderr
