"""The knock-on of a visit that does not go as planned, against a reference that walks minute by minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.scheduling.knock_on import Pushed, Standing, Taken, find_knock_on

NINE = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CAPACITY = {"dana": 1, "room": 1, "lounge": 2}
OWNERS = [*(("resource", name) for name in CAPACITY), ("patient", "ann"), ("patient", "bea")]


def at(minute):
    return NINE + timedelta(minutes=minute)


@st.composite
def some_time(draw):
    start = draw(st.integers(0, 30))
    return start, start + draw(st.integers(1, 20))


@st.composite
def visits(draw):
    """Visits and blocks with at most one stretch of each owner, in a book that is consistent or not."""
    return [
        (
            f"v{n}",
            draw(st.booleans()) and draw(st.booleans()),
            draw(st.dictionaries(st.sampled_from(OWNERS), some_time(), min_size=1, max_size=3)),
        )
        for n in range(draw(st.integers(0, 6)))
    ]


def standing(visit):
    name, fixed, times = visit
    taken = tuple(Taken(owner, at(start), at(end), f"{name}:{owner[1]}") for owner, (start, end) in times.items())
    return Standing(name, taken, is_fixed=fixed)


def minutes_of(times, shift=0):
    return [(owner, minute + shift) for owner, (start, end) in times.items() for minute in range(start, end)]


def limit(owner):
    return CAPACITY.get(owner[1], 1)


def naive_ripple(running, others, began):
    count, moved = Counter(minutes_of(running)), set(minutes_of(running))
    starts = {name: min(start for start, _ in times.values()) for name, _, times in others}
    can_wait = {name for name, fixed, _ in others if not fixed and starts[name] > began}
    for name, _, times in others:
        if name not in can_wait:
            count.update(minutes_of(times))
    pushed = []
    for name, _, times in sorted(others, key=lambda one: (starts[one[0]], one[0])):
        if name not in can_wait:
            continue
        here = minutes_of(times)
        because = {owner for owner, minute in here if (owner, minute) in moved and count[owner, minute] >= limit(owner)}
        shift = 0
        if because:
            while any(count[owner, minute] >= limit(owner) for owner, minute in minutes_of(times, shift)):
                shift += 1
            moved.update(minutes_of(times, shift))
            words = sorted("patient" if kind == "patient" else which for kind, which in because)
            pushed.append(Pushed(name, shift, tuple(dict.fromkeys(words))))
        count.update(minutes_of(times, shift))
    return tuple(pushed)


DANA = ("resource", "dana")
CHAIN = [("v0", False, {DANA: (1, 4)}), ("v1", False, {DANA: (4, 5)}), ("v2", False, {DANA: (9, 11)})]


@given(st.dictionaries(st.sampled_from(OWNERS), some_time(), min_size=1), visits(), st.sampled_from([0, 0, 0, 5, 20]))
@example({DANA: (0, 2)}, CHAIN, 0)
@settings(max_examples=120)
def test_the_ripple_is_what_walking_minute_by_minute_gives(running, others, began):
    taken = [Taken(owner, at(start), at(end)) for owner, (start, end) in running.items()]
    found = find_knock_on(taken, [standing(one) for one in others], CAPACITY, at(began))
    assert found.pushed == naive_ripple(running, others, began)


@given(st.dictionaries(st.sampled_from(OWNERS), some_time(), min_size=1), visits())
@settings(max_examples=120)
def test_what_is_left_beside_the_running_visit_has_room_and_nothing_gives_way_without_need(running, others):
    taken = [Taken(owner, at(start), at(end)) for owner, (start, end) in running.items()]
    found = find_knock_on(taken, [standing(one) for one in others], CAPACITY, at(0))
    mine = set(minutes_of(running))
    stays = Counter(minutes_of(running))
    for name, _, times in others:
        kept = {owner: span for owner, span in times.items() if f"{name}:{owner[1]}" not in found.displaced}
        stays.update(minutes_of(kept))
    assert all(stays[key] <= limit(key[0]) for key in mine)
    for name, _, times in others:
        gone = {owner: span for owner, span in times.items() if f"{name}:{owner[1]}" in found.displaced}
        assert all(
            any((owner, minute) in mine and stays[owner, minute] + 1 > limit(owner) for minute in range(*span))
            for owner, span in gone.items()
        )
        assert (name in found.contested) == bool(gone)
