"""Every connector by the name that `connection.yaml` gives it, and how one is opened."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from hub.connectors.export_files.legacy import legacy_layout
from hub.connectors.export_files.source import FilesSource
from hub.connectors.fhir_r4.calendar import LIMITS, FhirCalendar
from hub.connectors.fhir_r4.capabilities import ABOUT, check_capabilities
from hub.connectors.fhir_r4.client import MEDIA_TYPE, FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.connectors.fhir_r4.source import FhirSource
from hub.connectors.files.folders import Folder, LocalFolder
from hub.connectors.files.sink import FileSink
from hub.connectors.files.source import FileSource
from hub.connectors.graphql.caller import GraphqlCaller
from hub.connectors.graphql.documents import find_document_problems, text_of
from hub.connectors.kit.checking import QUICK, Looked, check_answers, check_secrets, look
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.sink import DeclaredSink
from hub.connectors.kit.engine.source import DeclaredSource
from hub.connectors.kit.http import HttpClient, Limits, Seen, Witness, nobody
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.shared import open_http
from hub.connectors.kit.spec.declared import Where
from hub.connectors.kit.watching import Rereadable, WatchingSource
from hub.connectors.rest.caller import RestCaller
from hub.connectors.sql.opened import open_database
from hub.connectors.sql.sink import TableSink
from hub.connectors.sql.source import TableSource
from hub.errors import HubError, InvalidInput, Problem
from hub.ports import Sink, Source, VendorCalendar
from hub.ports.allowances import Allowances
from hub.ports.checks import Check, Level, failures, ok, warn, worst

WitnessOf = Callable[[Connection], Witness]
"""Who sees the requests of a connection."""


def unwatched(_connection: Connection) -> Witness:
    """Nobody does."""
    return nobody


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connection needs to know beside its own file."""

    folder: Path
    """The practice folder, to which a connection's folder is relative."""
    zone: ZoneInfo
    """The practice's, for connections that name none."""
    environment: Mapping[str, str]
    """Where the secrets are that connections name."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251 - when something is read again
    witness_of: WitnessOf = unwatched
    limits: Limits | None = None
    """Other time limits than the connections declare, for a look at one that somebody waits for."""
    allowances: Allowances | None = None
    """Where what is spent of the connections' rates is counted for all processes; without it, each counts alone."""
    is_look: bool = False
    """A few records are looked at: nothing big is ordered for that, such as an export of everybody."""


@dataclass(frozen=True, slots=True)
class Connector:
    """What can be opened for a connection; None: this system cannot be read, or written, or own a calendar.

    `check` looks at a connection and gives a line for each thing it saw; it raises nothing and changes nothing.
    """

    source: Callable[[Connection, Surroundings], AbstractContextManager[Source]] | None
    sink: Callable[[Connection, Surroundings], AbstractContextManager[Sink]] | None
    check: Callable[[Connection, Surroundings], Iterator[Check]]
    calendar: Callable[[Connection, Surroundings], AbstractContextManager[VendorCalendar]] | None = None


def open_source(connection: Connection, surroundings: Surroundings) -> AbstractContextManager[Source]:
    """The system as something to read; nothing is asked of it before it is read.

    Raises:
        InvalidInput: its connector cannot read.
        NeedsAttention: a secret is not there.
    """
    opener = _connector(connection).source
    if opener is None:
        hint = f"`hub import {connection.system}` takes its files in; `hub map preview` reads one by --sample FILE"
        raise _refusal(connection, f"the connector {connection.connector} is not pulled from", "connector", hint)
    return opener(connection, surroundings)


def open_sink(connection: Connection, surroundings: Surroundings) -> AbstractContextManager[Sink]:
    """The system as something to write to; errors as `open_source`."""
    opener = _connector(connection).sink
    if opener is None:
        raise _refusal(connection, f"the connector {connection.connector} cannot write", "streams")
    return opener(connection, surroundings)


def check_connection(connection: Connection, surroundings: Surroundings) -> Iterator[Check]:
    """What a look at its system finds: is it reached, are we let in, what may we read. Nothing is kept or changed."""
    return _connector(connection).check(connection, surroundings)


def owns_calendars(connection: Connection) -> bool:
    """Whether its system can say yes or no to a booking."""
    return _connector(connection).calendar is not None


def open_calendar(connection: Connection, surroundings: Surroundings) -> AbstractContextManager[VendorCalendar]:
    """The system as the owner of a calendar; errors as `open_source`."""
    opener = _connector(connection).calendar
    if opener is None:
        raise _refusal(connection, f"the connector {connection.connector} cannot own a calendar", "connector")
    return opener(connection, surroundings)


def zone_of(connection: Connection, surroundings: Surroundings) -> ZoneInfo:
    """Of the system's wall times."""
    return ZoneInfo(connection.zone) if connection.zone else surroundings.zone


