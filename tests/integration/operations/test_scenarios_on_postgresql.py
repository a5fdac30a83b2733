"""What a scenario must give in memory it must give on the tables: nothing is lost or added on the way through them."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.errors import InvalidInput
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.run import judged
from tests.integration.operations.stored_scenario import StoredPlayer

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FOUND = sorted(SCENARIOS.glob("find-*.json"))
BOOKED = sorted((SCENARIOS / "book").glob("*.yaml"))


def test_the_scenarios_are_there() -> None:
    assert len(FOUND) >= 70
    assert len(BOOKED) >= 1


@pytest.mark.parametrize("path", [*FOUND, *BOOKED], ids=lambda path: path.stem)
def test_a_scenario_plays_on_postgresql_as_in_memory(path: Path, engine: Engine) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        scenario, _ = read_scenario(text, path.name)
    except InvalidInput:
        assert path not in FOUND  # a file that shows a refusal of the format
        return
    player = StoredPlayer(scenario, text, engine)
    for number, entry in enumerate(scenario.actions, 1):
        result = judged(number, entry, player.play(entry), f"{path.name}#{number}")
        assert result.ok, result.error
