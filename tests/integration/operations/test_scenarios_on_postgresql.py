"""What a scenario must give in memory it must give on the tables: nothing is lost or added on the way through them."""

from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from sqlalchemy import Engine

from hub.documents import parse
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.run import judged
from tests.integration.operations.stored_scenario import ANSWERED, PLAYED, StoredScenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def _plays_here(path: Path) -> bool:
    """Whether it asks nothing beyond the common format, as far as that is operations already."""
    actions = parse(path.read_text(encoding="utf-8"), path.name).value.get("actions", ())
    return all(set(action) - {"expect"} <= PLAYED and set(action.get("expect") or ()) <= ANSWERED for action in actions)


FOUND = sorted(SCENARIOS.glob("find-*.json"))
WRITTEN = [*SCENARIOS.glob("**/*.yaml"), *(SCENARIOS.parents[1] / "examples" / "scenarios").glob("*.yaml")]
BOOKED = sorted(path for path in WRITTEN if _plays_here(path))


def test_the_scenarios_are_there() -> None:
    assert len(FOUND) >= 70
    assert len(BOOKED) >= 40


def _in_time(path: Path) -> Path | ParameterSet:
    """The audit's files play the same rules with more of their corners: the long tests are for them."""
    return pytest.param(path, marks=pytest.mark.slow) if path.parent.name == "audit" else path


@pytest.mark.parametrize("path", [_in_time(path) for path in (*FOUND, *BOOKED)], ids=lambda path: path.stem)
def test_a_scenario_plays_on_postgresql_as_in_memory(path: Path, engine: Engine) -> None:
    text = path.read_text(encoding="utf-8")
    scenario, _ = read_scenario(text, path.name)
    stored = StoredScenario(scenario, text, engine)
    for number, entry in enumerate(scenario.actions, 1):
        result = judged(number, entry, stored.play(entry), f"{path.name}#{number}")
        assert result.ok, result.error
