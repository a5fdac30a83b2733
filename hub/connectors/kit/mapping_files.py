"""The folders `mappings/` from disk, the practice's before the shipped one: code tables, then one system's tables."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.spec import read_codes


def load_mappings(folder: Path, system: str, practice: Path | None = None) -> Mapping[str, TwoWay]:
    """The compiled tables of `folder/<system>/`, by file name without `.yaml`.

    Args:
        folder: the shipped `mappings/`.
        system: the folder in it.
        practice: the practice folder; a file of its `mappings/` stands for the shipped one of the same place and name.

    Raises:
        InvalidInput: no such folder, or a problem for each place that is wrong in any of the files.
    """
    codes = {name: read_codes(_text(file), str(file)) for name, file in _files("codes", folder, practice).items()}
    files = _files(system, folder, practice).values()
    if not files:
        hint = "The key 'mappings' of the connection names a folder below mappings/, of the practice or the shipped one"
        raise InvalidInput(Problem("no mapping tables here", file=str(folder / system), hint=hint))
    tables: dict[str, TwoWay] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            tables[file.stem] = read_mapping(_text(file), str(file), codes)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    return tables


def _files(name: str, shipped: Path, practice: Path | None) -> Mapping[str, Path]:
    """By name without `.yaml`, in order of names."""
    folders = [shipped / name] + ([practice / "mappings" / name] if practice is not None else [])
    found = {file.stem: file for folder in folders for file in folder.glob("*.yaml")}
    return dict(sorted(found.items()))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from error
