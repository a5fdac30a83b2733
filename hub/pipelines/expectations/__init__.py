"""What must hold of a moved or imported history: one SQL file for each expectation, named after it.

Each selects what contradicts it, by keys and numbers only, and reads nothing but the database. As psql does, `:'name'`
stands for a value and `:name` for a piece of SQL: `hub.pipelines.landed_text` says how landed text is read, and
`hub/pipelines/readings` what is read once for all. Control totals (`hub/pipelines/totals`) are expectations, too: both
sides agree.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from hub.bootstrap.migration_folder import MigrationFolder
from hub.canonical.ids import Kind
from hub.connectors.kit.mapping_files import load_codes, load_mappings
from hub.operations.migration.history import Correction
from hub.pipelines import readings, totals
from hub.pipelines.landed_text import landed_words, quoted
from hub.ports.verifications import Total

_VALUE = re.compile(r":'(\w+)'")
_PIECE = re.compile(r"(?<![:\w]):([a-z]\w*)")
_TEXT = re.compile(rf"\b(?:{'|'.join(Kind)})_\w+_text\b")
"""A column of a reading that holds a text."""
_AGREE = "_totals_agree"
_COLUMNS = {name: f"kept ->> {at}" for at, name in enumerate(("dimension", "value"))} | {
    name: f"(kept ->> {at})::bigint" for at, name in enumerate(("said", "found", "said_minor", "found_minor"), 2)
}
"""Of a control total behind its kind, in JSON."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A rule that no row may contradict."""

    name: str
    says: str
    unexpected: str
    """SQL that selects what contradicts the rule."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Whose history is looked at, and how its text is to be read."""

    system: str
    zone: str
    """IANA, of its wall times."""
    words: Mapping[str, str]
    """Name → SQL, see `hub.pipelines.landed_text`."""


def telling(
    system: str,
    zone: str,
    tables: tuple[Path, Path | None],
    modified: str = "Modified",
    corrections: Mapping[Kind, Mapping[str, Correction]] | None = None,
) -> Telling:
    """What the mapping tables of a history tell.

    Args:
        system: whose history.
        zone: IANA, of its wall times.
        tables: the shipped folder of its tables, and the practice or migration folder that may hold others before them.
        modified: the column of a visit's row that says when the row was last changed.
        corrections: what people put right in rows, by kind and row id.
    """
    shipped, folder = tables
    found = load_mappings(shipped.parent, shipped.name, folder)
    mappings = {Kind(name): table for name, table in found.items()}
    words = landed_words(mappings, load_codes(shipped.parent, folder), corrections)
    return Telling(system, zone, {**words, "visit_modified": f"(record.payload ->> {quoted(modified)})"})


def folder_telling(folder: MigrationFolder, zone: str, mappings: Path) -> Telling:
    """What a migration folder tells; `mappings` are the shipped ones."""
    visits = folder.file.source.records.get(Kind.VISIT)
    modified = (visits.modified if visits else None) or "Modified"
    tables = mappings / folder.file.mappings, folder.path
    return telling(folder.file.system, zone, tables, modified, folder.decisions.corrections)


def history_expectations(told: Telling, added_up: Sequence[Total] | None = None) -> tuple[Expectation, ...]:
    """Everything that must hold of a history, by name.

    Args:
        told: whose history.
        added_up: its control totals, where they are known; else each of their expectations adds up its own.
    """
    queries = total_queries(told) if added_up is None else _as_queries(told, added_up)
    rules = [_expectation(name, text, told) for name, text in _files(__name__).items() if _reads(text, told)]
    agree = (
        Expectation(f"{kind}{_AGREE}", _said(_files(totals.__name__)[kind]), _differing(sql))
        for kind, sql in queries.items()
    )
    return tuple(sorted([*rules, *agree], key=lambda one: one.name))


def total_queries(told: Telling) -> dict[str, str]:
    """Kind → SQL that selects its control totals, of the kinds whose text can be read."""
    files = _files(totals.__name__)
    return {
        kind: totals.BOTH_SIDES.format(totals=_told(text, told)) for kind, text in files.items() if _reads(text, told)
    }


def reading_queries(told: Telling) -> dict[str, str]:
    """Name → SQL that selects what expectations and totals read; a text that no table has is NULL."""
    return {name: _told(text, told) for name, text in _files(readings.__name__).items()}


def _as_queries(told: Telling, added_up: Sequence[Total]) -> dict[str, str]:
    """Of a kind that has none, or whose totals cannot be read, its own query: what cannot be judged is no agreement."""
    known = {kind: [one for one in added_up if one.kind == kind] for kind in {one.kind for one in added_up}}
    return {kind: _as_query(known[kind]) if kind in known else sql for kind, sql in total_queries(told).items()}


def _as_query(added_up: Sequence[Total]) -> str:
    """Totals as a query that selects them; no colon, behind which a parameter's name might stand."""
    rows = json.dumps([one[1:] for one in added_up]).replace(":", "\\u003a")
    columns = ", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items())
    return f"SELECT {columns} FROM jsonb_array_elements({quoted(rows)}) AS kept"  # noqa: S608 - quoted


def _reads(text: str, told: Telling) -> bool:
    """Whether the mapping tables have all the texts that it is about."""
    sql = _VALUE.sub("", _sql(text))
    named = {found[1] for found in _PIECE.finditer(sql)} | set(_TEXT.findall(sql))
    return named - _files(readings.__name__).keys() <= told.words.keys()


def _differing(query: str) -> str:
    return f"SELECT * FROM ({query}) AS total WHERE (said, said_minor) IS DISTINCT FROM (found, found_minor)"  # noqa: S608


@cache
def _files(package: str) -> dict[str, str]:
    files: Iterable[resources.abc.Traversable] = resources.files(package).iterdir()
    found = {file.name.removesuffix(".sql"): file.read_text("utf-8") for file in files if file.name.endswith(".sql")}
    return dict(sorted(found.items()))


def _expectation(name: str, text: str, told: Telling) -> Expectation:
    return Expectation(name, _said(text), _told(text, told))


def _said(text: str) -> str:
    return " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))


def _sql(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def _told(text: str, told: Telling) -> str:
    values = {"system": told.system, "zone": told.zone}
    with_values = _VALUE.sub(lambda found: quoted(values[found[1]]), _sql(text))
    tables = {name: name for name in _files(readings.__name__)}
    return _PIECE.sub(lambda found: tables.get(found[1]) or told.words.get(found[1], "NULL"), with_values)
