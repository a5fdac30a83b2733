"""`hub config` shows what a practice folder would change, and applies nothing that was not seen."""

import json

import pytest

from tests.integration.cli.test_bad_input import change


@pytest.fixture
def config(hub, database):
    def run(*arguments):
        return hub.run("config", *arguments, HUB_DATABASE_URL=database.text_url)

    return run


def test_the_first_apply_needs_nothing_and_the_next_changes_nothing(config):
    first = config("apply")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0] == "Nothing is in force yet: all of the practice file is new."
    again = config("apply")
    assert again.returncode == 0
    assert again.stdout.splitlines() == ["Nothing changes.", "In force: 0 added or changed, 0 new lots."]


@pytest.mark.slow
def test_a_change_is_applied_only_when_it_was_seen(hub, config):
    config("apply")
    change(hub.practice / "practice.yaml", "hold_minutes: 10", "hold_minutes: 15")
    shown = config("plan")
    assert shown.returncode == 0
    *said, last = shown.stdout.splitlines()
    assert said == ["changed  policy.hold_minutes: 10 -> 15", "0 of 0 booked visits to come would break."]
    unseen = config("apply")
    assert unseen.returncode == 1
    assert "Nothing was applied." in unseen.stderr
    stale = config("apply", "--plan", "0123456789abcdef")
    assert stale.returncode != 0
    assert "nothing was applied" in stale.stderr
    assert config("apply", last.replace("Plan ", "--plan=")).returncode == 0
    assert config("plan").stdout == "Nothing changes.\n"


@pytest.mark.slow
def test_a_plan_can_be_read_by_programs_and_agreed_to_at_once(hub, config):
    config("apply")
    change(hub.practice / "practice.yaml", "hold_minutes: 10", "hold_minutes: 15")
    told = json.loads(config("plan", "--json").stdout)
    change_of_policy = {"path": "policy.hold_minutes", "how": "changed", "before": 10, "after": 15}
    assert (told["changes"], told["broken"], told["first"]) == ([change_of_policy], [], False)
    applied = config("apply", "--yes", "--json")
    assert applied.returncode == 0
    assert json.loads(applied.stdout)["fingerprint"] == told["fingerprint"]
