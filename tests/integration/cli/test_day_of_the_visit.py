"""The commands for the day of the visit: late, over, finished, checked in, and what is missing before."""

import json
from zoneinfo import ZoneInfo

PRACTICE = """
zone: America/Chicago
grid_minutes: 15
resources: [{id: dana, kind: provider}, {id: room-1, kind: room}]
consents: [{id: laser-form, versions: [{version: "1"}], valid_days: 30}]
services:
  - id: laser
    consents: [laser-form]
    steps:
      - {name: numb, minutes: 30, needs: [{kind: room}]}
      - {name: shoot, minutes: 30, needs: [{kind: room}, {kind: provider}]}
policy: {overrides: {front_desk: [in_the_past]}}
"""


def booked(desk, patient, arrives):
    passing = ("--override", "in_the_past", "--reason", "written down later", "--role", "front_desk")
    _, said, _ = desk("book", "--service", "laser", "--patient", patient, "--arrives", arrives, "--json", *passing)
    return json.loads(said[0])["visits"][0]["id"]


def test_who_is_late_is_told_with_whom_it_meets(desk):
    first, second = booked(desk, "ann", "2098-03-03T09:00"), booked(desk, "bea", "2098-03-03T10:00")
    code, said, _ = desk("late", first, "--minutes", "20")
    assert (code, said) == (
        0,
        [
            f"late {first} 2098-03-03T09:20-06:00 laser",
            "  until 2098-03-03T10:20-06:00",
            f"  would have to wait: {second} 20 minutes (room-1)",
            f"  contested until it is moved: {second}",
        ],
    )
    code, said, _ = desk("late", first, "--minutes", "5", "--json")
    answer = json.loads(said[0])
    assert answer["leaves"] == "2098-03-03T10:25-06:00"
    assert answer["waiting"] == [{"id": second, "minutes": 25, "because": ["room-1"]}]
    assert answer["contested"] == [second]


def test_what_is_still_to_come_neither_runs_over_nor_ends(desk):
    visit_id = booked(desk, "ann", "2098-03-03T09:00")
    code, said, errors = desk("over", visit_id, "--minutes", "20")
    assert (code, said, errors) == (1, [], ["refused: not_begun", "  not_begun: it is still to come"])
    assert desk("finish", visit_id)[2][0] == "refused: not_begun"
    code, _, errors = desk("over", visit_id)
    assert code == 1
    assert "either --minutes or --until" in errors[0]


def test_a_day_from_the_form_to_the_end(desk, store):
    with store.begin("test") as work:
        midnight = f"{work.now.astimezone(ZoneInfo('America/Chicago')).date()}T00:00"
    visit_id = booked(desk, "ann", midnight)
    to_sign = "  to sign: laser-form version 1 (unsigned)"
    assert desk("missing", visit_id) == (0, [to_sign], [])
    code, said, errors = desk("check-in", visit_id)
    assert (code, said, errors[0], errors[-1]) == (1, [], "refused: missing_consent", to_sign)
    refused = json.loads(desk("check-in", visit_id, "--json")[1][0])
    assert refused["missing"] == [{"consent": "laser-form", "version": "1", "why": "unsigned"}]
    code, said, _ = desk("consent", "sign", "ann", "laser-form", "--document", "doc-17")
    assert code == 0
    assert " laser-form version 1 until " in said[0]
    assert desk("missing", visit_id)[1] == ["nothing is missing"]
    code, said, _ = desk("check-in", visit_id)
    assert code == 0
    assert said[0].startswith(f"checked in {visit_id} ")
    code, said, _ = desk("finish", visit_id, "--at", midnight)
    assert code == 1
    code, said, _ = desk("complete", visit_id)
    assert code == 0
    code, said, _ = desk("consent", "withdraw", "ann", "laser-form")
    assert code == 0
    assert said[0].startswith("withdrawn cns_")
    assert desk("consent", "withdraw", "ann", "laser-form")[2][0] == "refused: not_signed"
