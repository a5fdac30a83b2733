from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.canonical.practice import read_practice
from hub.canonical.time import instant_of
from hub.scheduling.config_change import BookedVisit, Change, find_broken, find_changes
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit, Promise
from hub.scheduling.request import Part

FILE = """\
zone: America/Chicago
locations: [{id: main, hours: [{days: mon-fri, from: "09:00", to: "18:00"}]}]
resources:
  - {id: lee, kind: provider, skills: [md, np]}
  - {id: kim, kind: provider}
  - {id: room-1, kind: room}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: G1, on_hand: 1, expires: 2026-12-31}]
services:
  - id: consult
    options: [{id: long, minutes: {talk: 60}}]
    steps: [{name: talk, minutes: 30, needs: [{kind: provider}, {kind: room}]}]
    uses: [{product: gel, quantity: 1}]
policy: {hold_minutes: 10}
"""
OLD = read_practice(FILE, "practice.yaml")
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
TEN = instant_of(datetime(2026, 3, 4, 10, 0), OLD.zone_of("main"))
HALF_AN_HOUR = timedelta(minutes=30)
PROMISE = Promise("gel", "main", date(2026, 3, 4), Decimal(1))


def changed(*pairs):
    text = FILE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return read_practice(text, "practice.yaml")


def visit(**keys):
    return BookedVisit(
        **{
            "id": "v1",
            "part": Part("consult", "pat-1", package_id="pk"),
            "location_id": "main",
            "arrives_at": TEN,
            "resources": {"provider": "lee", "room": "room-1"},
            "claim_ids": frozenset({"1", "2"}),
            "promises": (PROMISE,),
            **keys,
        }
    )


def book(on_hand=1):
    end = TEN + HALF_AN_HOUR
    return Diary(
        claims=(BusyClaim("1", "lee", 1, TEN, end), BusyClaim("2", "room-1", 1, TEN, end)),
        patients={"pat-1": True},
        visits=(PatientVisit("v1", "pat-1", "consult", "main", TEN, end),),
        promises=(PROMISE,),
        lots=(LotOnHand("gel", "main", "G1", Decimal(on_hand), date(2026, 12, 31)),),
        packages=(PackageStanding("pk", "pat-1", "consult", 0),),
    )


def broken_by(*pairs, diary=None, one=None):
    return find_broken(OLD, changed(*pairs), diary or book(), [one or visit()], NOW)


def test_a_file_that_says_the_same_in_other_words_changes_nothing():
    same = FILE.replace("skills: [md, np]", "skills: [np, md], capacity: 1").replace("mon-fri", "[mon, tue-fri]")
    assert find_changes(OLD, read_practice(f"# a comment\n{same}", "practice.yaml")) == ()


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("  - {id: kim, kind: provider}\n", "", Change("resources.kim", "removed")),
        ("id: kim,", "id: ann,", Change("resources.kim", "removed")),
        ('to: "18:00"', 'to: "17:30"', Change(
            "locations.main.hours", "changed", ["mon tue wed thu fri 09:00-18:00"], ["mon tue wed thu fri 09:00-17:30"]
        )),
        ("minutes: 30", "minutes: 45", Change("services.consult.steps.talk.minutes", "changed", 30, 45)),
        ("talk: 60", "talk: 90", Change("services.consult.options.long.minutes.talk", "changed", 60, 90)),
        ("on_hand: 1", "on_hand: 2.5", Change("stock.gel/G1.on_hand", "changed", "1", "2.5")),
        ("id: gel, unit: tube", "id: gel, unit: jar", Change("products.gel.unit", "changed", "tube", "jar")),
        ("hold_minutes: 10", "hold_minutes: 20", Change("policy.hold_minutes", "changed", 10, 20)),
        ("zone:", "grid_minutes: 20\nzone:", Change("grid_minutes", "changed", 15, 20)),
        ("resources:\n", "resources:\n  - {id: laser, kind: device}\n", Change("resources.laser", "added")),
    ],
)  # fmt: skip
def test_a_change_is_named_by_section_id_and_key(old, new, change):
    assert change in find_changes(OLD, changed((old, new)))
    assert len(find_changes(OLD, changed((old, new)))) == (2 if "id: ann" in new else 1)


