from datetime import date
from zoneinfo import ZoneInfo

from hub.canonical.practice import PracticeLocation, PracticeResource
from hub.scheduling.clock import WallClock
from hub.scheduling.hours import duty_timeline, open_timeline
from hub.scheduling.timeline import set_minutes

CHICAGO = WallClock(ZoneInfo("America/Chicago"))
MONDAY = date(2026, 3, 2)
START = CHICAGO.day_start(MONDAY)
WINDOW = (START, START + 3 * 1440)


def runs(bits):
    """The timeline as (first minute, end) from Monday 00:00."""
    found = []
    for minute in set_minutes(bits):
        if found and found[-1][1] == minute:
            found[-1][1] = minute + 1
        else:
            found.append([minute, minute + 1])
    return [tuple(run) for run in found]


def duty(**keys):
    return runs(
        duty_timeline(PracticeResource.model_validate({"id": "x", "kind": "provider", **keys}), CHICAGO, WINDOW)
    )


def test_without_hours_a_resource_always_works():
    assert duty() == [(0, 3 * 1440)]


def test_without_any_hour_in_the_list_it_works_only_in_what_is_extra():
    extra = [{"from": "2026-03-02T10:00", "to": "2026-03-02T11:00"}]
    assert duty(hours=[], extra=extra) == [(600, 660)]


def test_hours_that_touch_at_midnight_are_one():
    hours = [{"days": "mon", "from": "22:00", "to": "24:00"}, {"days": "tue", "from": "00:00", "to": "06:00"}]
    assert duty(hours=hours) == [(22 * 60, 30 * 60)]


def test_days_are_a_range_a_word_or_a_list_and_a_range_may_pass_sunday():
    assert duty(hours=[{"days": "sat-mon", "from": "00:00", "to": "01:00"}]) == [(0, 60)]
    assert duty(hours=[{"days": ["mon", "wed-thu"], "from": "00:00", "to": "01:00"}]) == [(0, 60), (2880, 2940)]


def test_away_is_taken_from_hours_and_from_extra():
    keys = {
        "hours": [{"days": "mon", "from": "09:00", "to": "12:00"}],
        "extra": [{"from": "2026-03-02T12:00", "to": "2026-03-02T14:00"}],
        "away": [{"from": "2026-03-02T11:30", "to": "2026-03-02T12:30"}],
    }
    assert duty(**keys) == [(540, 690), (750, 840)]


def test_a_closed_date_is_closed_from_midnight_to_midnight():
    location = PracticeLocation.model_validate({"id": "main", "closed": ["2026-03-03"]})
    assert runs(open_timeline(location, CHICAGO, WINDOW)) == [(0, 1440), (2880, 4320)]
