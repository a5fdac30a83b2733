import pytest

from hub.errors import InvalidInput
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.run import run_scenario

HEAD = """\
zone: America/Chicago
now: 2026-03-02T08:00
locations: [{id: main}]
resources: [{id: lee, kind: provider}]
services:
  - {id: consult, options: [{id: long}], steps: [{name: talk, minutes: 30, needs: [{kind: provider}]}]}
patients: [{id: ann}, {id: bob}]
"""
FIND = "service: consult, patient: ann, from: 2026-03-02, until: 2026-03-03"


def test_the_names_of_the_models_are_no_keys_of_a_file():
    policies = problems_of("{clock: 2026-03-03T08:00}", f"{HEAD}policies: {{hold_minutes: 5}}\n")
    assert [(p.field, p.line) for p in policies] == [("policies", 8)]
    since = problems_of("{clock: 2026-03-03T08:00}", f"{HEAD}policy: {{since: 2026-03-01}}\n")
    assert [p.field for p in since] == ["policy.since"]


def test_a_price_below_nothing_and_hours_on_no_day_are_no_values():
    head = HEAD.replace("{id: long}", "{id: long, price: {amount_minor: -1}}").replace(
        "{id: main}", "{id: main, hours: [{days: [], from: '09:00', to: '10:00'}]}"
    )
    problems = problems_of("{clock: 2026-03-03T08:00}", head)
    assert [p.field for p in problems] == ["locations[0].hours[0].days", "services[0].options[0].price"]


