"""Report idle equipment in the days ahead, and who on the waitlist fits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import load_practice
from hub.ports import Store
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.gap_fits import Waiting
from hub.scheduling.gaps import Gap, GapsRequest
from hub.scheduling.gaps import find_gaps as decide_gaps


@dataclass(frozen=True, slots=True)
class GapReport:
    """What is idle, and who waits."""

    gaps: tuple[Gap, ...]
    waiting: dict[str, WaitlistEntry]
    """By the id that the fits name."""


def find_gaps(
    store: Store, location_id: str, first_on: date, last_on: date, kinds: Collection[str] | None = None
) -> GapReport:
    """Every gap on these local dates, from now on, with those on the waitlist who fit; changes nothing.

    Args:
        store: where the book is.
        location_id: whose resources.
        first_on: the first date.
        last_on: the last one.
        kinds: of resources; None: those of the practice's `ranking`.

    Raises:
        InvalidInput: the location is not declared, or the last date is before the first.
        NeedsAttention: no practice file is in force.
    """
    if last_on < first_on:
        raise InvalidInput(Problem("the last date is before the first", field="until"))
    with store.begin("find_gaps") as work:
        practice = load_practice(work)
        if practice.find_location(location_id) is None:
            raise InvalidInput(Problem(f"the location {location_id!r} is not declared", field="location"))
        entries = {entry.id: entry for entry in work.waitlist.find_waiting()}
        diary = work.diaries.load(
            first_on=first_on,
            last_on=last_on,
            patient_ids={patient for entry in entries.values() for patient in entry.patient_ids},
            location_id=location_id,
        )
        waiting = [Waiting(entry.id, entry.request) for entry in entries.values()]
        request = GapsRequest(location_id, first_on, last_on, frozenset(kinds or practice.ranking.kinds))
        return GapReport(decide_gaps(practice, diary, request, waiting, work.now), entries)
