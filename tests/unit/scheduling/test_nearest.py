from datetime import UTC, datetime, timedelta

import pytest

from hub.canonical.practice import read_practice
from hub.canonical.time import instant_of
from hub.errors import InvalidInput
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.diary import BusyClaim, Diary
from hub.scheduling.nearest import Nearest, find_nearest, may_lie_further
from hub.scheduling.request import BookingRequest, Part, Trip

PRACTICE = read_practice(
    """
zone: America/Chicago
grid_minutes: 30
locations: [{id: main, hours: [{days: mon-fri, from: "09:00", to: "11:00"}]}]
resources: [{id: lee, kind: provider}]
services: [{id: consult, steps: [{name: talk, minutes: 60, needs: [{kind: provider}]}]}]
""",
    "practice.yaml",
)
CHICAGO = PRACTICE.zone_of("main")
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # Monday, midnight in Chicago


def at(day, clock):
    return instant_of(datetime.fromisoformat(f"2026-03-{day:02}T{clock}"), CHICAGO)


def asked(arrives_at, service="consult", channel="desk"):
    return BookingRequest(Trip((Part(service, "pat-1"),), "main", channel), arrives_at)


def diary(*busy):
    claims = [BusyClaim(str(i), "lee", 1, start, end) for i, (start, end) in enumerate(busy)]
    return Diary(claims=tuple(claims), patients={"pat-1": True})


def test_the_nearest_times_are_the_last_before_and_the_first_after():
    book = diary((at(3, "09:30"), at(3, "10:30")))
    assert find_nearest(PRACTICE, book, asked(at(3, "09:45")), NOW) == Nearest(at(2, "10:00"), at(4, "09:00"))


def test_the_time_asked_for_is_neither_before_nor_after_itself():
    assert find_nearest(PRACTICE, diary(), asked(at(3, "09:30")), NOW) == Nearest(at(3, "09:00"), at(3, "10:00"))


def test_nothing_before_now_is_offered():
    now = at(3, "09:10")
    assert find_nearest(PRACTICE, diary(), asked(at(3, "09:20")), now) == Nearest(None, at(3, "09:30"))


def test_of_a_time_long_gone_the_days_from_today_on_are_looked_at():
    gone = at(2, "09:00") - timedelta(days=400)
    assert find_nearest(PRACTICE, diary(), asked(gone), NOW) == Nearest(None, at(2, "09:00"))


def test_beyond_the_days_looked_at_nothing_is_found():
    book = diary((at(3, "00:00"), at(20, "00:00")))
    request = asked(at(10, "09:00"))
    assert find_nearest(PRACTICE, book, request, NOW, days=5) == Nearest(None, None)
    assert find_nearest(PRACTICE, book, request, NOW, days=10) == Nearest(at(2, "10:00"), at(20, "09:00"))


@pytest.mark.parametrize(
    ("day", "found", "further"),
    [
        (10, Nearest(at(9, "09:00"), at(11, "09:00")), False),
        (10, Nearest(at(9, "09:00"), None), True),
        (10, Nearest(None, at(11, "09:00")), False),  # every date since today was looked at
        (20, Nearest(None, at(21, "09:00")), True),
    ],
)
def test_further_dates_are_looked_at_where_a_side_has_none_and_could(day, found, further):
    assert may_lie_further(PRACTICE, asked(at(day, "09:00")), found, NOW) is further


def test_the_last_date_there_is_can_be_asked_for():
    last = datetime(2199, 12, 31, 20, 0, tzinfo=UTC)
    assert find_nearest(PRACTICE, diary(), asked(last), NOW).after is None


def test_what_lies_beyond_the_calendar_is_no_question():
    with pytest.raises(InvalidInput) as caught:
        asked(datetime(2200, 1, 1, 12, 0, tzinfo=UTC))
    assert str(caught.value) == "arrives: the year is from 1900 to 2199"


@pytest.mark.parametrize(("service", "channel"), [("peel", "desk"), ("consult", "online")])
def test_what_no_time_mends_has_no_nearest_time(service, channel):
    request = asked(at(3, "09:00"), service, channel)
    assert find_nearest(PRACTICE, diary(), request, NOW) == Nearest(None, None)


@pytest.mark.parametrize("minute", range(0, 24 * 60, 95))
def test_every_refused_minute_of_a_day_gets_times_that_the_engine_books(minute):
    book = diary((at(4, "09:00"), at(4, "09:50")), (at(5, "10:30"), at(5, "12:00")))
    request = asked(at(4, "00:00") + timedelta(minutes=minute))
    nearest = find_nearest(PRACTICE, book, request, NOW)
    assert isinstance(decide_booking(PRACTICE, book, request, NOW), Refusal)
    for found in nearest:
        assert found is not None
        assert isinstance(decide_booking(PRACTICE, book, asked(found), NOW), Booking)
    between = nearest.before + timedelta(minutes=30)
    while between < nearest.after:
        assert between == request.arrives_at or isinstance(decide_booking(PRACTICE, book, asked(between), NOW), Refusal)
        between += timedelta(minutes=30)
