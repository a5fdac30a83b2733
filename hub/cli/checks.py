"""Lines of checks for a tired person, or one JSON object, and the exit code that they come to."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from hub.program import FAILED, LOOK_AT_IT, TRY_AGAIN_LATER

if TYPE_CHECKING:
    from hub.ports.checks import Check

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def show(checks: "Iterable[Check]", *, as_json: bool) -> None:
    """Print each as it comes, then how it stands; leave with its exit code unless all is well."""
    found = []
    for check in checks:
        found.append(check)
        if not as_json:
            _print(check)
    code = exit_code(found)
    if as_json:
        typer.echo(json.dumps({"ok": code == 0, "checks": [asdict(check) for check in found]}))
    else:
        counts = [sum(check.level == level for check in found) for level in ("ok", "warn", "fail")]
        typer.echo("{} ok, {} to look at, {} wrong.".format(*counts))
    if code:
        raise typer.Exit(code)


def exit_code(checks: "Sequence[Check]") -> int:
    """0 all well, 3 something to look at, 1 something is wrong, 75 only what may be over later is wrong."""
    wrong = [check for check in checks if check.level == "fail"]
    if wrong:
        return TRY_AGAIN_LATER if all(check.may_pass for check in wrong) else FAILED
    return LOOK_AT_IT if any(check.level == "warn" for check in checks) else 0


def _print(check: "Check") -> None:
    word = typer.style(f"{check.level:4}", fg=_COLOURS[check.level], bold=check.level == "fail")
    typer.echo(f"{word}  {check.about:22}  {check.message}")
    if check.hint:
        typer.echo(f"{'':28}  → {check.hint}")
