"""A diary near a time holds every claim that touches the time, and no other."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hub.scheduling.diary import BusyClaim, Diary

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def hours(number: float) -> datetime:
    return BEGIN + timedelta(hours=number)


@pytest.mark.parametrize("seed", range(5))
def test_near_are_the_claims_that_touch_the_time_however_long_they_are(seed):
    random = Random(seed)
    starts = [random.randrange(500) for _ in range(200)]
    lengths = [random.choice([1, 2, 8, 300]) for _ in starts]  # a block of two weeks among them
    claims = tuple(
        BusyClaim(str(n), f"r{n % 3}", 1, hours(start), hours(start + length))
        for n, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )
    diary, first, last = Diary(claims=claims), hours(240), hours(264)
    exchanged = diary.exchanging([("r1", claim.id) for claim in claims if claim.resource_id == "r1"])
    for book in (diary, exchanged):
        touching = {one.id for one in book.claims if one.start_at < last and first < one.end_at}
        assert {one.id for one in book.near(first, last).claims} == touching
        assert touching
    assert diary.near(hours(2000), hours(2001)).claims == ()
    assert Diary().near(first, last).claims == ()
