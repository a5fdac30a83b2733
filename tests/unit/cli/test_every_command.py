"""What holds for every command of `hub`."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from hub.cli import app
from hub.cli.paths import path_said

SERVING = {"hub migrate work", "hub demo", "hub serve", "hub up"}
"""They run until they are stopped; nothing of them is an answer."""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Name → command; a group is none itself."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield name, command
        return
    for each, inner in inside.items():
        yield from commands(inner, f"{name} {each}")


ALL = dict(commands(typer.main.get_command(app), "hub"))


def test_there_are_commands_to_look_at():
    assert len(ALL) > 80
    assert ALL.keys() > SERVING


@pytest.mark.parametrize("name", sorted(ALL.keys() - SERVING))
def test_it_answers_programs_too(name: str):
    assert any("--json" in option.opts for option in ALL[name].params)


@pytest.mark.parametrize("name", sorted(ALL))
def test_it_says_what_it_does(name: str):
    assert ALL[name].help


PATHS = [
    (name, param.type_descriptor)
    for name, command in sorted(ALL.items())
    for param in command.params
    if "Path" in str(getattr(param, "type_descriptor", None) and param.type_descriptor.annotation)
]


def test_no_path_of_a_command_may_be_empty():
    assert len(PATHS) > 15
    assert [name for name, one in PATHS if one.parameter_info.parser is not path_said] == []


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["migrate", "run", "folder", "--source", ""], "--source"),
        (["migrate", "init", " "], "DIR"),
        (["migrate", "profile", "here", ""], "SOURCES"),
        (["migrate", "verify", ""], "FOLDER"),
    ],
)
def test_an_empty_path_is_no_argument(words: list[str], where: str, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert f"Invalid value for '{where}" in done.output.replace("[", "")
    assert "this path is empty" in done.output
    assert list(tmp_path.iterdir()) == []
