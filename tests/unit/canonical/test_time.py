from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.time import Span, instant_of, is_repeated, is_skipped

CHICAGO = ZoneInfo("America/Chicago")


def test_a_skipped_wall_time_moves_forward_by_the_gap():
    wall = datetime(2026, 3, 8, 2, 30)
    assert is_skipped(wall, CHICAGO)
    assert instant_of(wall, CHICAGO).astimezone(CHICAGO).isoformat() == "2026-03-08T03:30:00-05:00"


def test_of_a_repeated_wall_time_the_earlier_is_meant():
    wall = datetime(2026, 11, 1, 1, 30)
    assert is_repeated(wall, CHICAGO)
    assert instant_of(wall, CHICAGO) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_an_offset_is_taken_at_its_word():
    later = datetime.fromisoformat("2026-11-01T01:30-06:00")
    assert instant_of(later, CHICAGO) == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)


walls = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1))


@given(walls)
def test_a_wall_time_comes_back_as_itself_unless_it_was_skipped(wall):
    back = instant_of(wall, CHICAGO).astimezone(CHICAGO).replace(tzinfo=None)
    assert (back == wall) != is_skipped(wall, CHICAGO)


def test_spans_that_only_touch_do_not_overlap():
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert not Span(noon, noon + hour).overlaps(Span(noon + hour, noon + 2 * hour))
    assert Span(noon, noon + hour).overlaps(Span(noon + hour / 2, noon + hour))


@pytest.mark.parametrize("length", [0, -1])
def test_a_span_ends_after_it_starts(length):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="ends after it starts"):
        Span(noon, noon + timedelta(minutes=length))


def test_a_span_needs_a_zone():
    with pytest.raises(ValueError, match="zone"):
        Span(datetime(2026, 3, 2), datetime(2026, 3, 3))
