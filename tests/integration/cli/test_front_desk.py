"""The commands of the front desk on PostgreSQL: what they say, as text and as JSON, and their exit codes."""

import json
from datetime import date

import pytest

from hub.operations.join_waitlist import join_waitlist
from hub.scheduling.request import OpeningsRequest, Part, Trip

PRACTICE = """
zone: America/Chicago
grid_minutes: 30
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "12:00"}]}]
resources:
  - {id: dr-lee, kind: provider}
  - {id: dr-kim, kind: provider, away: [{from: 2098-03-03T00:00, to: 2098-03-03T24:00}]}
  - {id: room-1, kind: room, capacity: 2}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: G1, on_hand: 3, expires: 2099-12-31}]
services:
  - id: laser
    price: {amount_minor: 45000}
    uses: [{product: gel, quantity: 1}]
    steps:
      - {name: numb, minutes: 30, needs: [{kind: room}]}
      - {name: shoot, minutes: 30, needs: [{kind: room}, {kind: provider}]}
policy:
  deposit: {flat: 15000}
  cancellation: [{within_hours: 8784, fee_share: 0.5}]
  overrides: {front_desk: [in_the_past, closed]}
  waivers: {owner: {}}
"""
NINE = "2098-03-03T09:00"


def booked(desk, patient="ann", arrives=NINE):
    _, (said,), _ = desk("book", "--service", "laser", "--patient", patient, "--arrives", arrives, "--json")
    return json.loads(said)["visits"][0]["id"]


def test_a_booking_says_who_is_taken_when_and_the_deposit(desk):
    code, said, _ = desk("book", "--service", "laser", "--patient", "ann", "--arrives", NINE)
    assert code == 0
    assert said[0].startswith("booked ")
    assert said[0].endswith("2098-03-03T09:00-06:00 laser")
    assert said[1:] == [
        "  09:00-09:30 numb: room-1",
        "  09:30-10:00 shoot: dr-lee, room-1",
        "  deposit to take: 150.00 USD",
        "  policy: http://127.0.0.1:8300/policy?location=main",
    ]


def test_a_hold_is_booked_once_by_its_id(desk):
    _, (said,), _ = desk("hold", "--service", "laser", "--patient", "ann", "--arrives", NINE, "--json")
    held = json.loads(said)
    assert (held["ok"], held["deposit"], held["steps"][1]["with"]) == (True, 15000, ["dr-lee", "room-1"])
    assert desk("book", "--hold", held["hold"])[0] == 0
    code, said, complaint = desk("book", "--hold", held["hold"])
    assert (code, said, complaint[0]) == (1, [], "refused: hold_expired")


def test_a_refused_hold_says_every_reason_and_the_nearest_times(desk):
    booked(desk)
    code, (said,), complaint = desk("hold", "--service", "laser", "--patient", "bea", "--arrives", NINE, "--json")
    assert (code, complaint) == (1, [])
    assert json.loads(said) == {
        "ok": False,
        "refused": ["no_provider"],
        "nearest": {"before": "2098-03-02T11:00-06:00", "after": "2098-03-03T09:30-06:00"},
    }


def test_a_move_says_where_it_is_now_and_a_refused_one_the_nearest_times_without_itself(desk):
    visit = booked(desk)
    booked(desk, "bea", "2098-03-03T10:00")
    code, said, complaint = desk("move", visit, "--arrives", "2098-03-03T10:00")
    assert (code, said) == (1, [])
    assert complaint == [
        "refused: no_provider",
        "  no_provider: every provider that qualifies is busy or off duty",
        "nearest before: 2098-03-03T09:30-06:00",
        "nearest after: 2098-03-03T10:30-06:00",
    ]
    code, said, _ = desk("move", visit, "--arrives", "2098-03-03T09:30")
    assert (code, said[0], said[2]) == (
        0,
        f"moved {visit} 2098-03-03T09:30-06:00 laser",
        "  10:00-10:30 shoot: dr-lee, room-1",
    )


