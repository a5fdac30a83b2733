"""The questions of examples/scenarios: each is asked in its first line and answered as it says."""

import json
from pathlib import Path

import pytest

from hub.scheduling.scenario.run import run_scenario

QUESTIONS = sorted((Path(__file__).parents[2] / "examples/scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_question_is_answered_as_the_file_says(path):
    report = run_scenario(path.read_text(encoding="utf-8"), path.name)
    assert len(report.results) >= 2
    assert [result.error for result in report.results if not result.ok] == []
    json.dumps(report.as_json())


def test_there_are_forty_and_each_begins_with_its_question():
    assert len(QUESTIONS) >= 40
    first_lines = [path.read_text(encoding="utf-8").splitlines()[0] for path in QUESTIONS]
    assert [line for line in first_lines if not (line.startswith("# ") and line.endswith("?"))] == []
    assert len(set(first_lines)) == len(first_lines)
