from datetime import UTC, date, datetime

from hub.canonical.practice import read_practice
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit
from hub.scheduling.openings import find_openings
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.scheduling.waitlist import Freed, before_freed, find_freed_opening, narrowed

PRACTICE = read_practice(
    """
zone: UTC
grid_minutes: 60
resources:
  - {id: room-1, kind: room, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}
  - {id: room-2, kind: room, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}
services: [{id: rest, steps: [{name: rest, minutes: 60, needs: [{kind: room}]}]}]
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = date(2026, 3, 2)
REQUEST = OpeningsRequest(Trip((Part("rest", "ann"),), "main"), DAY, DAY)


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def claim(name: str, room: str, hour: int) -> BusyClaim:
    return BusyClaim(name, room, 1, at(hour), at(hour + 1))


def freed_opening(diary: Diary, freed: Freed) -> datetime | None:
    return find_freed_opening(PRACTICE, before_freed(diary, freed), diary, REQUEST, NOW)


def test_a_visit_that_changed_its_room_freed_no_hour():
    """Another room was open at nine before, and is open at nine now."""
    diary = Diary(claims=(claim("7", "room-2", 9),), patients={"ann": True})
    freed = Freed(frozenset({"v"}), claims=(claim("freed:1", "room-1", 9),), claims_now=frozenset({"7"}))
    assert find_openings(PRACTICE, before_freed(diary, freed), REQUEST, NOW) == find_openings(
        PRACTICE, diary, REQUEST, NOW
    )
    assert freed_opening(diary, freed) is None


def test_the_last_room_that_is_given_up_frees_its_hour():
    diary = Diary(claims=(claim("7", "room-2", 10), claim("8", "room-2", 9)), patients={"ann": True})
    freed = Freed(frozenset({"v"}), claims=(claim("freed:1", "room-1", 9),))
    assert freed_opening(diary, freed) == at(9)


def test_a_patients_own_visit_that_went_frees_their_time():
    visit = PatientVisit("v", "ann", "rest", "main", at(10), at(11))
    freed = Freed(frozenset({"v"}), visits=(visit,))
    assert freed_opening(Diary(patients={"ann": True}), freed) == at(10)


def test_freed_time_matters_near_it_and_to_whom_its_resource_could_serve():
    freed = Freed(frozenset({"v"}), claims=(claim("freed:1", "room-1", 9),))
    weeks = OpeningsRequest(REQUEST.trip, date(2026, 2, 1), date(2026, 4, 1))
    assert narrowed(PRACTICE, freed, weeks, NOW) == REQUEST
    assert narrowed(PRACTICE, freed, OpeningsRequest(REQUEST.trip, date(2026, 3, 9), date(2026, 3, 9)), NOW) is None
    assert narrowed(PRACTICE, freed, weeks, at(10)) is None, "it is over"
    elsewhere = Freed(frozenset({"v"}), claims=(claim("freed:1", "laser-room", 9),))
    assert narrowed(PRACTICE, elsewhere, weeks, NOW, may_make_way=False) is None
    assert narrowed(PRACTICE, elsewhere, weeks, NOW) == REQUEST, "somebody could go there who makes way"


def test_a_patients_own_visit_that_was_given_up_may_matter_on_any_date():
    freed = Freed(frozenset({"v"}), visits=(PatientVisit("v", "ann", "rest", "main", at(9), at(10)),))
    weeks = OpeningsRequest(REQUEST.trip, date(2026, 2, 1), date(2026, 4, 1))
    assert narrowed(PRACTICE, freed, weeks, NOW) == weeks
