"""The time axis: elapsed minutes, whole hours, and days of clock changes at their right length."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.time import Span
from hub.web.axis import day_span, elapsed_minutes, fit_axis
from tests.board_day import CHICAGO, MONDAY, span


@pytest.mark.parametrize(
    ("zone", "on", "hours"),
    [
        ("America/Chicago", date(2026, 3, 2), 24),
        ("America/Chicago", date(2026, 3, 8), 23),
        ("America/Chicago", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # the clocks went forward at midnight: the day starts at 1 am
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_say(zone: str, on: date, hours: float) -> None:
    day = day_span(on, ZoneInfo(zone))
    assert elapsed_minutes(day.start, day.end) == hours * 60


def test_an_hour_that_comes_twice_has_two_lines_that_say_which_is_which() -> None:
    on = date(2026, 11, 1)
    ticks = fit_axis(on, CHICAGO, [day_span(on, CHICAGO)]).ticks()
    labels = {tick.label: tick.minute for tick in ticks if tick.label}
    assert labels["1 am CDT"] == 60
    assert labels["1 am CST"] == 120
    assert labels["2 am"] == 180
    assert len(labels) == 25


def test_an_hour_that_the_clocks_skip_has_no_line() -> None:
    on = date(2026, 3, 8)
    labels = {t.label: t.minute for t in fit_axis(on, CHICAGO, [day_span(on, CHICAGO)]).ticks() if t.label}
    assert "2 am" not in labels
    assert labels["3 am"] - labels["1 am"] == 60
    assert len(labels) == 23


def test_lines_are_half_hours_apart_in_elapsed_time_on_every_day() -> None:
    for on in (MONDAY, date(2026, 3, 8), date(2026, 11, 1)):
        minutes = [tick.minute for tick in fit_axis(on, CHICAGO, [day_span(on, CHICAGO)]).ticks()]
        assert {later - earlier for earlier, later in pairwise(minutes)} == {30}


def test_the_axis_is_the_whole_hours_around_what_is_shown() -> None:
    axis = fit_axis(MONDAY, CHICAGO, [span("09:20", "10:00"), span("16:10", "17:05")])
    assert axis.span == span("09:00", "18:00")
    assert axis.length == 9 * 60


def test_what_lies_on_another_date_does_not_stretch_the_axis() -> None:
    tomorrow = span("06:00", "07:00", on=date(2026, 3, 3))
    assert fit_axis(MONDAY, CHICAGO, [span("09:00", "10:00"), tomorrow]).span == span("09:00", "10:00")


def test_what_passes_midnight_ends_the_axis_at_midnight() -> None:
    assert fit_axis(MONDAY, CHICAGO, [span("22:30", "01:00")]).span == span("22:00", "00:00")


def test_an_empty_day_shows_usual_hours() -> None:
    assert fit_axis(MONDAY, CHICAGO, []).span == span("08:00", "18:00")


def test_a_zone_whose_offset_is_no_whole_hour_still_has_lines_on_its_own_hours() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")
    shown = Span(datetime(2026, 3, 2, 4, 0, tzinfo=UTC), datetime(2026, 3, 2, 5, 0, tzinfo=UTC))
    labels = [tick.label for tick in fit_axis(MONDAY, kathmandu, [shown]).ticks()]
    assert labels == ["9 am", None, "10 am", None]
