"""A run in progress: the clock, the book, and what `as` has named."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.canonical.practice import Policy
from hub.scheduling.clearances import ConsentStanding
from hub.scheduling.clock import wall_clock
from hub.scheduling.counts import receive
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.ledger import LotKey
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.scheduling.scenario.actions import PartEntry, TripEntry
from hub.scheduling.scenario.book import AppointmentBook, BookEntry, State, entry_of
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.listed import listed_entries
from hub.scheduling.scenario.outside_actions import PaymentAnswers, VendorAnswers
from hub.scheduling.scenario.undecided import Undecided
from hub.scheduling.stock import shelf_of
from hub.scheduling.timeline import instant_at, minute_of

Outcome = dict[str, Any]
"""What came out, by the keys of an expectation; instants are aware and local."""


@dataclass(slots=True)
class Waiter:
    """One entry of the waitlist."""

    request: OpeningsRequest
    named: str | None
    offer: tuple[str, ...] = ()
    """The hold they have been offered."""


@dataclass(slots=True)
class Player:
    """The state that the actions work on."""

    scenario: Scenario
    now: datetime = field(init=False)
    book: AppointmentBook = field(init=False)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What `as` named, and the listed visits → ids in the book."""
    keys: dict[str, tuple[Mapping[str, Any], Outcome, tuple[str, ...]]] = field(default_factory=dict)
    """Key → the request it was used with, its answer, and the visits."""
    waiting: list[Waiter] = field(default_factory=list)
    """Who waits for a freed time, in the order of joining."""
    consents: dict[str, list[ConsentStanding]] = field(default_factory=dict)
    """Patient → what they signed."""
    unexplained: dict[LotKey, Decimal] = field(default_factory=dict)
    """What counts found too much or too little of a lot, and nobody has said why."""
    vendor: VendorAnswers = field(default_factory=lambda: VendorAnswers(answers="yes"))
    """How the owners of calendars answer."""
    payment: PaymentAnswers = field(default_factory=lambda: PaymentAnswers(answers="yes"))
    """The same of whoever takes deposits first."""
    is_outside_played: bool = False
    """Whether the file says how they answer; else they agree, and nobody is asked."""
    undecided: list[Undecided] = field(default_factory=list)
    """What waits for their word, the longest first."""
    channels: dict[str, str] = field(default_factory=dict)
    """Held visit → the channel it was held by."""
    _count: int = 0
    _vials: int = 0
    _series: int = 0

    def __post_init__(self) -> None:
        self.now = self.instant(self.scenario.now, None)
        self.book = AppointmentBook(self.scenario)
        self.book.move_stock(
            receive((lot.product, self.scenario.location_of(lot), lot.lot), lot.on_hand, lot.expires, self.now, None)
            for lot in self.scenario.stock
        )
        self.book.write(listed_entries(self.scenario))
        self.names = {visit.id: (visit.id,) for visit in self.scenario.visits if not visit.is_block}

    def entries(self, name: str) -> list[BookEntry]:
        """The visits a name stands for: `b1` all of them, `b1.2` the second; none where nothing was booked."""
        base, dot, number = (name, "", "") if name in self.names else name.rpartition(".")
        ids = self.names.get(base, ())
        if dot:
            ids = ids[int(number) - 1 : int(number)] if number.isdigit() and int(number) > 0 else ()
        return [self.book.entries[entry_id] for entry_id in ids if entry_id in self.book.entries]

    def name_of(self, entry_id: str) -> str:
        """What the file calls an entry: `b1`, `b1.2`, a listed id; one that it never named has its number."""
        for name, ids in self.names.items():
            if entry_id in ids:
                return name if len(ids) == 1 else f"{name}.{ids.index(entry_id) + 1}"
        return entry_id

    def record(self, booking: Booking, trip: Trip, hold_until: datetime | None = None) -> tuple[str, ...]:
        """Write a booking down, as a hold where it has an end; the ids of its visits."""
        ids = tuple(f"#{self._count + i}" for i in range(1, len(booking.visits) + 1))
        self._count += len(ids)
        policy = self.policy(trip.location_id)
        entries = [
            entry_of(visit, entry_id, part, policy)
            for visit, entry_id, part in zip(booking.visits, ids, trip.parts, strict=True)
        ]
        entries = [replace(entry, overridden=frozenset(booking.overridden)) for entry in entries]
        if len(ids) > 1:
            entries = [replace(entry, trip_id=ids[0]) for entry in entries]
        if hold_until is not None:
            entries = [replace(entry, state=State.HELD, expires_at=hold_until) for entry in entries]
        self.book.record(booking, entries)
        return ids

    def new_vial(self) -> str:
        """An id for a vial that is opened."""
        self._vials += 1
        return f"vial-{self._vials}"

    def new_series(self) -> str:
        """An id for a series."""
        self._series += 1
        return f"series-{self._series}"

    def name(self, name: str | None, ids: tuple[str, ...]) -> None:
        """Let `as` name these visits."""
        if name is not None:
            self.names[name] = ids

    def told(self, ids: tuple[str, ...]) -> Outcome:
        """The visits as the outcome of a booking."""
        entries = [self.book.entries[entry_id] for entry_id in ids]
        first = entries[0].visit
        outcome: Outcome = {
            "ok": True,
            "with": {name: resource for entry in entries for name, resource in entry.resources},
            "deposit": sum(entry.owed.left_minor("deposit") for entry in entries),
        }
        if first is not None:
            outcome["arrives"] = first.arrives_at.astimezone(self.scenario.zone_of(first.location_id))
        return outcome

    def stock(self, location_id: str) -> dict[str, Any]:
        """The most that a visit arriving today could still promise of each product."""
        today = wall_clock(self.scenario.zone_of(location_id)).date_at(minute_of(self.now))
        diary = self.book.diary()
        return {
            product.id: shelf_of(self.scenario, diary, product.id, location_id, today).most_on(today)
            for product in self.scenario.products
        }

    def change_practice(self, **changes: Any) -> None:
        """Go on with other resources."""
        self.scenario = self.scenario.model_copy(update=changes)
        self.book.set_practice(self.scenario)

    def trip(self, action: TripEntry) -> Trip:
        """What an action asks for, in the engine's words."""
        parts = tuple(asked_part(part) for part in action.wanted())
        return Trip(parts, self.location(action.location), action.channel, action.together)

    def location(self, location_id: str | None) -> str:
        """The location given, or the only one."""
        return location_id or self.scenario.locations[0].id

    def instant(self, wall: datetime, location_id: str | None) -> datetime:
        """A wall time of a location, or of the practice, as an instant."""
        return instant_at(wall_clock(self.scenario.zone_of(location_id or "")).minute(wall))

    def policy(self, location_id: str) -> Policy:
        """The policy in force there now."""
        return self.scenario.policy_at(self.now, location_id)

    def accepted(self, entry: BookEntry) -> Policy:
        """The policy that was accepted with a visit; of a listed one that in force now."""
        return entry.policy or self.policy(entry.visit.location_id if entry.visit else "")

    def hold_end(self, location_id: str) -> datetime:
        """When a hold taken there now is over."""
        return self.now + timedelta(minutes=self.policy(location_id).hold_minutes)


def asked_part(part: PartEntry) -> Part:
    """One service of an action, in the engine's words."""
    return Part(part.service, part.patient or "", part.option, part.resources, part.package)


def refused(refusal: Refusal | str) -> Outcome:
    """A refusal as an outcome; a single code stands alone."""
    return {"ok": False, "refused": [refusal] if isinstance(refusal, str) else list(refusal.reasons)}
