"""S16: every zone's every clock change from 2020 to 2035, beside brute force; zones that agree are tried once."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.scheduling.clock import wall_clock
from tests.properties.scheduling.clock_changes import zones_by_changes
from tests.properties.scheduling.oracle import local, shown_on, to_minute, wall
from tests.properties.scheduling.test_engine_agrees_with_oracle import disagreement

GRIDS = (7, 15, 60)


def days_around(zone, instant):
    """The local dates that a change touches, and those beside them."""
    on, _ = local(zone, to_minute(instant))
    return [on + timedelta(days=days) for days in (-1, 0, 1)]


def wrong_on(zone, day):
    """What the hub's clock says differently about one local date."""
    clock = wall_clock(ZoneInfo(zone))
    start, end = min(shown_on(zone, day).values(), default=None), clock.day_start(day + timedelta(days=1))
    if start is None:  # a date that the zone leaves out altogether
        return [] if clock.day_start(day) == end else [f"{zone} {day}: it has no minute"]
    minutes = [minute for minute in range(start, end + 180) if local(zone, minute)[0] == day]
    return [
        *(f"{zone} {day}: starts" for _ in range(1) if clock.day_start(day) != start),
        *(f"{zone} {day}: ends" for _ in range(1) if end != minutes[-1] + 1),
        *(
            f"{zone} {day}: {of_day} minutes"
            for of_day in range(0, 1440, 5)
            if clock.minute(datetime(day.year, day.month, day.day, of_day // 60, of_day % 60))
            != wall(zone, f"{day}T{of_day // 60:02}:{of_day % 60:02}")
        ),
        *(
            f"{zone} {day}: grid of {grid}"
            for grid in GRIDS
            if clock.grid_bits(day, day, grid, (start, end)) != bits(start, minutes, zone, grid)
        ),
    ]


def bits(start, minutes, zone, grid):
    return sum(1 << (minute - start) for minute in minutes if local(zone, minute)[1] % grid == 0)


def every_change():
    """(one zone of those that agree, its changes)."""
    for (_, changes), names in sorted(zones_by_changes().items(), key=lambda found: found[1]):
        yield names[0], [instant for instant, _ in changes]


@pytest.mark.slow
def test_all_zones_are_here_with_the_changes_of_sixteen_years():
    zones = zones_by_changes()
    assert sum(len(names) for names in zones.values()) > 590
    chicago = next(changes for (_, changes), names in zones.items() if "America/Chicago" in names)
    assert len(chicago) == 32
    assert date(2026, 3, 8) in {instant.date() for instant, _ in chicago}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_the_clock_of_every_zone_agrees_with_counting_minutes_at_every_change(part):
    wrong = [
        found
        for zone, instants in list(every_change())[part::8]
        for instant in instants
        for day in days_around(zone, instant)
        for found in wrong_on(zone, day)
    ]
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_finding_and_booking_agree_with_brute_force_at_every_change(part):
    moments = [
        (zone, days_around(zone, instant)[0].isoformat())
        for zone, instants in list(every_change())[part::8]
        for instant in instants
    ]
    compared = (disagreement(seed, moments=[moment]) for seed, moment in enumerate(moments))
    assert [found for found in compared if found is not None] == []
