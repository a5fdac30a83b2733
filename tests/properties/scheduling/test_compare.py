"""The long comparison goes on where it was ended, leaves no seed out, and says what was found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.properties.scheduling.compare import Kept, batches, compare

PROJECT = Path(__file__).parents[3]


def test_it_goes_on_where_it_was_ended(tmp_path):
    path = tmp_path / "compared.json"
    kept = Kept(path, "waitlist", 7)
    first, *_ = batches(kept, 120)
    kept.add(len(first), ["seed 9: the two differ"])
    again = Kept(path, "waitlist", 7)
    assert again.disagreements == ["seed 9: the two differ"]
    assert [*first, *(seed for seeds in batches(again, 120) for seed in seeds)] == [*range(7, 127)]


def test_an_engine_that_breaks_down_disagrees(monkeypatch):
    def broken(seed):
        raise LookupError(f"no {seed}")

    monkeypatch.setitem(sys.modules["tests.properties.scheduling.compare"].WHAT, "waitlist", broken)
    assert compare("waitlist", [3]) == ["seed 3: LookupError: no 3"]


@pytest.mark.slow
def test_the_command_compares_and_says_how_many(tmp_path):
    command = [sys.executable, "-m", "tests.properties.scheduling.compare", "waitlist", "--runs", "3", "--kept"]
    done = subprocess.run([*command, tmp_path / "kept.json"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("3 practices from seed 0 on: 0 disagreements.")
    assert json.loads((tmp_path / "kept.json").read_text())["done"] == 3
