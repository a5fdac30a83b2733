"""A scenario rehearses vendors and payments: what it must say first, and what comes out of silence."""

import pytest

from hub.scheduling.scenario.run import run_scenario

PRACTICE = """\
zone: America/Chicago
now: 2026-03-02T08:00
locations: [{id: main, authority: {vendor: ehr}}, {id: own}]
resources: [{id: dana, kind: provider}, {id: kim, kind: provider, location: own}]
services:
  - id: peel
    price: {amount_minor: 10000}
    steps: [{name: peel, minutes: 30, needs: [{kind: provider}]}]
    series: {sessions: 2, min_days: 7, max_days: 14}
patients: [{id: ann}, {id: bea}]
packages: [{id: pk, patient: ann, service: peel, credits: 2}]
policy: {self_booking: {}, deposit: {share: 0.5}, deposit_first: [online]}
actions:
"""
FIND = "find: {service: peel, patient: bea, location: main, from: 2026-03-03, until: 2026-03-03}"
BOOK = "book: {service: peel, patient: ann, location: main, arrives: 2026-03-03T09:00"


def play(*actions: str) -> list[str]:
    """The errors, of actions without their dash."""
    report = run_scenario(PRACTICE + "".join(f"  - {{{one}}}\n" for one in actions), "file.yaml")
    return [str(one.error) for one in report.results if not one.ok]


def test_without_a_word_of_them_nobody_is_asked():
    assert (
        play(
            f"{BOOK}, channel: online, as: a}}, expect: {{ok: true, deposit: 5000}}",
            "move: {visit: a, arrives: 2026-03-04T09:00}",
        )
        == []
    )


def test_where_the_hub_owns_the_calendar_no_vendor_is_asked():
    at_own = BOOK.replace("main", "own")
    assert play("vendor: {answers: refuse}", f"{at_own}, as: a}}", "cancel: {visit: a}") == []


def test_nothing_moves_from_one_owners_calendar_to_anothers():
    there = "location: own, arrives: 2026-03-04T09:00"
    refused = "expect: {refused: [two_calendars], nearest: {before: null, after: null}}"
    assert (
        play(
            f"{BOOK}, as: a}}", f"move: {{visit: a, {there}}}, {refused}", "move: {visit: a, arrives: 2026-03-04T09:00}"
        )
        == []
    )
    ours = BOOK.replace("main", "own")
    assert (
        play(
            f"{ours}, as: a}}",
            f"move: {{visit: a, {there}}}",
            f"move: {{visit: a, {there.replace('own', 'main')}}}, {refused}",
        )
        == []
    )


def test_what_is_undecided_has_not_succeeded():
    [error] = play("vendor: {answers: timeout}", f"{BOOK}}}")
    assert error == "file.yaml:15: book: undecided: confirming"


@pytest.mark.parametrize(("stored", "booked"), [("true", 2), ("false", 0)])
def test_a_series_is_undecided_whole_and_its_credits_stay_taken(stored, booked):
    series = "series: {service: peel, patient: ann, location: main, package: pk, start: 2026-03-03, until: 2026-04-30}"
    later = "book: {service: peel, patient: ann, location: own, package: pk, arrives: 2026-06-03T09:00}"
    wait = "clock: 2026-03-02T08:04"
    left = "ok: true" if not booked else "refused: [no_credit]"
    assert (
        play(
            f"vendor: {{answers: timeout, stored: {stored}}}",
            f"{series}, expect: {{undecided: confirming}}",
            "vendor: {answers: yes}",
            f"{later}, expect: {{refused: [no_credit]}}",
            wait,
            f"reconcile: {{}}, expect: {{done: {int(booked > 0)}, released: {int(booked == 0)}}}",
            f"{later}, expect: {{{left}}}",
        )
        == []
    )


