"""The folder `mappings/` from disk: code tables once, then the tables of one system."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.spec import read_codes


def load_mappings(folder: Path, system: str) -> Mapping[str, TwoWay]:
    """The compiled tables of `folder/<system>/`, by file name without `.yaml`.

    Raises:
        InvalidInput: no such folder, or a problem for each place that is wrong in any of the files.
    """
    codes = _codes(folder / "codes")
    files = sorted((folder / system).glob("*.yaml"))
    if not files:
        hint = "The key 'mappings' of the connection names a folder below mappings/"
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


def _codes(folder: Path) -> Mapping[str, CodeTable]:
    return {file.stem: read_codes(_text(file), str(file)) for file in sorted(folder.glob("*.yaml"))}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from error
