"""Find allows stretches of time at once; they must be those that booking allows minute by minute."""

import json
from dataclasses import replace
from datetime import date

import pytest

from hub.scheduling.board import Board
from hub.scheduling.protocol import timed_trips
from hub.scheduling.rules import TripRules
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.player import Player
from hub.scheduling.timeline import MINUTES_PER_DAY, minute_of
from tests.properties.scheduling.practices import Generator

DAYS = 12


def crowded(seed):
    """A random trip whose patients have many visits: its generator, board, rules, and all ways its lengths can be."""
    generator = Generator(seed)
    doc = generator.document()
    chance, choice = generator.chance, generator.random.choice
    if chance(0.5):  # one rule alone, so that no other hides it
        rule = choice([{"spacing": [{"after": "svc-1", "min_days": 1}]}, {"series": {"min_days": 0, "max_days": 3}}])
        doc |= {"visits": [], "policy": {}}
        kept = ("id", "steps", "options")
        doc["services"] = [{key: one[key] for key in kept if key in one} | rule for one in doc["services"]]
    doc["visits"] += [
        {
            "id": f"w{number}",
            "patient": f"pat-{generator.random.randrange(3)}",
            "service": choice(doc["services"])["id"],
            "arrives": generator.wall(-DAYS, DAYS + 4),
        }
        for number in range(choice([0, 1, 4, 12]))
    ]
    player = Player(read_scenario(json.dumps(doc), "random.json")[0])
    trip = player.trip(player.scenario.actions[0].find)
    diary = player.book.diary()
    if chance(0.5):
        trip = replace(trip, parts=tuple(replace(part, series_id="s") for part in trip.parts))
        visits = [replace(visit, series_id="s") if chance(0.3) else visit for visit in diary.visits]
        diary = replace(diary, visits=tuple(visits))
    first = minute_of(player.now) + generator.random.randrange(-3000, 3000)
    board = Board(player.book.practice, diary, trip.location_id, (first, first + DAYS * MINUTES_PER_DAY))
    trips = list(timed_trips(board.practice, trip, lambda _resource, _needs, _arrival: True))
    return generator, board, TripRules(board, trip, player.now), trips


def telling_minutes(generator, board, timed):
    """Around every midnight and arrival of the patients, and some others."""
    first, last = board.window
    days = range(board.clock.date_at(first).toordinal(), board.clock.date_at(last).toordinal() + 1)
    turns = [board.clock.day_start(date.fromordinal(day)) for day in days]
    turns += [minute_of(visit.arrives_at) for visit in board.diary.visits]
    around = {turn - part.arrival + beside for turn in turns for part in timed for beside in (-1, 0, 1)}
    around.update(generator.random.sample(range(first, last), 50))
    return [minute for minute in around if first <= minute < last]


@pytest.mark.parametrize("start", range(0, 240, 80))
def test_the_dates_allowed_are_those_without_a_reason_at_each_minute(start):
    seen = set()
    for seed in range(start, start + 80):
        generator, board, rules, trips = crowded(seed)
        for timed in trips[:2]:
            allowed = rules.dates_allowed(timed, *board.window)
            for minute in telling_minutes(generator, board, timed):
                reasons = tuple(rules.by_date(timed, minute))
                seen.update(reasons)
                assert bool(allowed >> (minute - board.window[0]) & 1) == (not reasons), (seed, minute, reasons)
    assert seen >= {"too_soon", "too_late", "missing_prerequisite", "no_stock", "no_credit", "horizon"}
