"""The first opening of each day is what the openings say, also where the clocks change around midnight."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.practice import read_practice
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_first_openings, find_openings
from hub.scheduling.request import OpeningsRequest, Part, Trip

NOW = datetime(2022, 1, 1, tzinfo=UTC)
DIARY = Diary(patients={"ann": True})
TRIP = Trip((Part("laser", "ann"),), "main")


def practice(zone: str, starts: str):
    return read_practice(
        f"""
zone: {zone}
grid_minutes: 30
locations: [{{id: main, hours: [{{days: mon-sat, from: "{starts}", to: "24:00"}}]}}]
resources: [{{id: gentlemax, kind: device}}]
services: [{{id: laser, steps: [{{name: laser, minutes: 30, needs: [{{kind: device}}]}}]}}]
""",
        "practice.yaml",
    )


@pytest.mark.parametrize("starts", ["00:00", "23:00"])
@pytest.mark.parametrize("zone", ["America/Chicago", "America/Havana", "America/Asuncion", "Australia/Lord_Howe"])
def test_the_first_of_each_day_is_the_first_of_all_its_openings(zone: str, starts: str) -> None:
    asked = OpeningsRequest(TRIP, date(2022, 3, 1), date(2022, 11, 30))
    found = find_openings(practice(zone, starts), DIARY, asked, NOW)
    assert isinstance(found, Openings)
    firsts: dict[date, datetime] = {}
    for arrival in found.arrivals:
        firsts.setdefault(arrival.astimezone(ZoneInfo(zone)).date(), arrival)
    assert len(firsts) > 200
    assert find_first_openings(practice(zone, starts), DIARY, asked, NOW) == firsts


def test_a_day_that_is_taken_has_none_and_no_days_have_none() -> None:
    sunday, before = date(2022, 3, 6), date(2022, 3, 5)
    place = practice("America/Chicago", "00:00")
    assert find_first_openings(place, DIARY, OpeningsRequest(TRIP, sunday, sunday), NOW) == {}
    assert find_first_openings(place, DIARY, OpeningsRequest(TRIP, sunday, before), NOW) == {}


def test_what_no_time_can_mend_is_refused() -> None:
    asked = OpeningsRequest(Trip((Part("botox", "ann"),), "main"), date(2022, 3, 1), date(2022, 3, 2))
    refused = find_first_openings(practice("America/Chicago", "00:00"), DIARY, asked, NOW)
    assert refused == Refusal(("unknown_service",))
