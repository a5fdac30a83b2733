"""When a trip fits into the day of its location, its patients and whoever must be on duty, as timelines of arrivals."""

from hub.scheduling.board import Board
from hub.scheduling.protocol import TimedPart, TimedStep, TimedTrip, fits
from hub.scheduling.timeline import erode, moved


def open_arrivals(board: Board, timed: TimedTrip) -> int:
    """When every part lies wholly within the hours of the location."""
    bits = board.always
    for part in timed:
        bits &= moved(erode(board.open_at(), part.end - part.start), part.start)
    return bits


def patient_arrivals(board: Board, timed: TimedTrip) -> int:
    """When every part's patient is free from its arrival to the end of the last step with them."""
    bits = board.always
    for number, part in enumerate(timed):
        free = board.patient_free(part.part.patient_id)
        bits &= moved(erode(free, part.leaving - part.arrival), part.arrival)
        if any(_at_once(part, other) for other in timed[:number]):
            return 0
    return bits


def supervised_arrivals(board: Board, timed: TimedTrip) -> int:
    """When for every `present` need somebody who qualifies is on duty throughout its step."""
    bits = board.always
    for part in timed:
        for step in part.steps:
            bits &= _supervised(board, part, step)
    return bits


def _at_once(part: TimedPart, other: TimedPart) -> bool:
    """Whether both take the same patient at the same time."""
    same_patient = part.part.patient_id == other.part.patient_id
    return same_patient and part.arrival < other.leaving and other.arrival < part.leaving


def _supervised(board: Board, part: TimedPart, step: TimedStep) -> int:
    bits = board.always
    for need in step.step.needs:
        if need.present:
            on_duty = 0
            for resource in board.practice.resources:
                if board.practice.location_of(resource) == board.location_id and fits(resource, need):
                    runs = moved(board.duty_runs(resource.id, step.end - step.start), step.start)
                    on_duty |= runs & board.certified(resource, (need,), part.arrival)
            bits &= on_duty
    return bits
