"""A series of the engine against every choice of days, on small random practices; and with the engine broken."""

import json
import os
from datetime import timedelta

import pytest

from hub.scheduling import series as engine
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import plain
from tests.properties.scheduling.series_oracle import series
from tests.properties.scheduling.series_practices import SeriesGenerator

RUNS = int(os.environ.get("HUB_ORACLE_RUNS", "80"))
FIRST = int(os.environ.get("HUB_ORACLE_SEED", "0"))
BATCH = 10
ENOUGH = 300


def outcome(doc):
    scenario, _ = read_scenario(json.dumps(doc), "random.json")
    return plain(play(Player(scenario), scenario.actions[0]))


def disagreement(seed):
    """None, or what the two say about the practice of a seed."""
    doc = SeriesGenerator(seed).document()
    expected = series(doc, doc["actions"][0]["series"])
    got = outcome(doc)
    if got.get("arrivals") == expected and (expected is not None or got["refused"] == ["no_series"]):
        return None
    return f"seed {seed}: oracle {expected}, engine {got.get('arrivals', got.get('refused'))}"


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS, BATCH))
def test_series_is_that_of_every_choice_of_days_tried_in_order(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS))
    assert [found for found in map(disagreement, seeds) if found is not None] == []


def test_random_practices_have_both_answers():
    answers = [outcome(SeriesGenerator(seed).document())["ok"] for seed in range(RUNS)]
    assert len(answers) / 5 < sum(answers) < len(answers) * 4 / 5


def look_no_days_ahead(patch):
    patch.setattr(engine._Search, "_chains", property(lambda self: dict.fromkeys(self._days, self._sessions)))


def never_go_back(patch):
    look_no_days_ahead(patch)
    find = engine._Search._choices
    patch.setattr(engine._Search, "_choices", lambda self, path: iter(list(find(self, path))[:1]))


def forget_stock_of_earlier_sessions(patch):
    has_stock = engine._Search._has_stock
    patch.setattr(engine._Search, "_has_stock", lambda self, days: has_stock(self, days[-1:]))


def forget_the_widest_gap(patch):
    patch.setattr(engine._Search, "_last_after", lambda self, _day: self._request.until_on)


def forget_a_day(patch):
    within = engine._Search._days_within
    patch.setattr(engine._Search, "_days_within", lambda self, first, last: within(self, first + timedelta(1), last))


def forget_credits(patch):
    patch.setattr(engine._Search, "has_credits", lambda _self: True)


def remember_too_much_as_dead(patch):
    look_no_days_ahead(patch)
    patch.setattr(engine._Search, "_state", lambda _self, path: (len(path),))


def noticed(seed):
    """Whether the engine breaks down on the practice, or says something else than the oracle."""
    try:
        return disagreement(seed) is not None
    except AssertionError:
        return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "break_it",
    [
        never_go_back,
        forget_stock_of_earlier_sessions,
        forget_the_widest_gap,
        forget_a_day,
        forget_credits,
        remember_too_much_as_dead,
    ],
)
def test_oracle_notices_when_the_search_is_broken(break_it, monkeypatch):
    break_it(monkeypatch)
    assert any(noticed(seed) for seed in range(ENOUGH))
