"""What holds for every command of `hub`."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from hub.cli import app

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
