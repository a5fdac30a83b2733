"""What a system has: its fields from a sample of records, and a first mapping table of each stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hub.bootstrap.practice_folder import PracticeFolder
from hub.bootstrap.surroundings import surroundings_of, witness_of
from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.mapping_files import load_codes, load_mappings, mapping_files
from hub.connectors.kit.redaction import PLAIN, keys_of, marks_of_table
from hub.connectors.registry import open_source
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.preview import shape_of
from hub.mapping.proposal import Proposal, propose
from hub.mapping.proposal.columns import Column, columns_of
from hub.mapping.spec import read_codes
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a stream's records."""

    path: str
    filled: int
    """In so many of the records something stands there."""
    shown: str
    """An example, by its class where it is personal, by its shape where nobody knows."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """A stream."""

    kind: Kind
    records: int
    """In the sample."""
    fields: tuple[Field, ...]
    proposal: Proposal


def discover(settings: Settings, folder: PracticeFolder, system: str, limit: int) -> Iterator[Discovered]:
    """Each stream that is read, from its first records; nothing is kept.

    Raises:
        InvalidInput: no such connection.
        RetryLater, NeedsAttention: as its source.
    """
    connection = folder.connection(system)
    known = _tables(settings, folder, connection)
    codes = load_codes(settings.mappings, folder.path)
    with open_source(connection, surroundings_of(folder, witness_of(settings, folder), is_look=True)) as source:
        for kind in (kind for kind in connection.pull if kind in MODELS):
            pages = source.read(kind, None)
            sample = [one.payload for one in islice((r for page in pages for r in page.records), limit)]
            table = known.get(kind)
            row = table is not None and table.table.spec.shape == "row"
            proposal = propose(sample, kind, system=system, row=row, joins=connection.joins)
            marks = dict(marks_of_table(table)) if table is not None else {}
            if proposal.found:
                proposed = read_mapping(proposal.table, f"{kind}.yaml", {**codes, **_codes(proposal)})
                marks = {**dict(marks_of_table(proposed, with_text=False)), **marks}
            yield Discovered(kind, len(sample), tuple(_fields(sample, marks, row=row)), proposal)


def write_proposals(found: Sequence[Discovered], folder: Path) -> list[Path]:
    """The proposed tables and code tables as files, none of which was there before.

    Code tables stand beside the folder where that is one of `mappings/`, as the hub reads them; else in it.

    Raises:
        InvalidInput: one of them is there; nothing was written.
        NeedsAttention: the folder cannot be written.
    """
    files = {folder / f"{one.kind}.yaml": one.proposal.table for one in found if one.records}
    codes = (folder.parent if folder.absolute().parent.name == "mappings" else folder) / "codes"
    files |= {codes / f"{name}.yaml": text for one in found for name, text in one.proposal.codes.items()}
    hint = "Name another folder, or move it away"
    there = [Problem("is there already; nothing was written", file=str(f), hint=hint) for f in files if f.exists()]
    if there:
        raise InvalidInput(*there)
    try:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NeedsAttention(Problem(f"cannot be written: {error.strerror}", file=str(folder))) from None
    return list(files)


def _tables(settings: Settings, folder: PracticeFolder, connection: Connection) -> Mapping[str, TwoWay]:
    """Those that there are: a system that is discovered may have none yet."""
    if not mapping_files(connection.mappings, settings.mappings, folder.path):
        return {}
    return load_mappings(settings.mappings, connection.mappings, folder.path)


def _codes(proposal: Proposal) -> dict[str, CodeTable]:
    return {name: read_codes(text, f"{name}.yaml") for name, text in proposal.codes.items()}


def _fields(sample: Sequence[Mapping[str, Any]], marks: Mapping[tuple[str, ...], str], *, row: bool) -> Iterator[Field]:
    columns, _ = columns_of(sample, row=row)
    for column in columns:
        yield Field(column.path, len(column.records), _shown(column, marks))


def _shown(column: Column, marks: Mapping[tuple[str, ...], str]) -> str:
    example = next((value for value in column.values if value not in (None, "")), None)
    mark = marks.get(keys_of(column.path.replace("[*]", "")))
    if mark == PLAIN:
        return str(example)[:40]
    return f"<{mark}>" if mark in ("identity", "contact", "clinical", "financial") else f"<{shape_of(example)}>"
