"""Placing facts: never more than there are units, nothing turned away that would fit, nobody's time changed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.store.placement import Taken, Wanted, plan_placement

_ZERO = datetime(2026, 3, 2, tzinfo=UTC)
_spans = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
    lambda span: (_ZERO + timedelta(minutes=span[0]), _ZERO + timedelta(minutes=span[0] + span[1]))
)


def _at_once(spans) -> int:
    starts = [start for start, _ in spans]
    return max((sum(start <= instant < end for start, end in spans) for instant in starts), default=0)


@given(st.lists(_spans, max_size=12), st.lists(_spans, max_size=12), st.integers(1, 3))
def test_facts_are_placed_where_there_is_room_and_only_there(before, facts, capacity) -> None:
    first = plan_placement([], [Wanted(n, *span) for n, span in enumerate(before)], capacity)
    taken = [Taken(1000 + n, *before[n], unit) for n, unit in first.units.items()]
    plan = plan_placement(taken, [Wanted(n, *span) for n, span in enumerate(facts)], capacity)
    placed = [(facts[n], unit) for n, unit in plan.units.items()]
    placed += [((one.start, one.end), plan.moved.get(one.key, one.unit)) for one in taken]
    for unit in {unit for _, unit in placed}:
        assert 1 <= unit <= capacity
        assert _at_once([span for span, on in placed if on == unit]) <= 1
    firm = [span for span, _ in placed]
    for n, (start, end) in enumerate(facts):
        if n not in plan.units:
            meeting = [(max(s, start), min(e, end)) for s, e in firm if s < end and start < e]
            assert _at_once(meeting) >= capacity


@given(st.lists(_spans, max_size=15), st.integers(1, 3), st.randoms())
def test_the_order_in_which_facts_come_does_not_matter(facts, capacity, dice) -> None:
    wanted = [Wanted(n, *span) for n, span in enumerate(sorted(set(facts)))]
    shuffled = list(wanted)
    dice.shuffle(shuffled)
    assert plan_placement([], shuffled, capacity) == plan_placement([], wanted, capacity)
