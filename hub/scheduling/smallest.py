"""The smallest sets that suffice, asked for as seldom as possible: every answer costs a search.

More is never worse: what suffices does so with anything beside it, and what does not, nor does any part of it. So one
answer about a large set that fails settles every set within it. Where nothing suffices alone, such large ones are
found: a set without anything to spare is cut out by halving (QuickXplain, Junker 2004), then another one of what is
left, until the rest fails.
"""

from collections.abc import Callable, Sequence
from itertools import combinations


def smallest_sets(
    items: Sequence[str], suffices: Callable[[tuple[str, ...]], bool], most: int
) -> list[tuple[str, ...]]:
    """All sets of the smallest number, at most `most`, that suffice; both they and the items in them in order.

    Args:
        items: what there is to choose from.
        suffices: asked of items in their order, never twice of the same; not of none, which is known to fail.
        most: the largest number looked at.
    """
    asked, whole = _Answers(items, suffices), frozenset(items)
    alone: list[tuple[str, ...]] = [(item,) for item in items if most and asked(frozenset([item]))]  # mostly one does
    if alone:
        return alone
    rest, spare = whole, frozenset[str]()
    while asked(rest):
        least = _without_spare(asked, frozenset(), [item for item in items if item in rest], is_new=False)
        asked.failed += [least - {item} for item in least]
        rest, spare = rest - least, spare | least
    for item in items:
        if item in spare:
            asked(whole - {item})  # where that fails, every set that suffices has the item
    for count in range(2, min(most, len(items)) + 1):
        found = [chosen for chosen in combinations(items, count) if asked(frozenset(chosen))]
        if found:
            return found
    return []


class _Answers:
    """What is known, and what follows from it."""

    def __init__(self, items: Sequence[str], suffices: Callable[[tuple[str, ...]], bool]) -> None:
        self._items, self._suffices = items, suffices
        self._enough: list[frozenset[str]] = []
        self.failed: list[frozenset[str]] = [frozenset()]

    def __call__(self, chosen: frozenset[str]) -> bool:
        if any(chosen <= failed for failed in self.failed):
            return False
        if any(enough <= chosen for enough in self._enough):
            return True
        is_enough = self._suffices(tuple(item for item in self._items if item in chosen))
        (self._enough if is_enough else self.failed).append(chosen)
        return is_enough


def _without_spare(asked: _Answers, base: frozenset[str], items: list[str], *, is_new: bool) -> frozenset[str]:
    """A least part of the items that suffices together with `base`; all of them do. `is_new`: `base` may do alone."""
    if is_new and asked(base):
        return frozenset()
    if len(items) == 1:
        return frozenset(items)
    first, second = items[: len(items) // 2], items[len(items) // 2 :]
    later = _without_spare(asked, base | frozenset(first), second, is_new=True)
    return later | _without_spare(asked, base | later, first, is_new=bool(later))
