"""Blocks side by side: none is lost, none covers another, and no lane is wasted."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from hub.web.lanes import Lane, lay_lanes

stretches = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12
)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


@given(stretches)
def test_every_block_has_a_lane_and_none_covers_another(blocks: list[tuple[int, int]]) -> None:
    lanes = lay_lanes(blocks)
    assert len(lanes) == len(blocks)
    for (one, in_one), (other, in_other) in combinations(zip(blocks, lanes, strict=True), 2):
        if _overlap(one, other):
            assert in_one.index != in_other.index
            assert in_one.count == in_other.count


@given(stretches)
def test_a_lane_is_within_its_count_and_the_count_is_what_ever_runs_at_once(blocks: list[tuple[int, int]]) -> None:
    lanes = lay_lanes(blocks)
    busiest = max((sum(start <= at < end for start, end in blocks) for at, _ in blocks), default=0)
    assert all(0 <= lane.index < lane.count <= busiest for lane in lanes)
    assert max((lane.count for lane in lanes), default=0) == busiest


def test_a_block_that_only_touches_the_one_before_has_the_whole_width() -> None:
    assert lay_lanes([(0, 30), (30, 60)]) == (Lane(0, 1), Lane(0, 1))


def test_a_block_after_a_crowd_has_the_whole_width_again() -> None:
    assert lay_lanes([(0, 30), (0, 30), (30, 60)]) == (Lane(0, 2), Lane(1, 2), Lane(0, 1))


def test_blocks_joined_through_a_third_share_the_width_with_it() -> None:
    assert lay_lanes([(0, 30), (20, 50), (40, 60)]) == (Lane(0, 2), Lane(1, 2), Lane(0, 2))


def test_lanes_come_in_the_order_the_blocks_were_given() -> None:
    assert lay_lanes([(10, 20), (0, 15)]) == (Lane(1, 2), Lane(0, 2))
