"""A practice where others have a say: a vendor owns the calendar of `main`, deposits are taken first `online`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient
from hub.connectors.fhir_r4.calendar import FhirCalendar
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.kit.http import Limits
from hub.connectors.kit.mapping_files import load_mappings
from hub.operations.apply_practice import apply_practice
from hub.operations.ask_outside import Outside
from hub.operations.linked_system import LinkedSystem
from hub.ports import VendorCalendar
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE
from tests.peers.payments import HttpPayments, PaymentServer
from tests.peers.processes import PROJECT
from tests.peers.scripted import scripted
from tests.peers.vendor import VendorServer

PRACTICE = """
zone: America/Chicago
locations:
  - {id: main, authority: {vendor: ehr}}
  - {id: own}
resources:
  - {id: dr-lee, kind: provider}
  - {id: dr-kim, kind: provider}
  - {id: dr-own, kind: provider, location: own}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: G1, on_hand: 3, expires: 2099-12-31}]
services:
  - id: mask
    price: {amount_minor: 10000, currency: USD}
    uses: [{product: gel, quantity: 1}]
    steps: [{name: rest, minutes: 30, needs: [{kind: provider}]}]
  - id: talk
    price: {amount_minor: 10000, currency: USD}
    steps: [{name: talk, minutes: 30, needs: [{kind: provider}]}]
policy:
  self_booking: {horizon_days: 30}
  deposit: {share: 0.5}
  deposit_first: [online]
  cancellation: [{within_hours: 24, fee_share: 1.0}]
"""
ALIASES = {
    Kind.LOCATION: {"site": "main"},
    Kind.PROVIDER: {"lee": "dr-lee", "kim": "dr-kim"},
    Kind.SERVICE: {"MASK": "mask", "TALK": "talk"},
    Kind.PATIENT: {f"p{n}": f"pat-{n}" for n in range(20)},
}
TEN_MINUTES = timedelta(minutes=10)


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2098, 3, 1, 12, tzinfo=UTC)

    def __call__(self, _: object) -> datetime:
        return self.now


@dataclass
class Others:
    """Whoever has a say, and how they are reached."""

    vendor: VendorServer
    payments: PaymentServer
    outside: Outside


@contextmanager
def others(*, takes_payments: bool = True) -> Iterator[Others]:
    """The two as servers, for as long as the block lasts."""
    vendor, payments = VendorServer(), PaymentServer()
    with ExitStack() as stack:
        vendor_url = stack.enter_context(scripted(vendor.script)).url
        http = HttpPayments(stack.enter_context(scripted(payments.script)).url)
        stack.callback(http.close)
        yield Others(vendor, payments, make_outside(vendor_url, http if takes_payments else None))


def make_outside(vendor_url: str, payments: HttpPayments | None) -> Outside:
    system = LinkedSystem("ehr", load_mappings(PROJECT / "mappings", "fhir-r4"), ZoneInfo("America/Chicago"), ALIASES)

    @contextmanager
    def open_calendar(_name: str) -> Iterator[VendorCalendar]:
        with FhirClient(vendor_url, limits=Limits(read_seconds=300, whole_seconds=300, attempts=1)) as client:
            yield FhirCalendar(client, "ehr")

    return Outside(lambda _name: system, open_calendar, payments)


def open_practice(store: SqlStore) -> None:
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(20)])


def wanted(
    service: str = "mask", minutes: int = 0, *, patient: int = 0, channel: str = "desk", location: str = "main"
) -> BookingRequest:
    """A visit so many minutes after nine; at `main` of Dr Lee's."""
    resources = {"provider": "dr-lee"} if location == "main" else {}
    trip = Trip((Part(service, f"pat-{patient}", resources=resources),), location, channel)
    return BookingRequest(trip, NINE + timedelta(minutes=minutes))


def ask(owner: Engine, question: str) -> object:
    """One value from the database, as its owner sees it."""
    with owner.connect() as connection:
        return connection.execute(text(question)).scalar_one()
