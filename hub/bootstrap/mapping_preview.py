"""`hub map preview`: a table at work, on a file's records, on what landed, or on what the system says just now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from hub.bootstrap.databases import open_database
from hub.bootstrap.practice_folder import PracticeFolder
from hub.bootstrap.sample_files import read_sample
from hub.bootstrap.surroundings import surroundings_of, witness_of
from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.registry import Surroundings, open_source, zone_of
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.mapping.apply import TwoWay, records_of
from hub.mapping.assumed_links import AssumedLinks
from hub.mapping.context import Context
from hub.mapping.preview import RecordPreview, preview
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.landed_sample import load_landed_sample


@dataclass(frozen=True, slots=True)
class Previewed:
    """A table at work."""

    mapping: TwoWay
    origin: str
    """Where the records are from."""
    records: tuple[RecordPreview, ...]
    other_kind: int
    """Records that its `only` does not take."""


def preview_mapping(
    settings: Settings, folder: PracticeFolder, name: str, kind: Kind, sample: Path | None, *, limit: int, fetch: bool
) -> Previewed:
    """Records through the table of a connection: of a file, of what landed, or fetched.

    Raises:
        InvalidInput: no such connection, table or file, or the file holds no records.
        NeedsAttention: nothing landed yet; or, fetching, as the source.
        RetryLater: as the source.
    """
    connection = folder.connection(name)
    tables = load_mappings(settings.mappings, connection.mappings, folder.path)
    if kind not in tables:
        hint = f"There are: {', '.join(sorted(tables))}"
        raise InvalidInput(Problem(f"{name} has no mapping table for {kind}", field="RECORD", hint=hint))
    mapping = tables[kind]
    surroundings = surroundings_of(folder, witness_of(settings, folder), is_look=True)
    is_apart = False
    if sample is not None:
        found: Sequence[SourceRecord] = read_sample(sample, connection, mapping)
        origin = str(sample)
    elif fetch:
        found, origin = _fetched(connection, kind, surroundings, limit), f"{name}, just fetched"
    else:
        found, origin = _landed(settings, name, kind, limit), f"what landed of {name}"
        is_apart = mapping.table.each is not None  # parts land as what they are
    taken = [record for source in found for record in ((source,) if is_apart else records_of(mapping, source))]
    others = 0 if is_apart else sum(not records_of(mapping, source) for source in found)
    zone = zone_of(connection, surroundings)
    context = Context(zone, datetime.now(UTC).astimezone(zone).date(), AssumedLinks(name, connection.aliases))  # noqa: TID251
    shown = tuple(preview(mapping, source, context) for source in taken[:limit])
    return Previewed(mapping, origin, shown, others)


def _fetched(connection: Connection, kind: Kind, surroundings: Surroundings, limit: int) -> list[SourceRecord]:
    with open_source(connection, surroundings) as source:
        pages = source.read(kind, None)
        return list(islice((record for page in pages for record in page.records), limit))


def _landed(settings: Settings, name: str, kind: Kind, limit: int) -> tuple[SourceRecord, ...]:
    with open_database(settings) as url:
        engine = application_engine(url)
        try:
            found = load_landed_sample(engine, name, kind, limit)
        finally:
            engine.dispose()
    if not found:
        hint = "Give --sample FILE, --fetch, or run `hub pull` first"
        raise NeedsAttention(Problem(f"no {kind} of {name} has landed yet", hint=hint))
    return found
