"""Where things stand on the page, as style rules: the content policy allows no style on an element itself."""

from collections.abc import Iterator

from hub.web.drawing import Board, Column

MOST_LANES = 4
"""Beyond so many side by side a column grows no wider."""


def position_rules(board: Board) -> str:
    """One rule for each distance, height and lane the board uses (`.t90`, `.h45`, `.lane1of2`), and one a visit.

    Distances are in `--minute`, so that a print shrinks with it. The rule of a visit lights up all its blocks at once.
    """
    return "\n".join(sorted(set(_rules(board))))


def _rules(board: Board) -> Iterator[str]:
    yield from _page(board)
    for tick in board.ticks:
        yield _top(tick.minute)
    if board.now is not None:
        yield _top(board.now)
    for column in board.columns:
        for band in column.bands:
            yield from (_top(band.top), _height(band.height))
        for block in column.blocks:
            yield from (_top(block.top), _height(block.height), _lane(block.lane.index, block.lane.count))
            yield from _together(block.card_id)
            for segment in block.segments:
                yield from (_top(segment.top), _height(segment.height))


def _page(board: Board) -> Iterator[str]:
    """Columns in which blocks stand side by side are wider, so that names can still be read."""
    widths = [1 + 0.45 * (min(_most_lanes(column), MOST_LANES) - 1) for column in board.columns]
    tracks = " ".join(f"minmax(calc({width:g}*var(--column)),{width:g}fr)" for width in widths)
    yield f":root{{--widths:{sum(widths):g};--tracks:{tracks};--length:{board.length}}}"


def _most_lanes(column: Column) -> int:
    return max((block.lane.count for block in column.blocks), default=1)


def _top(minutes: int) -> str:
    return f".t{minutes}{{top:calc({minutes}*var(--minute))}}"


def _height(minutes: int) -> str:
    return f".h{minutes}{{height:calc({minutes}*var(--minute))}}"


def _lane(index: int, count: int) -> str:
    return f".lane{index}of{count}{{left:{100 * index / count:.3f}%;width:{100 / count:.3f}%}}"


def _together(card_id: str | None) -> Iterator[str]:
    if card_id:
        yield f".board:has(.of-{card_id}:is(:hover,:focus-visible)) .of-{card_id}{{box-shadow:var(--lit);z-index:3}}"
