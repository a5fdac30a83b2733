"""What a practice file says will be different from a date on, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.canonical.practice import Dated, Hours, Practice, PracticeResource
from hub.canonical.wall import DAYS

What = Literal["begins", "last day", "closed"]


@dataclass(frozen=True, slots=True)
class DatedChange:
    """Something that begins on a local date, or has its last day, or is closed on it."""

    on: date
    path: str
    """`resources.dana`, `locations.main.hours mon-fri 07:00-12:00`, `services.peel.offered`."""
    what: What
    is_new: bool
    """Whether the file in force does not say so."""


def find_dated_changes(old: Practice | None, new: Practice, today: date) -> tuple[DatedChange, ...]:
    """All that the new file dates from `today` on, in order of dates. None: no file is in force."""
    known = set(_dates(old)) if old is not None else set()
    found = sorted(one for one in set(_dates(new)) if one[0] >= today)
    return tuple(DatedChange(*one, is_new=one not in known) for one in found)


_Found = tuple[date, str, What]


def _dates(practice: Practice) -> Iterator[_Found]:
    for location in practice.locations:
        path = f"locations.{location.id}"
        yield from _of(location, path)
        yield from _of_hours(location.hours, path)
        yield from ((day, path, "closed") for day in location.closed)
    for resource in practice.resources:
        path = f"resources.{resource.id}"
        yield from _of(resource, path)
        yield from _of_hours(resource.hours, path)
        yield from _of_certifications(resource, path)
    for service in practice.services:
        if service.offered is not None:
            yield from _of(service.offered, f"services.{service.id}.offered")


def _of(dated: Dated, path: str) -> Iterator[_Found]:
    if dated.since is not None:
        yield dated.since, path, "begins"
    if dated.until is not None:
        yield dated.until, path, "last day"


def _of_hours(hours: tuple[Hours, ...] | None, path: str) -> Iterator[_Found]:
    for entry in hours or ():
        yield from _of(entry, f"{path}.hours {in_words(entry)}")


def _of_certifications(resource: PracticeResource, path: str) -> Iterator[_Found]:
    for entry in resource.certifications:
        yield from _of(Dated(since=entry.valid_from, until=entry.until), f"{path}.certifications.{entry.code}")


def in_words(hours: Hours) -> str:
    """`mon tue 09:00-12:00`."""
    return f"{' '.join(DAYS[day] for day in hours.days)} {_clock(hours.starts)}-{_clock(hours.ends)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
