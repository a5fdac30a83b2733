"""Times and codes as a front desk says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.time import Span
from hub.web.words import issue_words, list_words, span_words, time_words
from tests.board_day import CHICAGO, span

DASH = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("09:00", "09:45", f"9:00{DASH}9:45 am"),
        ("11:30", "12:15", f"11:30 am{DASH}12:15 pm"),
        ("00:05", "00:10", f"12:05{DASH}12:10 am"),
        ("23:30", "00:30", f"11:30 pm{DASH}12:30 am the next day"),
    ],
)
def test_a_span_says_each_half_of_the_day_once(start: str, end: str, words: str) -> None:
    assert span_words(span(start, end), CHICAGO) == words


def test_a_span_of_many_days_says_how_many() -> None:
    long = Span(datetime(2026, 3, 2, 15, tzinfo=UTC), datetime(2026, 3, 5, 15, tzinfo=UTC))
    assert span_words(long, CHICAGO) == f"9:00{DASH}9:00 am 3 days later"


def test_a_time_is_said_in_the_zone_of_the_place() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert [time_words(noon, ZoneInfo(zone)) for zone in ("UTC", "America/Chicago", "Asia/Kolkata")] == [
        "12:00 pm",
        "6:00 am",
        "5:30 pm",
    ]


@pytest.mark.parametrize(("names", "words"), [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")])
def test_names_are_listed_as_one_would_say_them(names: list[str], words: str) -> None:
    assert list_words(names) == words


def test_a_code_without_words_of_its_own_can_still_be_read() -> None:
    assert issue_words("no_room") == "No room is free"
    assert issue_words("some_new_code") == "Some new code"
