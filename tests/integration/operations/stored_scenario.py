"""Play a scenario on PostgreSQL: its practice applied, its visits as facts in the tables, its actions as operations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, update

from hub.canonical.ids import LocationId, PatientId, ServiceId, VisitId
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.time import Span
from hub.documents import parse
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import book_visit
from hub.operations.find_openings import find_openings
from hub.ports import FactClaim, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.listed import listed_entries
from hub.scheduling.scenario.play import Outcome, Player
from hub.scheduling.stock import shelf_of
from hub.store import tables
from hub.store.unit_of_work import SqlStore

_ONLY_SCENARIO = {"now", "visits", "actions"}
_STATES = {
    State.BOOKED: VisitState.BOOKED,
    State.COMPLETED: VisitState.FULFILLED,
    State.CANCELLED: VisitState.CANCELLED,
    State.NO_SHOW: VisitState.NO_SHOW,
}


class SteppedStore(SqlStore):
    """The store at a moment of the test's choosing."""

    now: datetime

    @contextmanager
    def begin(self, operation: str) -> Iterator[UnitOfWork]:
        with super().begin(operation) as work:
            work.now = self.now
            yield work


class StoredPlayer(Player):
    """Asks the operations instead of the book in memory; requests and outcomes are written as the player does."""

    def __init__(self, scenario: Scenario, text: str, engine: Engine) -> None:
        super().__init__(scenario)
        self._first_answers: dict[tuple[str, ...], Outcome] = {}
        self.store = SteppedStore(engine)
        self.store.now = self.now
        load_scenario(self.store, engine, scenario, text)

    def _find(self, action: Any) -> Outcome:
        self.store.now = self.now
        found = find_openings(self.store, self.find(action))
        if isinstance(found, Refusal):
            return {"ok": False, "refused": list(found.reasons)}
        zone = self.scenario.zone_of(self._location(action.location))
        openings = [arrival.astimezone(zone) for arrival in found.arrivals]
        first = openings[0] if openings else None
        return {"ok": True, "openings": openings, "first": first, "count": len(openings), "none": not openings}

    def _book(self, action: Any) -> Outcome:
        self.store.now = self.now
        if action.arrives is None:
            return {"ok": False, "refused": ["hold_expired"]}  # no hold was ever made here
        request = self._booking(action, action.arrives)
        booked = book_visit(self.store, request, actor="test", key=action.key)
        if isinstance(booked, Refusal):
            return {"ok": False, "refused": list(booked.reasons)}
        ids = tuple(visit.id for visit in booked.visits)
        self._name(action.named, ids)
        if booked.booking is not None:
            self._first_answers[ids] = self._booked(booked.booking)
        return dict(self._first_answers[ids])

    def _stock(self, location_id: str) -> dict[str, Any]:
        today = self.now.astimezone(self.scenario.zone_of(location_id)).date()
        with self.store.begin("look") as work:
            diary = work.diaries.load(first_on=today, last_on=today, patient_ids=[], location_id=location_id)
        products = [product.id for product in self.scenario.products]
        return {one: shelf_of(self.scenario, diary, one, location_id, today).most_on(today) for one in products}


def load_scenario(store: SqlStore, engine: Engine, scenario: Scenario, text: str) -> None:
    """Everything a scenario has before its first action."""
    document = parse(text, "scenario").value
    practice = {key: value for key, value in document.items() if key not in _ONLY_SCENARIO}
    apply_practice(store, json.dumps(practice), "practice.yaml")
    entries = listed_entries(scenario)
    with store.begin("load") as work:
        work.records.save([Patient(id=PatientId(patient.id)) for patient in scenario.patients])
        work.records.save([_visit(entry) for entry in entries if entry.visit is not None])
        for entry in entries:
            if entry.visit is None and entry.claims:
                work.claims.save_block(entry.id, None, Span(entry.claims[0].start_at, entry.claims[0].end_at))
        work.claims.place([fact for entry in entries if entry.state.occupies for fact in _facts(entry)])
    _load_rest(engine, scenario, entries)


def _visit(entry: BookEntry) -> Visit:
    assert entry.visit is not None
    return Visit(
        id=VisitId(entry.id),
        patient_id=PatientId(entry.visit.patient_id),
        service_id=ServiceId(entry.visit.service_id),
        location_id=LocationId(entry.visit.location_id),
        start=entry.visit.arrives_at,
        end=entry.visit.leaves_at,
        state=_STATES[entry.state],
    )


def _facts(entry: BookEntry) -> Iterator[FactClaim]:
    owner = {"block_id": entry.id} if entry.visit is None else {"visit_id": entry.id}
    for claim in entry.claims:
        yield FactClaim("resource", claim.resource_id, Span(claim.start_at, claim.end_at), **owner)
    if entry.visit is not None:
        span = Span(entry.visit.arrives_at, entry.visit.leaves_at)
        yield FactClaim("patient", entry.visit.patient_id, span, visit_id=entry.id)


def _load_rest(engine: Engine, scenario: Scenario, entries: list[BookEntry]) -> None:
    """What has no operation yet: whom the practice knows, packages, promises of listed visits."""
    with engine.begin() as connection:
        strangers = [patient.id for patient in scenario.patients if not patient.known]
        connection.execute(update(tables.patient).where(tables.patient.c.id.in_(strangers)).values(known=False))
        for one in scenario.packages:
            row = {"id": one.id, "patient_id": one.patient, "service_id": one.service, "credits": one.credits}
            connection.execute(insert(tables.package), row | {"expires_on": one.expires})
        for entry in entries:
            for promise in entry.promises if entry.state is State.BOOKED else ():
                row = {"visit_id": entry.id, "product_id": promise.product_id, "location_id": promise.location_id}
                row |= {"quantity": promise.quantity, "due_on": promise.promised_on}
                connection.execute(insert(tables.stock_promise), row)
