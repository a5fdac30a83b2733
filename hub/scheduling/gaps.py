"""Idle equipment, seen before it is lost: free stretches within duty hours, and who on the waitlist fits them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.canonical.practice import PROVIDER, Practice, PracticeResource, PracticeService
from hub.scheduling.board import Board, board_over
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import Diary
from hub.scheduling.gap_fits import Fit, GapFitting, Waiting
from hub.scheduling.protocol import fits, needs_of, step_lengths, time_steps
from hub.scheduling.rests import free_time
from hub.scheduling.timeline import Span, instant_at, minute_from, span_bits

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GapsRequest:
    """Gaps at one location on the local dates from `first_on` to `last_on`, both counted."""

    location_id: str
    first_on: date
    last_on: date
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a resource is on duty and free, and its location open."""

    resource_id: str
    starts_at: datetime
    ends_at: datetime
    is_short: bool
    """A rest: no service that is offered then takes the resource for so short a time."""
    fits: tuple[Fit, ...] = ()
    """In the order of joining."""

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


def find_gaps(
    practice: Practice, diary: Diary, request: GapsRequest, waiting: Sequence[Waiting], now: datetime
) -> tuple[Gap, ...]:
    """By resource in the order of the practice file, then by time; nothing before `now`.

    Resources that no service asks for have none. The diary holds what `find_openings` needs for these dates, with all
    who wait. Of a resource with several units a gap is when one of them is free.
    """
    board = _board(practice, diary, request)
    fitting = GapFitting(practice, diary, now)
    gaps: list[Gap] = []
    for resource in practice.resources:
        if practice.location_of(resource) == request.location_id and resource.kind in request.kinds:
            uses = list(_uses(practice, resource))
            spans = list(_runs(board, request, resource, now)) if uses else []
            here = [_gap(board, resource, span, uses) for span in spans]
            gaps += _with_fits(fitting, request, here, waiting)
    return tuple(gaps)


def _board(practice: Practice, diary: Diary, request: GapsRequest) -> Board:
    clock = wall_clock(practice.zone_of(request.location_id))
    days = clock.day_start(request.first_on), clock.day_start(request.last_on + _ONE_DAY)
    return board_over(practice, diary, request.location_id, days, 1)


def _runs(board: Board, request: GapsRequest, resource: PracticeResource, now: datetime) -> Iterator[Span]:
    """The free stretches of the dates asked for, in minutes."""
    begin = board.window[0]
    first = board.clock.day_start(request.first_on) - begin
    last = board.clock.day_start(request.last_on + _ONE_DAY) - begin
    free = free_time(board, resource.id, minute_from(now)) & span_bits(first, last)
    while free:
        start = (free & -free).bit_length() - 1
        run = free >> start
        length = (~run & (run + 1)).bit_length() - 1
        yield begin + start, begin + start + length
        free &= ~span_bits(start, start + length)


def _gap(board: Board, resource: PracticeResource, span: Span, uses: list[tuple[PracticeService, int]]) -> Gap:
    day = board.clock.date_at(span[0])
    sold = [minutes for service, minutes in uses if service.offered is None or service.offered.holds_on(day)]
    is_short = all(span[1] - span[0] < minutes for minutes in sold)
    return Gap(resource.id, instant_at(span[0]), instant_at(span[1]), is_short)


def _uses(practice: Practice, resource: PracticeResource) -> Iterator[tuple[PracticeService, int]]:
    """Each service that may take the resource, with the shortest that its longest stretch of it can be."""
    for service in practice.services:
        for name in service.names:
            if all(fits(resource, need) for need in needs_of(service, name)):
                yield (
                    service,
                    min(_longest_stretch(service, name, one) for one in _lengths(practice, service, name, resource)),
                )


def _lengths(
    practice: Practice, service: PracticeService, name: str, resource: PracticeResource
) -> Iterator[tuple[int, ...]]:
    """The lengths that its steps may have: by option, and by whoever is the provider."""
    others = practice.resources if name != PROVIDER else (resource,)
    needs = needs_of(service, PROVIDER)
    able = [one.id for one in others if needs and all(fits(one, need) for need in needs)]
    providers: list[str | None] = [*able] or [None]
    for option in (None, *service.options):
        yield from (step_lengths(service, option, provider) for provider in providers)


def _longest_stretch(service: PracticeService, name: str, lengths: tuple[int, ...]) -> int:
    longest = run = 0
    for timed in time_steps(service, lengths, 0):
        needed = any(not need.present and need.name == name for need in timed.step.needs)
        run = run + timed.end - timed.start if needed else 0
        longest = max(longest, run)
    return longest


def _with_fits(fitting: GapFitting, request: GapsRequest, gaps: list[Gap], waiting: Sequence[Waiting]) -> list[Gap]:
    """The gaps of one resource with everybody who fits them."""
    found: list[list[Fit]] = [[] for _ in gaps]
    spans = [(minute_from(gap.starts_at), minute_from(gap.ends_at)) for gap in gaps]
    for one in waiting if gaps else ():
        first_on = max(request.first_on, one.request.first_on)
        last_on = min(request.last_on, one.request.last_on)
        if one.request.trip.location_id == request.location_id and first_on <= last_on:
            here = replace(one, request=replace(one.request, first_on=first_on, last_on=last_on))
            for number, fit in fitting.fits(here, gaps[0].resource_id, spans):
                found[number].append(fit)
    return [replace(gap, fits=tuple(here)) for gap, here in zip(gaps, found, strict=True)]
