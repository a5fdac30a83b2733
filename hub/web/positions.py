"""Where things stand on the page, as style rules: the content policy allows no style on an element itself."""

from collections.abc import Iterator

from hub.web.drawing import Board


def position_rules(board: Board) -> str:
    """One rule for each distance, height and lane the board uses (`.t90`, `.h45`, `.lane1of2`), and one a visit.

    Distances are in `--minute`, so that a print shrinks with it. The rule of a visit lights up all its blocks at once.
    """
    return "\n".join(sorted(set(_rules(board))))


def _rules(board: Board) -> Iterator[str]:
    yield f":root{{--columns:{len(board.columns)};--length:{board.length}}}"
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


def _top(minutes: int) -> str:
    return f".t{minutes}{{top:calc({minutes}*var(--minute))}}"


def _height(minutes: int) -> str:
    return f".h{minutes}{{height:calc({minutes}*var(--minute))}}"


def _lane(index: int, count: int) -> str:
    return f".lane{index}of{count}{{left:{100 * index / count:.3f}%;width:{100 / count:.3f}%}}"


def _together(card_id: str | None) -> Iterator[str]:
    if card_id:
        yield f".board:has(.of-{card_id}:is(:hover,:focus-visible)) .of-{card_id}{{box-shadow:var(--lit);z-index:3}}"
