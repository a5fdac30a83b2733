"""Play a scenario on PostgreSQL: its practice applied, its visits as facts in the tables, its actions as operations."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert, update

from hub.canonical.ids import LocationId, PatientId, ServiceId, VisitId
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.time import Span, instant_of
from hub.documents import parse
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import book_visit
from hub.operations.find_openings import find_openings
from hub.ports import FactClaim, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.scheduling.scenario.actions import ActionEntry, Book, Find, TripEntry
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.listed import listed_entries
from hub.scheduling.stock import shelf_of
from hub.store import tables
from hub.store.unit_of_work import SqlStore

Outcome = dict[str, Any]
PLAYED = frozenset({"find", "book", "clock"})
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


class StoredScenario:
    """A scenario in a database, whose actions are asked of the operations."""

    def __init__(self, scenario: Scenario, text: str, engine: Engine) -> None:
        self.scenario = scenario
        self.store = SteppedStore(engine)
        self._clock(scenario.now)
        self._first_answers: dict[tuple[str, ...], Outcome] = {}
        load_scenario(self.store, engine, scenario, text)

    def play(self, entry: ActionEntry) -> Outcome:
        """What comes out of one action, by the keys of an expectation."""
        plays: dict[str, Callable[[Any], Outcome]] = {"find": self._find, "book": self._book, "clock": self._clock}
        action = getattr(entry, entry.kind)
        outcome = plays[entry.kind](action)
        if entry.expect is not None and entry.expect.stock is not None:
            outcome["stock"] = self._stock(self._location(action))
        return outcome

    def _clock(self, to: datetime) -> Outcome:
        self.store.now = instant_of(to, ZoneInfo(self.scenario.zone))
        return {"ok": True}

    def _find(self, action: Find) -> Outcome:
        found = find_openings(self.store, OpeningsRequest(self._trip(action), action.from_on, action.until_on))
        if isinstance(found, Refusal):
            return {"ok": False, "refused": list(found.reasons)}
        zone = self.scenario.zone_of(self._location(action))
        openings = [arrival.astimezone(zone) for arrival in found.arrivals]
        first = openings[0] if openings else None
        return {"ok": True, "openings": openings, "first": first, "count": len(openings), "none": not openings}

    def _book(self, action: Book) -> Outcome:
        if action.arrives is None:
            return {"ok": False, "refused": ["hold_expired"]}  # no hold was ever made here
        zone = self.scenario.zone_of(self._location(action))
        arrives_at = instant_of(action.arrives, zone)
        asked = BookingRequest(self._trip(action), arrives_at, frozenset(action.override), action.reason, action.role)
        booked = book_visit(self.store, asked, actor="test", key=action.key)
        if isinstance(booked, Refusal):
            return {"ok": False, "refused": list(booked.reasons)}
        ids = tuple(visit.id for visit in booked.visits)
        if booked.booking is not None:
            visits = booked.booking.visits
            self._first_answers[ids] = {
                "ok": True,
                "arrives": visits[0].arrives_at.astimezone(zone),
                "with": {name: resource for visit in visits for name, resource in visit.resources},
                "deposit": sum(visit.deposit.amount_minor for visit in visits if visit.deposit),
            }
        return dict(self._first_answers[ids])

    def _stock(self, location_id: str) -> Outcome:
        today = self.store.now.astimezone(self.scenario.zone_of(location_id)).date()
        with self.store.begin("look") as work:
            diary = work.diaries.load(first_on=today, last_on=today, patient_ids=[], location_id=location_id)
        products = [product.id for product in self.scenario.products]
        return {one: shelf_of(self.scenario, diary, one, location_id, today).most_on(today) for one in products}

    def _trip(self, action: TripEntry) -> Trip:
        parts = tuple(
            Part(part.service, part.patient or "", part.option, part.resources, part.package)
            for part in action.wanted()
        )
        return Trip(parts, self._location(action), action.channel, action.together)

    def _location(self, action: TripEntry) -> str:
        return action.location or self.scenario.locations[0].id


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
