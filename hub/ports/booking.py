"""What the store keeps of the schedule: configuration, claims, bookings."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from hub.canonical.records import Visit
from hub.canonical.time import Span
from hub.ports.records import Saved
from hub.scheduling.absences import Absence
from hub.scheduling.decision import Booking
from hub.scheduling.diary import Diary, LotOnHand
from hub.scheduling.keys import Key
from hub.scheduling.request import Trip


@dataclass(frozen=True, slots=True)
class FactClaim:
    """Time that something outside the hub's decision takes; exactly one of visit and block is its reason."""

    owner_kind: Literal["resource", "patient"]
    owner_id: str
    """A provider's, room's, device's or patient's id."""
    span: Span
    visit_id: str | None = None
    block_id: str | None = None
    step: str | None = None
    need: str | None = None
    is_reassignable: bool = False
    """The engine chose it, since the record left it open, and may choose another."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of facts: claims in force, and visits of which some claims are contested."""

    firm: int
    contested: int
    contested_visits: tuple[str, ...]


class Claims(Protocol):
    """Who has which resource when."""

    def place_facts(self, visit_ids: Collection[str]) -> Placed:
        """Claim provider, room, device and patient of these visits over [start, end), in place of what they claimed.

        A visit that stands as it was booked (same times, and claims for all it names) keeps its steps' claims. What
        overlaps a firm claim is kept as contested, with an open issue `overlap`; a visit that does not take place gives
        up its claims, stock and credit, and what was contested because of it becomes firm. Repeating changes nothing.
        """
        ...

    def place(self, facts: Sequence[FactClaim]) -> Placed:
        """The same for claims that are given; those the visits and blocks had before are replaced."""
        ...

    def save_block(self, block_id: str, location_id: str | None, span: Span, *, reason: str | None = None) -> None:
        """Time that is no visit's; claim it with `place`."""
        ...

    def remove_blocks(self, block_ids: Collection[str]) -> None:
        """Give up the time of these blocks, and forget them; what was contested because of them becomes firm."""
        ...

    def release(self, visit_ids: Collection[str]) -> None:
        """Give up all claims of these visits, and of those that are cancelled stock and credit.

        Contested claims that now have room become firm.
        """
        ...

    def settle(self, resource_ids: Collection[str]) -> None:
        """Make contested claims firm that have room now, because these resources hold more than before."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """What one question told of the practice and its book, at one moment."""

    in_force: "InForce"
    has_holds_over: bool
    """Whether some hold is over that nobody has taken out yet."""
    diary: Diary
    """Without what other resources take."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A book that others may have changed since."""

    in_force: "InForce"
    diary: Diary
    """Its patients are those of whoever looked."""


class Diaries(Protocol):
    """The changing part of the schedule."""

    def look(
        self,
        *,
        first_on: date,
        last_on: date,
        patient_ids: Collection[str],
        location_id: str,
        resources_of: Callable[["InForce"], Collection[str]],
    ) -> Look:
        """What openings at one location need: what its resources (their ids by the practice in force) take.

        One question to the database where this process has looked there before.
        """
        ...

    def recall(self, *, first_on: date, last_on: date, location_id: str) -> "Recalled | None":
        """What this process saw last of the same, without a question; None: it has not looked there yet."""
        ...

    def load(
        self, *, first_on: date, last_on: date, patient_ids: Collection[str], location_id: str | None = None
    ) -> Diary:
        """A snapshot for openings on these dates, with the visits of these patients of any date.

        Holds that are over are not in it.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A booking that was made under an idempotency key."""

    request_hash: str
    visit_ids: tuple[str, ...]


class Bookings(Protocol):
    """Writing down what the schedule decided."""

    def lock_key(self, key: str) -> KnownKey | None:
        """Wait for whoever uses this key, keep it to the end of the operation, and say what was booked under it."""
        ...

    def attempt(self, keys: Collection[Key] = ()) -> AbstractContextManager["Attempt"]:
        """A part of the operation that can be taken back, with the locks taken in it: first of all those of `keys`.

        Raises:
            Conflict: at its end: somebody claimed what was written, without taking the locks. It is taken back.
        """
        ...

    def lock(self, keys: Collection[Key]) -> None:
        """Wait until nobody else changes any of these; what is read after it is the truth."""
        ...

    def save(self, booking: Booking, trip: Trip, booked_on: date) -> tuple[Visit, ...]:
        """Write visits, claims, promises and package uses by the end of the attempt; gives the visits in order.

        Where somebody claimed the time without taking the locks, that end, or `UnitOfWork.finish`, raises `Conflict`.

        Args:
            booking: what was decided.
            trip: what was asked.
            booked_on: the local date.
        """
        ...

    def save_key(self, key: str, known: KnownKey) -> None:
        """Remember what was booked under a key."""
        ...

    def cancel(self, visit_id: str) -> Visit | None:
        """Make a visit that is still to come cancelled and give back its time, stock and credit; None: no such one."""
        ...


class Attempt(Protocol):
    """Written unless it is taken back or an error leaves it."""

    def take_back(self) -> None:
        """Undo what was done in it and let go of its locks."""
        ...


@dataclass(frozen=True, slots=True)
class BookableResource:
    """A provider, room or device of the practice file."""

    id: str
    kind: str
    name: str
    location_id: str
    capacity: int


@dataclass(frozen=True, slots=True)
class Site:
    """A location of the practice file."""

    id: str
    name: str
    zone: str
    """IANA."""


@dataclass(frozen=True, slots=True)
class AppliedPractice:
    """A practice file in force."""

    version: int
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The configuration in force at one moment, and the open issues that a change may settle."""

    practice: AppliedPractice | None
    """None: nothing was applied yet."""
    absences: tuple[Absence, ...]
    """When resources are away beside what the file says, in the order in which it was noted."""
    has_flagged: bool = False
    """Whether some visit is said to break rules (`breaks_rules`)."""
    reorders: frozenset[str] = frozenset()
    """The subjects of open reorder tasks."""
    cut_over: frozenset[str] = frozenset()
    """The systems whose visits the hub took over: a calendar that the file gives to one of them is the hub's."""


class Practices(Protocol):
    """The configuration in force."""

    def find_in_force(self) -> InForce:
        """As it stands now."""
        ...

    def find(self, version: int) -> AppliedPractice | None:
        """One that is or was in force."""
        ...

    def save_absence(self, absence: Absence, reason: str | None = None) -> None:
        """Note that a resource is away, from now on."""
        ...

    def save(self, file: str, text: str) -> bool:
        """Put this text in force; False: it was already."""
        ...

    def save_sites(self, sites: Sequence[Site]) -> Saved:
        """Write the locations; a name that a connected system gave stays."""
        ...

    def save_resources(self, resources: Sequence[BookableResource]) -> Saved:
        """Write them with their units; a name that a system gave stays. What is missing stops being bookable."""
        ...

    def save_lots(self, lots: Sequence[LotOnHand]) -> int:
        """Add lots that are new, with their opening count; what a known lot holds is the store's to know."""
        ...
