from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.canonical.practice import read_practice
from hub.errors import InvalidInput
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary, LotOnHand, PackageStanding
from hub.scheduling.foresight import book_opening, with_booking
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.scheduling.series import SeriesRequest, as_session, decide_series
from hub.scheduling.waitlist import find_freed_opening

PRACTICE = read_practice(
    """
zone: UTC
resources:
  - {id: lee, kind: provider, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}
  - {id: lounge, kind: room, capacity: 2}
products: [{id: gel, unit: tube}]
services:
  - id: peel
    series: {min_days: 2, max_days: 3}
    steps: [{name: peel, minutes: 60, needs: [{kind: provider}, {kind: room}]}]
    uses: [{product: gel, quantity: 1}]
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
TRIP = as_session(Trip((Part("peel", "ann", package_id="pk"),), "main"), "s")
DIARY = Diary(
    patients={"ann": True, "bob": True},
    lots=(LotOnHand("gel", "main", "A", Decimal(4), date(2026, 12, 31)),),
    packages=(PackageStanding("pk", "ann", "peel", 3),),
)


def days(*numbers: int) -> tuple[datetime, ...]:
    return tuple(datetime(2026, 3, number, 9, tzinfo=UTC) for number in numbers)


def test_each_session_of_a_series_is_accepted_after_the_ones_before():
    arrivals = decide_series(PRACTICE, DIARY, SeriesRequest(TRIP, date(2026, 3, 2), date(2026, 3, 31), 3), NOW)
    assert arrivals == days(2, 4, 6)
    diary = DIARY
    for number, arrives_at in enumerate(arrivals):
        booking = decide_booking(PRACTICE, diary, BookingRequest(TRIP, arrives_at), NOW)
        assert not isinstance(booking, Refusal)
        diary = with_booking(diary, booking, f"v{number}", "s")
    fourth = decide_booking(PRACTICE, diary, BookingRequest(TRIP, days(10)[0]), NOW)
    assert fourth == Refusal(("no_credit", "too_late"))


@pytest.mark.parametrize(
    ("sessions", "until", "left"), [(3, date(2026, 3, 5), 3), (3, date(2026, 3, 31), 2), (5, date(2026, 3, 31), 9)]
)
def test_series_is_refused_for_want_of_days_of_credit_or_of_stock(sessions, until, left):
    diary = replace(DIARY, packages=(replace(DIARY.packages[0], credits_left=left),))
    assert decide_series(PRACTICE, diary, SeriesRequest(TRIP, date(2026, 3, 2), until, sessions), NOW) == Refusal(
        ("no_series",)
    )


def test_series_without_a_number_of_sessions_is_no_request():
    with pytest.raises(InvalidInput, match="sessions"):
        decide_series(PRACTICE, DIARY, SeriesRequest(TRIP, date(2026, 3, 2), date(2026, 3, 31)), NOW)


def test_a_long_series_that_nearly_fits_is_refused_without_trying_every_choice():
    practice = PRACTICE.model_copy(update={"products": ()})
    service = practice.services[0].model_copy(update={"uses": ()})
    practice = practice.model_copy(update={"services": (service,)})
    trip = as_session(Trip((Part("peel", "ann"),), "main"), "s")
    first, last = date(2026, 3, 2), date(2026, 12, 31)  # 305 days: 153 sessions every other day
    assert len(decide_series(practice, DIARY, SeriesRequest(trip, first, last, 153), NOW)) == 153
    assert decide_series(practice, DIARY, SeriesRequest(trip, first, last, 154), NOW) == Refusal(("no_series",))


def test_a_freed_opening_is_one_that_was_not_there_before():
    trip = Trip((Part("peel", "bob"),), "main")
    request = OpeningsRequest(trip, date(2026, 3, 2), date(2026, 3, 2))
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    booked = with_booking(DIARY, book_opening(PRACTICE, DIARY, Trip((Part("peel", "ann"),), "main"), nine, NOW), "v")
    assert find_freed_opening(PRACTICE, booked, DIARY, request, NOW) == nine
    assert find_freed_opening(PRACTICE, DIARY, booked, request, NOW) is None
    assert find_freed_opening(PRACTICE, booked, booked, request, NOW) is None
    # Seen at half past nine, what was freed is over, and ten o'clock was there before.
    later = datetime(2026, 3, 2, 9, 50, tzinfo=UTC)
    assert find_freed_opening(PRACTICE, booked, DIARY, request, later) is None


def test_a_booking_foreseen_takes_claims_stock_and_credit():
    booking = book_opening(PRACTICE, DIARY, TRIP, days(2)[0], NOW)
    after = with_booking(DIARY, booking, "v", "s")
    assert {claim.resource_id for claim in after.claims} == {"lee", "lounge"}
    assert len({claim.id for claim in after.claims}) == 2
    assert [(promise.product_id, promise.quantity) for promise in after.promises] == [("gel", 1)]
    assert [package.credits_left for package in after.packages] == [2]
    assert [(visit.patient_id, visit.series_id) for visit in after.visits] == [("ann", "s")]
    assert DIARY.claims == ()
