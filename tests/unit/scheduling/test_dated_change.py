from datetime import date

from hub.canonical.practice import read_practice
from hub.scheduling.config_change import Change, find_changes
from hub.scheduling.dated_change import DatedChange, find_dated_changes

OLD = read_practice(
    """
zone: America/Chicago
locations: [{id: main, closed: [2026-07-04, 2026-01-01], hours: [{days: mon, from: "09:00", to: "17:00"}]}]
resources: [{id: kim, kind: provider, certifications: [{code: laser-3, until: 2026-06-30}]}]
services: [{id: peel, steps: [{name: peel, minutes: 30}]}]
""",
    "practice.yaml",
)
NEW = read_practice(
    """
zone: America/Chicago
locations:
  - id: main
    closed: [2026-07-04, 2026-01-01]
    hours:
      - {days: mon, from: "09:00", to: "17:00", until: 2026-05-31}
      - {days: mon, from: "08:00", to: "16:00", since: 2026-06-01}
resources:
  - {id: kim, kind: provider, since: 2026-02-01, certifications: [{code: laser-3, until: 2026-06-30}]}
  - {id: dana, kind: provider, since: 2026-05-04}
services: [{id: peel, offered: {until: 2026-05-04}, steps: [{name: peel, minutes: 30}]}]
""",
    "practice.yaml",
)


def test_what_a_file_dates_is_told_by_date_from_today_on():
    assert find_dated_changes(OLD, NEW, date(2026, 3, 2)) == (
        DatedChange(date(2026, 5, 4), "resources.dana", "begins", is_new=True),
        DatedChange(date(2026, 5, 4), "services.peel.offered", "last day", is_new=True),
        DatedChange(date(2026, 5, 31), "locations.main.hours mon 09:00-17:00", "last day", is_new=True),
        DatedChange(date(2026, 6, 1), "locations.main.hours mon 08:00-16:00", "begins", is_new=True),
        DatedChange(date(2026, 6, 30), "resources.kim.certifications.laser-3", "last day", is_new=False),
        DatedChange(date(2026, 7, 4), "locations.main", "closed", is_new=False),
    )


def test_today_counts_and_yesterday_does_not():
    on = {one.on for one in find_dated_changes(None, NEW, date(2026, 7, 4))}
    assert on == {date(2026, 7, 4)}
    assert find_dated_changes(None, NEW, date(2026, 7, 5)) == ()


def test_hours_that_end_are_a_change_that_says_when():
    (hours, *_) = find_changes(OLD, NEW)
    assert hours == Change(
        "locations.main.hours",
        "changed",
        ["mon 09:00-17:00"],
        ["mon 09:00-17:00 until 2026-05-31", "mon 08:00-16:00 since 2026-06-01"],
    )
