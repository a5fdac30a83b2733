"""The moments beside records, as systems write them; what is asked for misses no change, also when clocks go back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hub.connectors.kit.engine.instants import read_instant, write_instant, write_since
from hub.connectors.kit.spec.reading import InstantFormat
from hub.connectors.sql.values import earlier, repeated_at

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 3, 2, 18, 0, 7, tzinfo=UTC)
WALLS = ["local", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"]
FALL = datetime(2026, 11, 1, 7, tzinfo=UTC)
"""Clocks go back to one o'clock in Chicago."""


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%Y-%m-%d %H:%M:%S", "2026-03-02 12:00:07"),
        ("%d.%m.%Y %H:%M", "02.03.2026 12:00"),
        ("%m/%d/%Y %I:%M %p", "03/02/2026 12:00 PM"),
        ("%m/%d/%Y", "03/02/2026"),
        ("local", "2026-03-02T12:00:07"),
        ("unix", 1772474407),
    ],
)
def test_a_moment_is_written_and_read_as_the_system_says_it(form: str, said: str | int):
    assert write_instant(NOON, form, CHICAGO) == said
    back = read_instant(said, form, CHICAGO)
    assert back is not None
    assert write_instant(back, form, CHICAGO) == said


@pytest.mark.parametrize(
    ("form", "why"), [("%q", "is not known"), ("%H:%M", "day, month and year"), ("us", "known: iso")]
)
def test_a_form_that_is_none_is_refused_with_what_there_is(form: str, why: str):
    with pytest.raises(ValidationError, match=why):
        TypeAdapter(InstantFormat).validate_python(form)


@given(
    zone=st.sampled_from([CHICAGO, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
    seen=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    later=st.timedeltas(timedelta(), timedelta(days=2)),
    form=st.sampled_from([*WALLS, "date", "%Y-%m-%d"]),
)
@example(CHICAGO, FALL - timedelta(minutes=5), timedelta(minutes=10), "local")
def test_no_later_change_is_stamped_before_what_is_asked_for(
    zone: ZoneInfo, seen: datetime, later: timedelta, form: str
):
    assert str(write_since(seen, form, zone)) <= str(write_instant(seen + later, form, zone))


@given(seen=st.timedeltas(timedelta(hours=-4), timedelta(hours=4)), later=st.timedeltas(timedelta(), timedelta(days=1)))
@example(timedelta(minutes=-5), timedelta(minutes=10))
def test_nor_in_a_table_of_wall_times(seen: timedelta, later: timedelta):
    first, second = ((FALL + by).astimezone(CHICAGO).replace(tzinfo=None) for by in (seen, seen + later))
    assert earlier(first, repeated_at(first, CHICAGO)) <= second
    text = first.isoformat(" ")
    assert earlier(text, repeated_at(text, CHICAGO)) <= second.isoformat(" ")
    assert repeated_at(first.replace(tzinfo=UTC), CHICAGO) == timedelta(), "an offset tells the two apart"