def test_patients_and_packages_of_a_rehearsal_are_no_change():
    assert find_changes(OLD, changed(("policy:", "patients: [{id: p}]\npolicy:"))) == ()


def test_a_visit_does_not_stand_in_its_own_way():
    assert broken_by(("hold_minutes: 10", "hold_minutes: 20")) == ()


@pytest.mark.parametrize(
    ("old", "new", "reasons", "fits_otherwise"),
    [
        ('from: "09:00"', 'from: "11:00"', ("closed",), False),
        ("  - {id: lee, kind: provider, skills: [md, np]}\n", "", ("unknown_resource",), True),
        ("skills: [md, np]", "away: [{from: 2026-03-04T09:00, to: 2026-03-04T12:00}]", ("no_provider",), True),
        ("{kind: provider}, {", "{kind: provider, skills: [rn]}, {", ("none_suitable",), False),
        ("{kind: room}]", "{kind: room}, {kind: device}]", ("none_suitable",), False),
        ("expires: 2026-12-31", "expires: 2026-03-03", ("no_stock",), False),
        ("quantity: 1", "quantity: 2", ("no_stock",), False),
        ("id: consult\n", "id: talk\n", ("unknown_service",), False),
        ("{id: main,", "{id: north,", ("unknown_location",), False),
    ],
)
def test_a_visit_that_the_change_breaks_comes_with_every_code_it_brings(old, new, reasons, fits_otherwise):
    (broken,) = broken_by((old, new))
    assert (broken.id, broken.arrives_at, broken.resources) == ("v1", TEN, ("lee", "room-1"))
    assert (broken.reasons, broken.fits_otherwise) == (reasons, fits_otherwise)


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("{id: lee, kind: provider,", "{id: lee, kind: provider, until: DAY,", ("no_provider",)),
        ('to: "18:00"', 'to: "18:00", until: DAY', ("closed",)),
        ("{id: main,", "{id: main, until: DAY,", ("closed",)),
        ("id: consult\n", "id: consult\n    offered: {until: DAY}\n", ("service_not_offered",)),
    ],
)
def test_what_ends_on_a_date_breaks_the_visits_after_it_and_none_on_it(old, new, reasons):
    assert broken_by((old, new.replace("DAY", "2026-03-04"))) == ()
    (broken,) = broken_by((old, new.replace("DAY", "2026-03-03")))
    assert broken.reasons == reasons


def test_an_option_that_is_gone_breaks_its_visits():
    one = visit(part=Part("consult", "pat-1", "long"))
    (broken,) = broken_by(("id: long", "id: short"), one=one)
    assert broken.reasons == ("unknown_option",)


def test_what_was_asked_for_is_kept_when_other_resources_are_looked_for():
    one = visit(part=Part("consult", "pat-1", resources={"provider": "lee"}))
    (broken,) = broken_by(("skills: [md, np]", "hours: []"), one=one)
    assert not broken.fits_otherwise


def test_what_was_against_a_visit_before_is_not_the_changes_doing():
    empty = book(on_hand=0)
    assert broken_by(("hold_minutes: 10", "hold_minutes: 20"), diary=empty) == ()
    (broken,) = broken_by(('from: "09:00"', 'from: "11:00"'), diary=empty)
    assert broken.reasons == ("closed",)


def test_longer_steps_break_the_visit_that_runs_into_the_next():
    after = TEN + HALF_AN_HOUR
    busy = book()
    later = BusyClaim("3", "room-1", 1, after, after + HALF_AN_HOUR)
    (broken,) = broken_by(("minutes: 30", "minutes: 45"), diary=busy.with_claims((*busy.claims, later)))
    assert (broken.reasons, broken.fits_otherwise) == (("no_room",), False)


def test_a_new_lot_of_the_file_counts():
    two = "stock: [{product: gel, lot: G2, on_hand: 1, expires: 2026-12-31}, "
    assert broken_by(("quantity: 1", "quantity: 2"), ("stock: [", two)) == ()
