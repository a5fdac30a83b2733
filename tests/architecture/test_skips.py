"""In CI a skipped test fails the run; elsewhere it is only shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONE_SKIPPED = "import pytest\ndef test_skipped():\n    pytest.skip('no')\ndef test_passed():\n    assert True\n"


@pytest.mark.parametrize(("ci", "exit_code"), [("true", 1), ("", 0)])
def test_a_skip_fails_the_run_in_ci_alone(tmp_path, ci, exit_code):
    file = tmp_path / "test_one_skipped.py"
    file.write_text(ONE_SKIPPED, encoding="utf-8")
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.skips", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert "1 passed, 1 skipped" in done.stdout
    assert done.returncode == exit_code
