"""`hub map`: look at mapping tables before anything moves by them. Nothing here writes anything anywhere."""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, amount
from hub.cli.paths import path_said
from hub.cli.syncing import System

if TYPE_CHECKING:
    from hub.bootstrap.mapping_preview import Previewed
    from hub.errors import Problem
    from hub.mapping.lint import Finding
    from hub.mapping.preview import FieldPreview, RecordPreview, Shown

app = typer.Typer(help="Mapping tables: what they make of records, and what is wrong with them.", no_args_is_help=True)

WRONG = 1


class Mapped(StrEnum):
    """The kinds that have tables."""

    PATIENT = "patient"
    PROVIDER = "provider"
    LOCATION = "location"
    RESOURCE = "resource"
    SERVICE = "service"
    VISIT = "visit"
    INVOICE = "invoice"
    PAYMENT = "payment"
    PACKAGE = "package"
    GIFT_CARD = "gift_card"
    MEMBERSHIP = "membership"
    LOT = "lot"
    ROLE = "role"
    SCHEDULE = "schedule"
    SLOT = "slot"
    CONSENT = "consent"
    FORM = "form"
    DOCUMENT = "document"
    PROCEDURE = "procedure"
    DOSE = "dose"


@app.callback()
def _group() -> None:
    """Mapping tables: what they make of records, and what is wrong with them."""


@app.command()
def lint(as_json: AsJson = False) -> None:
    """Check every table and code table, shipped and the practice's. Exit 1 when something must be mended."""
    from hub.bootstrap import read_practice_folder
    from hub.bootstrap.mapping_lint import lint_mappings
    from hub.settings import read_settings

    settings = read_settings()
    found = lint_mappings(settings, read_practice_folder(settings))
    wrong = [one for one in found.findings if one.level == "error"]
    if as_json:
        told = [_finding(one) for one in found.findings]
        typer.echo(json.dumps({"ok": not wrong, "tables": found.tables, "findings": told}))
    else:
        for one in found.findings:
            typer.echo(f"{one.level}: {one.problem}")
        hints = len(found.findings) - len(wrong)
        typer.echo(f"{found.tables} tables: {len(wrong)} to mend, {hints} hints.")
    if wrong:
        raise typer.Exit(WRONG)


def _finding(one: "Finding") -> dict[str, Any]:
    problem = one.problem
    return {
        "level": one.level,
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "message": problem.message,
        "hint": problem.hint,
    }


