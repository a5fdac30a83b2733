"""Side by side: which lane of its column each overlapping block takes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """Lane `index` (from 0) of `count` that share the width at this place."""

    index: int
    count: int


def lay_lanes(stretches: Sequence[tuple[int, int]]) -> tuple[Lane, ...]:
    """A lane for each half-open (start, end), in the order given; as few lanes as ever run at once.

    Blocks that overlap, directly or through others, form a cluster and share the width equally; a block alone has it
    all. Stretches that only touch do not overlap.
    """
    index_of: dict[int, int] = {}
    count_of: dict[int, int] = {}
    cluster: list[int] = []
    lane_ends: list[int] = []
    for which in sorted(range(len(stretches)), key=lambda i: stretches[i]):
        start, end = stretches[which]
        if lane_ends and start >= max(lane_ends):
            count_of.update(dict.fromkeys(cluster, len(lane_ends)))
            cluster, lane_ends = [], []
        free = next((i for i, taken_until in enumerate(lane_ends) if taken_until <= start), len(lane_ends))
        lane_ends[free : free + 1] = [end]
        index_of[which] = free
        cluster.append(which)
    count_of.update(dict.fromkeys(cluster, len(lane_ends)))
    return tuple(Lane(index_of[i], count_of[i]) for i in range(len(stretches)))
