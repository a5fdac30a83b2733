"""Visits of the past that could not both have happened: one patient, provider, room or device in two places at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.canonical.ids import VisitId
from hub.canonical.records import Visit

UNITS = ("patient_id", "provider_id", "room_id", "device_id")


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """Two visits that have one unit at the same time; the one that starts first stands first."""

    unit: str
    """The visit's field that names it: `patient_id`, `provider_id`, `room_id`, `device_id`."""
    unit_id: str
    first: VisitId
    second: VisitId


def find_overlaps(visits: Iterable[Visit]) -> tuple[Overlap, ...]:
    """Every overlapping pair of visits that occupy their time, unit by unit; touching is not overlapping.

    O(n log n) and the pairs found.
    """
    by_unit: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.state.occupies:
            for unit in UNITS:
                unit_id = getattr(visit, unit)
                if unit_id is not None:
                    by_unit[unit, unit_id].append(visit)
    return tuple(sorted(found for unit, busy in by_unit.items() for found in _pairs(unit, busy)))


def visits_in(overlaps: Iterable[Overlap]) -> frozenset[VisitId]:
    """Both sides of every overlap."""
    return frozenset(visit for found in overlaps for visit in (found.first, found.second))


def _pairs(unit: tuple[str, str], busy: list[Visit]) -> Iterator[Overlap]:
    running: list[Visit] = []
    for visit in sorted(busy, key=lambda v: (v.start, v.end, v.id)):
        running = [other for other in running if other.end > visit.start]
        yield from (Overlap(*unit, other.id, visit.id) for other in running)
        running.append(visit)
