from datetime import UTC, date, datetime

from hub.canonical.practice import read_practice
from hub.canonical.time import instant_of
from hub.scheduling.diary import BusyClaim, Diary
from hub.scheduling.gap_fits import Waiting
from hub.scheduling.gaps import GapsRequest, find_gaps
from hub.scheduling.request import OpeningsRequest, Part, Trip

PRACTICE = read_practice(
    """
zone: America/Chicago
grid_minutes: 30
locations: [{id: main, hours: [{days: mon-fri, from: "09:00", to: "12:00"}]}]
resources:
  - {id: gentlemax, kind: device}
  - {id: kim, kind: provider}
  - {id: lou, kind: provider}
services:
  - id: laser
    steps:
      - {name: numbing, minutes: 60}
      - {name: laser, minutes: {default: 60, lou: 30}, needs: [{kind: device}, {kind: provider}]}
  - {id: test-spot, offered: {since: 2026-04-01}, steps: [{name: spot, minutes: 15, needs: [{kind: device}]}]}
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(clock, day=3):
    return instant_of(datetime.fromisoformat(f"2026-03-{day:02}T{clock}"), PRACTICE.zone_of("main"))


def gaps(*busy, kinds=frozenset({"device"}), day=3):
    claims = tuple(BusyClaim(str(i), who, 1, at(start), at(end)) for i, (who, start, end) in enumerate(busy))
    on = date(2026, 3, day)
    waiting = Waiting("w", OpeningsRequest(Trip((Part("laser", "ann"),), "main"), on, on))
    diary = Diary(claims=claims, patients={"ann": True})
    return find_gaps(PRACTICE, diary, GapsRequest("main", on, on, kinds), [waiting], NOW)


def test_a_visit_that_takes_the_device_in_the_next_gap_does_not_fit_this_one():
    first, second = gaps(("gentlemax", "09:30", "10:00"))
    assert (first.ends_at, first.fits) == (at("09:30"), ())
    assert [fit.arrives_at for fit in second.fits] == [at("09:00")]


def test_the_shortest_that_anybody_takes_decides_what_is_too_short():
    # Lou needs the device for half an hour, Kim for an hour; a test spot is offered from April on only.
    assert [gap.is_short for gap in gaps(("gentlemax", "09:25", "11:30"))] == [True, False]
    (kim, lou) = gaps(("kim", "09:30", "12:00"), ("lou", "09:30", "12:00"), kinds=frozenset({"provider"}))
    assert (kim.is_short, lou.is_short) == (True, False)


def test_a_gap_that_only_a_quick_provider_can_use_fits_while_that_one_is_free():
    busy = [("gentlemax", "09:00", "10:00"), ("gentlemax", "10:30", "12:00")]
    assert [bool(gap.fits) for gap in gaps(*busy)] == [True]
    assert [bool(gap.fits) for gap in gaps(*busy, ("lou", "09:00", "12:00"))] == [False]
