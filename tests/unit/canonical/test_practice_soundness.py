"""A practice folder may not say what could never work as it was meant; a scenario may."""

import pytest

from hub.canonical.practice import read_practice, read_sound_practice
from hub.canonical.practice_soundness import find_unasked, find_unmet
from hub.documents import parse
from hub.errors import InvalidInput

GOOD = """\
zone: America/Chicago
locations:
  - id: main
    hours: [{days: mon-fri, from: "12:00", to: "18:00"}, {days: mon-fri, from: "09:00", to: "12:00"}]
  - {id: north}
resources:
  - {id: lee, kind: provider, hours: [{days: [mon, wed], from: "09:00", to: "12:00"}]}
  - {id: room-1, kind: room}
  - {id: laser, kind: device, in: room-1}
  - {id: den, kind: lounge, hours: [{days: mon, from: "09:00", to: "12:00"}, {days: tue, from: "08:00", to: "13:00"}]}
services:
  - {id: consult, steps: [{name: talk, minutes: 30, needs: [{kind: provider}, {kind: lounge}]}]}
  - id: peel
    tags: [skin]
    steps: [{name: peel, minutes: 30, needs: [{kind: assistant}]}]
    requires: [{before: consult}]
    spacing: [{after: skin, min_days: 7}]
  - id: top-up
    tags: [skin]
    steps: [{name: peel, minutes: 30}]
    requires: [{before: skin}, {before: consult}]
policy: {overrides: {front_desk: [in_the_past, no_stock]}}
"""


def problem_of(text):
    read_practice(text, "practice.yaml")
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(text, "practice.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, bool(problem.hint)) == ("practice.yaml", True)
    return problem


def test_hours_that_overlap_on_no_date_are_two_seasons():
    text = GOOD.replace(
        'hours: [{days: [mon, wed], from: "09:00", to: "12:00"}]',
        'hours: [{days: mon, from: "09:00", to: "12:00", until: 2026-05-31}, '
        '{days: mon, from: "08:00", to: "12:00", since: DAY}]',
    )
    read_sound_practice(text.replace("DAY", "2026-06-01"), "practice.yaml")
    assert problem_of(text.replace("DAY", "2026-05-31")).field == "resources[0].hours[1]"


def test_a_practice_that_can_work_is_read():
    assert read_sound_practice(GOOD, "practice.yaml") == read_practice(GOOD, "practice.yaml")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ('from: "12:00"', 'from: "11:59"', 4, "locations[0].hours[1]", "overlap"),
        ("hours: [{days: [mon, wed]", 'hours: [{days: fri-mon, from: "11:00", to: "13:00"}, {days: [mon, wed]', 7,
         "resources[0].hours[1]", "overlap"),
        ("kind: room}", "kind: room, location: north}", 9, "resources[2].in", "no room 'room-1' at 'main'"),
        ("{kind: lounge}", "{kind: launge}", 12, "services[0].steps[0].needs[1].kind", "of the kind 'launge'"),
        ("before: consult}]\n    spacing", "before: consutl}]\n    spacing", 16, "services[1].requires[0].before",
         "id or tag 'consutl'"),
        ("after: skin", "after: skni", 17, "services[1].spacing[0].after", "id or tag 'skni'"),
        ("[in_the_past, ", "[in_past, ", 22, "policy.overrides.front_desk", "'in_past' can never be"),
        ("no_stock", "no_room", 22, "policy.overrides.front_desk", "'no_room' can never be passed over"),
        ("after: skin, min_days: 7}]", "after: skin, min_days: 7}]\n    series: {min_days: 2, max_days: 6}", 17,
         "services[1].spacing[0].min_days", "waits 7 days for itself"),
        ("{kind: provider}, ", "{kind: provider, id: room-1}, ", 12, "services[0].steps[0].needs[0]",
         "asks for a provider, and for 'room-1'"),
        ("{kind: provider}, ", "{kind: provider, any: [room-1, laser]}, ", 12, "services[0].steps[0].needs[0]",
         "asks for a provider, and for 'room-1' or 'laser'"),
        ("{kind: provider}, ", "{kind: provider, as: lounge}, ", 12, "services[0].steps[0].needs[1]",
         "nobody can fill 'lounge'"),
        ("name: talk, minutes: 30", "name: talk, minutes: 30, needs: [{kind: robot}]}, {name: sit, minutes: 5", 12,
         "services[0].steps[0].needs[0].kind", "of the kind 'robot'"),
    ],
)  # fmt: skip
def test_a_dead_end_is_named_with_line_key_and_what_to_change(old, new, line, field, message):
    assert old in GOOD
    problem = problem_of(GOOD.replace(old, new, 1))
    assert (problem.line, problem.field) == (line, field)
    assert message in problem.message


