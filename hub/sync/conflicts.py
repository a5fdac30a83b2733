"""Visits of the past that could not both have happened: one patient, provider, room or device in two places at once."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hub.canonical.ids import PatientId, ProviderId, ResourceId, VisitId
from hub.canonical.records import Visit, VisitState

UNITS = ("patient_id", "provider_id", "room_id", "device_id")
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_NONE = -1
_BEGINNING = -(1 << 63)


class Stay(NamedTuple):
    """What counts of a visit here; far cheaper to make than one, and there are a million."""

    id: VisitId
    start: datetime
    end: datetime
    state: VisitState
    patient_id: PatientId
    provider_id: ProviderId | None
    room_id: ResourceId | None
    device_id: ResourceId | None


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """Two visits that have one unit at the same time; the one that starts first stands first."""

    unit: str
    """The visit's field that names it: `patient_id`, `provider_id`, `room_id`, `device_id`."""
    unit_id: str
    first: VisitId
    second: VisitId


def find_overlaps(visits: Iterable[Visit | Stay]) -> tuple[Overlap, ...]:
    """Every overlapping pair of visits that occupy their time, unit by unit; touching is not overlapping.

    Reads each visit once and keeps a few numbers of it, so that ten years may come from a file or a cursor.
    O(n log n) and the pairs found.
    """
    history = _History()
    for visit in visits:
        if visit.state.occupies:
            history.add(visit)
    return tuple(sorted(history.overlaps()))


class _History:
    """Visits as columns, numbered as they came; and units, numbered as they were first met."""

    def __init__(self) -> None:
        self._ids: list[VisitId] = []
        self._starts = array("q")
        self._ends = array("q")
        self._units: dict[tuple[str, str], int] = {}
        self._columns = tuple((unit, array("i")) for unit in UNITS)

    def add(self, visit: Visit | Stay) -> None:
        """Note who takes which units when."""
        self._ids.append(visit.id)
        self._starts.append((visit.start - _EPOCH) // _MICROSECOND)
        self._ends.append((visit.end - _EPOCH) // _MICROSECOND)
        for unit, column in self._columns:
            unit_id = getattr(visit, unit)
            column.append(_NONE if unit_id is None else self._units.setdefault((unit, unit_id), len(self._units)))

    def overlaps(self) -> Iterator[Overlap]:
        """Go through time once; of each unit only the visits that are still running are looked at."""
        starts, ends, ids, names = self._starts, self._ends, self._ids, list(self._units)
        free_from = array("q", [_BEGINNING]) * len(names)
        running: list[list[int]] = [[] for _ in names]
        for number in self._in_order():
            start, end = starts[number], ends[number]
            for _, column in self._columns:
                unit = column[number]
                if unit == _NONE:
                    continue
                if start < free_from[unit]:
                    running[unit] = [other for other in running[unit] if ends[other] > start]
                    yield from (Overlap(*names[unit], ids[other], ids[number]) for other in running[unit])
                    running[unit].append(number)
                    free_from[unit] = max(end, free_from[unit])
                else:
                    running[unit] = [number]
                    free_from[unit] = end

    def _in_order(self) -> list[int]:
        """By start, then end, then id: sorting keeps the order of what is equal."""
        order = list(range(len(self._ids)))
        for column in (self._ids, self._ends, self._starts):
            order.sort(key=column.__getitem__)
        return order
