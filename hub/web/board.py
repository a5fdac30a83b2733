"""The day board as a drawing: a pure function from what stands in the book to what stands on the page."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from hub.canonical.board import BoardDay, BoardResource
from hub.canonical.time import Span
from hub.web.axis import day_span, elapsed_minutes, fit_axis
from hub.web.blocks import Sheet, draw_column
from hub.web.cards import make_card
from hub.web.conflicts import Conflict, find_conflicts
from hub.web.drawing import Board, Column, ConflictLine
from hub.web.words import KIND_WORDS, date_words, kind_words, time_words


def lay_out_board(day: BoardDay, now: datetime, *, whole_day: bool = False) -> Board:
    """Draw `day` as it stands at `now`: only the hours that matter, unless the `whole_day` is wanted."""
    zone = day.location.zone
    axis = fit_axis(day.on, zone, [day_span(day.on, zone)] if whole_day else _shown(day))
    resources = _in_order(day.resources)
    conflicts = find_conflicts(day)
    visits = sorted(day.visits, key=lambda visit: (visit.span, visit.id))
    taking = [visit for visit in visits if visit.state.occupies]
    cards = {visit.id: make_card(visit, f"visit-{n}", day, conflicts) for n, visit in enumerate(visits, 1)}
    columns = tuple(_columns(resources, Sheet(day, taking, axis, conflicts, cards)))
    return Board(
        on=day.on,
        title=date_words(day.on),
        is_today=now.astimezone(zone).date() == day.on,
        length=axis.length,
        ticks=axis.ticks(),
        now=axis.minute(now) if axis.span.start <= now < axis.span.end else None,
        now_words=time_words(now, zone),
        clock_change=_clock_change_words(day),
        groups=tuple(_groups(resources)),
        columns=columns,
        cards=tuple(cards[visit.id] for visit in taking),
        conflicts=tuple(_line(conflict, columns) for conflict in conflicts),
        unplaced=tuple(cards[visit.id] for visit in taking if cards[visit.id].missing),
        unsigned=any(card.unsigned for card in cards.values()),
        fallen_through=tuple(cards[visit.id] for visit in visits if not visit.state.occupies),
    )


def _in_order(resources: Sequence[BoardResource]) -> list[BoardResource]:
    """People, rooms, devices, then the practice's own kinds; within a kind as the practice lists them."""
    kinds = list(dict.fromkeys([*KIND_WORDS, *(resource.kind for resource in resources)]))
    return sorted(resources, key=lambda resource: kinds.index(resource.kind))


def _groups(resources: Sequence[BoardResource]) -> Iterator[tuple[str, int]]:
    for kind, group in groupby(resources, key=lambda resource: resource.kind):
        count = len(list(group))
        yield kind_words(kind, several=count > 1), count


def _columns(resources: Sequence[BoardResource], sheet: Sheet) -> Iterator[Column]:
    kinds = [resource.kind for resource in resources]
    for n, resource in enumerate(resources):
        yield draw_column(n + 1, resource, sheet, leads=resource.kind not in kinds[:n])


def _line(conflict: Conflict, columns: Sequence[Column]) -> ConflictLine:
    showing = (block.id for column in columns for block in column.blocks if conflict in block.conflicts)
    return ConflictLine(conflict, next(showing, None))


def _shown(day: BoardDay) -> list[Span]:
    """What the axis has to hold: working hours, visits, blocks."""
    spans = [span for resource in day.resources for span in _open_hours(day, resource)]
    for visit in day.visits:
        if visit.state.occupies:
            spans += [visit.span, *(claim.span for claim in visit.claims)]
    return spans + [block.span for block in day.blocks]


def _open_hours(day: BoardDay, resource: BoardResource) -> Iterator[Span]:
    """What its closed time leaves of the day; nothing for a resource that is always open: it says nothing."""
    whole = day_span(day.on, day.location.zone)
    closed = sorted(one.span for one in resource.closed if one.span.overlaps(whole))
    at = whole.start
    for span in closed:
        if at < span.start:
            yield Span(at, span.start)
        at = max(at, span.end)
    if closed and at < whole.end:
        yield Span(at, whole.end)


def _clock_change_words(day: BoardDay) -> str | None:
    whole = day_span(day.on, day.location.zone)
    minutes = elapsed_minutes(whole.start, whole.end)
    if minutes == 24 * 60:
        return None
    length = f"{minutes // 60} hours" + (f" {minutes % 60} minutes" if minutes % 60 else "")
    direction = "forward" if minutes < 24 * 60 else "back"
    return f"Clocks go {direction} on this date: the day has {length}."
