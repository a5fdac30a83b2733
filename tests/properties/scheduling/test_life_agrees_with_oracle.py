"""The book over time against a plain reading of the format: random scripts of actions, every answer compared."""

import json
import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.scheduling.fees import fee_of
from hub.scheduling.scenario import changes, waiting, waiving
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.book import AppointmentBook
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import plain
from tests.properties.scheduling.life_oracle import Life
from tests.properties.scheduling.life_scripts import Script

RUNS = int(os.environ.get("HUB_ORACLE_RUNS", "120"))
FIRST = int(os.environ.get("HUB_ORACLE_SEED", "0"))
BATCH = 40
COMPARED = ("refused", "arrives", "deposit", "fee", "refund", "due", "patients")


def disagreement(seed, count=None):
    """None, or the first answer of which the two differ; `count` is told what came out of each action."""
    count = Counter() if count is None else count
    script = Script(seed)
    doc = script.document()
    player = Player(read_scenario(json.dumps(doc), "random.json")[0])
    life = Life(doc, lambda name, number: dict(player.entries(name)[number].resources))
    for number in range(script.random.randint(12, 30)):
        ((kind, asked),) = (action := script.action(number)).items()
        got = plain(play(player, ActionEntry.model_validate(action)))
        got = {key: sorted(got[key]) if isinstance(got[key], list) else got[key] for key in COMPARED if key in got}
        got["stock"] = plain(player.stock("main"))
        expected = life.play(kind, asked)
        expected |= {"stock": {product: life.most(product) for product in ("gel", "ice")}}
        if expected != got:
            return f"seed {seed}, action {number} {action}: oracle {expected}, engine {got}"
        script.told(kind, asked, "refused" not in got)
        count[kind, "refused" in got] += 1
        count["offered"] += bool(got.get("patients"))
    return None


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS, BATCH))
def test_every_answer_is_that_of_a_plain_reading(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS))
    assert [found for found in map(disagreement, seeds) if found is not None] == []


def test_scripts_come_to_every_kind_of_answer():
    count = Counter()
    assert [disagreement(seed, count) for seed in range(50)] == [None] * 50
    for kind in ("book", "hold", "move", "cancel", "complete", "no_show"):
        assert min(count[kind, True], count[kind, False]) > 0, kind
    assert count["offered"] > 0


def open_the_ends_of_windows(patch):
    honest = changes.window_share
    patch.setattr(changes, "window_share", lambda rules, at, now: honest(rules, at, now + timedelta(minutes=-1)))


def let_late_moves_escape_the_fee(patch):
    patch.setattr(changes, "is_in_window", lambda *_: False)


def keep_holds_a_moment_longer(patch):
    honest = AppointmentBook.expire
    patch.setattr(AppointmentBook, "expire", lambda book, now: honest(book, now - timedelta(minutes=1)))
    patch.setattr(waiting, "_pass_time", lambda player, to: (player.book.expire(to), setattr(player, "now", to)))


def give_every_credit_back(patch):
    patch.setattr(waiving, "_charged", lambda entry, share: replace(entry.owed, fee_minor=fee_of(entry.price, share)))


def move_with_itself_in_the_way(patch):
    patch.setattr(AppointmentBook, "without", lambda book, _ids: book.diary())


@pytest.mark.slow
@pytest.mark.parametrize(
    "break_it",
    [
        open_the_ends_of_windows,
        let_late_moves_escape_the_fee,
        keep_holds_a_moment_longer,
        give_every_credit_back,
        move_with_itself_in_the_way,
    ],
)
def test_a_broken_book_is_noticed(break_it, monkeypatch):
    break_it(monkeypatch)
    assert any(disagreement(seed) for seed in range(120))
