"""The day of a visit on the tables: what a scenario gives in memory, the operations give, action by action."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.documents import parse
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import judged
from tests.integration.operations.stored_day import DAY, PLAYED_ON_THE_DAY, StoredDay

ROOT = Path(__file__).parents[3]


def _kinds(path: Path) -> set[str]:
    return {kind for action in parse(path.read_text("utf-8"), path.name).value["actions"] for kind in action} - {
        "expect"
    }


FOUND = [
    path
    for path in sorted((ROOT / "examples/scenarios").glob("*.yaml"))
    if _kinds(path) & DAY and _kinds(path) <= PLAYED_ON_THE_DAY
]


def test_the_scenarios_are_there() -> None:
    assert len(FOUND) >= 7


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_the_day_goes_on_postgresql_as_in_memory(path: Path, engine: Engine) -> None:
    text = path.read_text(encoding="utf-8")
    scenario, _ = read_scenario(text, path.name)
    stored, player = StoredDay(scenario, text, engine), Player(scenario)
    for number, entry in enumerate(scenario.actions, 1):
        expected = play(player, entry)
        got = stored.play(entry)
        assert judged(number, entry, got, f"{path.name}#{number}").error is None
        if entry.kind in DAY:
            assert got == expected