def problems_of(action, head=HEAD):
    with pytest.raises(InvalidInput) as caught:
        read_scenario(f"{head}actions:\n  - {action}\n", "s.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("action", "field", "message"),
    [
        ("{find: {service: consult, patient: ann, from: 2026-03-02}}", "actions[0].find.until", "missing"),
        (f"{{find: {{{FIND}, colour: red}}}}", "actions[0].find.colour", "unknown key"),
        (f"{{find: {{{FIND}, resources: {{provider: lee}}}}}}", "actions[0].find.resources", "unknown key"),
        ("{clock: 2026-03-02T09:00, named: c}", "actions[0].named", "unknown key"),
        (f"{{find: {{{FIND}}}, expect: {{resources: {{}}}}}}", "actions[0].expect.resources", "unknown key"),
        (f"{{find: {{{FIND}, option: short}}}}", "actions[0].find.option", "no option 'short'"),
        (f"{{find: {{{FIND}, with: {{nurse: lee}}}}}}", "actions[0].find.with.nurse", "no need named 'nurse'"),
        (f"{{find: {{{FIND}, location: mars}}}}", "actions[0].find.location", "not declared"),
        (f"{{find: {{{FIND}, package: pk}}}}", "actions[0].find.package", "not declared"),
        (f"{{find: {{{FIND}}}, expect: {{fist: 2026-03-02T09:00}}}}", "actions[0].expect.fist", "unknown key"),
        (f"{{find: {{{FIND}}}, clock: 2026-03-02T09:00}}", "actions[0]", "one action"),
        ("{expect: {none: true}}", "actions[0]", "one action"),
        ("{find: {patient: ann, from: 2026-03-02, until: 2026-03-03}}", "actions[0].find", "`service` or `parts`"),
        ("{find: {service: consult, from: 2026-03-02, until: 2026-03-03}}", "actions[0].find", "patient"),
        ("{find: {service: consult, patient: ann, from: 2026-03-04, until: 2026-03-03}}", "actions[0].find", "before"),
        ("{book: {service: consult, patient: ann}}", "actions[0].book", "arrives"),
        ("{book: {hold: h1, service: consult}}", "actions[0].book", "stands alone"),
        ("{book: {service: consult, patient: ann, arrives: tomorrow}}", "actions[0].book.arrives", "not a wall time"),
        ("{clock: 2026-03-02T07:00}", "actions[0].clock", "does not go back"),
        ("{clock: '9999-12-31T24:00'}", "actions[0].clock", "from 1900 to 2199"),
        (f"{{find: {{{FIND.replace('2026-03-03', '9999-12-31')}}}}}", "actions[0].find.until", "from 1900 to 2199"),
        ("{series: {service: consult, patient: ann, start: 2026-03-03, until: 2026-03-09, sessions: 1000000000}}",
         "actions[0].series.sessions", "more than 1000"),
        ("{move: {visit: v9, arrives: 2026-03-02T10:00}}", "actions[0].move.visit", "'v9' is not declared"),
        (f"{{find: {{{FIND}, prefers: {{days: mon}}}}}}", "actions[0].find", "goes with `ranked`"),
        (f"{{find: {{{FIND}, ranked: 0}}}}", "actions[0].find.ranked", "from 1 on"),
        (f"{{find: {{{FIND}, ranked: true, prefers: {{with: {{nurse: lee}}}}}}}}", "actions[0].find.prefers.with.nurse",
         "no service asked for has a need named 'nurse'"),
        (f"{{find: {{{FIND}, ranked: true, prefers: {{from: '12:00', to: '09:00'}}}}}}", "actions[0].find.prefers",
         "`to` is later"),
        (f"{{find: {{{FIND}}}, expect: {{nearest: {{}}}}}}", "actions[0].expect.nearest", "hold, book, move"),
        ("{clock: 2026-03-03T08:00, expect: {gaps: []}}", "actions[0].expect.gaps", "can be expected of: gaps"),
        ("{clock: 2026-03-03T08:00, expect: {relying: []}}", "actions[0].expect.relying", "cancel, no_show, move"),
        ("{gaps: {from: 2026-03-03, until: 2026-03-02}}", "actions[0].gaps", "not before `from`"),
        ("{series: {parts: [{service: consult}], start: 2026-03-03, until: 2026-03-09}}", "actions[0].series",
         "the key 'patient' is missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_action_is_named_before_anything_runs(action, field, message):
    problem = next(p for p in problems_of(action) if p.field == field)
    assert (problem.file, problem.line) == ("s.yaml", 9)
    assert message in problem.message


@pytest.mark.parametrize(
    ("visit", "field"),
    [
        ("{id: v, patient: eve, service: consult, arrives: 2026-03-01T09:00}", "visits[0].patient"),
        ("{id: v, patient: ann, service: peel, arrives: 2026-03-01T09:00}", "visits[0].service"),
        (
            "{id: v, patient: ann, service: consult, arrives: 2026-03-01T09:00, with: {provider: kim}}",
            "visits[0].with.provider",
        ),
        ("{id: v, resources: [kim], from: 2026-03-01T09:00, to: 2026-03-01T10:00}", "visits[0].resources[0]"),
        ("{id: v, resources: [lee], from: 2026-03-01T09:00}", "visits[0]"),
        ("{id: v, resources: [lee], from: 2026-03-01T09:00, to: 2026-03-01T09:00}", "visits[0]"),
        ("{id: v, patient: ann, service: consult, arrives: 2026-03-01T09:00, state: late}", "visits[0].state"),
    ],
)
def test_a_listed_visit_that_names_nobody_is_an_error(visit, field):
    problems = problems_of("{clock: 2026-03-03T08:00}", f"{HEAD}visits:\n  - {visit}\n")
    assert field in [problem.field for problem in problems]


def test_with_several_locations_an_action_says_which():
    head = HEAD.replace("[{id: main}]", "[{id: main}, {id: north}]")
    (problem,) = problems_of(f"{{find: {{{FIND}}}}}", head)
    assert "location" in problem.message


def test_unknown_services_patients_resources_and_holds_are_refusals():
    actions = [
        f"{{find: {{{FIND.replace('consult', 'peel')}}}, expect: {{refused: [unknown_service]}}}}",
        f"{{find: {{{FIND.replace('ann', 'eve')}}}, expect: {{refused: [unknown_patient]}}}}",
        f"{{find: {{{FIND}, with: {{provider: kim}}}}, expect: {{refused: [unknown_resource]}}}}",
        "{book: {hold: h9}, expect: {refused: [hold_expired]}}",
    ]
    report = run_scenario(HEAD + "actions:\n" + "".join(f"  - {action}\n" for action in actions), "s.yaml")
    assert [result.error for result in report.results] == [None] * 4


def test_a_failed_step_says_where_and_the_others_still_run():
    text = HEAD + (
        "actions:\n"
        "  - {book: {service: consult, patient: ann, arrives: 2026-03-02T07:00}}\n"
        f"  - {{find: {{{FIND}}}, expect: {{count: 3, first: 2026-03-02T08:00}}}}\n"
        f"  - {{find: {{{FIND}}}, expect: {{first: 2026-03-02T08:00}}}}\n"
    )
    report = run_scenario(text, "s.yaml")
    assert [result.ok for result in report.results] == [False, False, True]
    assert report.results[0].error == "s.yaml:9: book: refused: in_the_past"
    assert report.results[1].error == "s.yaml:10: find: not as expected: count"


def test_the_report_as_json_has_the_promised_keys():
    report = run_scenario(HEAD + f"actions:\n  - {{find: {{{FIND}}}, expect: {{first: 2026-03-02T08:00}}}}\n", "s.yaml")
    found = report.as_json()
    assert set(found) == {"file", "ok", "results"}
    (step,) = found["results"]
    assert set(step) == {"step", "ok", "got", "expected", "error"}
    assert (step["step"], step["ok"], step["error"]) == (1, True, None)
    assert step["got"]["first"] == "2026-03-02T08:00-06:00"
    assert step["expected"] == {"first": "2026-03-02T08:00"}


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ("{refused: []}", True),
        ("{refused: [closed]}", False),
        ("{first: null}", False),
        ("{none: false, ok: true}", True),
        ("{deposit: 0}", False),
        ("{first: 2026-03-02T14:00+00:00}", True),
        ("{first: 2026-03-02T08:00+00:00}", False),
        ("{first: 2026-03-02T08:00, openings: [2026-03-02T08:00]}", False),
    ],
)
def test_expectations_compare_the_keys_they_give(expect, holds):
    report = run_scenario(f"{HEAD}actions:\n  - {{find: {{{FIND}}}, expect: {expect}}}\n", "s.yaml")
    assert report.ok == holds
