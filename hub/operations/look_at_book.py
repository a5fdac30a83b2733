"""The practice in force and its book, both of one moment: for whoever decides on a trip at one location."""

from dataclasses import dataclass
from datetime import date

from hub.canonical.practice import Practice
from hub.operations.apply_practice import practice_of
from hub.ports import Reading
from hub.scheduling.diary import Diary
from hub.scheduling.request import Trip


@dataclass(frozen=True, slots=True)
class Seen:
    """What one question told."""

    practice: Practice
    diary: Diary
    """Without what resources of other locations take."""
    has_holds_over: bool


def look_at_book(work: Reading, trip: Trip, first_on: date, last_on: date) -> Seen:
    """What the trip can be judged on for arrivals on these dates.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    look = work.diaries.look(
        first_on=first_on,
        last_on=last_on,
        patient_ids={part.patient_id for part in trip.parts},
        location_id=trip.location_id,
        resources_of=lambda in_force: practice_of(in_force).resources_at(trip.location_id),
    )
    return Seen(practice_of(look.in_force), look.diary, look.has_holds_over)
