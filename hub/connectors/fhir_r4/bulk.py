"""A first sync by Bulk Data export: one order, and files of a resource a line in place of thousands of pages.

The place of such a reading is the order's own address, the file and the line. Who goes on after a break asks for the
same order again; where the server has thrown it away by then, a new one is placed, and what had landed lands no second
time.

Source: HL7 Bulk Data Access 2.0, `$export`; HL7 FHIR R4, asynchronous requests.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from threading import Event
from typing import Any

from hub.connectors.fhir_r4.client import FhirClient, Resource, parse_instant
from hub.connectors.kit.http import place
from hub.errors import InvalidInput, NeedsAttention, Problem, RetryLater

LINES_PER_PAGE = 500
LONGEST_WAIT_SECONDS = 1800.0
"""So long one run waits for a server to prepare its files; the next one goes on waiting."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 60.0
"""Between two questions, where the server does not say when to ask again."""
_OF_A_PATIENT = {"Patient", "Appointment", "Consent", "DocumentReference", "QuestionnaireResponse"}
"""What an export of all patients holds, of what is read."""


@dataclass(frozen=True, slots=True)
class ExportPlace:
    """How far an export is read."""

    url: str
    """Where its state is asked for."""
    file: int = 0
    line: int = 0
    """Of the file: so many lines are stored."""

    @classmethod
    def parse(cls, cursor: str | None) -> "ExportPlace | None":
        """The place of a cursor that `text` wrote; None for any other."""
        try:
            said = json.loads(cursor or "{}")
            return cls(**said["export"]) if isinstance(said, dict) and "export" in said else None
        except (ValueError, TypeError):
            raise InvalidInput(Problem("not a place in a FHIR server", field="cursor")) from None

    def text(self) -> str:
        """The cursor that says this."""
        return json.dumps({"export": {"url": self.url, "file": self.file, "line": self.line}})


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of an export."""

    url: str
    is_deleted: bool
    """Its lines are Bundles that name what is not there any more."""
    count: int | None
    """How many lines it has, if the server says so."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished export consists of."""

    files: tuple[ExportedFile, ...]
    at: datetime
    """By the server's clock: all that changed before is in it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of an export, and the place behind them."""

    resources: tuple[Resource, ...]
    deleted: tuple[str, ...]
    """Ids of what is not there any more."""
    place: ExportPlace


class BulkExport:
    """Exports of one resource type."""

    def __init__(self, client: FhirClient, resource_type: str, rest: Callable[[float], object] | None = None) -> None:
        self._client = client
        self._type = resource_type
        self._rest = rest or Event().wait

    def find_path(self) -> str | None:
        """Where an export that holds the type is ordered; None: the server offers none."""
        said = self._client.capabilities.get("rest") or [{}]
        server = said[0] if isinstance(said, list) and isinstance(said[0], dict) else {}
        if _offers(server.get("operation")):
            return "$export"
        patients = [one for one in server.get("resource") or [] if one.get("type") == "Patient"]
        offered = any(_offers(one.get("operation")) for one in patients)
        return "Patient/$export" if offered and self._type in _OF_A_PATIENT else None

    def order(self) -> ExportPlace | None:
        """A new export of the type; None: the server offers none, or not to this client."""
        path = self.find_path()
        try:
            return ExportPlace(self._client.start_export(path, self._type)) if path else None
        except NeedsAttention:
            return None

    def await_manifest(self, at: ExportPlace) -> Manifest | None:
        """What it consists of, once it is ready; None: the server does not know it any more.

        Raises:
            RetryLater: it is not ready after half an hour.
            NeedsAttention: the export failed there.
        """
        waited, pause = 0.0, FIRST_WAIT_SECONDS
        while True:
            said = self._client.poll_export(at.url)
            if said.status == 200:
                return _manifest(said.body, self._type, at.url)
            if said.status != 202:
                return None
            seconds = _asked(said.headers.get("retry-after")) or pause
            if waited + seconds > LONGEST_WAIT_SECONDS:
                hint = "The next run asks for the same export again"
                raise RetryLater(
                    Problem("the server still prepares its export", code="export", hint=hint), after_seconds=seconds
                )
            self._rest(seconds)
            waited, pause = waited + seconds, min(pause * 2, MOST_WAIT_SECONDS)

    def read(self, manifest: Manifest, at: ExportPlace) -> Iterator[Batch]:
        """What follows that place, file by file.

        Raises:
            RetryLater: a file broke off, or holds fewer lines than were announced.
            NeedsAttention: a line that is no resource.
        """
        for number, file in list(enumerate(manifest.files))[at.file :]:
            here = at if number == at.file else replace(at, file=number, line=0)
            yield from self._read_file(file, here)

    def _read_file(self, file: ExportedFile, at: ExportPlace) -> Iterator[Batch]:
        lines = (line for line in self._client.fetch_lines(file.url) if line.strip())
        rest, read = islice(lines, at.line, None), at.line
        while batch := list(islice(rest, LINES_PER_PAGE)):
            found = [_resource(line, file.url) for line in batch]
            read += len(batch)
            yield self._batch(found, file, replace(at, line=read))
        if file.count is not None and read < file.count:
            message = f"{place(file.url)}: {read} of {file.count} lines"
            raise RetryLater(Problem(message, code="broken_off", hint="The next run reads on behind them"))

    def _batch(self, found: Sequence[Resource], file: ExportedFile, at: ExportPlace) -> Batch:
        if not file.is_deleted:
            return Batch(tuple(one for one in found if one.get("resourceType") == self._type), (), at)
        urls = [entry.get("request", {}).get("url", "") for bundle in found for entry in bundle.get("entry") or []]
        kind = f"{self._type}/"
        return Batch((), tuple(url.removeprefix(kind) for url in urls if url.startswith(kind)), at)


def _offers(operations: Any) -> bool:
    listed = operations if isinstance(operations, list) else []
    names = {name for one in listed if isinstance(one, dict) for name in (one.get("name"), one.get("definition"))}
    return any(isinstance(name, str) and name.rpartition("/")[2].endswith("export") for name in names)


def _manifest(body: Any, resource_type: str, url: str) -> Manifest:
    at = parse_instant(body.get("transactionTime")) if isinstance(body, dict) else None
    if at is None:
        hint = "What was read is kept. Report it to the server's vendor"
        raise NeedsAttention(Problem(f"{place(url)}: no manifest of an export", code="export", hint=hint))
    files = _files(body.get("output"), resource_type, is_deleted=False)
    return Manifest((*files, *_files(body.get("deleted"), "Bundle", is_deleted=True)), at)


def _files(listed: Any, resource_type: str, *, is_deleted: bool) -> Iterator[ExportedFile]:
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("type") == resource_type and isinstance(one.get("url"), str):
            yield ExportedFile(one["url"], is_deleted, one.get("count"))


def _resource(line: str, url: str) -> Resource:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    hint = "The next run reads this line again; if it stays, report it to the server's vendor"
    raise RetryLater(Problem(f"{place(url)}: a line that is no resource", code="broken_off", hint=hint))


def _asked(retry_after: str | None) -> float | None:
    """Seconds; a date is left to our own pauses."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
