"""The questions of examples/scenarios: each is asked in its first line and answered as it says."""

import json
from pathlib import Path

import pytest

from hub.documents import parse
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


BEYOND = {
    "consents and check-in": {"sign", "withdraw", "clearances", "check_in"},
    "waivers": {"waive"},
    "open vials and counts": {"open", "waste", "count"},
    "ranking": {"ranked"},
    "gaps": {"gaps"},
    "nearest times": {"nearest"},
    "who was to follow": {"relying"},
    "running late": {"late", "over", "finish"},
}
"""What the common format does not say → the keys of actions, or of what is expected of them, that are about it."""


@pytest.mark.parametrize("keys", BEYOND.values(), ids=BEYOND)
def test_what_the_format_says_beyond_the_common_one_is_shown_three_times_and_refused_once(keys):
    about = [path for path in QUESTIONS if any(keys & words(action) for action in actions_of(path))]
    assert len(about) >= 3
    assert any((action.get("expect") or {}).get("refused") for path in about for action in actions_of(path))


def actions_of(path):
    return parse(path.read_text(encoding="utf-8"), path.name).value["actions"]


def words(action):
    """The action, its keys, and what is expected of it."""
    asked = next(value for key, value in action.items() if key != "expect")
    return {*action, *(asked if isinstance(asked, dict) else ()), *(action.get("expect") or ())}