@app.command()
def preview(
    name: System,
    record: Annotated[Mapped, typer.Argument(help="What to read its records as.")],
    *,
    sample: Annotated[
        Path | None,
        typer.Option(
            parser=path_said, metavar="FILE", help="A file of its records: JSON, an answer of its API, JSON lines, CSV."
        ),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Ask the system now, instead of what landed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many records at most.")] = 3,
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Show personal values, too: mind who looks on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show records as the system says them, as the hub reads them, and what would be written back.

    What a record refers to is taken as known. Exit 1 when a record cannot be read, holds nothing that the table
    names, or is not written back as it was.
    """
    from hub.bootstrap import read_practice_folder
    from hub.bootstrap.mapping_preview import preview_mapping
    from hub.canonical.ids import Kind
    from hub.settings import read_settings

    settings = read_settings()
    folder = read_practice_folder(settings)
    done = preview_mapping(settings, folder, name, Kind(record.value), sample, limit=limit, fetch=fetch)
    if as_json:
        typer.echo(json.dumps(_told(done, show_personal=show_personal), default=str))
    else:
        _show(done, show_personal=show_personal)
    if any(not _is_sound(one) for one in done.records):
        raise typer.Exit(WRONG)


def _is_sound(one: "RecordPreview") -> bool:
    return one.record is not None and not one.changes and not one.problems and not one.holds_nothing


def _told(done: "Previewed", *, show_personal: bool) -> dict[str, Any]:
    def said(shown: "Shown | None") -> Any:
        return None if shown is None else _value(shown, show_personal=show_personal)

    records = [
        {
            "id": one.id,
            "ok": _is_sound(one),
            "fields": [
                {
                    "field": field.name,
                    "path": field.path,
                    "phi": field.here.phi,
                    "there": said(field.there),
                    "here": said(field.here),
                    "written": said(field.written),
                    "is_written": field.written is not None,
                    "problems": [str(problem) for problem in field.problems],
                    "warnings": [str(problem) for problem in field.warnings],
                }
                for field in one.fields
            ],
            "holds_nothing": one.holds_nothing,
            "problems": [str(problem) for problem in one.problems],
            "changes": [{"path": c.path, "before": said(c.before), "after": said(c.after)} for c in one.changes],
            "unmapped": [{"path": path, "shape": shape} for path, shape in one.unmapped],
        }
        for one in done.records
    ]
    ok = all(_is_sound(one) for one in done.records)
    return {"ok": ok, "from": done.origin, "other_kind": done.other_kind, "records": records}


def _value(shown: "Shown", *, show_personal: bool) -> Any:
    """The value, or by the class of its field that it is hidden; nothing is never hidden."""
    from pydantic import BaseModel

    nothing = shown.value is None or shown.value == ""
    if shown.phi is not None and not show_personal and not nothing:
        return f"<{shown.phi}>"
    return shown.value.model_dump() if isinstance(shown.value, BaseModel) else shown.value


def _show(done: "Previewed", *, show_personal: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    file = Path(done.mapping.table.file)
    console.print(f"{file.parent.name}/{file.name} on {done.origin}", markup=False)
    if done.other_kind:
        console.print(f"{done.other_kind} records are of another kind ('only') and left out.", markup=False)
    if not done.records:
        console.print("No record is left to show.")
    for one in done.records:
        state = "cannot be read" if one.record is None else "is read"
        console.print(f"\n{done.mapping.kind} {one.id} {state}", style="bold", markup=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for title, share in (("field", 3), ("stands at", 5), ("there", 4), ("here", 4), ("written new", 4)):
            table.add_column(title, ratio=share, overflow="fold")
        for field in one.fields:
            style = "red" if field.problems else "yellow" if field.warnings else ""
            row = [field.name, field.path or "(default)", *_cells(field, show_personal=show_personal)]
            table.add_row(*(Text(cell) for cell in row), style=style)
        console.print(table)
        _show_findings(console, one, show_personal=show_personal)


def _show_findings(console: Any, one: "RecordPreview", *, show_personal: bool) -> None:
    for field in one.fields:
        for problem in field.problems:
            console.print(f"  problem: {_said(field.name, problem)}", style="red", markup=False)
        for problem in field.warnings:
            console.print(f"  warning: {_said(field.name, problem)}", style="yellow", markup=False)
    for problem in one.problems:
        console.print(f"  problem: {problem}", style="red", markup=False)
    if one.holds_nothing:
        hint = "Is it a record of this kind? --sample takes one, a list of them, or an answer of the system"
        console.print(f"  problem: nothing that the table names stands in it. {hint}", style="red", markup=False)
    elif one.record is not None and not one.changes:
        console.print("  Written back: nothing changes there.")
    for change in one.changes:
        before, after = (_cell(cell, show_personal=show_personal) for cell in (change.before, change.after))
        console.print(
            f"  Written back changes {change.path}: {before or 'nothing'} → {after or 'nothing'}", markup=False
        )
    if one.unmapped:
        said = ", ".join(f"{path} ({shape})" for path, shape in one.unmapped)
        console.print(f"  There and not mapped: {said}", style="dim", markup=False)


def _said(field: str, problem: "Problem") -> str:
    """Without the file and the path, which stand above it."""
    return ". ".join(part for part in (f"{field} {problem.message}", problem.hint) if part)


def _cells(field: "FieldPreview", *, show_personal: bool) -> tuple[str, str, str]:
    """There, here, and as a new record would say it."""
    there, here = (_cell(shown, show_personal=show_personal) for shown in (field.there, field.here))
    if field.written is None:
        return there, here, "not written"
    if field.written == field.there and there:
        return there, here, "same"
    return there, here, _cell(field.written, show_personal=show_personal)


_DERIVED = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


def _cell(shown: "Shown", *, show_personal: bool) -> str:
    value = _value(shown, show_personal=show_personal)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    if isinstance(value, dict) and set(value) == {"amount_minor", "currency"}:
        return amount(value["amount_minor"], value["currency"])
    if isinstance(value, list):
        return " + ".join("" if part is None else str(part) for part in value)
    return f"{value[:12]}…" if isinstance(value, str) and _DERIVED.fullmatch(value) else str(value)
