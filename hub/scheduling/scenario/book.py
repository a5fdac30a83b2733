"""The appointment book of a run: what stands in it, and the diary the engine reads from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hub.canonical.money import Money
from hub.canonical.practice import Practice
from hub.scheduling.decision import Booking, PlannedVisit
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit, Promise


class State(StrEnum):
    """Where an entry of the book stands."""

    HELD = "held"
    BOOKED = "booked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    BLOCK = "block"

    @property
    def occupies(self) -> bool:
        """Whether it takes time."""
        return self not in (State.CANCELLED, State.NO_SHOW)


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
    resources: tuple[tuple[str, str], ...] = ()
    price: Money | None = None
    deposit: Money | None = None


@dataclass(slots=True)
class AppointmentBook:
    """All entries by id, and what the practice started with."""

    practice: Practice
    entries: dict[str, BookEntry] = field(default_factory=dict)
    _diary: Diary | None = None

    def write(self, entries: Iterable[BookEntry]) -> None:
        """Add entries, or replace those of the same id."""
        self.entries |= {entry.id: entry for entry in entries}
        self._diary = None

    def record(self, booking: Booking, ids: tuple[str, ...]) -> None:
        """Enter a booking's visits under these ids, and give existing claims their new units."""
        units = {move.claim_id: move.unit for move in booking.recolourings}
        moved = [
            replace(entry, claims=tuple(replace(claim, unit=units.get(claim.id, claim.unit)) for claim in entry.claims))
            for entry in self.entries.values()
            if any(claim.id in units for claim in entry.claims)
        ]
        self.write([*moved, *(entry_of(visit, name) for visit, name in zip(booking.visits, ids, strict=True))])

    def diary(self) -> Diary:
        """The book as the engine reads it."""
        if self._diary is None:
            self._diary = self._snapshot()
        return self._diary

    def _snapshot(self) -> Diary:
        standing = [entry for entry in self.entries.values() if entry.state.occupies]
        promising = (State.HELD, State.BOOKED)
        return Diary(
            claims=tuple(claim for entry in standing for claim in entry.claims),
            patients={patient.id: patient.known for patient in self.practice.patients},
            visits=tuple(entry.visit for entry in standing if entry.visit is not None),
            promises=tuple(promise for entry in standing if entry.state in promising for promise in entry.promises),
            lots=tuple(
                LotOnHand(lot.product, self.practice.location_of(lot), lot.lot, lot.on_hand, lot.expires)
                for lot in self.practice.stock
            ),
            packages=self._packages(standing),
        )

    def _packages(self, standing: list[BookEntry]) -> tuple[PackageStanding, ...]:
        used = [entry.package_id for entry in standing]
        return tuple(
            PackageStanding(
                package.id, package.patient, package.service, package.credits - used.count(package.id), package.expires
            )
            for package in self.practice.packages
        )


def entry_of(visit: PlannedVisit, entry_id: str, state: State = State.BOOKED) -> BookEntry:
    """A planned visit as an entry of the book."""
    claims = tuple(
        BusyClaim(f"{entry_id}:{i}", claim.resource_id, claim.unit, claim.start_at, claim.end_at)
        for i, claim in enumerate(visit.claims)
    )
    return BookEntry(
        id=entry_id,
        state=state,
        claims=claims,
        visit=_patient_visit(visit, entry_id, visit.arrives_at, visit.leaves_at),
        promises=tuple(Promise(p.product_id, p.location_id, p.promised_on, p.quantity) for p in visit.promises),
        package_id=visit.package_id,
        resources=visit.resources,
        price=visit.price,
        deposit=visit.deposit,
    )


def _patient_visit(visit: PlannedVisit, entry_id: str, arrives_at: datetime, leaves_at: datetime) -> PatientVisit:
    return PatientVisit(entry_id, visit.patient_id, visit.service_id, visit.location_id, arrives_at, leaves_at)
