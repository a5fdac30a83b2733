"""What a process keeps of the schedule between two looks at it, and how it catches up."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from threading import Lock

from hub.scheduling.board import carry_over
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit, Promise
from hub.scheduling.filled import FilledVisit

Window = tuple[datetime, datetime]
Place = tuple[date, date, str | None]
"""The first and the last day asked for, and the location."""
ByResource = Mapping[str, tuple[BusyClaim, ...]]
Taken = tuple[BusyClaim, datetime | None]
"""A claim and when it ends by itself: its hold's deadline."""
Promised = tuple[Promise, datetime | None]
"""A promise and its hold's deadline."""

_COPIES = 64
_ONE_DAY = timedelta(days=1)


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


@dataclass(frozen=True, slots=True)
class DiaryCopy:
    """The schedule over one window at one snapshot, or a little later: what came later is then read once more."""

    snapshot: str
    """Of PostgreSQL (`pg_snapshot`): everything it sees is in the copy."""
    claims: ByResource
    """In order of start."""
    claims_end: Mapping[str, datetime]
    """Claim id → its hold's deadline."""
    promises: tuple[Promised, ...]
    lots: tuple[LotOnHand, ...]
    diary: Diary | None = None
    """The last one that was made of it, for its timelines."""

    def made_diary(self, about: OfPatients, filled: tuple[FilledVisit, ...] = ()) -> Diary:
        """The diary for these patients, with the timelines that still hold."""
        before = self.diary
        is_same = before is not None and before.claims_of is self.claims
        diary = Diary(
            claims=before.claims
            if before is not None and is_same
            else tuple(chain.from_iterable(self.claims.values())),
            patients=about.patients,
            visits=about.visits,
            promises=tuple(promise for promise, _ in self.promises),
            lots=self.lots,
            packages=about.packages,
            filled=filled,
        )
        vars(diary)["claims_of"] = self.claims  # sorted already
        if before is not None:
            carry_over(before, diary)
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


def grouped(found: Iterable[Taken]) -> tuple[ByResource, dict[str, datetime]]:
    """Claims by resource in order of start, and the deadlines of those that have one."""
    claims: dict[str, list[BusyClaim]] = {}
    ends: dict[str, datetime] = {}
    for claim, ends_at in found:
        claims.setdefault(claim.resource_id, []).append(claim)
        if ends_at is not None:
            ends[claim.id] = ends_at
    return {resource: _ordered(listed) for resource, listed in claims.items()}, ends


def replaced(copy: DiaryCopy, changes: Changes, found: Iterable[Taken]) -> tuple[ByResource, Mapping[str, datetime]]:
    """The copy's claims with those in the changed spans exchanged for what was found there."""
    fresh, ends = grouped(found)
    spans: dict[str, list[Window]] = {}
    for resource, start, end in changes.spans:
        spans.setdefault(resource, []).append((start, end))
    claims = dict(copy.claims)
    gone: set[str] = set()
    for resource, changed in spans.items():
        touched = {one.id for one in claims.get(resource, ()) if _touches(one, changed)}
        gone |= touched
        merged = {one.id: one for one in claims.get(resource, ()) if one.id not in touched}
        merged |= {one.id: one for one in fresh.get(resource, ())}
        claims[resource] = _ordered(merged.values())
    kept = {claim: at for claim, at in copy.claims_end.items() if claim not in gone}
    return claims, kept | ends


def without_ended(
    claims: ByResource, ends: Mapping[str, datetime], now: datetime
) -> tuple[ByResource, Mapping[str, datetime]]:
    """What is left when holds are over; the same objects where none is."""
    over = {claim for claim, at in ends.items() if at <= now}
    if not over:
        return claims, ends
    left = {
        resource: tuple(one for one in listed if one.id not in over)
        if any(one.id in over for one in listed)
        else listed
        for resource, listed in claims.items()
    }
    return left, {claim: at for claim, at in ends.items() if claim not in over}


def still_promised(found: Iterable[Promised], now: datetime) -> tuple[Promised, ...]:
    """Without what is over."""
    return tuple((promise, at) for promise, at in found if at is None or at > now)


def read_changes(noted: Collection[tuple[str, str, str, str]], window: Window) -> Changes | None:
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
            if start < end:
                spans.append((subject_id, start, end))
        elif subject == "promise":
            promises.add((subject_id, date.fromisoformat(first)))
        else:
            lots = True
    return Changes(tuple(spans), frozenset(promises), lots)


def midnight(day: date) -> datetime:
    """When the day begins in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def _touches(claim: BusyClaim, spans: Iterable[Window]) -> bool:
    return any(claim.start_at < end and start < claim.end_at for start, end in spans)


def _ordered(claims: Iterable[BusyClaim]) -> tuple[BusyClaim, ...]:
    return tuple(sorted(claims, key=lambda one: (one.start_at, one.end_at, int(one.id))))
