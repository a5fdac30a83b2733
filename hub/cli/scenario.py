"""`hub scenario`: rehearse scenario files, or have them explained. Needs no database and no running service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.scheduling.scenario.run import ScenarioReport

app = typer.Typer(help="Rehearse a practice's configuration on scenario files.", no_args_is_help=True)

SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@app.command()
def run(
    paths: Annotated[
        list[Path],
        typer.Argument(parser=path_said, metavar="FILE_OR_FOLDER...", help="Scenario files, or folders of them."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, one a line.")] = False,
) -> None:
    """Play scenario files; exit 0 when every expectation holds."""
    ok = True
    for file in _files(paths):
        report = _play(file)
        ok = ok and report.ok
        typer.echo(json.dumps(report.as_json()) if as_json else _told(report))
    if not ok:
        raise typer.Exit(1)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(parser=path_said, metavar="FILE", help="A scenario file.")],
    as_json: AsJson = False,
) -> None:
    """Say step by step what comes out of a scenario, and why."""
    from hub.scheduling.scenario.explain import explain_scenario

    paragraphs = list(explain_scenario(_read(file), str(file)))
    tell({"file": str(file), "paragraphs": paragraphs}, paragraphs, as_json=as_json)


def _play(file: Path) -> "ScenarioReport":
    """The report of a file; one that cannot be read is a failed one, so that the others still run."""
    from hub.errors import InvalidInput
    from hub.scheduling.scenario.run import ScenarioReport, StepResult, run_scenario

    try:
        return run_scenario(_read(file), str(file))
    except InvalidInput as error:
        return ScenarioReport(str(file), (StepResult(None, ok=False, error=str(error)),))


def _files(paths: list[Path]) -> Iterator[Path]:
    """The files, those of a folder in the order of their names."""
    from hub.errors import InvalidInput, Problem

    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in SUFFIXES)
        if not inside:
            raise InvalidInput(Problem("no scenario in this folder", file=str(path), hint="Scenarios are YAML or JSON"))
        yield from inside


def _read(file: Path) -> str:
    from hub.errors import InvalidInput, Problem

    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(Problem("not readable as text", file=str(file), hint="Save it as UTF-8")) from None
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be read: {error.strerror}", file=str(file))) from None


def _told(report: "ScenarioReport") -> str:
    failed = [result for result in report.results if not result.ok]
    if not failed:
        return f"ok      {report.file} ({len(report.results)} steps)"
    return "\n".join([f"FAILED  {report.file}", *_details(report)])


def _details(report: "ScenarioReport") -> Iterator[str]:
    from hub.scheduling.scenario.run import plain

    for result in report.results:
        if not result.ok:
            yield f"  {result.error}"
            if result.expected is not None:
                yield f"    expected {json.dumps(plain(result.expected))}"
                got = {
                    key: value
                    for key, value in (result.got or {}).items()
                    if key in result.expected or key == "refused"
                }
                yield f"    got      {json.dumps(plain(got))}"
