"""The appointment book of a run: what stands in it, and the diary the engine reads from it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hub.canonical.money import Money
from hub.canonical.practice import Policy, Practice
from hub.scheduling.decision import Booking, PlannedVisit
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit, Promise
from hub.scheduling.ledger import Movement, lots_after
from hub.scheduling.request import Part
from hub.scheduling.running import RunningStep
from hub.scheduling.waivers import NOTHING_OWED, Owed


class State(StrEnum):
    """Where an entry of the book stands."""

    HELD = "held"
    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    BLOCK = "block"

    @property
    def occupies(self) -> bool:
        """Whether it takes time."""
        return self not in (State.CANCELLED, State.NO_SHOW)

    @property
    def is_to_come(self) -> bool:
        """Whether it is a visit that is not over."""
        return self in (State.BOOKED, State.ARRIVED)


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A visit, a hold or a block."""

    id: str
    state: State
    claims: tuple[BusyClaim, ...]
    visit: PatientVisit | None = None
    """None: a block."""
    promises: tuple[Promise, ...] = ()
    package_id: str | None = None
    trip_id: str | None = None
    """Visits that were booked as one trip have the same; None: it was booked alone, or listed."""
    is_unplaced: bool = False
    """A repair found no place for it: it stays, flagged."""
    part: Part | None = None
    """What was asked for; None: a block."""
    resources: tuple[tuple[str, str], ...] = ()
    price: Money | None = None
    policy: Policy | None = None
    """What was accepted with the booking; None: it was listed, and the policy in force decides."""
    owed: Owed = NOTHING_OWED
    """What it costs beside the deposit's rule, once something of it is waived or it does not take place."""
    fee_from: datetime | None = None
    """The arrival that the fee of a cancellation is reckoned from; None: the visit's own."""
    overridden: frozenset[str] = frozenset()
    """The codes that were passed over when it was booked or moved."""
    steps: tuple[RunningStep, ...] = ()
    """As they really go; none: as the service says."""
    expires_at: datetime | None = None
    """Of a hold: the first instant at which it is not there any more."""


@dataclass(slots=True)
class AppointmentBook:
    """All entries by id, and what the practice started with."""

    practice: Practice
    entries: dict[str, BookEntry] = field(default_factory=dict)
    lots: tuple[LotOnHand, ...] = ()
    ledger: tuple[Movement, ...] = ()
    """What happened to the lots, in order."""
    _diary: Diary | None = None

    def write(self, entries: Iterable[BookEntry]) -> None:
        """Add entries, or replace those of the same id."""
        self.entries |= {entry.id: entry for entry in entries}
        self._diary = None

    def next_expiry(self) -> datetime | None:
        """When the first of the holds is over; None: there is none."""
        return min((e.expires_at for e in self.entries.values() if e.expires_at is not None), default=None)

    def expire(self, now: datetime) -> None:
        """Take out the holds whose time is over: they never were."""
        over = [entry.id for entry in self.entries.values() if entry.expires_at is not None and entry.expires_at <= now]
        for entry_id in over:
            del self.entries[entry_id]
            self._diary = None

    def remove(self, ids: Iterable[str]) -> None:
        """Take entries out: they never were."""
        for entry_id in ids:
            self.entries.pop(entry_id, None)
        self._diary = None

    def without(self, ids: Collection[str]) -> Diary:
        """The diary as if these entries were not there."""
        rest = {entry_id: entry for entry_id, entry in self.entries.items() if entry_id not in ids}
        return AppointmentBook(self.practice, rest, self.lots).diary()

    def move_stock(self, movements: Iterable[Movement]) -> None:
        """Write lines of the ledger; the lots follow."""
        lines = tuple(movements)
        if lines:
            self.ledger += lines
            self.lots = lots_after(self.lots, lines)
            self._diary = None

    def set_practice(self, practice: Practice) -> None:
        """Go on with another practice file: somebody is away."""
        self.practice = practice
        self._diary = None

    def record(self, booking: Booking, entries: Iterable[BookEntry]) -> None:
        """Enter a booking's visits, and give existing claims their new units."""
        units = {move.claim_id: move.unit for move in booking.recolourings}
        moved = [
            replace(entry, claims=tuple(replace(claim, unit=units.get(claim.id, claim.unit)) for claim in entry.claims))
            for entry in self.entries.values()
            if any(claim.id in units for claim in entry.claims)
        ]
        self.write([*moved, *entries])

    def diary(self) -> Diary:
        """The book as the engine reads it."""
        if self._diary is None:
            self._diary = self._snapshot()
        return self._diary

    def _snapshot(self) -> Diary:
        standing = [entry for entry in self.entries.values() if entry.state.occupies]
        promising = (State.HELD, State.BOOKED, State.ARRIVED)
        return Diary(
            claims=tuple(claim for entry in standing for claim in entry.claims),
            patients={patient.id: patient.known for patient in self.practice.patients},
            visits=tuple(entry.visit for entry in standing if entry.visit is not None),
            promises=tuple(promise for entry in standing if entry.state in promising for promise in entry.promises),
            lots=self.lots,
            packages=self._packages(standing),
        )

    def _packages(self, standing: list[BookEntry]) -> tuple[PackageStanding, ...]:
        lost = [entry for entry in self.entries.values() if entry.owed.is_credit_lost]
        used = [entry.package_id for entry in (*standing, *lost)]
        return tuple(
            PackageStanding(
                package.id, package.patient, package.service, package.credits - used.count(package.id), package.expires
            )
            for package in self.practice.packages
        )


def entry_of(visit: PlannedVisit, entry_id: str, part: Part, policy: Policy | None) -> BookEntry:
    """A planned visit as a booked entry, under the policy that is accepted with it."""
    claims = tuple(
        BusyClaim(f"{entry_id}:{i}", claim.resource_id, claim.unit, claim.start_at, claim.end_at)
        for i, claim in enumerate(visit.claims)
    )
    return BookEntry(
        id=entry_id,
        state=State.BOOKED,
        claims=claims,
        visit=PatientVisit(
            entry_id,
            visit.patient_id,
            visit.service_id,
            visit.location_id,
            visit.arrives_at,
            visit.leaves_at,
            part.series_id,
        ),
        promises=tuple(Promise(p.product_id, p.location_id, p.promised_on, p.quantity) for p in visit.promises),
        package_id=visit.package_id,
        part=part,
        resources=visit.resources,
        price=visit.price,
        policy=policy,
        owed=Owed(
            price_minor=visit.price.amount_minor if visit.price else 0,
            deposit_minor=visit.deposit.amount_minor if visit.deposit else 0,
        ),
    )
