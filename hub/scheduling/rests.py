"""Idle rests: what a visit would leave of a resource's free time beside it, too short to be of use."""

from collections.abc import Iterable

from hub.scheduling.board import Board
from hub.scheduling.timeline import Span, span_bits


def free_time(board: Board, resource_id: str, earliest: int) -> int:
    """When a unit of the resource is on duty and free while its location is open, from a minute on."""
    free = board.free_runs(resource_id, 1, 1) & board.open_at()
    begin = max(earliest - board.window[0], 0)
    return free >> begin << begin


def rests_beside(board: Board, resource_id: str, taken: Iterable[Span], earliest: int, limit: int) -> tuple[Span, ...]:
    """The free stretches shorter than `limit` minutes that touch the spans once these are taken, each once.

    Stretches before `earliest` are gone and count for nothing.
    """
    spans = [(start - board.window[0], end - board.window[0]) for start, end in taken]
    free = free_time(board, resource_id, earliest)
    for start, end in spans:
        free &= ~span_bits(start, end)
    found = {
        edge
        for start, end in spans
        for edge in ((start - _run_down(free, start, limit), start), (end, end + _run_up(free, end, limit)))
        if 0 < edge[1] - edge[0] < limit
    }
    return tuple(sorted((start + board.window[0], end + board.window[0]) for start, end in found))


def _run_up(free: int, start: int, limit: int) -> int:
    """How many free minutes follow `start` without a break, `limit` at most."""
    full = (1 << limit) - 1
    taken = ~(free >> start) & full
    return (taken & -taken).bit_length() - 1 if taken else limit


def _run_down(free: int, end: int, limit: int) -> int:
    """How many free minutes lie before `end` without a break, `limit` at most."""
    limit = min(limit, end)
    full = (1 << limit) - 1
    return limit - (~(free >> (end - limit)) & full).bit_length()
