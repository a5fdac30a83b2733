from pathlib import Path

import pytest

from hub.scheduling.scenario.run import run_scenario

HERE = Path(__file__).parent
FIND = sorted(HERE.glob("find-*.json"))
OWN = sorted((HERE / "book").glob("*.yaml"))


@pytest.mark.parametrize("path", FIND + OWN, ids=lambda path: path.stem)
def test_scenario_comes_out_as_expected(path):
    report = run_scenario(path.read_text(encoding="utf-8"), path.name)
    assert report.results
    assert [result.error for result in report.results if not result.ok] == []


def test_all_the_scenarios_are_there():
    assert len(FIND) == 70
    assert len(OWN) >= 6


@pytest.mark.parametrize("path", FIND[:10], ids=lambda path: path.stem)
def test_scenario_fails_when_an_opening_is_missing_or_added(path):
    text = path.read_text(encoding="utf-8")
    changed = text.replace('"expect": {"openings": [', '"expect": {"openings": ["2031-01-01T00:00", ', 1)
    changed = changed.replace('"2031-01-01T00:00", ]', '"2031-01-01T00:00"]')
    report = run_scenario(changed, path.name)
    assert [result.ok for result in report.results] == [False]


def test_actions_that_are_not_played_yet_are_named_before_anything_runs():
    report = run_scenario((HERE / "example.yaml").read_text(encoding="utf-8"), "example.yaml")
    assert not report.ok
    assert [result.step for result in report.results] == [None] * 4
    assert [result.error for result in report.results] == [
        f"example.yaml:{line}: actions[{i}].{kind}: the action {kind!r} is not played yet"
        for line, i, kind in ((71, 6, "series"), (83, 14, "waitlist"), (84, 15, "offers"), (87, 17, "repair"))
    ]


def test_the_example_comes_out_as_expected_up_to_the_first_action_that_is_not_played():
    text = (HERE / "example.yaml").read_text(encoding="utf-8")
    report = run_scenario("\n".join(text.splitlines()[:70]), "example.yaml")
    assert [result.error for result in report.results] == [None] * 6
