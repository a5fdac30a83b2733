"""What a scenario rehearses of vendors and payments comes out the same on the tables, with real operations."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.kit.mapping_files import load_mappings
from hub.operations.ask_outside import Outside
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.confirm_move import confirm_move
from hub.operations.linked_system import LinkedSystem
from hub.operations.move_visit import MoveRequest
from hub.operations.reconcile_bookings import reconcile_bookings
from hub.ports import (
    Absent,
    Authorised,
    Captured,
    Confirmed,
    Declined,
    PaymentRequest,
    Refused,
    Unknown,
    VendorCalendar,
    Voided,
    Write,
)
from hub.scheduling.decision import Refusal
from hub.scheduling.scenario.actions import ActionEntry, Book, Cancel, Move
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.run import judged
from tests.integration.operations.stored_scenario import StoredScenario

EXAMPLES = Path(__file__).parents[3] / "examples" / "scenarios"
AUDIT = Path(__file__).parents[2] / "scenarios" / "audit"
REHEARSALS = [EXAMPLES / f"{name}.yaml" for name in (
    "moved-into-silence", "the-card-is-declined", "the-emr-says-no", "the-emr-says-nothing",
)]  # fmt: skip
REHEARSALS.append(AUDIT / "vendor-silent-on-a-cancellation.yaml")
MAPPINGS = Path(__file__).parents[3] / "mappings"


@dataclass
class RehearsedVendor:
    """A calendar that answers as the scenario says: no server can be told to be silent in its words."""

    answers: str = "yes"
    stored: bool = False
    held: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def confirm(self, write: Write) -> Confirmed | Declined | Unknown:
        return self._done(write.id, write.payload)

    def move(self, write: Write) -> Confirmed | Declined | Unknown:
        return self._done(write.id, write.payload)

    def cancel(self, visit_id: str, _target: SourceRef | None) -> Confirmed | Declined | Absent | Unknown:
        held = self.held.get(visit_id, {})
        if held.get("status") == "cancelled" and self.answers != "timeout":
            return Confirmed(_record(visit_id, held))
        return self._done(visit_id, {**held, "status": "cancelled"})

    def look(self, write: Write) -> Confirmed | Declined | Absent | Unknown:
        if self.answers == "timeout":
            return Unknown("timeout")
        held = self.held.get(write.id)
        if held is None:
            return Absent()
        if held["status"] == "cancelled":
            return Declined("cancelled_there")
        is_there = held["start"] == write.payload["start"]
        return Confirmed(_record(write.id, held)) if is_there else Declined("other_time", may_stand=True)

    def _done(self, visit_id: str, payload: Mapping[str, Any]) -> Confirmed | Declined | Unknown:
        if self.answers == "refuse":
            return Declined("no")
        if self.answers == "yes" or self.stored:
            self.held[visit_id] = payload
        return Confirmed(_record(visit_id, payload)) if self.answers == "yes" else Unknown("timeout")


def _record(visit_id: str, payload: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(SourceRef("juniper-ehr", Kind.VISIT, f"there-{visit_id}"), dict(payload))


@dataclass
class RehearsedPayments:
    """The same of whoever takes deposits."""

    answers: str = "yes"
    reserved: bool = False
    states: dict[str, str] = field(default_factory=dict)

    def authorise(self, request: PaymentRequest) -> Authorised | Refused | Unknown:
        if self.answers == "declined":
            return Refused("declined")
        if self.answers == "yes" or self.reserved:
            self.states[request.key] = "authorised"
        return Authorised("ref") if self.answers == "yes" else Unknown("timeout")

    def look(self, key: str) -> Authorised | Captured | Voided | Refused | Absent | Unknown:
        if self.answers == "timeout":
            return Unknown("timeout")
        return Authorised("ref") if self.states.get(key) == "authorised" else Absent()

    def capture(self, key: str) -> Captured | Refused | Unknown:
        self.states[key] = "captured"
        return Captured("ref")

    def void(self, key: str) -> Voided | Refused | Unknown:
        self.states[key] = "voided"
        return Voided()


class RehearsedScenario(StoredScenario):
    """A scenario whose bookings, moves and cancellations ask the others."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.vendor, self.payments = RehearsedVendor(), RehearsedPayments()
        ids = {
            Kind.LOCATION: self.scenario.locations,
            Kind.PROVIDER: self.scenario.resources,
            Kind.SERVICE: self.scenario.services,
            Kind.PATIENT: self.scenario.patients,
        }
        aliases = {kind: {one.id: one.id for one in entries} for kind, entries in ids.items()}
        tables = load_mappings(MAPPINGS, "fhir-r4")
        system = LinkedSystem("juniper-ehr", tables, ZoneInfo(self.scenario.zone), aliases)
        self.outside = Outside(lambda _: system, self._open, self.payments)

    @contextmanager
    def _open(self, _: str) -> Iterator[VendorCalendar]:
        yield self.vendor

    def play(self, entry: ActionEntry) -> dict[str, Any]:
        if entry.vendor is not None:
            self.vendor.answers, self.vendor.stored = entry.vendor.answers, entry.vendor.stored
            return {"ok": True}
        if entry.payment is not None:
            self.payments.answers, self.payments.reserved = entry.payment.answers, entry.payment.reserved
            return {"ok": True}
        if entry.reconcile is not None:
            with self._engine.begin() as connection:  # as if every pause were over
                connection.execute(text("UPDATE pending_change SET next_try_at = :now"), {"now": self.now})
            done = reconcile_bookings(self.store, self.outside)
            self._serve()  # as `tend_book` does
            return {"done": done.done, "released": done.released, "waiting": done.waiting}
        return super().play(entry)

    def _book(self, action: Book) -> dict[str, Any]:
        asking = Asking("test", action.key)
        if action.arrives is None:
            done = confirm_hold(self.store, self._holds[action.hold or ""], self.outside, asking)
        else:
            done = confirm_booking(self.store, self._request(action, action.arrives), self.outside, asking)
        paid = {"payment": self._payment()}
        if isinstance(done, Booked):
            ids = tuple(visit.id for visit in done.visits)
        elif isinstance(done, Undecided):
            ids = done.visit_ids
        else:
            return {"ok": False, "refused": list(done.reasons)} | paid
        if action.named is not None:
            self._names[action.named] = ids
        return (self._answer_of(ids) if isinstance(done, Booked) else _undecided(done)) | paid

    def _payment(self) -> str | None:
        with self._engine.connect() as connection:
            query = "SELECT state FROM payment_intent ORDER BY id DESC LIMIT 1"
            return connection.exec_driver_sql(query).scalar_one_or_none()

    def _move(self, action: Move) -> dict[str, Any]:
        ids = self._ids(action.visit)
        arrives = action.arrives.replace(tzinfo=self.scenario.zone_of(self._place_of(ids)))
        moved = confirm_move(self.store, MoveRequest(ids, arrives, action.resources), self.outside, actor="test")
        if isinstance(moved, Refusal):
            return {"refused": list(moved.reasons)}
        return _undecided(moved) if isinstance(moved, Undecided) else self._answer(moved.booking)

    def _cancel(self, action: Cancel) -> dict[str, Any]:
        wish = Cancellation("test", action.by)
        ended = confirm_cancellation(self.store, self._ids(action.visit), wish, self.outside)
        if isinstance(ended, Refusal):
            return {"refused": list(ended.reasons)}
        return _undecided(ended) if isinstance(ended, Undecided) else {"ok": True, "fee": ended.settlement.fee}


def _undecided(done: Undecided) -> dict[str, Any]:
    return {"ok": False, "undecided": str(done.stage)}


@pytest.mark.parametrize("path", REHEARSALS, ids=lambda path: path.stem)
def test_a_rehearsal_comes_out_the_same_with_real_operations(path: Path, engine: Engine) -> None:
    document = path.read_text(encoding="utf-8")
    scenario, lines = read_scenario(document, path.name)
    stored = RehearsedScenario(scenario, document, engine)
    for number, (entry, line) in enumerate(zip(scenario.actions, lines, strict=True), 1):
        result = judged(number, entry, stored.play(entry), f"{path.name}:{line}")
        assert result.ok, (result.error, result.got)