def circle_of(text):
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(text, "practice.yaml")
    return {(problem.line, problem.field) for problem in caught.value.problems if "in a circle" in problem.message}


def test_a_cycle_of_prerequisites_is_named_at_each_of_its_services():
    waits = GOOD.replace("{id: consult, ", "{id: consult, requires: [{before: peel}], ")
    assert circle_of(waits) == {
        (12, "services[0].requires[0].before"),
        (16, "services[1].requires[0].before"),
        (21, "services[2].requires[0].before"),
        (21, "services[2].requires[1].before"),
    }


def test_a_service_that_waits_for_itself_alone_is_a_cycle():
    assert circle_of(GOOD.replace("requires: [{before: consult}]", "requires: [{before: peel}]")) == {
        (16, "services[1].requires[0].before"),
        (21, "services[2].requires[0].before"),
    }


def test_a_service_may_wait_for_its_own_tag_when_another_one_of_it_can_come_first():
    assert read_sound_practice(GOOD, "practice.yaml").find_service("top-up").answers_to("skin")


@pytest.mark.parametrize(
    ("asked", "field", "message", "hint"),
    [
        ("skills: [injecter]", "skills", "no provider has 'injecter'", "Did you mean 'injector'? Known: injector"),
        ("certification: laser-3", "certification", "no provider has 'laser-3'", "Known: none"),
    ],
)
def test_a_skill_that_nobody_has_is_noted_because_somebody_may_still_come_who_has_it(asked, field, message, hint):
    text = GOOD.replace("kind: provider, hours", "kind: provider, skills: [injector], hours")
    text = text.replace("{kind: provider}", f"{{kind: provider, {asked}}}")
    (note,) = find_unmet(read_sound_practice(text, "practice.yaml"), parse(text, "practice.yaml"))
    assert (note.line, note.field, note.hint) == (12, f"services[0].steps[0].needs[0].{field}", hint)
    assert message in note.message
    assert not [*find_unmet(read_sound_practice(GOOD, "practice.yaml"), parse(GOOD, "practice.yaml"))]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ("id: room-1, kind: room", "id: room-2, kind: rom}\n  - {id: room-1, kind: room", 8,
         "resources[1].kind", "the kind 'rom'"),
        ("talk, minutes: 30", "talk, minutes: {default: 30, room-1: 20}", 12, "services[0].steps[0].minutes.room-1",
         "'room-1' never fills the name `provider`"),
        ("[{kind: provider}, {kind: lounge}]}]",
         "[{kind: lounge}]}], options: [{id: big, minutes: {talk: {default: 9, lee: 4}}}]", 12,
         "services[0].options[0].minutes.talk.lee", "'lee' never fills"),
    ],
)  # fmt: skip
def test_what_is_said_and_never_used_is_noted(old, new, line, field, message):
    text = GOOD.replace(old, new)
    (note,) = find_unasked(read_sound_practice(text, "practice.yaml"), parse(text, "practice.yaml"))
    assert (note.line, note.field) == (line, field)
    assert message in note.message
    assert note.hint
    assert not [*find_unasked(read_sound_practice(GOOD, "practice.yaml"), parse(GOOD, "practice.yaml"))]
