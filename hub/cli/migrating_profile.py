"""`hub migrate profile`: what is in files that nobody has described."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import tell
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.bootstrap.profiling import FileProfile
    from hub.errors import Problem
    from hub.mapping.profile import Reference, TableProfile

Sources = Annotated[
    list[Path],
    typer.Argument(
        parser=path_said, metavar="SOURCES...", help="Files, or folders of .csv, .txt, .tsv, .xlsx and .ndjson files."
    ),
]
System = Annotated[str, typer.Option(help="How the old system shall be called, in the names of code tables.")]
Keep = Annotated[
    Path | None,
    typer.Option(
        "--mappings", parser=path_said, metavar="DIR", help="Write the proposed mapping tables into this folder."
    ),
]
_ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".ndjson")


def profile(
    sources: Sources,
    system: System = "legacy",
    mappings: Keep = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with the proposed tables.")] = False,
) -> None:
    """Read files and say what is in them: columns, fill, forms of dates and numbers, keys, references, a first mapping.

    Reads only; no database is needed. Values of columns that look personal are never shown. Exits with 3 when some
    files could not be read, with 1 when none could.
    """
    from hub.mapping.profile import find_references
    from hub.program import LOOK_AT_IT

    profiles, unread = _profiled(list(_files(sources)))
    references = find_references([one for _, _, one in profiles])
    proposed = {one.name: one.propose(system=system) for _, _, one in profiles if one.rows}
    proposals = {name: found for name, found in proposed.items() if found is not None}
    if mappings is not None:
        for kind, proposal in proposals.values():
            _keep(mappings / system / f"{kind}.yaml", proposal.table)
            for name, text in proposal.codes.items():
                _keep(mappings / "codes" / f"{name}.yaml", text)
    answer = {
        "files": [_answer(encoding, delimiter, one, proposals) for encoding, delimiter, one in profiles],
        "references": [
            {"from": [one.file, one.column], "to": [one.to_file, one.to_column], "share": round(one.share, 4)}
            for one in references
        ],
        "unread": [asdict(problem) for problem in unread],
    }
    lines = [
        _on_one_line(line)
        for encoding, delimiter, one in profiles
        for line in _lines(_written(encoding, delimiter), one, references, proposals)
    ]
    if proposals and mappings is None:
        lines.append("Next:  --mappings DIR writes a first table for each file that looks like something")
    tell(answer, lines, as_json=as_json)
    if unread:
        raise typer.Exit(LOOK_AT_IT)


def _files(sources: list[Path]) -> Iterator[Path]:
    from hub.errors import InvalidInput, Problem

    found = 0
    for source in sources:
        if not source.exists():
            raise InvalidInput(
                Problem("the file is not there", "missing_file", str(source), hint="Name a file or folder")
            )
        inside = (
            sorted(one for one in source.iterdir() if one.suffix.lower() in _ENDINGS) if source.is_dir() else [source]
        )
        found += len(inside)
        yield from inside
    if not found:
        hint = f"It looks for {', '.join(_ENDINGS)}"
        raise InvalidInput(Problem("there are no tables in it", "missing_file", str(sources[0]), hint=hint))


def _profiled(files: list[Path]) -> "tuple[list[FileProfile], list[Problem]]":
    """Those that are tables, and why the others are none: of these is told at once.

    Raises:
        InvalidInput: none is one.
    """
    from hub.bootstrap.profiling import profile_files
    from hub.errors import InvalidInput

    found = profile_files(files)
    unread = [problem for one in found if isinstance(one, InvalidInput) for problem in one.problems]
    read = [one for one in found if not isinstance(one, InvalidInput)]
    if not read:
        raise InvalidInput(*unread)
    for problem in unread:
        typer.echo(f"error: {problem}", err=True)
    return read, unread


def _keep(file: Path, text: str) -> None:
    if file.exists():
        typer.echo(f"{file} is there already and stays as it is", err=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _answer(encoding: str, delimiter: str | None, one: "TableProfile", proposals: dict[str, Any]) -> dict[str, Any]:
    from hub.mapping.profile.table import as_json

    kind, proposal = proposals.get(one.name, (None, None))
    mapping = {"kind": kind, "table": proposal.table, "codes": dict(proposal.codes)} if proposal else None
    return {**as_json(one), "encoding": encoding, "delimiter": delimiter, "mapping": mapping}


def _written(encoding: str, delimiter: str | None) -> str:
    """How; what migration.yaml must say of it where that is not its default."""
    return encoding if delimiter in (None, ",") else f"{encoding}, `delimiter: {json.dumps(delimiter)}`"


def _lines(
    written: str, one: "TableProfile", references: "tuple[Reference, ...]", proposals: dict[str, Any]
) -> Iterator[str]:
    repeated = f", {one.repeated:,} of them repeated" if one.repeated else ""
    yield f"{one.name}: {one.rows:,} rows{repeated}, {len(one.columns)} columns, {written}"
    for problem, count in zip(one.first_bad, one.bad.values(), strict=True):
        yield f"  {count:,} rows cannot be read, the first: {problem}"
    yield f"  likely key: {' or '.join(_key(one, name) for name in one.keys[:3]) or 'none'}"
    points = {each.column: each for each in references if each.file == one.name}
    width = max(len(column.name) for column in one.columns)
    for column in one.columns:
        fill = f"{column.filled / one.rows:4.0%}" if one.rows else "  0%"
        refers = points.get(column.name)
        said = [*(f"→ {refers.to_file} {refers.to_column} ({refers.share:.1%})" for _ in [refers] if refers)]
        forms = {"date": column.date_forms, "number": column.number_forms}.get(column.kind, {})
        said += [", ".join(forms)] if forms else []
        said += [] if forms or column.kind == "empty" else [_shown(column)]
        said += [f"! {doubt}" for doubt in column.doubts]
        yield f"  {column.name:<{width}}  {fill}  {column.kind:<9}  {'; '.join(part for part in said if part)}"
    if one.name in proposals:
        kind, proposal = proposals[one.name]
        unmapped = [column for column in proposal.unmapped if column not in one.keys[:1]]
        left = f"; not mapped: {', '.join(unmapped)}" if unmapped else ""
        yield f"  looks like {kind}{left}"


def _key(one: "TableProfile", name: str) -> str:
    again = next(column.again for column in one.columns if column.name == name)
    return f"{name} ({again:,} stand again in other rows)" if again else name


def _shown(column: Any) -> str:
    """A few values, or the shapes of personal ones."""
    few = list(column.shown().items())[:6]
    word = "" if few and column.values is not None and few[0][0] in column.values else "shapes "
    return word + ", ".join(f"{value} ({times:,})" for value, times in few)


def _on_one_line(text: str) -> str:
    """With line breaks in values and names, and whatever else is not seen, as Python escapes them."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
