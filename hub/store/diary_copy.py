"""What a process keeps of the schedule between two looks at it, and how it catches up."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import NamedTuple

from hub.scheduling.board import carry_over
from hub.scheduling.diary import Diary, LotOnHand, PackageStanding, PatientVisit, Promise
from hub.scheduling.filled import FilledVisit
from hub.scheduling.timeline import Span, minute_from, minute_of
from hub.store.packed_claims import PackedClaims

Window = tuple[datetime, datetime]
Resources = frozenset[str] | None
"""Whose claims are looked at; None: everybody's."""
Promised = tuple[Promise, datetime | None]
"""A promise and its hold's deadline."""

_COPIES = 64
_ONE_DAY = timedelta(days=1)
# Local dates lie up to 14 hours beside UTC's, and the engine wants a day more on both sides.
_MARGIN = timedelta(days=2)


class Place(NamedTuple):
    """What is asked for."""

    first_on: date
    last_on: date
    location_id: str | None
    of_location: bool = False
    """Whether the location's own resources are enough."""


@dataclass(frozen=True, slots=True)
class OfPatients:
    """The part of a diary that is about the patients asked for; it is read every time."""

    patients: Mapping[str, bool]
    visits: tuple[PatientVisit, ...]
    packages: tuple[PackageStanding, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was noted since a snapshot."""

    spans: tuple[tuple[str, datetime, datetime], ...] = ()
    """(resource, from, until), within the window."""
    promises: frozenset[tuple[str, date]] = frozenset()
    """(product, local date)."""
    lots: bool = False

    def minutes(self) -> dict[str, list[Span]]:
        """Resource → when its claims may have changed."""
        found: dict[str, list[Span]] = {}
        for resource, start, end in self.spans:
            found.setdefault(resource, []).append((minute_of(start), minute_from(end)))
        return found


@dataclass(frozen=True, slots=True)
class DiaryCopy:
    """The schedule over one window at one snapshot, or a little later: what came later is then read once more."""

    snapshot: str
    """Of PostgreSQL (`pg_snapshot`): everything it sees is in the copy."""
    resources: Resources
    claims: PackedClaims
    promises: tuple[Promised, ...]
    lots: tuple[LotOnHand, ...]
    diary: Diary | None = None
    """The last one that was made of it, for its timelines."""

    def made_diary(
        self, about: OfPatients, changed: Mapping[str, Sequence[Span]], filled: tuple[FilledVisit, ...] = ()
    ) -> Diary:
        """The diary for these patients, with the timelines of the last; `changed`: where its claims were others."""
        diary = Diary(
            claims=self.claims,
            patients=about.patients,
            visits=about.visits,
            promises=tuple(promise for promise, _ in self.promises),
            lots=self.lots,
            packages=about.packages,
            filled=filled,
        )
        if self.diary is not None:
            carry_over(self.diary, diary, changed)
        return diary


class DiaryCopies:
    """The copies of one process, for one database; those least lately used go."""

    def __init__(self) -> None:
        self._copies: OrderedDict[Place, DiaryCopy] = OrderedDict()
        self._lock = Lock()

    def find(self, place: Place) -> DiaryCopy | None:
        """The copy for these days, if there is one."""
        with self._lock:
            copy = self._copies.get(place)
            if copy is not None:
                self._copies.move_to_end(place)
            return copy

    def keep(self, place: Place, copy: DiaryCopy) -> None:
        """Keep a copy; of two that are made at once either will do, as each knows its snapshot."""
        with self._lock:
            self._copies[place] = copy
            self._copies.move_to_end(place)
            if len(self._copies) > _COPIES:
                self._copies.popitem(last=False)


def still_promised(found: Iterable[Promised], now: datetime) -> tuple[Promised, ...]:
    """Without what is over."""
    return tuple((promise, at) for promise, at in found if at is None or at > now)


def window_of(place: Place) -> Window:
    """The instants that matter for its dates, in whatever zone they are, and what the engine wants beside them."""
    return midnight(place.first_on) - _MARGIN, midnight(place.last_on) + _ONE_DAY + _MARGIN


def read_changes(
    noted: Collection[tuple[str, str, str, str]], window: Window, resources: Resources = None
) -> Changes | None:
    """Notes (subject, its id, first and last ISO date) as what to read again; None: everything."""
    spans: list[tuple[str, datetime, datetime]] = []
    promises: set[tuple[str, date]] = set()
    lots = False
    for subject, subject_id, first, last in noted:
        if subject == "all":
            return None
        if subject == "resource":
            start = max(midnight(date.fromisoformat(first)), window[0])
            end = min(midnight(date.fromisoformat(last)) + _ONE_DAY, window[1])
            if start < end and (resources is None or subject_id in resources):
                spans.append((subject_id, start, end))
        elif subject == "promise":
            promises.add((subject_id, date.fromisoformat(first)))
        else:
            lots = True
    return Changes(tuple(spans), frozenset(promises), lots)


def midnight(day: date) -> datetime:
    """When the day begins in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)
