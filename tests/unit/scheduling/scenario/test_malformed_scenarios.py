"""Practice files and scenarios that are wrong: refused before anything runs, with file, line, key and what to do."""

import pytest

from hub.errors import InvalidInput
from hub.scheduling.scenario.document import read_scenario

SOUND = """zone: America/Chicago
now: 2026-03-02T08:00
resources:
  - {id: lee, kind: provider}
  - {id: r1, kind: room}
products: [{id: gel, unit: u}]
stock: [{product: gel, lot: A, on_hand: 1, expires: 2026-12-31}]
services:
  - {id: s, steps: [{name: a, minutes: 30, needs: [{kind: provider}]}]}
patients: [{id: p}]
"""


def said_of(text):
    with pytest.raises(InvalidInput) as caught:
        read_scenario(text, "s.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_the_file_that_is_changed_here_is_sound():
    assert read_scenario(SOUND, "s.yaml")[0].zone == "America/Chicago"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zone: America/Chicago", "zone: -6", "1: zone: not text. Put it into quotation marks"),
        ("zone: America/Chicago", "zone: America/Chikago", "1: zone: not an IANA zone such as America/Chicago"),
        ("08:00", "08:00:30", "2: now: not a wall time; write it as 2026-03-02T09:00, with an offset"),
        ("now: 2026-03-02", "now: 2026-02-29", "2: now: there is no such date"),
        ("kind: room", "kind: room, capacity: '2'", "5: resources[1].capacity: not a whole number. Write it in digits"),
        ("kind: room", "kind: room, skills: wet", "5: resources[1].skills: not a list. Write it as [a, b]"),
        ("kind: room", "kind: null", "5: resources[1].kind: there is no value. Write one behind the colon"),
        ("id: r1", "id: 12", "5: resources[1].id: not text. Put it into quotation marks"),
        ("id: r1", "id: lee", "5: resources[1].id: the id 'lee' stands twice. Rename one"),
        ("{id: r1, kind: room}", "r1", "5: resources[1]: not a table of keys. Write it as {key: value}"),
        ("kind: room", "kind: device, in: lee", "5: resources[1].in: 'lee' is not a room. Known: none"),
        ("kind: room", "kind: device, in: r1", "5: resources[1].in: 'r1' is not a room. Known: none"),
        ("unit: u", "unit: u, strict_days: -1", "6: products[0].strict_days: less than 0. Write 0 or more"),
        ("unit: u", "unit: u, vial: {units: 0, open_hours: 9}", "6: products[0].vial.units: not more than 0."),
        ("on_hand: 1", "on_hand: .inf", "7: stock[0].on_hand: not a number"),
        ("on_hand: 1", "on_hand: 1e30", "7: stock[0].on_hand: more than 1000000000. Write 1000000000 or less"),
        (", expires: 2026-12-31", "", "7: stock[0].expires: the key 'expires' is missing. Add it"),
        ("minutes: 30", "minutes: {lee: 20}", "9: services[0].steps[0].minutes: a map of minutes has a `default`"),
        ("minutes: 30", "minutes: {default: 9, zed: 1}", "steps[0].minutes.zed: the resource 'zed' is not declared. K"),
        ("minutes: 30", "minutes: 30, patient: maybe", "9: services[0].steps[0].patient: neither true nor false."),
        ("id: s", "id: s, price: 450", "9: services[0].price: not a table of keys. Write it as {key: value}"),
        (
            "id: s",
            "id: s, price: {amount_minor: 1, currency: usd}",
            "currency: not of the form that is asked for",
        ),
        ("id: s", "id: s, spacing: [{after: s, min_days: -3}]", "9: services[0].spacing[0].min_days: less than 0."),
        ("id: s", "id: s, series: {sessions: 3, min_days: 9, max_days: 8}", "`max_days` is not below `min_days`"),
        ("id: s", "id: s, options: [{id: o, minutes: {b: 1}}]", "minutes.b: the step 'b' is not declared. Known: a"),
        ("kind: provider}]", "kind: provider, any: []}]", "9: services[0].steps[0].needs[0].any: at least one stands"),
        ("kind: provider}]", "kind: provider, as: x, present: true}]", "a need with `present` has no name"),
    ],
)
def test_a_wrong_practice_is_refused_with_its_line_and_what_to_do(old, new, said):
    (problem,) = said_of(SOUND.replace(old, new, 1) if old != "kind: provider}]" else SOUND.replace(old, new))
    assert problem.startswith("s.yaml:")
    assert said in problem


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("grid_minutes: 0", "grid_minutes: less than 1. Write 1 or more"),
        ("grid_minutes: 7.5", "grid_minutes: not a whole number. Write it in digits, without quotes and decimal point"),
        ("grid_minutes: 1441", "grid_minutes: more than 1440. Write 1440 or less"),
        ("policy: strict", "policy: not a list. Write it as [a, b], or each entry on a line of its own behind a dash"),
        ("policy: {deposit: {share: 50}}", "policy.deposit.share: more than 1. Write 1 or less"),
        (
            "policy: {overrides: [owner]}",
            "policy.overrides: not a table of keys. Write it as {key: value}",
        ),
        ("policy: {overrides: {owner: closed}}", "policy.overrides.owner: not a list. Write it as [a, b]"),
        ("policy: {hold_minutes: 0}", "policy.hold_minutes: less than 1. Write 1 or more"),
        (
            "policy: {cancellation: [{within_hours: 1.5, fee_share: 1}]}",
            "within_hours: not a whole number. Write",
        ),
        ("policy: {cancellation: [{fee_share: 1}]}", "a fee is for `within_hours` or for `no_show: true`"),
        ("ranking: {short_rest_minutes: 481}", "ranking.short_rest_minutes: more than 480. Write 480 or less"),
        (
            "packages: [{id: k, patient: q, service: s, credits: 1, expires: 2026-12-31}]",
            "not declared. Known: p",
        ),
        (
            "visits: [{id: v, patient: p, service: s, arrives: 2026-03-05T08:00, state: done}]",
            "Known: booked, comp",
        ),
        ("visits: [{id: v, patient: p, service: s, arrives: 2026-03-05T08:00, with: {room: r1}}]", "Known: provider"),
        ("actions: {find: {}}", "actions: not a list. Write it as [a, b], or each entry on a line of its own"),
        (
            "actions: [{cancel: {visit: v, by: patent}}]",
            "actions[0].cancel.by: not one of the words that may",
        ),
        ("actions: [{offers: {}, expect: {count: many}}]", "actions[0].expect.count: not a whole number. Write it in"),
        (
            "actions: [{book: {service: s, patient: p, option: o, arrives: 2026-03-05T08:00}}]",
            "'o'. Known: none",
        ),
    ],
)
def test_a_wrong_key_behind_the_practice_is_refused_with_its_line_and_what_to_do(added, said):
    problems = [problem for problem in said_of(SOUND + added + "\n") if said in problem]
    assert [problem.split(": ")[0] for problem in problems] == ["s.yaml:11"]
