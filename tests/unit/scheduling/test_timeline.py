import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.scheduling.timeline import (
    erode,
    first_minute,
    instant_at,
    joined,
    minute_from,
    minute_of,
    moved,
    octets_of,
    restacked,
    set_minutes,
    span_bits,
    stacked,
)

minutes = st.sets(st.integers(0, 300))
spans = st.lists(st.tuples(st.integers(-50, 3200), st.integers(-50, 3200)), max_size=12)


def bits_of(chosen):
    return sum(1 << minute for minute in chosen)


@given(minutes, st.integers(0, 320))
def test_the_first_minute_from_one_on_is_the_least_that_is_not_before_it(chosen, start):
    assert first_minute(octets_of(bits_of(chosen)), start) == min((m for m in chosen if m >= start), default=None)


@given(minutes, st.integers(1, 80))
def test_erosion_keeps_the_minutes_at_which_a_whole_run_begins(free, length):
    expected = {m for m in free if all(m + i in free for i in range(length))}
    assert set(set_minutes(erode(bits_of(free), length))) == expected


@given(minutes, st.integers(1, 40), st.integers(1, 40))
def test_eroding_twice_is_eroding_once_by_both(free, one, other):
    assert erode(erode(bits_of(free), one), other) == erode(bits_of(free), one + other - 1)


@given(minutes, st.integers(-50, 50))
def test_moved_timeline_says_when_the_offset_is_met(free, offset):
    assert set(set_minutes(moved(bits_of(free), offset))) == {m - offset for m in free if m >= offset}


@given(minutes)
def test_set_minutes_are_given_in_order(free):
    assert list(set_minutes(bits_of(free))) == sorted(free)


@given(spans, st.integers(1, 4))
def test_stacked_layers_count_the_spans_over_each_minute(given_spans, depth):
    window = (0, 2 * 1440)
    layers = stacked(given_spans, window, depth)
    for minute in {edge + d for span in given_spans for edge in span for d in (-1, 0, 1)} & set(range(*window)):
        count = sum(start <= minute < end for start, end in given_spans)
        assert [layer >> minute & 1 for layer in layers] == [int(count > k) for k in range(depth)]


@given(spans, spans, st.lists(st.integers(-1, 3), max_size=3), st.integers(1, 3))
def test_changed_days_are_laid_again_as_if_all_were_laid_anew(given_spans, others, days, depth):
    window = (10, 10 + 2 * 1440)
    changed = [(1440 * day, 1440 * (day + 1)) for day in days]
    is_inside = {
        span: any(start <= span[0] and span[1] <= end for start, end in changed) for span in given_spans + others
    }
    after = [span for span in given_spans if not is_inside[span]] + [span for span in others if is_inside[span]]
    before = stacked(given_spans, window, depth)
    assert restacked(before, after, window, changed) == stacked(after, window, depth)


@given(spans)
def test_joined_spans_hold_the_same_minutes_and_neither_touch_nor_overlap(given_spans):
    found = joined(span for span in given_spans if span[0] < span[1])
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(found))
    window = (0, 2 * 1440)
    assert stacked(found, window) == stacked(given_spans, window)


@given(st.integers(-20, 200), st.integers(-20, 200))
def test_span_bits_hold_the_minutes_from_start_until_end(start, end):
    assert set(set_minutes(span_bits(start, end))) == set(range(max(start, 0), max(end, 0)))


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))
def test_a_part_of_a_minute_counts_down_for_starts_and_up_for_ends(naive):
    instant = naive.replace(tzinfo=UTC)
    assert instant_at(minute_of(instant)) <= instant < instant_at(minute_of(instant) + 1)
    assert instant_at(minute_from(instant) - 1) < instant <= instant_at(minute_from(instant))
    whole = instant_at(minute_of(instant))
    assert minute_of(whole) == minute_from(whole) == (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)