def test_a_rule_is_passed_over_by_a_role_with_a_reason_and_said(desk):
    asked = ("book", "--service", "laser", "--patient", "ann", "--arrives", "2098-03-03T11:30", "--override", "closed")
    assert desk(*asked)[2][0] == "refused: reason_missing"
    code, said, _ = desk(*asked, "--reason", "late flight", "--role", "front_desk")
    assert (code, said[-2]) == (0, "  passed over: closed")


def test_a_cancellation_says_what_it_costs_and_whose_time_is_free(desk):
    visit = booked(desk)
    asked = ("cancel", visit, "--by")
    code, said, _ = desk(*asked, "practice", "--json")
    assert (code, json.loads(said[0])["fee"], json.loads(said[0])["refund"]) == (0, 0, 15000)
    code, said, complaint = desk(*asked, "patient")
    assert (code, complaint) == (
        1,
        ["refused: not_booked", "  not_booked: it is not booked any more, or never was"],
    )
    code, said, _ = desk("cancel", booked(desk))
    assert (code, said[0].split()[0], said[1:]) == (
        0,
        "cancelled",
        ["  to give back 150.00 USD", "  free again: dr-lee, room-1"],
    )


def test_a_fee_is_waived_by_whose_right_it_is_and_said(desk):
    past = ("--override", "in_the_past", "--reason", "walk-in", "--role", "front_desk", "--json")
    asked = ("book", "--service", "laser", "--patient", "ann", "--arrives", "2020-03-03T09:00", *past)
    visit = json.loads(desk(*asked)[1][0])["visits"][0]["id"]
    waive = ("cancel", visit, "--waive", "--reason", "fire alarm", "--role")
    assert desk(*waive, "front_desk")[0] == 1
    code, said, _ = desk(*waive, "owner")
    assert (code, said[1]) == (0, "  fee 225.00 USD, waived 225.00 USD, to give back 150.00 USD")


def test_a_series_is_booked_whole_or_told_where_it_ends_and_what_would_do(desk):
    asked = ("series", "--service", "laser", "--patient", "ann", "--from", "2098-03-03", "--until", "2098-03-09")
    code, said, complaint = desk(*asked, "--sessions", "4")
    assert (code, said) == (1, [])
    assert complaint == [
        "refused: no_series",
        "  no_series: not all of its sessions find a place by then",
        "no place for session 4 of ann: closed, no_provider, no_stock, patient_busy",
        "  it would do without no_stock: session 4 on 2098-03-04 (no_stock)",
    ]
    _, (said,), _ = desk(*asked, "--sessions", "4", "--json")
    assert json.loads(said)["why"]["smallest"][0]["lift"] == ["no_stock"]
    code, said, _ = desk(*asked, "--sessions", "3")
    assert (code, [line.split()[2][:16] for line in said[:3]]) == (
        0,
        ["2098-03-03T09:00", "2098-03-03T10:00", "2098-03-03T11:00"],
    )


def test_what_has_not_begun_is_neither_missed_nor_completed(desk):
    visit = booked(desk)
    assert desk("no-show", visit)[2][0] == "refused: not_begun"
    assert desk("complete", visit, "--used", "gel=2")[2][0] == "refused: not_begun"


def test_a_walk_in_written_down_later_is_completed_or_missed(desk):
    past = ("--override", "in_the_past", "--override", "closed", "--reason", "walk-in", "--role", "front_desk")
    asked = ("book", "--service", "laser", "--patient", "ann", "--arrives", "2020-03-03T09:00", *past, "--json")
    _, (said,), _ = desk(*asked)
    code, said, _ = desk("complete", json.loads(said)["visits"][0]["id"], "--used", "gel=3")
    assert (code, said[0].split()[0]) == (0, "completed")
    assert "no_stock" in desk("book", "--service", "laser", "--patient", "bea", "--arrives", NINE)[2][0]


