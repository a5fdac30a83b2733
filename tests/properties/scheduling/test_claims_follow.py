"""A visit that is late, runs over and is finished takes exactly its real steps, and nobody else's time changes."""

from datetime import UTC, datetime, timedelta

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
WHO = ["dana", "room-1", "laser-1"]
KINDS = {"dana": "provider", "room-1": "room", "laser-1": "device"}


def wall(minute):
    return (MIDNIGHT + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M")


@st.composite
def protocols(draw):
    count = draw(st.integers(1, 5))
    with_patient = draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))
    return [
        (f"s{n}", draw(st.integers(1, 40)), with_patient[n], draw(st.lists(st.sampled_from(WHO), unique=True)))
        for n in range(count)
    ]


EVENTS = st.lists(
    st.tuples(st.sampled_from(["late", "over", "finish"]), st.integers(0, 90), st.integers(1, 50)), max_size=5
)


def scenario_of(protocol):
    steps = [
        {"name": name, "minutes": length, "patient": patient, "needs": [{"kind": KINDS[who]} for who in needs]}
        for name, length, patient, needs in protocol
    ]
    others = [{"id": "other", "patient": "bea", "service": "s", "arrives": wall(660), "with": dict.fromkeys([])}]
    return {
        "zone": "UTC",
        "now": wall(0),
        "resources": [{"id": who, "kind": KINDS[who]} for who in WHO],
        "services": [{"id": "s", "steps": steps}],
        "patients": [{"id": "ann"}, {"id": "bea"}],
        "visits": others,
    }


def stepwise(steps, kind, amount, now):
    """The steps (name, start, end, patient) after a fact, told step by step; None: it is refused."""
    patients = [n for n, step in enumerate(steps) if step[3]]
    first, last = patients[0], patients[-1]
    if kind == "late":
        moving = next(n for n in range(len(steps)) if n == first or steps[n][1] > now)
        told = [list(step) for step in steps]
        for step in told[moving:]:
            step[1:3] = step[1] + amount, step[2] + amount
        if moving:
            told[moving - 1][2] = told[moving][1]
    elif kind == "over":
        begun = [n for n, step in enumerate(steps) if step[1] <= now]
        if not begun:
            return None
        told = [list(step) for step in steps]
        told[begun[-1]][2] += amount
        for step in told[begun[-1] + 1 :]:
            step[1:3] = step[1] + amount, step[2] + amount
    else:
        if now <= steps[first][1]:
            return None
        told, at = [], now
        for n, (name, start, end, patient) in enumerate(steps):
            if n <= last:
                told.append([name, start, now if n == last else min(end, now), patient])
            else:
                told.append([name, at, at + end - start, patient])
                at += end - start
        told = [step for step in told if step[1] < step[2]]
    return [tuple(step) for step in told]


@given(protocols(), EVENTS)
@settings(max_examples=150)
def test_claims_cover_exactly_the_real_steps_and_nobody_elses_change(protocol, events):
    text = yaml.safe_dump(scenario_of(protocol))
    player = Player(read_scenario(text, "s.yaml")[0])
    book = {"service": "s", "patient": "ann", "arrives": wall(600), "as": "a"}
    assert play(player, ActionEntry.model_validate({"book": book}))["ok"]
    needs = {name: set(who) for name, _, _, who in protocol}
    before = sum(length for _, length, _, _ in protocol[: [p for *_, p, _ in protocol].index(True)])
    steps, at, now = [], 600 - before, 560
    for name, length, patient, _ in protocol:
        steps.append((name, at, at + length, patient))
        at += length
    stands = player.book.entries["other"]
    for kind, wait, amount in events:
        now += wait
        play(player, ActionEntry.model_validate({"clock": wall(now)}))
        action = {"visit": "a"} if kind == "finish" else {"visit": "a", "minutes": amount}
        outcome = play(player, ActionEntry.model_validate({kind: action}))
        told = stepwise(steps, kind, amount, now)
        assert outcome["ok"] == (told is not None)
        steps = told or steps
    entry = player.book.entries["#1"]
    taken = sorted((claim.resource_id, minute(claim.start_at), minute(claim.end_at)) for claim in entry.claims)
    assert taken == sorted((who, start, end) for name, start, end, _ in steps for who in needs[name])
    there = [step for step in steps if step[3]]
    assert minute(entry.visit.arrives_at) == min(start for _, start, _, _ in there)
    assert minute(entry.visit.leaves_at) == max(end for _, _, end, _ in there)
    assert player.book.entries["other"] == stands


def minute(instant):
    return (instant - MIDNIGHT) // timedelta(minutes=1)
