"""From claims to blocks: where each one stands in its column, and what is written on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.canonical.board import BoardBlock, BoardClaim, BoardDay, BoardResource, BoardVisit
from hub.canonical.time import Span
from hub.web.axis import Axis
from hub.web.cards import phase_of
from hub.web.conflicts import Conflict
from hub.web.drawing import Band, Block, Card, Column, Phase, Segment
from hub.web.lanes import Lane, lay_lanes
from hub.web.words import closed_words, kind_words, span_words


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all columns are drawn from."""

    day: BoardDay
    visits: Sequence[BoardVisit]
    """Those that occupy time, by start."""
    axis: Axis
    conflicts: Sequence[Conflict]
    cards: dict[str, Card]
    """By visit id."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An unbroken stretch of one visit on one resource, or a bare block."""

    span: Span
    owner: BoardVisit | BoardBlock
    claims: tuple[BoardClaim, ...] = ()


def draw_column(number: int, resource: BoardResource, sheet: Sheet, *, leads: bool) -> Column:
    """The column of `resource`, the `number`th of the board; it `leads` where it is the first of its kind."""
    runs = [run for run in _runs(resource, sheet) if run.span.overlaps(sheet.axis.span)]
    runs.sort(key=lambda run: (run.span, run.owner.resource_id if isinstance(run.owner, BoardBlock) else run.owner.id))
    places = [_place(run.span, sheet.axis) for run in runs]
    lanes = lay_lanes([(top, top + height) for top, height in places])
    return Column(
        id=resource.id,
        kind=resource.kind,
        kind_words=kind_words(resource.kind),
        name=resource.name,
        detail=resource.detail,
        leads=leads,
        bands=tuple(_bands(resource, sheet.axis)),
        blocks=tuple(
            _block(f"block-{number}-{n}", run, lane, resource, sheet)
            for n, (run, lane) in enumerate(zip(runs, lanes, strict=True), 1)
        ),
    )


def _runs(resource: BoardResource, sheet: Sheet) -> Iterator[_Run]:
    for visit in sheet.visits:
        claims = sorted((c for c in visit.claims if c.resource_id == resource.id), key=lambda claim: claim.span)
        for together in _unbroken(claims):
            yield _Run(_whole(claim.span for claim in together), visit, tuple(together))
    for block in sheet.day.blocks:
        if block.resource_id == resource.id:
            yield _Run(block.span, block)


def _unbroken(claims: Sequence[BoardClaim]) -> Iterator[list[BoardClaim]]:
    """Claims that touch or overlap, together."""
    together: list[BoardClaim] = []
    for claim in claims:
        if together and claim.span.start > max(one.span.end for one in together):
            yield together
            together = []
        together.append(claim)
    if together:
        yield together


def _whole(spans: Iterable[Span]) -> Span:
    every = list(spans)
    return Span(min(span.start for span in every), max(span.end for span in every))


def _place(span: Span, axis: Axis) -> tuple[int, int]:
    """Top and height; never so low that nothing could be seen."""
    top = axis.minute(span.start)
    return top, max(axis.minute(span.end) - top, 1)


def _block(block_id: str, run: _Run, lane: Lane, resource: BoardResource, sheet: Sheet) -> Block:
    owner, zone = run.owner, sheet.day.location.zone
    top, height = _place(run.span, sheet.axis)
    visit = owner if isinstance(owner, BoardVisit) else None
    card = sheet.cards[visit.id] if visit else None
    marks = [c for c in sheet.conflicts if c.marks(resource.id, visit.id if visit else None, run.span)]
    return Block(
        id=block_id,
        card_id=card.id if card else None,
        top=top,
        height=height,
        lane=lane,
        segments=tuple(_segments(run, sheet)),
        name=card.name if card else closed_words(owner.reason) if isinstance(owner, BoardBlock) else "",
        service=card.service if card else "",
        when=span_words(run.span, zone),
        state=card.state if card else "block",
        state_words=card.state_words if card else "",
        conflicts=tuple(marks),
        unsigned=card.unsigned if card else None,
        begins_before=run.span.start < sheet.axis.span.start,
        goes_on=run.span.end > sheet.axis.span.end,
    )


def _segments(run: _Run, sheet: Sheet) -> Iterator[Segment]:
    """The steps of a run that can be seen, placed within it; the one that carries the name is the longest treatment."""
    start, _ = _place(run.span, sheet.axis)
    if isinstance(run.owner, BoardBlock):
        yield Segment(0, _place(run.span, sheet.axis)[1], Phase.NO_VISIT, "", main=True)
        return
    seen = [claim for claim in run.claims if claim.span.overlaps(sheet.axis.span)]
    phases = [phase_of(claim, run.owner, sheet.day) for claim in seen]
    places = [_place(claim.span, sheet.axis) for claim in seen]
    main = max(range(len(seen)), key=lambda n: (phases[n] is Phase.TREATMENT, places[n][1]))
    for n, (claim, phase, (top, height)) in enumerate(zip(seen, phases, places, strict=True)):
        yield Segment(top - start, height, phase, claim.step or "", main=n == main)


def _bands(resource: BoardResource, axis: Axis) -> Iterator[Band]:
    for closed in sorted(resource.closed, key=lambda one: one.span):
        if closed.span.overlaps(axis.span):
            top, height = _place(closed.span, axis)
            yield Band(top, height, closed_words(closed.reason))
