from pathlib import Path

import pytest

from hub.canonical.practice import read_practice
from hub.errors import InvalidInput

GOOD = """\
zone: America/Chicago
locations: [{id: main}, {id: north, zone: America/Denver}]
resources:
  - {id: lee, kind: provider, location: north}
  - {id: room-1, kind: room}
  - {id: laser, kind: device, in: room-1}
products: [{id: gel, unit: tube}]
stock:
  - {product: gel, lot: G, on_hand: 2.5, expires: 2026-12-31}
services:
  - id: consult
    steps:
      - {name: talk, minutes: {default: 30, lee: 20}, needs: [{kind: provider, any: [lee]}]}
    options: [{id: long, minutes: {talk: 60}}]
    uses: [{product: gel, quantity: 1}]
packages: []
policy: {self_booking: {services: [consult]}}
"""
TALK = "      - {name: talk, minutes: {default: 30, lee: 20}, needs: [{kind: provider, any: [lee]}]}"


def problem_of(text):
    with pytest.raises(InvalidInput) as caught:
        read_practice(text, "practice.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "practice.yaml"
    return problem


def test_a_practice_is_read_with_its_defaults():
    practice = read_practice(GOOD, "practice.yaml")
    assert practice.grid_minutes == 15
    assert practice.location_of(practice.resources[1]) == "main"
    assert [str(practice.zone_of(x)) for x in ("main", "north")] == ["America/Chicago", "America/Denver"]
    assert practice.services[0].names == ("provider",)
    assert str(practice.stock[0].on_hand) == "2.5"


def test_without_locations_there_is_one_that_is_always_open():
    (location,) = read_practice("zone: UTC", "p.yaml").locations
    assert (location.id, location.hours) == ("main", None)


def test_the_demo_practice_is_in_order():
    path = Path(__file__).parents[3] / "examples/juniper/practice.yaml"
    assert read_practice(path.read_text(encoding="utf-8"), path.name).services


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ("zone: America/Chicago", "zone: Mars/Olympus", 1, "zone", "not an IANA zone"),
        ("kind: room}", "kind: room, colour: red}", 5, "resources[1].colour", "unknown key"),
        ("location: north", "location: south", 4, "resources[0].location", "'south' is not declared"),
        ("in: room-1", "in: room-9", 6, "resources[2].in", "'room-9' is not declared"),
        ("in: room-1", "in: lee", 6, "resources[2].in", "not a room"),
        ("{id: room-1, kind: room}", "{id: lee, kind: room}", 5, None, None),
        ("product: gel, lot", "product: jelly, lot", 9, "stock[0].product", "not declared"),
        ("on_hand: 2.5", "on_hand: -1", 9, "stock[0].on_hand", "less than 0"),
        ("expires: 2026-12-31", "expires: 2026-02-30", 9, "stock[0].expires", "no such date"),
        ("kind: room}", "kind: room, capacity: 0}", 5, "resources[1].capacity", "less than 1"),
        ("kind: room}", "kind: room, capacity: true}", 5, "resources[1].capacity", "not a whole number"),
        ("default: 30", "default: 0", 13, "services[0].steps[0].minutes", "from 1 on"),
        ("default: 30", "default: -30", 13, "services[0].steps[0].minutes", "from 1 on"),
        ("default: 30", "default: 1441", 13, "services[0].steps[0].minutes", "at most a day"),
        ("{talk: 60}", "{talk: 100000}", 14, "services[0].options[0].minutes.talk", "at most a day"),
        ("policy: {", "policy: {hold_minutes: 999999999999, ", 17, "policy.hold_minutes", "more than"),
        ("policy: {", "policy: {offer_minutes: -1, ", 17, "policy.offer_minutes", "less than 1"),
        (
            "{services: [consult]",
            "{lead_minutes: 9999999",
            17,
            "policy.self_booking.lead_minutes",
            "more than",
        ),
        ("kind: room}", "kind: room, capacity: 1000000000}", 5, "resources[1].capacity", "more than"),
        (", expires: 2026-12-31", "", 9, "stock[0].expires", "the key 'expires' is missing"),
        ("expires: 2026-12-31", "expires: 2026-12-31T10:00", 9, "stock[0].expires", "not a date"),
        ("default: 30, ", "", 13, "services[0].steps[0].minutes", "has a `default`"),
        ("lee: 20", "kim: 20", 13, "services[0].steps[0].minutes.kim", "'kim' is not declared"),
        ("any: [lee]", "any: [kim]", 13, "services[0].steps[0].needs[0].any[0]", "'kim' is not declared"),
        ("any: [lee]", "present: true, as: md", 13, "services[0].steps[0].needs[0]", "has no name"),
        ("{talk: 60}", "{walk: 60}", 14, "services[0].options[0].minutes.walk", "'walk' is not declared"),
        ("services: [consult]", "services: [peel]", 17, "policy.self_booking.services[0]", "'peel' is not declared"),
        ("quantity: 1", "quantity: lots", 15, "services[0].uses[0].quantity", "not a number"),
        ("needs: [", "patient: false, needs: [", 11, "services[0]", "no step is with the patient"),
        ("policy: {", "policy: {deposit: {flat: 1, share: 0.5}, ", 17, "policy.deposit", "one of"),
        ("zone: America/Chicago\n", "", 1, "zone", "the key 'zone' is missing"),
        (
            "kind: room}",
            "kind: room, away: [{from: 2026-03-02, to: 2026-03-03T10:00}]}",
            5,
            "resources[1].away[0].from",
            "not a wall time",
        ),
        ("{id: main}", "{id: main, closed: [9999-12-31]}", 2, "locations[0].closed[0]", "from 1900 to 2199"),
        ("quantity: 1", "quantity: 1e300", 15, "services[0].uses[0].quantity", "more than"),
        ("products: [{id: gel", 'products: [{id: "g\\0l"', 7, "products[0].id", "control character"),
        ("policy: {", "policy: {deposit: {flat: 100000000000000}, ", 17, "policy.deposit.flat", "more than"),
        (
            "policy: {",
            "policy: {cancellation: [{fee_share: 2}], ",
            17,
            "policy.cancellation[0].fee_share",
            "more than 1",
        ),
    ],
)
def test_a_mistake_is_named_with_line_and_key(old, new, line, field, message):
    if field is None:
        with pytest.raises(InvalidInput) as caught:
            read_practice(GOOD.replace(old, new, 1), "practice.yaml")
        assert any("stands twice" in str(problem) and problem.line == line for problem in caught.value.problems)
        return
    problem = problem_of(GOOD.replace(old, new, 1))
    assert (problem.line, problem.field) == (line, field)
    assert message in problem.message


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ('{days: mon-fri, from: "18:00", to: "09:00"}', "later than"),
        ('{days: mon-fri, from: "09:00", to: "24:01"}', "not a time of the day"),
        ('{days: mon-fri, from: 9, to: "10:00"}', "not a time of the day"),
        ('{days: mon-fri, from: "09:00-06:00", to: "10:00"}', "not a time of the day"),
        ('{days: mon-fri, from: 2026-03-02T09:00, to: "10:00"}', "not a time of the day"),
        ('{days: monday, from: "09:00", to: "10:00"}', "not days"),
        ('{days: [fri, x-mon], from: "09:00", to: "10:00"}', "not days"),
    ],
)
def test_impossible_hours_are_named(hours, message):
    problem = problem_of(f"zone: UTC\nlocations:\n  - id: main\n    hours: [{hours}]\n")
    assert problem.line == 4
    assert message in problem.message


@pytest.mark.parametrize("span", ["from: 2026-03-03T12:00, to: 2026-03-03T12:00", "from: 2026-03-03, to: 2026-03-04"])
def test_impossible_stretches_are_named(span):
    with pytest.raises(InvalidInput) as caught:
        read_practice(f"zone: UTC\nresources:\n  - {{id: a, kind: room, away: [{{{span}}}]}}\n", "p.yaml")
    assert {problem.line for problem in caught.value.problems} == {3}
