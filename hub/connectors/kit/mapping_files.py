"""The folders `mappings/` from disk, the practice's before the shipped one: code tables, then one system's tables."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
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
    codes = load_codes(folder, practice)
    files = mapping_files(system, folder, practice).values()
    if not files:
        own = practice / "mappings" / system if practice is not None else folder / system
        hint = (
            "The key 'mappings' of the connection names a folder below mappings/, of the practice or the shipped one; "
            f"first tables are written by: hub connect discover NAME --write {own}"
        )
        raise InvalidInput(Problem("no mapping tables here", file=str(own), hint=hint))
    tables: dict[str, TwoWay] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            tables[file.stem] = read_mapping(file_text(file), str(file), codes)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    return tables


def load_codes(folder: Path, practice: Path | None = None) -> dict[str, CodeTable]:
    """The code tables by name; errors as `load_mappings`."""
    files = mapping_files("codes", folder, practice)
    return {name: read_codes(file_text(file), str(file)) for name, file in files.items()}


def mapping_files(name: str, shipped: Path, practice: Path | None) -> Mapping[str, Path]:
    """The files of one folder, by name without `.yaml`, in order of names; the practice's before the shipped ones."""
    folders = [shipped / name] + ([practice / "mappings" / name] if practice is not None else [])
    found = {file.stem: file for folder in folders for file in folder.glob("*.yaml")}
    return dict(sorted(found.items()))


def file_text(file: Path) -> str:
    """A file's text.

    Raises:
        InvalidInput: it is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from error
