"""Run scenario files and report, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.errors import InvalidInput
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.expectations import mismatches
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Outcome, Player


@dataclass(frozen=True, slots=True)
class StepResult:
    """One action and how it came out."""

    step: int | None
    """Counted from 1; None: the file itself is wrong."""
    ok: bool
    got: Outcome | None = None
    expected: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """One file."""

    file: str
    results: tuple[StepResult, ...]

    @property
    def ok(self) -> bool:
        """Whether every expectation holds."""
        return all(result.ok for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """The object `--json` prints."""
        results = [
            {
                "step": result.step,
                "ok": result.ok,
                "got": plain(result.got),
                "expected": plain(result.expected),
                "error": result.error,
            }
            for result in self.results
        ]
        return {"file": self.file, "ok": self.ok, "results": results}


def run_scenario(text: str, file: str) -> ScenarioReport:
    """Play a scenario to its end, whatever fails on the way. A file that is wrong is one failed result a problem."""
    try:
        scenario, lines = read_scenario(text, file)
    except InvalidInput as error:
        return ScenarioReport(file, tuple(StepResult(None, ok=False, error=str(p)) for p in error.problems))
    player = Player(scenario)
    results = [
        judged(number, entry, play(player, entry), f"{file}:{line}")
        for number, (entry, line) in enumerate(zip(scenario.actions, lines, strict=True), 1)
    ]
    return ScenarioReport(file, tuple(results))


def judged(number: int, entry: ActionEntry, got: Outcome, where: str) -> StepResult:
    """An outcome against its expectation; without one the action must succeed."""
    expected = entry.expect
    if expected is None:
        refused = ", ".join(got.get("refused", ()))
        error = f"{where}: {entry.kind}: refused: {refused}" if refused else None
        if got.get("undecided"):
            error = f"{where}: {entry.kind}: undecided: {got['undecided']}"
        return StepResult(number, error is None, got, None, error)
    wrong = mismatches(expected, got)
    values = {key: expected.value(key) for key in expected.given()}
    error = f"{where}: {entry.kind}: not as expected: {', '.join(wrong)}" if wrong else None
    return StepResult(number, not wrong, got, values, error)


def plain(value: Any) -> Any:
    """A value as JSON knows it: instants as text with minutes and offset, quantities as numbers."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
