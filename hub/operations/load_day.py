"""A day at a location as a repair sees it: who is booked, and everything else that stands."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

from hub.canonical.practice import Practice
from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import load_practice
from hub.ports import UnitOfWork
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import Diary
from hub.scheduling.repair.day import BookedVisit
from hub.scheduling.timeline import instant_at


@dataclass(frozen=True, slots=True)
class LoadedDay:
    """One snapshot."""

    practice: Practice
    diary: Diary
    visits: tuple[BookedVisit, ...]
    """Of services that the practice file declares: those it does not stay where they are."""
    version: str
    """Another one when anything of it changed."""


def load_day(work: UnitOfWork, location_id: str, on: date) -> LoadedDay:
    """The visits to come of that local date, with the trips they belong to.

    Raises:
        InvalidInput: the location is not declared.
        NeedsAttention: no practice file is in force.
    """
    practice = load_practice(work)
    if practice.find_location(location_id) is None:
        raise InvalidInput(Problem(f"the location {location_id!r} is not declared", field="location"))
    clock = wall_clock(practice.zone_of(location_id))
    since, until = clock.day_start(on), clock.day_start(on + timedelta(days=1))
    found = work.repairs.load_visits(location_id, instant_at(since), instant_at(until))
    visits = tuple(visit for visit in found if practice.find_service(visit.part.service_id) is not None)
    diary = work.diaries.load(
        first_on=on,
        last_on=on,
        patient_ids={visit.part.patient_id for visit in visits},
        location_id=location_id,
    )
    return LoadedDay(practice, diary, visits, _version(practice, diary, visits))


def _version(practice: Practice, diary: Diary, visits: tuple[BookedVisit, ...]) -> str:
    stands = [
        [[one.id, one.arrives_at.isoformat(), sorted(one.resources.items())] for one in visits],
        sorted([one.resource_id, one.start_at.isoformat(), one.end_at.isoformat()] for one in diary.claims),
        hashlib.sha256(practice.model_dump_json().encode()).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(stands).encode()).hexdigest()[:16]
