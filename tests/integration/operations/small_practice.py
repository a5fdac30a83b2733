"""A small practice to book in, and how its book is checked. Run as a program it books one visit and prints its id."""

import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

PRACTICE = """
zone: America/Chicago
grid_minutes: 30
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "12:00"}]}]
resources:
  - {id: dr-lee, kind: provider}
  - {id: dr-kim, kind: provider}
  - {id: dr-ray, kind: provider}
  - {id: room-1, kind: room}
  - {id: room-2, kind: room}
  - {id: lounge, kind: lounge, capacity: 2}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: G1, on_hand: 3, expires: 2099-12-31}]
services:
  - {id: consult, steps: [{name: talk, minutes: 30, needs: [{kind: provider}, {kind: room}]}]}
  - {id: gel-mask, uses: [{product: gel, quantity: 1}], steps: [{name: rest, minutes: 30, needs: [{kind: provider}]}]}
  - {id: drip, steps: [{name: drip, minutes: 60, needs: [{kind: lounge}]}]}
  - id: laser
    steps:
      - {name: numb, minutes: 25, needs: [{kind: room}]}
      - {name: shoot, minutes: 20, needs: [{kind: room}, {kind: provider}]}
      - {name: clean, minutes: 10, patient: false, needs: [{kind: room}]}
"""
# 9:00 in Chicago, far ahead of any clock.
NINE = datetime(2098, 3, 3, 15, 0, tzinfo=UTC)


def open_practice(store: SqlStore, patients: int = 100, practice: str = PRACTICE) -> None:
    apply_practice(store, practice, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(patients)])


def wanted(
    service: str = "consult", minutes: int = 0, *, patient: int = 0, resources: dict[str, str] | None = None
) -> BookingRequest:
    """A visit so many minutes after nine."""
    part = Part(service, f"pat-{patient}", resources=resources or {})
    return BookingRequest(Trip((part,), "main"), NINE + timedelta(minutes=minutes))


def assert_nobody_is_booked_twice(owner: Engine) -> None:
    overlapping = text("""
        SELECT count(*) FROM claim a JOIN claim b ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during""")
    deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with owner.connect() as connection:
        assert connection.execute(overlapping).scalar_one() == 0
        assert connection.execute(deadlocks).scalar_one() == 0


def count_rows(owner: Engine) -> dict[str, int]:
    """How much a booking left where."""
    names = ("visit", "claim", "stock_promise", "booking_key", "domain_event", "audit_entry", "outbox_delivery")
    with owner.connect() as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def main(url: str, key: str) -> None:
    engine = application_engine(url)
    store = SqlStore(engine, kill_at_named_point)
    booked = book_visit(store, wanted("gel-mask"), actor="test", key=key, push_to=["ehr"])
    engine.dispose()
    if isinstance(booked, Refusal):
        sys.exit(f"refused: {booked.reasons}")
    assert isinstance(booked, Booked)
    sys.stdout.write(booked.visits[0].id)


if __name__ == "__main__":
    main(*sys.argv[1:])
