import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.scenario import app
from hub.errors import InvalidInput

SCENARIOS = Path(__file__).parents[2] / "scenarios"
GOOD = SCENARIOS / "book" / "keys-and-clock.yaml"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(GOOD.read_text(encoding="utf-8").replace("deposit: 0", "deposit: 7", 1), encoding="utf-8")
    return path


def test_run_exits_0_when_every_expectation_holds():
    result = run("run", GOOD)
    assert (result.exit_code, result.stdout) == (0, f"ok      {GOOD} (13 steps)\n")


def test_run_exits_1_and_names_the_step_that_failed(wrong):
    result = run("run", wrong, GOOD)
    assert result.exit_code == 1
    assert f"{wrong}:9: book: not as expected: deposit" in result.stdout
    assert f"ok      {GOOD}" in result.stdout


def test_run_prints_one_json_object_a_file_of_a_folder(wrong, tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no scenario", encoding="utf-8")
    result = run("run", tmp_path, "--json")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [(Path(report["file"]).name, report["ok"]) for report in reports] == [
        ("good.yaml", True),
        ("wrong.yaml", False),
    ]
    assert reports[1]["results"][0]["expected"] == {"ok": True, "deposit": 7}


def test_a_file_that_cannot_be_read_fails_and_the_others_still_run(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"zone: \xe9\n")
    result = run("run", tmp_path / "none.yaml", tmp_path / "latin.yaml", GOOD)
    assert result.exit_code == 1
    assert "none.yaml: cannot be read: No such file or directory" in result.stdout
    assert "latin.yaml: not readable as text" in result.stdout
    assert f"ok      {GOOD}" in result.stdout


def test_an_empty_folder_is_an_error(tmp_path):
    result = run("run", tmp_path)
    assert isinstance(result.exception, InvalidInput)


def test_explain_says_what_came_out_and_why():
    result = run("explain", GOOD)
    assert result.exit_code == 0
    assert "4. book (line 12): refused: patient_busy" in result.stdout
    assert "patient_busy: the patient is in another visit" in result.stdout
    assert "7. find (line 16): " in result.stdout
    assert "2026-03-02: " in result.stdout
