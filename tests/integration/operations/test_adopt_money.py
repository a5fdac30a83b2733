"""What another system sold is what the engine redeems: sessions, deposits and units, each counted once."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from hub.canonical.finance import Package, Payment, PaymentKind
from hub.canonical.ids import Kind, PackageId, PatientId, PaymentId, ServiceId
from hub.canonical.lots import Lot
from hub.canonical.money import Money
from hub.canonical.records import Visit
from hub.operations.adopt_money import OVERDRAWN, adopt_deposits, keep_promised_sessions
from hub.operations.book_visit import book_visit
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import open_practice, wanted

SIX = Package(id=PackageId("pkg-1"), patient_id=PatientId("pat-1"), service_id=ServiceId("consult"), credits=6)
BOTOX = Lot(
    id="lot_1", product_id="botox", location_id="main", name="C1", expires_on=date(2027, 1, 1), on_hand=Decimal(60)
)


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    store = SqlStore(engine)
    open_practice(store, patients=3)
    return store


def load(store: SqlStore, package: Package) -> Package:
    with store.begin("test") as work:
        work.records.save(keep_promised_sessions(work, [package]))
    with store.begin("test") as work:
        found = work.records.load(Kind.PACKAGE, [package.id])[package.id]
    assert isinstance(found, Package)
    return found


def book(store: SqlStore, minutes: int) -> object:
    request = wanted(minutes=minutes, patient=1)
    (part,) = request.trip.parts
    trip = replace(request.trip, parts=(replace(part, package_id="pkg-1"),))
    return book_visit(store, replace(request, trip=trip), actor="test")


def overdrawn(store: SqlStore) -> list[str]:
    with store.begin("test") as work:
        return [issue.subject_id for issue in work.issues.find_open(OVERDRAWN)]


def test_sessions_that_were_used_elsewhere_are_not_to_be_had_here(store: SqlStore) -> None:
    load(store, SIX.model_copy(update={"used_before": 5}))
    assert not isinstance(book(store, 0), Refusal)
    assert book(store, 120) == Refusal(("no_credit",))


def test_a_later_count_never_takes_a_session_that_is_booked_and_asks_a_person(store: SqlStore) -> None:
    load(store, SIX.model_copy(update={"used_before": 4}))
    assert not isinstance(book(store, 0), Refusal)
    assert overdrawn(store) == []
    found = load(store, SIX.model_copy(update={"used_before": 6}))
    assert (found.credits, found.used_before) == (6, 5)
    assert overdrawn(store) == ["pkg-1"]
    assert book(store, 120) == Refusal(("no_credit",))


def deposit(minor: int, kind: PaymentKind, visit_id: str) -> Payment:
    number = PaymentId(f"pay_{kind}_{abs(minor)}")
    amount = Money(amount_minor=minor)
    return Payment(id=number, visit_id=visit_id, kind=kind, amount=amount, paid_on=date(2026, 3, 1))


def test_a_deposit_that_was_taken_elsewhere_counts_once_and_goes_back_once(store: SqlStore, engine: Engine) -> None:
    made = book_visit(store, wanted(patient=1), actor="test")
    assert not isinstance(made, Refusal)
    visit_id = made.visits[0].id
    with store.begin("test") as work:
        visit = work.records.load(Kind.VISIT, [visit_id])[visit_id]
        assert isinstance(visit, Visit)
        later = work.now + timedelta(days=30)
        priced = {"price": Money(amount_minor=20000), "start": later, "end": later + timedelta(hours=1)}
        payments = [deposit(5000, PaymentKind.DEPOSIT, visit_id), deposit(-1000, PaymentKind.REFUND, visit_id)]
        work.records.save([visit.model_copy(update=priced), *payments])
        adopt_deposits(work, payments)
        adopt_deposits(work, payments)
    with engine.connect() as db:
        assert db.execute(text("SELECT deposit_minor FROM visit WHERE id = :id"), {"id": visit_id}).scalar() == 4000
    with store.begin("test") as work:
        assert work.payments.intend_refund(visit_id, Money(amount_minor=9000)) == Money(amount_minor=4000)
        assert work.payments.intend_refund(visit_id, Money(amount_minor=9000)) is None


def save_lot(store: SqlStore, on_hand: int) -> Decimal:
    with store.begin("test") as work:
        work.records.save([BOTOX.model_copy(update={"on_hand": Decimal(on_hand)})], origin="legacy")
    with store.begin("test") as work:
        (lot,) = work.stock.load_lots("main", ["botox"])
        return lot.on_hand


def test_units_are_brought_into_the_ledger_once_and_then_only_what_changed(store: SqlStore, owner: Engine) -> None:
    assert save_lot(store, 60) == 60
    assert save_lot(store, 60) == 60
    with owner.begin() as db:
        db.execute(
            text("""INSERT INTO lot_movement (lot_id, kind, at, change, actor)
                SELECT id, 'wasted', now(), -20, 'somebody' FROM lot WHERE name = 'C1'""")
        )
    assert save_lot(store, 60) == 40
    assert save_lot(store, 50) == 30
    assert save_lot(store, 0) == 0
    with owner.connect() as db:
        kinds = db.execute(
            text("""SELECT string_agg(m.kind, ' ' ORDER BY m.id) FROM lot_movement m JOIN lot l ON l.id = m.lot_id
                WHERE l.name = 'C1'""")
        ).scalar()
    assert kinds == "received wasted adjusted adjusted"


def test_a_lot_that_the_hub_counts_itself_stays_as_it_counts(store: SqlStore, owner: Engine) -> None:
    with owner.begin() as db:
        db.execute(
            text("""INSERT INTO lot (product_id, location_id, name, expires_on)
                VALUES ('botox', 'main', 'C1', '2028-01-01')""")
        )
    assert save_lot(store, 60) == 0
    assert save_lot(store, 70) == 0
    with store.begin("test") as work:
        assert set(work.records.load(Kind.LOT, ["lot_1"])) == {"lot_1"}
