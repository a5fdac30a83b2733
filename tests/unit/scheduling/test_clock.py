from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.scheduling.clock import WallClock
from hub.scheduling.timeline import instant_at, set_minutes

CHICAGO = WallClock(ZoneInfo("America/Chicago"))
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def shown(clock, minute):
    return instant_at(minute).astimezone(clock.zone).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("wall", "meant"),
    [
        ("2026-03-08T01:59", "2026-03-08T01:59-06:00"),
        ("2026-03-08T02:00", "2026-03-08T03:00-05:00"),
        ("2026-03-08T02:30", "2026-03-08T03:30-05:00"),
        ("2026-11-01T01:30", "2026-11-01T01:30-05:00"),
        ("2026-11-01T01:30-06:00", "2026-11-01T01:30-06:00"),
        ("2026-11-01T02:00", "2026-11-01T02:00-06:00"),
    ],
)
def test_skipped_times_move_forward_and_repeated_ones_mean_the_earlier(wall, meant):
    assert shown(CHICAGO, CHICAGO.minute(datetime.fromisoformat(wall))) == meant


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 5, 5), 24)])
def test_a_local_date_lasts_as_long_as_its_clock_takes(day, hours):
    start, end = CHICAGO.span_of(day, 0, 1440)
    assert end - start == hours * 60
    assert CHICAGO.date_at(start) == CHICAGO.date_at(end - 1) == day
    assert CHICAGO.date_at(start - 1) < day < CHICAGO.date_at(end)


def test_hours_inside_the_skipped_hour_are_moved_and_hours_across_it_are_shorter():
    assert [shown(CHICAGO, m) for m in CHICAGO.span_of(SPRING, 120, 150)] == [
        "2026-03-08T03:00-05:00",
        "2026-03-08T03:30-05:00",
    ]
    start, end = CHICAGO.span_of(SPRING, 60, 240)
    assert end - start == 120


def test_hours_that_the_gap_turns_around_are_empty():
    start, end = CHICAGO.span_of(SPRING, 150, 195)  # 02:30 becomes 03:30, 03:15 stays
    assert end < start


def test_a_skipped_midnight_starts_the_date_when_the_clock_goes_on():
    cairo = WallClock(ZoneInfo("Africa/Cairo"))
    assert shown(cairo, cairo.day_start(date(2026, 4, 24))) == "2026-04-24T01:00+03:00"
    grid = cairo.grid_bits(date(2026, 4, 24), date(2026, 4, 24), 720, (cairo.day_start(date(2026, 4, 24)),) * 2)
    assert [shown(cairo, cairo.day_start(date(2026, 4, 24)) + m) for m in set_minutes(grid)] == [
        "2026-04-24T12:00+03:00"
    ]


@pytest.mark.parametrize(("day", "count"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 5, 5), 24)])
def test_both_instants_of_a_repeated_grid_time_are_on_the_grid(day, count):
    start = CHICAGO.day_start(day)
    found = list(set_minutes(CHICAGO.grid_bits(day, day, 60, (start, start))))
    assert len(found) == count
    assert all(CHICAGO.is_on_grid(start + minute, 60) for minute in found)


def test_the_grid_starts_anew_each_midnight():
    start = CHICAGO.day_start(date(2026, 5, 5))
    bits = CHICAGO.grid_bits(date(2026, 5, 5), date(2026, 5, 6), 1000, (start, start))
    assert list(set_minutes(bits)) == [0, 1000, 1440, 2440]


def test_half_hour_changes_shift_the_grid_with_the_wall_clock():
    lord_howe = WallClock(ZoneInfo("Australia/Lord_Howe"))
    start = lord_howe.day_start(date(2026, 10, 4))
    found = [
        shown(lord_howe, start + m)
        for m in set_minutes(lord_howe.grid_bits(date(2026, 10, 4), date(2026, 10, 4), 60, (start, start)))
    ]
    assert found[:4] == [
        "2026-10-04T00:00+10:30",
        "2026-10-04T01:00+10:30",
        "2026-10-04T03:00+11:00",
        "2026-10-04T04:00+11:00",
    ]


def test_dates_without_bounds_hold_every_minute():
    start = CHICAGO.day_start(SPRING)
    window = (start, start + 1440)
    assert CHICAGO.dates_bits(None, None, window) == (1 << 1440) - 1
    assert CHICAGO.dates_bits(date(1900, 1, 1), date.max, window) == (1 << 1440) - 1
    assert CHICAGO.dates_bits(date(2026, 3, 10), None, window) == 0
    assert list(set_minutes(CHICAGO.dates_bits(None, SPRING, window)))[-1] == 23 * 60 - 1
