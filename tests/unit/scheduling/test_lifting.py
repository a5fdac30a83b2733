"""Each code that can be lifted: the session it stood against is then judged without it, and otherwise as before."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.canonical.practice import read_practice
from hub.canonical.time import instant_of
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit
from hub.scheduling.lifting import UNTIL, World, lift, liftable
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.scheduling.series import SeriesRequest

PRACTICE = read_practice(
    """
zone: America/Chicago
locations: [{id: main, hours: [{days: mon-fri, from: "09:00", to: "12:00"}]}]
resources:
  - {id: nora, kind: provider, certifications: [{code: laser-3, until: 2026-06-30}]}
  - {id: md, kind: assistant, hours: [{days: mon, from: "09:00", to: "12:00"}]}
  - {id: gentlemax, kind: device, away: [{from: 2026-03-04T00:00, to: 2026-03-05T00:00}]}
products: [{id: gel, unit: tube}]
services:
  - {id: consult, steps: [{name: talk, minutes: 30}]}
  - id: laser
    offered: {until: 2026-12-31}
    series: {sessions: 3, min_days: 28, max_days: 42}
    requires: [{before: consult}]
    uses: [{product: gel, quantity: 1}]
    steps:
      - name: laser
        minutes: 30
        needs: [{kind: provider, certification: laser-3}, {kind: device}, {kind: assistant, present: true}]
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ZONE = PRACTICE.zone_of("main")


def at(text):
    return instant_of(datetime.fromisoformat(text), ZONE)


def session(arrives, series="s"):
    arrives_at = at(arrives)
    return PatientVisit(f"v-{arrives}", "ann", "laser", "main", arrives_at, arrives_at.replace(minute=30), series)


LOT = LotOnHand("gel", "main", "G1", Decimal(9), date(2027, 12, 31))


def world(*, lots=(LOT,), **diary):
    request = SeriesRequest(
        Trip((Part("laser", "ann", package_id="pk", series_id="s"),), "main"), date(2026, 3, 2), date(2026, 3, 31)
    )
    consult = PatientVisit("c", "ann", "consult", "main", at("2026-03-01T10:00"), at("2026-03-01T10:30"))
    given = {
        "patients": {"ann": True},
        "packages": (PackageStanding("pk", "ann", "laser", 9),),
        "visits": (consult,),
        "lots": lots,
        **diary,
    }
    return World(PRACTICE, Diary(**given), request)


def reasons(its, arrives):
    decision = decide_booking(its.practice, its.diary, BookingRequest(its.request.trip, at(arrives)), NOW)
    return () if isinstance(decision, Booking) else decision.reasons


MONDAY = "2026-03-02T09:00"
CONSULT = world().diary.visits
BUSY = BusyClaim("1", "nora", 1, at(MONDAY), at("2026-03-02T10:00"))


@pytest.mark.parametrize(
    ("code", "its", "arrives", "rest"),
    [
        ("closed", world(), "2026-03-02T08:30", ("not_supervised",)),
        ("no_provider", world(claims=(BUSY,)), MONDAY, ()),
        ("no_device", world(), "2026-03-04T09:00", ("not_supervised",)),
        ("not_supervised", world(), "2026-03-03T09:00", ()),
        ("none_suitable", world(), "2026-07-06T09:00", ()),
        ("no_stock", world(lots=()), MONDAY, ()),
        ("no_credit", world(packages=()), MONDAY, ()),
        ("missing_prerequisite", world(visits=()), MONDAY, ()),
        ("too_soon", world(visits=(*CONSULT, session("2026-03-09T09:00"))), MONDAY, ()),
        ("too_late", world(visits=(*CONSULT, session("2026-06-01T09:00"))), MONDAY, ()),
        ("patient_busy", world(visits=(*CONSULT, session(MONDAY, None))), MONDAY, ("too_soon",)),
        ("service_not_offered", lift(world(), "none_suitable"), "2027-01-04T09:00", ()),
    ],
)
def test_a_lifted_code_is_gone_and_no_other(code, its, arrives, rest):
    before = reasons(its, arrives)
    assert sorted((code, *rest)) == list(before)
    assert code in liftable(its)
    assert reasons(lift(its, code), arrives) == tuple(sorted(rest))


def test_what_cannot_stand_in_the_way_is_not_lifted():
    plain = World(PRACTICE, Diary(), SeriesRequest(Trip((Part("consult", "ann"),), "main"), date.max, date.max))
    assert liftable(plain) == (UNTIL, "closed")


def test_a_later_end_leaves_room_for_every_session():
    assert lift(world(), UNTIL).request.until_on >= date(2026, 3, 2).replace(month=8)