def _watching(source: Rereadable, connection: Connection, surroundings: Surroundings) -> Source:
    return WatchingSource(source, connection.streams, zone_of(connection, surroundings), surroundings.clock)


@contextmanager
def _fhir_client(
    connection: Connection, surroundings: Surroundings, limits: Limits | None = None
) -> Iterator[FhirClient]:
    with FhirClient(_http(connection, surroundings, MEDIA_TYPE, limits)) as client:
        yield client


@contextmanager
def _fhir_source(connection: Connection, surroundings: Surroundings) -> Iterator[Source]:
    with _fhir_client(connection, surroundings) as client:
        source = FhirSource(client, connection.system, exports=not surroundings.is_look)
        yield _watching(source, connection, surroundings)


@contextmanager
def _fhir_sink(connection: Connection, surroundings: Surroundings) -> Iterator[Sink]:
    with _fhir_client(connection, surroundings) as client:
        yield FhirSink(client, connection.system)


@contextmanager
def _fhir_calendar(connection: Connection, surroundings: Surroundings) -> Iterator[VendorCalendar]:
    with _fhir_client(connection, surroundings, LIMITS) as client:
        yield FhirCalendar(client, connection.system)


def open_export(connection: Connection, surroundings: Surroundings) -> FilesSource:
    """The files an old system left, to be read whole.

    Raises:
        InvalidInput: the connection is another connector's.
    """
    if connection.connector != "legacy_export":
        raise _refusal(connection, "not a connection of the connector legacy_export", "connector")
    folder = surroundings.folder / (connection.folder or "")
    return FilesSource(folder, connection.system, zone_of(connection, surroundings), legacy_layout())


@contextmanager
def _rest_source(connection: Connection, surroundings: Surroundings) -> Iterator[Source]:
    with _http(connection, surroundings) as http:
        caller, zone = RestCaller(http), zone_of(connection, surroundings)
        yield _watching(DeclaredSource(connection.system, connection.streams, caller, zone), connection, surroundings)


@contextmanager
def _rest_sink(connection: Connection, surroundings: Surroundings) -> Iterator[Sink]:
    with _http(connection, surroundings) as http:
        caller, zone = RestCaller(http), zone_of(connection, surroundings)
        yield DeclaredSink(connection.system, connection.streams, caller, zone)


@contextmanager
def _graphql_source(connection: Connection, surroundings: Surroundings) -> Iterator[Source]:
    with _http(connection, surroundings) as http:
        caller, zone = _graphql_caller(http, surroundings), zone_of(connection, surroundings)
        yield _watching(DeclaredSource(connection.system, connection.streams, caller, zone), connection, surroundings)


@contextmanager
def _graphql_sink(connection: Connection, surroundings: Surroundings) -> Iterator[Sink]:
    with _http(connection, surroundings) as http:
        caller, zone = _graphql_caller(http, surroundings), zone_of(connection, surroundings)
        yield DeclaredSink(connection.system, connection.streams, caller, zone)


def _http(
    connection: Connection,
    surroundings: Surroundings,
    media_type: str = "application/json",
    limits: Limits | None = None,
) -> HttpClient:
    return open_http(
        connection,
        secrets_of(connection, surroundings),
        media_type=media_type,
        limits=surroundings.limits or limits,
        witness=surroundings.witness_of(connection),
        allowances=surroundings.allowances,
    )


@contextmanager
def _folder(connection: Connection, surroundings: Surroundings) -> Iterator[Folder]:
    if connection.sftp is None:
        yield LocalFolder(surroundings.folder / (connection.folder or ""))
        return
    from hub.connectors.files.sftp import open_sftp  # noqa: PLC0415 - paramiko takes a while, and few need it

    secrets = secrets_of(connection, surroundings)
    with open_sftp(connection.sftp, secrets, connection.limits.timeout_seconds) as folder:
        yield folder


@contextmanager
def _file_source(connection: Connection, surroundings: Surroundings) -> Iterator[Source]:
    with _folder(connection, surroundings) as folder:
        zone = zone_of(connection, surroundings)
        look = surroundings.is_look
        yield FileSource(connection.system, connection.streams, folder, zone, surroundings.clock, is_look=look)


@contextmanager
def _file_sink(connection: Connection, surroundings: Surroundings) -> Iterator[Sink]:
    """What was sent is left as a file when it is closed, also where something went wrong in between."""
    with _folder(connection, surroundings) as folder:
        sink = FileSink(connection.system, connection.streams, folder, time.time)
        try:
            yield sink
        finally:
            sink.publish()


@contextmanager
def _table_source(connection: Connection, surroundings: Surroundings) -> Iterator[Source]:
    engine = _database(connection, surroundings)
    yield _watching(
        TableSource(connection.system, connection.streams, engine, zone_of(connection, surroundings)),
        connection,
        surroundings,
    )


