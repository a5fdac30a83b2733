"""Play a scenario on PostgreSQL: its practice applied, its visits as facts in the tables, its actions as operations."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert, text, update

from hub.canonical.ids import LocationId, PatientId, ServiceId, VisitId
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.time import Span, instant_of
from hub.documents import parse
from hub.operations.add_away import add_away
from hub.operations.apply_practice import apply_practice
from hub.operations.approve_repair import Approved, approve_repair
from hub.operations.book_series import book_series
from hub.operations.book_series_together import book_series_together
from hub.operations.book_visit import book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.end_visits import Ended
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import hold_visit
from hub.operations.join_waitlist import join_waitlist
from hub.operations.move_visit import MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.operations.propose_repair import propose_repair
from hub.operations.serve_waitlist import find_offers, serve_waitlist
from hub.operations.waive_fee import waive_fee
from hub.ports import FactClaim
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.repair.day import Fate
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.scheduling.scenario.actions import (
    ActionEntry,
    Away,
    Book,
    BookSeries,
    Cancel,
    Complete,
    Find,
    Hold,
    Move,
    NoShow,
    Offers,
    Repair,
    TripEntry,
    Waitlist,
)
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.listed import listed_entries
from hub.scheduling.scenario.repairing import SECONDS
from hub.scheduling.scenario.waiver_actions import Waive
from hub.scheduling.series import SeriesRequest
from hub.scheduling.stock import shelf_of
from hub.scheduling.waivers import Waivable, WaiverRequest
from hub.store import tables
from hub.store.unit_of_work import SqlStore

Outcome = dict[str, Any]
PLAYED = frozenset(
    {"find", "hold", "book", "move", "cancel", "complete", "no_show", "away", "clock", "series", "waitlist", "offers"}
    | {"waive", "repair"}
)
ANSWERED = frozenset(
    {"ok", "refused", "with", "deposit", "arrives", "first", "openings", "count", "none", "arrivals", "patients"}
    | {"fee", "refund", "due", "waived", "stock", "moved", "kept", "unplaced"}
)
_ONLY_SCENARIO = {"now", "visits", "actions"}
_STATES = {
    State.BOOKED: VisitState.BOOKED,
    State.COMPLETED: VisitState.FULFILLED,
    State.CANCELLED: VisitState.CANCELLED,
    State.NO_SHOW: VisitState.NO_SHOW,
}

_BOOKED = text("""
    SELECT v.id, v.start, v.location_id, v.deposit_minor,
        (SELECT json_agg(json_build_array(c.need, u.owner_id)) FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            WHERE c.visit_id = v.id AND u.owner_kind = 'resource') AS filled
    FROM visit v WHERE v.id = ANY(:ids)""")


class StoredScenario:
    """A scenario in a database, whose actions are asked of the operations."""

    def __init__(self, scenario: Scenario, document: str, engine: Engine) -> None:
        self.scenario = scenario
        self._engine = engine
        self.now = instant_of(scenario.now, ZoneInfo(scenario.zone))
        self.store = SqlStore(engine, clock=lambda _: self.now)
        self._names = {visit.id: (visit.id,) for visit in scenario.visits if not visit.is_block}
        self._holds: dict[str, str] = {}
        self._waiting: dict[str, str | None] = {}
        self._told: dict[str, Outcome] = {}
        self._relying: list[Outcome] = []
        load_scenario(self.store, engine, scenario, document)

    def play(self, entry: ActionEntry) -> Outcome:
        """What comes out of one action, by the keys of an expectation."""
        plays: dict[str, Callable[[Any], Outcome]] = {
            "find": self._find,
            "hold": self._hold,
            "book": self._book,
            "move": self._move,
            "cancel": self._cancel,
            "complete": self._complete,
            "no_show": self._no_show,
            "waive": self._waive,
            "away": self._away,
            "clock": self._clock,
            "series": self._series,
            "waitlist": self._waitlist,
            "offers": self._offers,
            "repair": self._repair,
        }
        action = getattr(entry, entry.kind)
        outcome = plays[entry.kind](action)
        self._serve()
        if entry.expect is not None and entry.expect.stock is not None:
            outcome["stock"] = self._stock(getattr(action, "location", None) or self._place_of_named(action))
        if entry.expect is not None and entry.expect.relying is not None and outcome["ok"]:
            outcome["relying"] = self._relying
        return outcome

    def _clock(self, to: datetime) -> Outcome:
        """The sweep comes by whenever something expires, as it does where it is called every minute."""
        until = instant_of(to, ZoneInfo(self.scenario.zone))
        while (moment := self._next_expiry()) is not None and moment <= until:
            self.now = max(self.now, moment)
            self._serve()
            if self._next_expiry() == moment:  # nobody waits: whoever meets it takes it out
                break
        self.now = until
        return {"ok": True}

    def _next_expiry(self) -> datetime | None:
        with self._engine.connect() as connection:
            found: datetime | None = connection.execute(text("SELECT min(expires_at) FROM hold")).scalar_one()
        return found

    def _serve(self) -> None:
        for offer in serve_waitlist(self.store):
            name = self._waiting[offer.entry.id]
            if name is not None:
                self._holds[name] = offer.hold_id
                self._names[name] = offer.visit_ids

    def _find(self, action: Find) -> Outcome:
        found = find_openings(self.store, OpeningsRequest(self._trip(action), action.from_on, action.until_on))
        if isinstance(found, Refusal):
            return refused(found)
        zone = self.scenario.zone_of(self._location(action))
        openings = [arrival.astimezone(zone) for arrival in found.arrivals]
        first = openings[0] if openings else None
        return {"ok": True, "openings": openings, "first": first, "count": len(openings), "none": not openings}

    def _hold(self, action: Hold) -> Outcome:
        held = hold_visit(self.store, self._request(action, action.arrives), actor="test")
        if isinstance(held, Refusal):
            return refused(held)
        self._told[held.hold_id] = self._answer(held.booking)
        if action.named is not None:
            self._holds[action.named] = held.hold_id
        return self._told[held.hold_id]

    def _book(self, action: Book) -> Outcome:
        if action.arrives is None:
            hold_id = self._holds.get(action.hold or "", "unknown")
            booked = book_hold(self.store, hold_id, actor="test", key=action.key)
        else:
            booked = book_visit(self.store, self._request(action, action.arrives), actor="test", key=action.key)
        if isinstance(booked, Refusal):
            return refused(booked)
        ids = tuple(visit.id for visit in booked.visits)
        if booked.booking is not None:
            self._told[ids[0]] = self._answer(booked.booking)
        if action.named is not None:
            self._names[action.named] = ids
        if ids[0] not in self._told:
            self._told[ids[0]] = self._answer_of(ids)
        return dict(self._told[ids[0]])

    def _answer_of(self, ids: tuple[str, ...]) -> Outcome:
        """What an offer that was booked came to: nobody asked for it, so it is read from the tables."""
        with self._engine.connect() as connection:
            rows = {row.id: row for row in connection.execute(_BOOKED, {"ids": list(ids)})}
        first = rows[ids[0]]
        return {
            "ok": True,
            "arrives": first.start.astimezone(self.scenario.zone_of(first.location_id)),
            "with": {need: who for one in ids for need, who in rows[one].filled},
            "deposit": sum(rows[one].deposit_minor or 0 for one in ids),
        }

    def _move(self, action: Move) -> Outcome:
        ids = self._ids(action.visit)
        place = action.location or self._place_of(ids)
        request = MoveRequest(
            ids,
            instant_of(action.arrives, self.scenario.zone_of(place)),
            action.resources,
            action.location,
            action.channel,
            frozenset(action.override),
            action.reason,
            action.role,
        )
        moved = move_visit(self.store, request, actor="test")
        return refused(moved) if isinstance(moved, Refusal) else self._answer(moved.booking)

    def _cancel(self, action: Cancel) -> Outcome:
        ids = self._ids(action.visit)
        role, reason, waive = action.role, action.reason, action.waive
        return self._ended(
            cancel_visit(self.store, *ids, actor="test", by=action.by, role=role, reason=reason, waive=waive)
        )

    def _no_show(self, action: NoShow) -> Outcome:
        ids = self._ids(action.visit)
        role, reason, waive = action.role, action.reason, action.waive
        return self._ended(no_show_visit(self.store, *ids, actor="test", role=role, reason=reason, waive=waive))

    def _ended(self, ended: Ended | Refusal) -> Outcome:
        if isinstance(ended, Refusal):
            return refused(ended)
        self._relying = [{"visit": self._name_of(one), "codes": list(codes)} for one, codes in ended.relying.items()]
        return {"ok": True, **asdict(ended.settlement), "waived": ended.waived_minor}

    def _name_of(self, visit_id: str) -> str:
        for name, ids in self._names.items():
            if visit_id in ids:
                return name if len(ids) == 1 else f"{name}.{ids.index(visit_id) + 1}"
        return visit_id

    def _waive(self, action: Waive) -> Outcome:
        what: Waivable = "fee" if action.fee is not None else "deposit"
        request = WaiverRequest(what, action.role, action.reason, action.amount_minor)
        waived = waive_fee(self.store, request, *self._ids(action.visit), actor="test")
        if isinstance(waived, Refusal):
            return refused(waived)
        settled = asdict(waived.settlement) if what == "fee" else {}
        return {"ok": True, **settled, "deposit": waived.deposit_minor, "waived": waived.waived_minor}

    def _complete(self, action: Complete) -> Outcome:
        used: dict[str, Decimal] | None = None if action.used is None else {}
        for one in action.used or ():
            used = {**(used or {}), one.product: (used or {}).get(one.product, Decimal()) + one.quantity}
        completed = complete_visit(self.store, *self._ids(action.visit), actor="test", used=used)
        return refused(completed) if isinstance(completed, Refusal) else {"ok": True}

    def _away(self, action: Away) -> Outcome:
        resource = self.scenario.find_resource(action.resource)
        zone = self.scenario.zone_of(self.scenario.location_of(resource) if resource else "")
        span = Span(instant_of(action.starts, zone), instant_of(action.ends, zone))
        noted = add_away(self.store, action.resource, span, actor="test")
        return refused(noted) if isinstance(noted, Refusal) else {"ok": True}

    def _series(self, action: BookSeries) -> Outcome:
        trip = self._trip(action)
        asked = (action.start, action.until, action.sessions)
        if action.parts is None:
            booked = book_series(self.store, SeriesRequest(trip, *asked), actor="test")
        else:
            each = [SeriesRequest(replace(trip, parts=(part,)), *asked) for part in trip.parts]
            booked = book_series_together(self.store, each, actor="test")
        if isinstance(booked, Refusal):
            return refused(booked)
        if action.named is not None:
            self._names[action.named] = tuple(visit.id for visit in booked.visits)
        assert booked.booking is not None
        zone = self.scenario.zone_of(self._location(action))
        outcome = self._answer(booked.booking)
        del outcome["with"]
        arrivals = [visit.start.astimezone(zone) for visit in booked.visits]
        return outcome | {"count": len(arrivals), "arrivals": arrivals}

    def _waitlist(self, action: Waitlist) -> Outcome:
        joined = join_waitlist(
            self.store, OpeningsRequest(self._trip(action), action.from_on, action.until_on), actor="test"
        )
        if isinstance(joined, Refusal):
            return refused(joined)
        self._waiting[joined.id] = action.named
        if action.named is not None:
            self._names[action.named] = ()
            self._holds.pop(action.named, None)
        return {"ok": True}

    def _offers(self, _: Offers) -> Outcome:
        patients = [patient for offer in find_offers(self.store) for patient in offer.entry.patient_ids]
        return {"ok": True, "patients": list(dict.fromkeys(patients))}

    def _repair(self, action: Repair) -> Outcome:
        """Everything that is proposed is approved at once; without a location one place after the other."""
        places = [action.location] if action.location else [one.id for one in self.scenario.locations]
        answers = [self._repair_at(place, action) for place in places]
        counts = {key: sum(answer[key] for answer in answers) for key in ("moved", "kept", "unplaced")}
        return {"ok": True, "proven": all(answer["proven"] for answer in answers)} | counts

    def _repair_at(self, place: str, action: Repair) -> Outcome:
        proposal = propose_repair(
            self.store, place, action.date, notice_minutes=action.notice_minutes, actor="test", seconds=SECONDS
        )
        approved = approve_repair(self.store, proposal.id, actor="test")
        assert isinstance(approved, Approved), approved
        fates = [change.fate for change in proposal.changes]
        moved, unplaced = fates.count(Fate.MOVED), fates.count(Fate.UNPLACED)
        return {"proven": proposal.proven, "moved": moved, "kept": proposal.kept, "unplaced": unplaced}

    def _ids(self, name: str) -> tuple[str, ...]:
        """The visits that a name stands for: `b1` all of them, `b1.2` the second."""
        base, dot, number = (name, "", "") if name in self._names else name.rpartition(".")
        ids = self._names.get(base, ())
        return ids[int(number) - 1 : int(number)] if dot else ids

    def _place_of(self, ids: tuple[str, ...]) -> str:
        with self.store.begin("look") as work:
            found = work.visits.load_standing(ids)
        return found[0].visit.location_id if found else self.scenario.locations[0].id

    def _place_of_named(self, action: Any) -> str:
        """The place of the visit that the action names."""
        ids = self._ids(getattr(action, "visit", ""))
        with self._engine.connect() as connection:
            rows = connection.execute(_BOOKED, {"ids": list(ids)})
            return next((row.location_id for row in rows), self.scenario.locations[0].id)

    def _request(self, action: Book | Hold, arrives: datetime) -> BookingRequest:
        arrives_at = instant_of(arrives, self.scenario.zone_of(self._location(action)))
        override = frozenset(action.override)
        return BookingRequest(self._trip(action), arrives_at, override, action.reason, action.role)

    def _answer(self, booking: Booking) -> Outcome:
        visits = booking.visits
        return {
            "ok": True,
            "arrives": visits[0].arrives_at.astimezone(self.scenario.zone_of(visits[0].location_id)),
            "with": {name: resource for visit in visits for name, resource in visit.resources},
            "deposit": sum(visit.deposit.amount_minor for visit in visits if visit.deposit),
        }

    def _stock(self, location_id: str) -> Outcome:
        today = self.now.astimezone(self.scenario.zone_of(location_id)).date()
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


def refused(refusal: Refusal) -> Outcome:
    """A refusal as an outcome."""
    return {"ok": False, "refused": list(refusal.reasons)}


def load_scenario(store: SqlStore, engine: Engine, scenario: Scenario, document: str) -> None:
    """Everything a scenario has before its first action."""
    said = parse(document, "scenario").value
    practice = {key: value for key, value in said.items() if key not in _ONLY_SCENARIO}
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
        price=entry.price,
    )


def _facts(entry: BookEntry) -> Iterator[FactClaim]:
    owner = {"block_id": entry.id} if entry.visit is None else {"visit_id": entry.id}
    for claim in entry.claims:
        need = next((name for name, who in entry.resources if who == claim.resource_id), None)
        yield FactClaim("resource", claim.resource_id, Span(claim.start_at, claim.end_at), need=need, **owner)
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
            if entry.part is not None:
                asked = {"asked": dict(entry.part.resources), "option_id": entry.part.option_id}
                connection.execute(update(tables.visit).where(tables.visit.c.id == entry.id).values(asked))
            for promise in entry.promises if entry.state is State.BOOKED else ():
                row = {"visit_id": entry.id, "product_id": promise.product_id, "location_id": promise.location_id}
                row |= {"quantity": promise.quantity, "due_on": promise.promised_on}
                connection.execute(insert(tables.stock_promise), row)
