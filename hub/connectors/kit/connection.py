"""A connection: one system of one practice, as `connections/<name>.yaml` of the practice folder describes it.

The grammar on one page is docs/connections.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, HttpUrl, PrivateAttr, field_validator

from hub.canonical.ids import Kind
from hub.canonical.records import ONLY_READ, READ_OFF
from hub.connectors.kit.spec.auth import Auth
from hub.connectors.kit.spec.declared import Declared, OneOrMore, Where, Wrong, within
from hub.connectors.kit.spec.limits import LimitsSpec, MassChange
from hub.connectors.kit.spec.reading import Call
from hub.connectors.kit.spec.secrets import Secret, looks_secret
from hub.connectors.kit.spec.sees import Horizon
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.tabular import Sftp
from hub.connectors.kit.spec.webhooks import Webhooks
from hub.documents import parse
from hub.errors import InvalidInput

ConnectorName = Literal["rest", "graphql", "files", "sql", "fhir_r4", "legacy_export"]
_OVER_HTTP = ("rest", "graphql", "fhir_r4")
_DECLARED = ("rest", "graphql")
_OF_ROWS = {"files": "files", "sql": "table"}
"""Connectors that read and write rows, and the block in which a stream says how."""
_READ_AGAIN = {"horizon": ("rest", "graphql", "fhir_r4"), "sweep": ("rest", "graphql", "fhir_r4", "sql")}
"""Whose streams may say what of `sees`."""
_OF_THE_ADDRESS = ("base_url", "plain_http", "folder", "sftp", "database", "auth", "limits")
"""What a connection that joins another one has from there."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _is_bare(url: str) -> bool:
    """Whether what is sent there could be read on the way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


class Connection(Declared):
    """How a system is reached and what moves. Secrets are named by where they stand, never written here."""

    system: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """The name its records are linked under. Never change it once records are linked."""
    connector: ConnectorName
    joins: str | None = None
    """Another connection, whose records its own say more of, by that system's ids. Without an address of its own it is
    reached as that one is.
    """
    base_url: HttpUrl | None = None
    """For systems that are reached over HTTP."""
    plain_http: bool = False
    """Let secrets and records travel unencrypted to another machine: only within a network of one's own."""
    headers: dict[str, str] = Field(default_factory=dict)
    """What each request says besides: `{Square-Version: "2025-08-20"}`. No secrets."""
    folder: Path | None = None
    """For systems that leave files, relative to the practice folder."""
    sftp: Sftp | None = None
    """For `files` that lie on another machine, instead of `folder`."""
    database: Secret | None = None
    """For `sql`, where its URL is kept: `postgresql+psycopg://user:password@host/name`. It is a secret as a whole."""
    schema_file: Path | None = None
    """For GraphQL, an introspection of the schema beside the connection; documents are checked against it."""
    mappings: str
    """The folder below `mappings/`, of the practice folder or the shipped one, that holds its tables."""
    zone: str | None = None
    """IANA zone of wall times without an offset; default: the practice's."""
    auth: OneOrMore[Auth] = ()
    """One scheme, or several that hold together."""
    limits: LimitsSpec = LimitsSpec()
    mass_change: MassChange = MassChange()
    webhooks: Webhooks | None = None
    streams: dict[Kind, Stream] = Field(default_factory=dict)
    """By kind; a stream that its connector knows by itself is named with `{}`."""
    aliases: dict[Kind, dict[str, str]] = Field(default_factory=dict)
    """Records the practice file already names: by kind, their id in the system → the hub's id."""
    _reached_as: str | None = PrivateAttr(default=None)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str | None) -> str | None:
        try:
            return zone if zone is None else ZoneInfo(zone).key
        except (KeyError, ValueError, OSError):
            raise ValueError("not an IANA zone, such as America/Chicago") from None

    @property
    def has_address(self) -> bool:
        """Whether it says itself where its system is."""
        return any(one is not None for one in (self.base_url, self.folder, self.sftp, self.database))

    @property
    def account(self) -> str:
        """Whose allowance it spends: that of the connection that it is reached as."""
        return self._reached_as or self.system

    def reached(self, other: "Connection") -> "Connection":
        """The same, reached as the `other` is that it joins, unless it has an address of its own."""
        kinds = {*other.aliases, *self.aliases}
        aliases = {kind: {**other.aliases.get(kind, {}), **self.aliases.get(kind, {})} for kind in kinds}
        if self.has_address:
            return self.model_copy(update={"aliases": aliases})
        said = {name: getattr(other, name) for name in _OF_THE_ADDRESS}
        more = {"zone": self.zone or other.zone, "headers": {**other.headers, **self.headers}, "aliases": aliases}
        reached = self.model_copy(update=said | more)
        reached._reached_as = other.system  # noqa: SLF001 - its own copy
        return reached

    @property
    def pull(self) -> tuple[Kind, ...]:
        """The kinds that come from there."""
        return tuple(kind for kind, stream in self.streams.items() if stream.is_pulled)

    @property
    def push(self) -> tuple[Kind, ...]:
        """The kinds that go there."""
        return tuple(kind for kind, stream in self.streams.items() if stream.is_pushed)

    def key_beside(self, kind: Kind) -> str | None:
        """Under which key its records of a kind hold what stands around the list that they are taken from."""
        read = self.streams[kind].read if kind in self.streams else None
        return read.each.parent if read is not None and read.each is not None else None

    def find_problems(self) -> Iterator[Wrong]:
        """What is wrong although each key by itself is right."""
        yield from self._of_address() if self.joins is None or self.has_address else self._of_joins(self.joins)
        for name in self.headers:
            if looks_secret(name):
                yield ("headers", name), "a secret is never written here", "Say it under 'auth', scheme: header"
        for number, scheme in enumerate(self.auth):
            yield from within(("auth", number), scheme)
        yield from within(("webhooks",), self.webhooks)
        for kind, stream in self.streams.items():
            yield from within(("streams", kind), stream)
            yield from self._of_stream(("streams", kind), kind, stream)
            yield from self._of_for_each(("streams", kind, "read", "for_each", "stream"), kind, stream)
            yield from self._of_sees(("streams", kind, "sees"), kind, stream)

    def _of_joins(self, other: str) -> Iterator[Wrong]:
        for key in (key for key in _OF_THE_ADDRESS if key in self.model_fields_set):
            message = f"without an address of its own it is reached as {other} is, with that one's {key!r}"
            yield (key,), message, "Remove it, or say the address, too"

    def _of_address(self) -> Iterator[Wrong]:
        if self.connector in _OVER_HTTP and self.base_url is None:
            yield ("base_url",), "the key 'base_url' is missing", "Put the address of the system's API"
        if self.connector == "files" and (self.folder is None) == (self.sftp is None):
            yield ("folder",), "files lie in one place", "Name the folder, or say 'sftp'"
        if self.connector == "sql" and self.database is None:
            yield ("database",), "the key 'database' is missing", "Say where its URL is kept: {env: LEGACY_URL}"
        for key, connector in {"sftp": "files", "database": "sql"}.items():
            if getattr(self, key) is not None and self.connector != connector:
                yield (key,), f"the connector {self.connector} does not use it", "Remove it"
        yield from within(("sftp",), self.sftp)
        if self.connector == "legacy_export" and self.folder is None:
            yield ("folder",), "the key 'folder' is missing", "Name the folder of the files"
        for where in (where for where, url in self._addresses() if not self.plain_http and _is_bare(url)):
            hint = "Use https://, or say plain_http: true within your own network"
            yield where, "this address is not encrypted", hint

    def _addresses(self) -> Iterator[tuple[Where, str]]:
        """What secrets travel to."""
        yield ("base_url",), str(self.base_url or "")
        for number, scheme in enumerate(self.auth):
            yield ("auth", number, "token_url"), getattr(scheme, "token_url", None) or ""

    def _of_stream(self, where: Where, kind: Kind, stream: Stream) -> Iterator[Wrong]:
        if stream.is_pulled and kind in READ_OFF:
            yield (*where, "direction"), f"a {kind} is read off the hub's own book", "Say direction: push"
        if stream.is_pushed and kind in ONLY_READ:
            yield (*where, "direction"), f"the hub never writes a {kind}", "Say direction: pull"
        for connector, block in _OF_ROWS.items():
            if self.connector != connector and getattr(stream, block) is not None:
                yield (*where, block), f"this belongs to connector: {connector}", "Remove it"
        if self.connector in _OF_ROWS:
            yield from self._of_rows(where, stream, _OF_ROWS[self.connector])
            return
        by_itself = {"read": stream.read, "one": stream.one, "write": stream.write, "hub_id": stream.hub_id}
        if self.connector not in _DECLARED:
            for key in (key for key, block in by_itself.items() if block is not None):
                yield (*where, key), f"the connector {self.connector} knows this by itself", "Remove it"
            return
        yield from self._of_calls(where, stream)
        if stream.is_pulled and stream.read is None:
            yield (*where, "read"), "the stream is pulled, and how is not said", "Add 'read', or say direction: push"
        if stream.is_pushed and stream.write is None:
            yield (*where, "write"), "the stream is pushed, and how is not said", "Add 'write', or say direction: pull"

    def _of_rows(self, where: Where, stream: Stream, block: str) -> Iterator[Wrong]:
        """A stream of rows says everything in its own block."""
        for key in (key for key in ("read", "one", "write") if getattr(stream, key) is not None):
            yield (*where, key), f"the connector {self.connector} does not use it", f"Say it under '{block}'"
        if stream.is_pulled and not stream.has_read:
            yield (
                (*where, block, "read"),
                "the stream is pulled, and how is not said",
                "Add 'read', or say direction: push",
            )
        if stream.is_pushed and not stream.has_write:
            yield (
                (*where, block, "write"),
                "the stream is pushed, and how is not said",
                "Add 'write', or say direction: pull",
            )
        if stream.is_pushed and stream.hub_id is None:
            hint = "Name the column where the system keeps the hub's id"
            yield (*where, "hub_id"), "what is made there would not be known when it comes back", hint

    def _of_for_each(self, where: Where, kind: Kind, stream: Stream) -> Iterator[Wrong]:
        """The stream whose records a list stands behind is read by itself."""
        spec = stream.read.for_each if stream.read is not None else None
        other = self.streams.get(spec.stream) if spec is not None else None
        if spec is None or (spec.stream is not kind and other and other.read and other.read.for_each is None):
            return
        known = ", ".join(one for one, each in self.streams.items() if one is not kind and each.read is not None)
        yield where, f"there is no other stream {spec.stream} that is read by itself", f"There are: {known or 'none'}"

    def _of_sees(self, where: Where, kind: Kind, stream: Stream) -> Iterator[Wrong]:
        """How the stream is read again."""
        blocks = {"horizon": stream.sees.horizon, "sweep": stream.sees.sweep}
        for name in (name for name, block in blocks.items() if block is not None):
            if self.connector not in _READ_AGAIN[name]:
                yield (*where, name), f"the connector {self.connector} cannot be read so", "Remove it"
            elif self.connector in _DECLARED and stream.one is None:
                message = "a record that is listed no more is asked for singly, and how is not said"
                yield (*where, name), message, "Add 'one' to the stream"
        if stream.sees.removed is not None and self.connector not in _DECLARED:
            yield (*where, "removed"), f"the connector {self.connector} cannot be read so", "Remove it"
        horizon, sweep = stream.sees.horizon, stream.sees.sweep
        if horizon is not None:
            yield from self._of_horizon((*where, "horizon"), kind, stream, horizon)
        if sweep is not None and sweep.list is not None and self.connector not in _DECLARED:
            yield (*where, "sweep", "list"), f"the connector {self.connector} knows this by itself", "Remove it"

    def _of_horizon(self, where: Where, kind: Kind, stream: Stream, horizon: Horizon) -> Iterator[Wrong]:
        if kind is not Kind.VISIT:
            yield where, f"a {kind} has no date", "A horizon is for visits; say sweep"
        if self.connector not in _DECLARED:
            for key in (key for key in ("first", "last") if getattr(horizon, key) is not None):
                yield (*where, key), f"the connector {self.connector} knows this by itself", "Remove it"
            return
        if horizon.first is None:
            yield (*where, "first"), "the key 'first' is missing", "Say how visits from a day on are asked for"
        if stream.read is not None and stream.read.since is None:
            yield where, "everything is read each time already", "Remove it, or add 'since' to 'read'"

    def _of_calls(self, where: Where, stream: Stream) -> Iterator[Wrong]:
        """In GraphQL every call has its document, in REST none has."""
        writing = stream.write
        calls: dict[Where, Call | None] = {("read",): stream.read, ("one",): stream.one}
        if stream.sees.sweep is not None:
            calls["sees", "sweep", "list"] = stream.sees.sweep.list
        calls["sees", "removed"] = stream.sees.removed
        if writing is not None:
            named = {name: getattr(writing, name) for name in ("create", "update", "cancel", "delete")}
            calls |= {("write", name): call for name, call in named.items()}
            calls["write", "create", "find"] = writing.create.find if writing.create else None
        for place, call in calls.items():
            if call is None:
                continue
            if self.connector == "graphql" and call.send == "form":
                yield (*where, *place, "send"), "GraphQL is sent as JSON", "Remove it"
            if self.connector == "graphql" and call.document is None:
                yield (*where, *place, "document"), "the key 'document' is missing", "Add the GraphQL document"
            if self.connector == "rest" and call.document is not None:
                yield (*where, *place, "document"), "a document belongs to connector: graphql", "Remove it"


def read_connection(text: str, file: str) -> Connection:
    """A connection file, checked whole.

    Raises:
        InvalidInput: with a problem (file, line, key, what to do) for each place that is wrong.
    """
    document = parse(text, file)
    connection = document.read_as(Connection)
    problems = [document.problem(document.known(where), said, hint) for where, said, hint in connection.find_problems()]
    if problems:
        raise InvalidInput(*problems)
    return connection