def test_a_hold_is_asked_for_by_the_channel_that_held_it_and_in_its_own_time():
    hold = "hold: {service: peel, patient: ann, location: main, channel: online, arrives: 2026-03-03T09:00, as: h}"
    assert (
        play(
            "payment: {answers: timeout, reserved: true}",
            hold,
            "clock: 2026-03-02T08:09",
            "book: {hold: h, as: b}, expect: {undecided: paying}",
            "payment: {answers: yes}",
            "clock: 2026-03-02T08:12",  # the hold would be over: nobody new is asked
            "reconcile: {}, expect: {done: 0, released: 1}",
            "cancel: {visit: b}, expect: {refused: [not_booked]}",
        )
        == []
    )


def test_a_move_that_the_vendor_never_heard_of_leaves_promise_and_time_as_they_were():
    assert (
        play(
            f"{BOOK}, as: a}}",
            "vendor: {answers: timeout}",
            "move: {visit: a, arrives: 2026-03-03T09:15}, expect: {undecided: confirming}",
            "vendor: {answers: yes}",
            "clock: 2026-03-02T08:02",
            "reconcile: {}, expect: {released: 1}",
            f"{FIND}, expect: {{count: 93}}",
            "move: {visit: a, arrives: 2026-03-03T09:15}, expect: {arrives: 2026-03-03T09:15}",
            f"{FIND}, expect: {{count: 93}}",
        )
        == []
    )


def test_what_is_given_up_is_offered_to_who_waits():
    assert (
        play(
            "vendor: {answers: timeout}",
            f"{BOOK}}}, expect: {{undecided: confirming}}",
            "waitlist: {service: peel, patient: bea, location: main, from: 2026-03-03, until: 2026-03-03, as: w}",
            "offers: {}, expect: {patients: []}",
            "vendor: {answers: yes}",
            "clock: 2026-03-02T08:02",
            "reconcile: {}, expect: {released: 1}",
            "offers: {}, expect: {patients: [bea]}",
        )
        == []
    )


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("vendor: {answers: perhaps}", "actions[0].vendor.answers"),
        ("vendor: {answers: yes, stored: true}", "`stored` goes with `answers: timeout`"),
        ("payment: {answers: refuse}", "actions[0].payment.answers"),
        ("payment: {answers: declined, reserved: true}", "`reserved` goes with `answers: timeout`"),
        ("reconcile: {now: true}", "unknown key 'now'"),
        (f"{BOOK}}}, expect: {{done: 1}}", "'done' can be expected of: reconcile"),
        ("reconcile: {}, expect: {payment: captured}", "'payment' can be expected of: book, series"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(action, said):
    [error] = play(action)
    assert error.startswith("file.yaml:14: ")
    assert said in error


def test_answers_of_somebody_who_has_no_say_are_refused():
    nobody = PRACTICE.replace(", authority: {vendor: ehr}", "").replace(", deposit_first: [online]", "")
    report = run_scenario(nobody + "  - vendor: {answers: refuse}\n  - payment: {answers: declined}\n", "file.yaml")
    hint = "Name channels in the policy's `deposit_first`"
    assert [one.error for one in report.results] == [
        "file.yaml:14: actions[0].vendor: no vendor owns a calendar here. Give a location `authority: {vendor: NAME}`",
        f"file.yaml:15: actions[1].payment: no deposit is taken first here. {hint}",
    ]


def test_a_cancellation_that_the_vendor_never_heard_of_is_asked_for_again():
    actions = [
        f"{BOOK}, as: a}}",
        "vendor: {answers: timeout}",
        "cancel: {visit: a}, expect: {undecided: confirming}",
        "vendor: {answers: yes}",
        "reconcile: {}, expect: {done: 1}",
        "cancel: {visit: a}, expect: {refused: [not_booked]}",
    ]
    assert play(*actions) == []
    actions[3:] = ["vendor: {answers: refuse}", "reconcile: {}, expect: {released: 1}", "late: {visit: a, minutes: 5}"]
    assert play(*actions) == []