@contextmanager
def _table_sink(connection: Connection, surroundings: Surroundings) -> Iterator[Sink]:
    engine = _database(connection, surroundings)
    yield TableSink(connection.system, connection.streams, engine, zone_of(connection, surroundings))


def _database(connection: Connection, surroundings: Surroundings) -> Engine:
    assert connection.database is not None, "the connection's check asks for it"
    url = secrets_of(connection, surroundings).read(connection.database)
    return open_database(url, connection.system, connection.limits)


def _graphql_caller(http: HttpClient, surroundings: Surroundings) -> GraphqlCaller:
    folder = surroundings.folder / "connections"
    return GraphqlCaller(http, lambda document: text_of(document, folder))


def find_file_problems(connection: Connection, folder: Path) -> Iterator[tuple[Where, Problem]]:
    """What is wrong in the files beside a connection; `folder` is the practice folder.

    Raises:
        InvalidInput: one of them is not there.
    """
    if connection.connector == "graphql":
        yield from find_document_problems(connection, folder / "connections")


def _check_over_http(connection: Connection, surroundings: Surroundings) -> Iterator[Check]:
    def opened(looked: Looked) -> AbstractContextManager[Source]:
        witness = _both(surroundings.witness_of, looked.witness)
        return open_source(connection, replace(surroundings, limits=QUICK, witness_of=witness, is_look=True))

    secrets = list(check_secrets(connection, secrets_of(connection, surroundings)))
    yield from secrets
    if worst(secrets) is not Level.FAIL:
        yield from check_answers(connection, look(connection.pull, opened))


def _check_fhir(connection: Connection, surroundings: Surroundings) -> Iterator[Check]:
    """And what the server says that it can do, if it is reached."""
    may_ask = True
    for check in _check_over_http(connection, surroundings):
        may_ask &= check.level is not Level.FAIL or check.about not in ("secrets", "reach")
        yield check
    if not may_ask:
        return
    try:
        with _fhir_client(connection, replace(surroundings, limits=QUICK)) as client:
            statement = client.fetch_capabilities()
    except HubError as error:
        yield from failures(ABOUT, error)
        return
    yield from check_capabilities(statement, connection.pull, connection.push)


def _both(witness_of: WitnessOf, also: Witness) -> WitnessOf:
    def each(connection: Connection) -> Witness:
        witness = witness_of(connection)

        def see(seen: Seen) -> None:
            witness(seen)
            also(seen)

        return see

    return each


def _check_rows(connection: Connection, surroundings: Surroundings) -> Iterator[Check]:
    """Files and tables: the first page of each stream."""
    secrets = list(check_secrets(connection, secrets_of(connection, surroundings)))
    yield from secrets
    if worst(secrets) is Level.FAIL:
        return
    looked = look(connection.pull, lambda _looked: open_source(connection, replace(surroundings, is_look=True)))
    for kind in connection.pull:
        rows = looked.counts.get(kind, 0)
        if kind in looked.errors:
            yield from failures(f"read {kind}", looked.errors[kind])
        elif not rows and connection.connector == "files":
            hint = "Where there is one, look at 'folder', 'names' and 'done' of the stream"
            yield warn(f"read {kind}", "no file with rows is there now", hint)
        else:
            yield ok(f"read {kind}", f"{rows} {'row' if rows == 1 else 'rows'} on the first page")


def _check_export(connection: Connection, surroundings: Surroundings) -> Iterator[Check]:
    try:
        export = open_export(connection, surroundings)
        counted = Counter(row.record.file for kind in export.kinds for row in export.read(kind))
    except HubError as error:
        yield from failures("files", error)
        return
    for file, rows in counted.items():
        yield ok("files", f"{file}: {rows} rows")


CONNECTORS: Mapping[str, Connector] = {
    "rest": Connector(source=_rest_source, sink=_rest_sink, check=_check_over_http),
    "graphql": Connector(source=_graphql_source, sink=_graphql_sink, check=_check_over_http),
    "files": Connector(source=_file_source, sink=_file_sink, check=_check_rows),
    "sql": Connector(source=_table_source, sink=_table_sink, check=_check_rows),
    "fhir_r4": Connector(source=_fhir_source, sink=_fhir_sink, check=_check_fhir, calendar=_fhir_calendar),
    "legacy_export": Connector(source=None, sink=None, check=_check_export),
}


def _connector(connection: Connection) -> Connector:
    return CONNECTORS[connection.connector]


def secrets_of(connection: Connection, surroundings: Surroundings) -> SecretStore:
    """Where its secrets are read, with its file for what is said of them."""
    return SecretStore(surroundings.folder, surroundings.environment, _file(connection))


def _refusal(connection: Connection, message: str, field: str, hint: str | None = None) -> InvalidInput:
    return InvalidInput(Problem(message, file=_file(connection), field=field, hint=hint))


def _file(connection: Connection) -> str:
    return f"connections/{connection.system}.yaml"
