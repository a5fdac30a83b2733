"""A visit on its day: what really happens moves its steps, and its claims follow.

Running late, running over and finishing early are one thing, a *turn*: what stood at one instant happens at another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.canonical.practice import PROVIDER, PracticeService
from hub.canonical.time import Span
from hub.scheduling.decision import Refusal
from hub.scheduling.protocol import step_lengths, time_steps
from hub.scheduling.timeline import instant_at, minute_of


@dataclass(frozen=True, slots=True)
class RunningStep:
    """A step as it goes, [start_at, end_at)."""

    name: str
    start_at: datetime
    end_at: datetime
    with_patient: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """What stood at `stood_at` happens at `happens_at`.

    What comes after it follows at the same distance; what lay between, where it happens earlier, is left out.
    """

    stood_at: datetime
    happens_at: datetime

    def at(self, instant: datetime) -> datetime:
        """When what stood at that instant happens."""
        if instant < self.stood_at:
            return min(instant, self.happens_at)
        return instant + (self.happens_at - self.stood_at)

    def span(self, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        """Where the stretch [start, end) goes; None: it is left out."""
        moved = self.at(start), self.at(end)
        return moved if moved[0] < moved[1] else None

    def steps(self, steps: Iterable[RunningStep]) -> tuple[RunningStep, ...]:
        """The steps as they go after the turn; those that are left out are gone."""
        moved = ((step, self.span(step.start_at, step.end_at)) for step in steps)
        return tuple(replace(step, start_at=span[0], end_at=span[1]) for step, span in moved if span)


def planned_steps(
    service: PracticeService, option_id: str | None, resources: Mapping[str, str], arrives_at: datetime
) -> tuple[RunningStep, ...]:
    """The steps of a visit that goes as its service says."""
    lengths = step_lengths(service, service.option(option_id), resources.get(PROVIDER))
    return tuple(
        RunningStep(timed.step.name, instant_at(timed.start), instant_at(timed.end), timed.step.patient)
        for timed in time_steps(service, lengths, minute_of(arrives_at))
    )


def steps_as_taken(
    planned: Iterable[RunningStep], taken: Mapping[str, Span], leaves_at: datetime
) -> tuple[RunningStep, ...]:
    """The steps of a visit in the book, by what it takes.

    Where a step takes something, that says when it is; one that takes nothing lies between its neighbours. What was
    left out is not among them.

    Args:
        planned: as the service says, from the visit's arrival on.
        taken: step → over which stretch it takes something.
        leaves_at: the end of the last step with the patient.
    """
    planned = tuple(planned)
    last = max(number for number, step in enumerate(planned) if step.with_patient)
    found: list[RunningStep] = []
    for number, step in enumerate(planned):
        follows = planned[number + 1].name if number + 1 < len(planned) else ""
        start = found[-1].end_at if found else step.start_at
        if step.name in taken:
            start, end = taken[step.name].start, taken[step.name].end
        elif follows in taken:
            end = taken[follows].start
        else:
            end = leaves_at if number == last else start + (step.end_at - step.start_at)
        end = min(end, leaves_at) if number <= last else end
        found.append(replace(step, start_at=start, end_at=end))
    return tuple(step for step in found if step.start_at < step.end_at)


def arrival_of(steps: Iterable[RunningStep]) -> datetime:
    """The start of the first step with the patient."""
    return min(step.start_at for step in steps if step.with_patient)


def leaving_of(steps: Iterable[RunningStep]) -> datetime:
    """The end of the last step with the patient."""
    return max(step.end_at for step in steps if step.with_patient)


def plan_late(steps: Iterable[RunningStep], minutes: int, now: datetime) -> Turn:
    """The patient arrives so many minutes after the arrival in the book.

    What has begun before them waits: a room that is set up stays taken until they come.
    """
    steps = tuple(steps)
    stood_at = min(arrival_of(steps), *(step.start_at for step in steps if step.start_at > now), arrival_of(steps))
    return Turn(stood_at, stood_at + timedelta(minutes=minutes))


def plan_over(
    steps: Iterable[RunningStep],
    now: datetime,
    *,
    step: str | None = None,
    until: datetime | None = None,
    minutes: int = 0,
) -> Turn | Refusal:
    """A step runs `until` an instant, or so many `minutes` longer than it stands; default: the one under way.

    `unknown_step`: it has none of that name. `not_begun`: the step is still to come. `not_over`: it ends then anyway.
    """
    steps = tuple(steps)
    running = _named(steps, step) if step is not None else _under_way(steps, now)
    if running is None:
        return Refusal(("not_begun" if step is None else "unknown_step",))
    if running.start_at > now:
        return Refusal(("not_begun",))
    happens_at = until or running.end_at + timedelta(minutes=minutes)
    return Turn(running.end_at, happens_at) if happens_at > running.end_at else Refusal(("not_over",))


def plan_finish(steps: Iterable[RunningStep], at: datetime, now: datetime) -> Turn | Refusal:
    """The patient is done: steps with them end then, or fall away; what follows without them follows at once.

    `in_the_future`: nobody knows that yet. `not_begun`: the patient is not there before that.
    """
    steps = tuple(steps)
    if at > now:
        return Refusal(("in_the_future",))
    return Turn(leaving_of(steps), at) if at > arrival_of(steps) else Refusal(("not_begun",))


def _named(steps: tuple[RunningStep, ...], name: str) -> RunningStep | None:
    return next((step for step in steps if step.name == name), None)


def _under_way(steps: tuple[RunningStep, ...], now: datetime) -> RunningStep | None:
    """The step that has begun last."""
    return next((step for step in reversed(steps) if step.start_at <= now), None)
