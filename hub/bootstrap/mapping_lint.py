"""`hub map lint`: every table of every folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.bootstrap.practice_folder import PracticeFolder, find_join_problems
from hub.connectors.kit.mapping_files import file_text, mapping_files
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.lint import Finding, Surroundings, lint_table, used_codes
from hub.mapping.spec import read_codes
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Linted:
    """What looking at every table found."""

    tables: int
    findings: tuple[Finding, ...]


def lint_mappings(settings: Settings, folder: PracticeFolder | None) -> Linted:
    """Every table and code table, shipped and the practice's; `folder` knows which are pushed and what is aliased.

    Of shipped tables that no stream of the practice uses, hints are left out.
    """
    practice = folder.path if folder else None
    findings: list[Finding] = []
    codes: dict[str, CodeTable] = {}
    code_files = mapping_files("codes", settings.mappings, practice)
    for name, file in code_files.items():
        try:
            codes[name] = read_codes(file_text(file), str(file))
        except InvalidInput as error:
            findings += _errors(error)
    used: set[str] = set()
    count = 0
    for system in _systems(settings.mappings, practice):
        files = mapping_files(system, settings.mappings, practice)
        count += len(files)
        found, names = _lint_system(system, files, codes, folder)
        findings += found
        used |= names
    findings += _of_joins(settings, folder) if folder else ()
    unused = (file for name, file in code_files.items() if name in codes and name not in used)
    findings += [Finding("hint", Problem("no table uses these codes", file=str(file), line=1)) for file in unused]
    return Linted(count, tuple(findings))


def _of_joins(settings: Settings, folder: PracticeFolder) -> list[Finding]:
    """Nothing while a table cannot be read: that is said of it already."""
    try:
        return [Finding("error", problem) for problem in find_join_problems(folder, settings)]
    except InvalidInput:
        return []


def _lint_system(
    system: str, files: Mapping[str, Path], codes: Mapping[str, CodeTable], folder: PracticeFolder | None
) -> tuple[list[Finding], set[str]]:
    findings: list[Finding] = []
    used: set[str] = set()
    uses = [one for one in folder.connections.values() if one.mappings == system] if folder else []
    for file in files.values():
        text = file_text(file)
        try:
            mapping = read_mapping(text, str(file), codes)
        except InvalidInput as error:
            findings += _errors(error)
            continue
        used |= used_codes(mapping)
        pushed = any(mapping.kind in one.push for one in uses) if uses else None
        aliased = {kind for one in uses for kind in one.aliases}
        beside = next((key for one in uses if (key := one.key_beside(mapping.kind)) is not None), None)
        found = lint_table(mapping, text, Surroundings(codes, set(files), pushed, beside, aliased))
        is_used = folder is None or folder.path in file.parents or any(mapping.kind in one.streams for one in uses)
        findings += found if is_used else (one for one in found if one.level == "error")
    return findings, used


def _errors(error: InvalidInput) -> list[Finding]:
    return [Finding("error", problem) for problem in error.problems]


def _systems(shipped: Path, practice: Path | None) -> list[str]:
    folders = [shipped] + ([practice / "mappings"] if practice is not None else [])
    found = {each.name for folder in folders if folder.is_dir() for each in folder.iterdir() if each.is_dir()}
    return sorted(found - {"codes"})
