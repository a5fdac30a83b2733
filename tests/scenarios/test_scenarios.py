from pathlib import Path

import pytest

from hub.scheduling.scenario import checks
from hub.scheduling.scenario.run import run_scenario

HERE = Path(__file__).parent
FIND = sorted(HERE.glob("find-*.json"))
FAMILIES = ("audit", "book", "repair", "series", "waitlist")
OWN = sorted(path for folder in FAMILIES for path in (HERE / folder).glob("*.yaml"))


@pytest.mark.parametrize("path", FIND + OWN, ids=lambda path: path.stem)
def test_scenario_comes_out_as_expected(path):
    report = run_scenario(path.read_text(encoding="utf-8"), path.name)
    assert report.results
    assert [result.error for result in report.results if not result.ok] == []


def test_all_the_scenarios_are_there():
    assert len(FIND) == 70
    assert len(OWN) >= 105


@pytest.mark.parametrize("path", FIND[:10], ids=lambda path: path.stem)
def test_scenario_fails_when_an_opening_is_missing_or_added(path):
    text = path.read_text(encoding="utf-8")
    changed = text.replace('"expect": {"openings": [', '"expect": {"openings": ["2031-01-01T00:00", ', 1)
    changed = changed.replace('"2031-01-01T00:00", ]', '"2031-01-01T00:00"]')
    report = run_scenario(changed, path.name)
    assert [result.ok for result in report.results] == [False]


def test_actions_that_are_not_played_are_named_before_anything_runs(monkeypatch):
    monkeypatch.setattr(checks, "PLAYED", checks.PLAYED - {"series", "offers"})
    report = run_scenario((HERE / "example.yaml").read_text(encoding="utf-8"), "example.yaml")
    assert [(result.step, result.error) for result in report.results] == [
        (None, f"example.yaml:{line}: actions[{i}].{kind}: the action {kind!r} is not played yet")
        for line, i, kind in ((71, 6, "series"), (84, 15, "offers"))
    ]


def test_the_example_comes_out_as_expected():
    report = run_scenario((HERE / "example.yaml").read_text(encoding="utf-8"), "example.yaml")
    assert [result.error for result in report.results] == [None] * 18
