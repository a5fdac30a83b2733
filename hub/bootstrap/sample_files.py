"""Records of a system in a file, as somebody saved them from its API or exported them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.files.source import form_of
from hub.connectors.kit.connection import Connection
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay
from hub.mapping.paths import parse_place
from hub.tables import ANY_FORM, BadRow, Row, open_table


def read_sample(file: Path, connection: Connection, mapping: TwoWay) -> list[SourceRecord]:
    """The records of a file: JSON (a record, a list, an answer of the system, a FHIR Bundle), JSON lines, CSV or XLSX.

    Raises:
        InvalidInput: the file is not there, is none of these, or holds no record.
    """
    rows = (
        _rows(file, connection, mapping.kind) if mapping.table.spec.shape == "row" else _sent(file, connection, mapping)
    )
    if not rows:
        raise InvalidInput(Problem("holds no records", file=str(file), hint="JSON, JSON lines, or CSV with a header"))
    return [
        SourceRecord(SourceRef(connection.system, mapping.kind, _id(row, number)), row, file=file.name, line=line)
        for number, (line, row) in enumerate(rows, start=1)
    ]


def _sent(file: Path, connection: Connection, mapping: TwoWay) -> list[tuple[int | None, dict[str, Any]]]:
    return [(None, one) for one in _objects(_read(file), file, connection, mapping.kind)]


def _rows(file: Path, connection: Connection, kind: Kind) -> list[tuple[int | None, dict[str, Any]]]:
    """Rows with their lines, read as the stream says its files are written.

    Raises:
        InvalidInput: it is no table, or one of its rows cannot be read.
    """
    stream = connection.streams.get(kind)
    reading = stream.files.read if stream is not None and stream.files is not None else None
    try:
        with file.open("rb") as opened:
            found = list(open_table(opened, str(file), form_of(reading) if reading else ANY_FORM).rows())
    except OSError as error:
        raise _unreadable(file, error) from None
    if problems := [row.problem for row in found if isinstance(row, BadRow)]:
        raise InvalidInput(*problems)
    return [(row.line, dict(row.values)) for row in found if isinstance(row, Row)]


def _read(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _unreadable(file: Path, error: OSError) -> InvalidInput:
    hint = "--sample takes a file of JSON, JSON lines, CSV or XLSX"
    return InvalidInput(Problem(f"cannot be read: {error.strerror}", file=str(file), hint=hint))


def _objects(text: str, file: Path, connection: Connection, kind: Kind) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise InvalidInput(Problem(f"not JSON: {error}", file=str(file))) from None
    stream = connection.streams.get(kind)
    path = stream.read.records if stream is not None and stream.read is not None else None
    inner = parse_place(path).read(found) if path is not None else None
    return [one for one in _records(inner if inner is not None else found) if isinstance(one, dict)]


def _records(found: Any) -> Iterable[Any]:
    """A list, a FHIR Bundle, GraphQL edges, or one record."""
    if isinstance(found, dict) and found.get("resourceType") == "Bundle":
        found = [entry.get("resource") for entry in found.get("entry") or () if isinstance(entry, dict)]
    if isinstance(found, dict) and isinstance(found.get("edges"), list):
        found = found["edges"]
    if isinstance(found, list):
        return [
            one["node"] if isinstance(one, dict) and set(one) <= {"node", "cursor"} and "node" in one else one
            for one in found
        ]
    return [found]


def _id(row: Mapping[str, Any], number: int) -> str:
    said = next((row[key] for key in ("id", "Id", "ID") if isinstance(row.get(key), (str, int))), None)
    return str(said) if said is not None else f"record {number}"
