"""GraphQL documents as text, checked before anything is sent: their syntax, and against a schema where one is given."""

import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.declared import Where
from hub.connectors.kit.spec.reading import Call, Document
from hub.connectors.kit.spec.stream import Stream
from hub.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from graphql import GraphQLSchema

MOST_ERRORS = 5
"""Of one document: the others follow from those."""


def text_of(document: Document, folder: Path) -> str:
    """A document's text; `folder` is the practice folder's `connections/`.

    Raises:
        InvalidInput: its file is not there.
    """
    return document.text if document.text is not None else _read(folder / str(document.file))


def find_document_problems(connection: Connection, folder: Path) -> Iterator[tuple[Where, Problem]]:
    """What is wrong with the documents of a connection, with the place of each in the connection.

    Raises:
        InvalidInput: a file is not there, or the schema is none.
    """
    schema = _schema(folder / connection.schema_file) if connection.schema_file else None
    for kind, stream in connection.streams.items():
        for where, call in _calls(stream):
            if call.document is not None:
                for problem in _problems(call.document, schema, folder):
                    yield ("streams", kind, *where, "document"), problem


def _calls(stream: Stream) -> Iterator[tuple[Where, Call]]:
    yield from ((where, call) for where, call in ((("read",), stream.read), (("one",), stream.one)) if call)
    if stream.sees.sweep is not None and stream.sees.sweep.list is not None:
        yield ("sees", "sweep", "list"), stream.sees.sweep.list
    writing = stream.write
    if writing is None:
        return
    for name in ("create", "update", "cancel", "delete"):
        call = getattr(writing, name)
        if call is not None:
            yield ("write", name), call
    if writing.create and writing.create.find:
        yield ("write", "create", "find"), writing.create.find


def _problems(document: Document, schema: "GraphQLSchema | None", folder: Path) -> Iterator[Problem]:
    from graphql import GraphQLError, parse, validate  # noqa: PLC0415 - it loads only where GraphQL is spoken

    file = str(folder / document.file) if document.file else None
    try:
        parsed = parse(text_of(document, folder))
    except GraphQLError as error:
        yield _problem(error, file)
        return
    for found in validate(schema, parsed, max_errors=MOST_ERRORS) if schema else ():
        if found.locations:
            yield _problem(found, file)


def _problem(error: object, file: str | None) -> Problem:
    locations = getattr(error, "locations", None)
    line = locations[0].line if locations else None
    message = str(getattr(error, "message", "")).rstrip(".")
    said = message if file else f"line {line} of the document: {message}"
    hint = "Correct the document; 'schema_file' is what it is checked against"
    return Problem(said, code="graphql_document", file=file, line=line, hint=hint)


@lru_cache(maxsize=8)
def _schema(file: Path) -> "GraphQLSchema":
    from graphql import GraphQLError, build_client_schema, build_schema  # noqa: PLC0415 - as above

    text = _read(file)
    try:
        if not text.lstrip().startswith("{"):
            return build_schema(text)
        found = json.loads(text)
        return build_client_schema(found.get("data", found))
    except (GraphQLError, ValueError, TypeError, KeyError, AttributeError):
        hint = "Save the answer of an introspection query there, or the schema in GraphQL's own language"
        raise InvalidInput(Problem("this is no GraphQL schema", file=str(file), hint=hint)) from None


def _read(file: Path) -> str:
    try:
        content = file.read_bytes()
        return (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    except (OSError, EOFError, UnicodeDecodeError):
        hint = "It is looked for beside the connection, in the practice folder's connections/"
        raise InvalidInput(Problem("this file is not there, or no text", file=str(file), hint=hint)) from None
