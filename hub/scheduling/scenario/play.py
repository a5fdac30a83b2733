"""Play a scenario: one action after the other on an appointment book in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.canonical.wall import WallTime
from hub.scheduling.clock import wall_clock
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.scheduling.scenario.actions import ActionEntry, Book, Find, TripEntry
from hub.scheduling.scenario.book import AppointmentBook
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.listed import listed_entries
from hub.scheduling.stock import shelf_of
from hub.scheduling.timeline import instant_at, minute_of

Outcome = dict[str, Any]
"""What came out, by the keys of an expectation; instants are aware and local."""


@dataclass(slots=True)
class Player:
    """A run in progress."""

    scenario: Scenario
    now: datetime = field(init=False)
    book: AppointmentBook = field(init=False)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What `as` named → the ids of its visits."""
    _keys: dict[str, tuple[Mapping[str, Any], Outcome, tuple[str, ...]]] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self.now = self._instant(self.scenario.now, None)
        self.book = AppointmentBook(self.scenario)
        self.book.write(listed_entries(self.scenario))

    def play(self, entry: ActionEntry) -> Outcome:
        """What comes out of one action; with `refused` in it when it was refused."""
        plays: dict[str, Callable[[Any], Outcome]] = {"find": self._find, "book": self._book, "clock": self._move_clock}
        outcome = plays[entry.kind](getattr(entry, entry.kind))
        if entry.expect is not None and entry.expect.stock is not None:
            location = getattr(getattr(entry, entry.kind), "location", None)
            outcome["stock"] = self._stock(location or self.scenario.locations[0].id)
        return outcome

    def find(self, action: Find) -> OpeningsRequest:
        """The engine's request for a `find`."""
        return OpeningsRequest(self._trip(action), action.from_on, action.until_on)

    def _find(self, action: Find) -> Outcome:
        found = find_openings(self.scenario, self.book.diary(), self.find(action), self.now)
        if isinstance(found, Refusal):
            return _refused(found)
        zone = self.scenario.zone_of(self._location(action.location))
        openings = [arrival.astimezone(zone) for arrival in found.arrivals]
        first = openings[0] if openings else None
        return {"ok": True, "openings": openings, "first": first, "count": len(openings), "none": not openings}

    def _book(self, action: Book) -> Outcome:
        asked = action.model_dump(exclude={"named", "key"})
        if action.key is not None and action.key in self._keys:
            earlier, outcome, ids = self._keys[action.key]
            if earlier != asked:
                return {"ok": False, "refused": ["key_reused"]}
            self._name(action.named, ids)
            return dict(outcome)
        if action.hold is not None or action.arrives is None:
            return {"ok": False, "refused": ["hold_expired"]}
        decision = decide_booking(self.scenario, self.book.diary(), self._booking(action, action.arrives), self.now)
        if isinstance(decision, Refusal):
            return _refused(decision)
        ids = self._record(decision)
        outcome = self._booked(decision)
        self._name(action.named, ids)
        if action.key is not None:
            self._keys[action.key] = (asked, outcome, ids)
        return dict(outcome)

    def _move_clock(self, to: WallTime) -> Outcome:
        self.now = self._instant(to, None)
        return {"ok": True}

    def _booking(self, action: Book, arrives: datetime) -> BookingRequest:
        return BookingRequest(
            self._trip(action),
            self._instant(arrives, self._location(action.location)),
            frozenset(action.override),
            action.reason,
            action.role,
        )

    def _record(self, booking: Booking) -> tuple[str, ...]:
        ids = tuple(f"#{self._count + i}" for i in range(1, len(booking.visits) + 1))
        self._count += len(ids)
        self.book.record(booking, ids)
        return ids

    def _name(self, name: str | None, ids: tuple[str, ...]) -> None:
        if name is not None:
            self.names[name] = ids

    def _booked(self, booking: Booking) -> Outcome:
        zone = self.scenario.zone_of(booking.visits[0].location_id)
        return {
            "ok": True,
            "arrives": booking.visits[0].arrives_at.astimezone(zone),
            "with": {name: resource for visit in booking.visits for name, resource in visit.resources},
            "deposit": sum(visit.deposit.amount_minor for visit in booking.visits if visit.deposit),
        }

    def _stock(self, location_id: str) -> dict[str, Any]:
        today = wall_clock(self.scenario.zone_of(location_id)).date_at(minute_of(self.now))
        diary = self.book.diary()
        return {
            product.id: shelf_of(self.scenario, diary, product.id, location_id, today).most_on(today)
            for product in self.scenario.products
        }

    def _trip(self, action: TripEntry) -> Trip:
        parts = tuple(
            Part(part.service, part.patient or "", part.option, part.resources, part.package)
            for part in action.wanted()
        )
        return Trip(parts, self._location(action.location), action.channel, action.together)

    def _location(self, location_id: str | None) -> str:
        return location_id or self.scenario.locations[0].id

    def _instant(self, wall: datetime, location_id: str | None) -> datetime:
        """A wall time of a location, or of the practice, as an instant."""
        zone = self.scenario.zone_of(location_id or "")
        return instant_at(wall_clock(zone).minute(wall))


def _refused(refusal: Refusal) -> Outcome:
    return {"ok": False, "refused": list(refusal.reasons)}
