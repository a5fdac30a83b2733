"""Several people's series: in the order listed, or in the first other one that suits all of them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hub.canonical.practice import read_practice
from hub.scheduling.diary import Diary, LotOnHand
from hub.scheduling.request import Part, Trip
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_together import NotTogether, Together, decide_together

PRACTICE = read_practice(
    """
zone: UTC
grid_minutes: 60
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "10:00"}]}]
resources: [{id: dana, kind: provider}]
products: [{id: gel, unit: tube}]
services:
  - {id: plain, steps: [{name: rest, minutes: 60, needs: [{kind: provider}]}]}
  - id: mask
    uses: [{product: gel, quantity: 1}]
    steps: [{name: rest, minutes: 60, needs: [{kind: provider}]}]
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
# The gel is good until the third: whoever needs none must come later, and would come first.
DIARY = Diary(patients={"ann": True, "bob": True}, lots=(LotOnHand("gel", "main", "A", Decimal(5), date(2026, 3, 3)),))


def asked(service: str, patient: str, until: int = 5) -> SeriesRequest:
    trip = as_session(Trip((Part(service, patient),), "main"), patient)
    return SeriesRequest(trip, date(2026, 3, 2), date(2026, 3, until), 2)


def days(found: Together) -> list[list[int]]:
    return [[at.day for at in its] for its in found.arrivals]


def test_where_the_order_listed_does_it_stays() -> None:
    found = decide_together(PRACTICE, DIARY, [asked("mask", "ann"), asked("plain", "bob")], NOW)
    assert isinstance(found, Together)
    assert (found.order, days(found)) == ((0, 1), [[2, 3], [4, 5]])


def test_where_the_order_listed_fails_the_other_one_is_found_and_told_in_the_lists_order() -> None:
    found = decide_together(PRACTICE, DIARY, [asked("plain", "bob"), asked("mask", "ann")], NOW)
    assert isinstance(found, Together)
    assert (found.order, days(found)) == ((1, 0), [[4, 5], [2, 3]])


def test_where_no_order_does_the_first_in_the_list_who_finds_none_is_named() -> None:
    found = decide_together(PRACTICE, DIARY, [asked("plain", "bob", 4), asked("mask", "ann")], NOW)
    assert isinstance(found, NotTogether)
    assert found.refusal.reasons == ("no_series",)
    assert found.request.trip.parts[0].patient_id == "ann"
    assert len(found.diary.visits) == 2, "bob's stand in the book that she finds"


def test_an_unknown_patient_stands_alone_whatever_the_order() -> None:
    found = decide_together(PRACTICE, DIARY, [asked("plain", "bob"), asked("mask", "eve")], NOW)
    assert isinstance(found, NotTogether)
    assert found.refusal.reasons == ("unknown_patient",)