def test_somebody_away_is_not_booked_and_a_block_over_a_visit_is_told(desk):
    booked(desk)
    code, said, _ = desk("block", "dr-lee", "--from", NINE, "--to", "2098-03-03T10:00", "--reason", "training")
    assert (code, said) == (
        0,
        [
            "blocked dr-lee 2098-03-03T09:00-06:00 to 2098-03-03T10:00-06:00 as block-dr-lee-20980303T0900",
            "  1 of them booked at the time already: see /issues, nothing was moved",
        ],
    )
    assert desk("away", "dr-lee", "--from", "2098-03-03T10:00", "--to", "2098-03-03T12:00")[0] == 0
    refused = desk("book", "--service", "laser", "--patient", "bea", "--arrives", "2098-03-03T10:00")
    assert refused[2][0] == "refused: no_provider"
    assert desk("away", "dr-who", "--from", NINE, "--to", "2098-03-03T12:00")[2][0] == "refused: unknown_resource"


def test_offers_come_best_first_with_what_they_cost(desk):
    booked(desk)
    asked = ("find", "--service", "laser", "--patient", "bea", "--from", "2098-03-03", "--ranked")
    code, said, _ = desk(*asked, "--limit", "2", "--after", "10:00")
    assert (code, said) == (
        0,
        [
            "2098-03-03T10:00-06:00  room-1, dr-lee",
            "2098-03-03T10:30-06:00  room-1, dr-lee",
        ],
    )
    _, (said,), _ = desk(*asked, "--days", "sat", "--limit", "1", "--json")
    assert json.loads(said)["offers"][0]["costs"] == [{"what": "wish day", "points": 30}]


def test_what_stands_idle_is_told_with_who_waits_and_fits(desk, store):
    booked(desk, arrives="2098-03-03T09:30")
    part = Part("laser", "bea")
    day = date(2098, 3, 3)
    join_waitlist(store, OpeningsRequest(Trip((part,), "main"), day, day), actor="test")
    code, said, _ = desk("gaps", "--from", "2098-03-03")
    assert (code, said) == (
        0,
        [
            "dr-lee: 150 minutes idle",
            "  2098-03-03T09:00 to 10:00, 60 minutes",
            "    waiting: bea for laser, could come at 2098-03-03T09:00",
            "  2098-03-03T10:30 to 12:00, 90 minutes",
            "    waiting: bea for laser, could come at 2098-03-03T10:00",
        ],
    )
    _, (said,), _ = desk("gaps", "--from", "2098-03-03", "--kind", "room", "--json")
    assert [(gap["resource"], gap["minutes"], gap["short"]) for gap in json.loads(said)["gaps"]] == [
        ("room-1", 180, False)
    ]
    assert desk("gaps", "--from", "2098-03-03", "--until", "2098-03-02")[2] == [
        "error: until: the last date is before the first"
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("book", "--service", "laser", "--arrives", NINE), "--patient: this is missing. Give it, or --hold"),
        (("book", "--hold", "h1", "--patient", "ann"), "--hold: the hold says the rest. Give it alone, or with --key"),
        (("hold", "--service", "laser", "--patient", "ann", "--arrives", NINE, "--with", "dr-lee"),
         "--with: 'dr-lee' is not NAME=VALUE. Such as provider=dr-lee"),
        (("complete", "v1", "--used", "gel=-1"), "--used: '-1' is no quantity. Such as gel=2"),
        (("away", "dr-lee", "--from", NINE, "--to", NINE), "--to: it is not later than --from"),
        (("find", "--service", "laser", "--patient", "ann", "--from", "2098-03-03", "--limit", "2"),
         "--limit: this goes with --ranked. Add --ranked"),
        (("find", "--service", "laser", "--patient", "ann", "--from", "2098-03-03", "--ranked", "--days", "someday"),
         "--days: not days; write mon-fri, sat or a list of such"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_clear_message(desk, arguments, complaint):
    assert desk(*arguments) == (1, [], [f"error: {complaint}"])
