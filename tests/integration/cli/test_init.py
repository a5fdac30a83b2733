"""`hub init` writes a practice folder that is right from the first minute, and never over anything."""

import re

import pytest

from hub.connectors.kit.connection import read_connection


@pytest.fixture
def folder(hub, tmp_path):
    made = tmp_path / "new" / "practice"
    done = hub.run("init", str(made))
    assert done.returncode == 0, done.stderr
    return made


def test_a_new_folder_passes_the_check_and_its_scenario_holds(hub, folder):
    checked = hub.run("config", "check", HUB_PRACTICE=str(folder))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "Our practice: 4 resources, 3 services, 0 connections. Nothing is wrong." in checked.stdout
    played = hub.run("scenario", "run", str(folder / "scenarios"))
    assert played.returncode == 0, played.stdout
    assert played.stdout.startswith("ok ")


def test_the_scenario_rehearses_the_very_practice_of_the_folder(folder):
    practice = (folder / "practice.yaml").read_text(encoding="utf-8")
    assert (folder / "scenarios" / "first-day.yaml").read_text(encoding="utf-8").startswith(practice)


def test_the_example_of_a_connection_is_one(hub, folder):
    page = (folder / "connections" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert read_connection(example, "our-ehr.yaml").system == "our-ehr"
    (folder / "connections" / "our-ehr.yaml").write_text(example, encoding="utf-8")
    assert hub.run("config", "check", HUB_PRACTICE=str(folder)).returncode == 0


def test_an_empty_folder_is_taken(hub, tmp_path):
    (tmp_path / "empty").mkdir()
    assert hub.run("init", str(tmp_path / "empty")).returncode == 0


def test_a_folder_with_anything_in_it_is_left_as_it_is(hub, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").write_text("mine", encoding="utf-8")
    _, said = hub.refusal("init", str(tmp_path / "full"))
    assert "this folder is not empty; nothing was written" in said
    assert [file.name for file in (tmp_path / "full").iterdir()] == [".hidden"]


def test_a_file_is_no_folder(hub, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    _, said = hub.refusal("init", str(tmp_path / "file"))
    assert "this is a file. Name a folder" in said
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_named(hub, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    _, said = hub.refusal("init", str(tmp_path / "file" / "below"))
    assert f"{tmp_path / 'file' / 'below'}: cannot be written" in said
