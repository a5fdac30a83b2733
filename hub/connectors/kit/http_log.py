"""The log of HTTP: a line of JSON for each request, with nothing personal or secret in it."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from hub.connectors.kit.connection import Connection
from hub.connectors.kit.http import Seen, Witness
from hub.connectors.kit.redaction import Redaction, redaction_of
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.mapping.apply import TwoWay


@dataclass(frozen=True, slots=True)
class HttpLog:
    """A file that several processes append to."""

    file: Path
    tables_of: Callable[[Connection], Mapping[str, TwoWay]]
    """The mapping tables of a connection, which say what may be shown."""
    _known: dict[str, Redaction] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def witness_of(self, connection: Connection) -> Witness:
        """Who writes down a connection's requests."""
        return lambda seen: self._write(connection, seen)

    def _write(self, connection: Connection, seen: Seen) -> None:
        redaction = self._redaction(connection)
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),  # noqa: TID251 - when it was seen here
            "system": connection.system,
            "method": seen.method,
            "path": redaction.path(seen.url),
            "status": seen.status,
            "ms": round(seen.seconds * 1000, 1),
            "sent": redaction.body(seen.sent),
            "received": redaction.body(seen.received),
        }
        self._append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def _redaction(self, connection: Connection) -> Redaction:
        with self._lock:
            if connection.system not in self._known:
                try:
                    tables = self.tables_of(connection)
                except InvalidInput:
                    tables = {}  # then nothing of a body is known, and nothing is shown
                self._known[connection.system] = redaction_of(connection, tables)
            return self._known[connection.system]

    def _append(self, line: bytes) -> None:
        try:
            opened = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "Correct HUB_HTTP_LOG, or unset it"
            raise NeedsAttention(
                Problem(f"cannot be written: {error.strerror}", file=str(self.file), hint=hint)
            ) from None
        try:
            os.write(opened, line)
        finally:
            os.close(opened)
