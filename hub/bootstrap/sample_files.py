"""Records of a system in a file, as somebody saved them from its API or exported them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.files.source import form_of
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.records import inner_records, list_in
from hub.connectors.kit.http import Answer
from hub.connectors.kit.spec.reading import Reading
from hub.connectors.kit.values import value_at
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.mapping.apply import TwoWay
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
    stream = connection.streams.get(kind)
    found = _records(_json(text, file), file, stream.read if stream is not None else None)
    return [one for one in found if isinstance(one, dict)]


def _json(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        whole = error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    found = []
    for number, line in lines:
        try:
            found.append(json.loads(line))
        except ValueError as error:
            hint = "The table reads JSON or JSON lines; rows of CSV or XLSX are read where it says shape: row"
            said, at = (error, number) if found else (whole, getattr(whole, "lineno", 1))
            message = f"not JSON: {getattr(said, 'msg', said)}"
            raise InvalidInput(Problem(message, file=str(file), line=at, hint=hint)) from None
    return found


def _records(found: Any, file: Path, reading: Reading | None) -> Iterable[Any]:
    """Those of an answer, as the stream says where they stand in one; else as they are usually saved."""
    try:
        answer = Answer(str(file), 200, {}, found)
        outer = list_in(answer, reading.records, reading.paging, reading.keyed_as) if reading else _usual(found)
    except NeedsAttention:
        outer = _usual(found)
    each = reading.each if reading is not None else None
    for one in outer:
        is_whole = each is not None and isinstance(one, dict) and isinstance(value_at(one, each.path), list)
        yield from inner_records(one, each) if each is not None and is_whole else [one]


def _usual(found: Any) -> list[Any]:
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
