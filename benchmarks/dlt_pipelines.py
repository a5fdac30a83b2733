"""The files of an export merged by dlt, a table each."""

import csv
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import dlt
import pyarrow.csv
from pyarrow import string
from sqlalchemy import URL, Engine, text

from benchmarks.migrate_history import FOLDER
from hub.bootstrap.migration_folder import read_migration_folder
from hub.connectors.export_files.layout import FileLayout
from hub.settings import Settings

TUNED = {
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "4",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "100000",
}
QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
BLOCK = 16 * 1024 * 1024


def in_batches(file: Path, encoding: str) -> Iterator[object]:
    """Arrow tables, every column as text."""
    with file.open(encoding=encoding, newline="") as stream:
        columns = next(csv.reader(stream))
    yield from pyarrow.csv.open_csv(
        file,
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK, encoding=encoding.replace("-sig", "")),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(columns, string())),
    )


def in_rows(file: Path, encoding: str) -> Iterator[dict[str, str]]:
    """As one writes it first."""
    with file.open(encoding=encoding, newline="") as stream:
        yield from csv.DictReader(stream)


def merge(owner: Engine, export: Path, read: Callable[[Path, str], Iterator[object]], form: str | None) -> int:
    """Every file into a table of its own, one row a key; gives how many rows are there."""
    dataset = f"dlt_{read.__name__}"
    with tempfile.TemporaryDirectory(prefix="hub-dlt-") as place:
        pipeline = dlt.pipeline(
            dataset,
            pipelines_dir=place,
            destination=dlt.destinations.postgres(credentials=_credentials(owner.url)),
            dataset_name=dataset,
        )
        pipeline.run(_resources(export, read), loader_file_format=form).raise_on_failed_jobs()
    tables = [layout.files.removesuffix(".csv") for layout in _layouts(export)]
    with owner.connect() as connection:
        counts = (connection.execute(text(f'SELECT count(*) FROM {dataset}."{table}"')) for table in tables)
        return sum(count.scalar_one() for count in counts)


def _resources(export: Path, read: Callable[[Path, str], Iterator[object]]) -> list[object]:
    found = []
    for layout in _layouts(export):
        name = layout.files.removesuffix(".csv")
        encoding = {"clients": "utf-8-sig", "staff": "cp1252"}.get(name, "utf-8")
        rows = read(export / layout.files, encoding)
        found.append(dlt.resource(rows, name=name, write_disposition="merge", primary_key=list(layout.key)))
    return found


def _layouts(export: Path) -> list[FileLayout]:
    """Of the files that there are."""
    records = read_migration_folder(FOLDER, Settings()).file.source.records
    return [layout for layout in records.values() if (export / layout.files).exists()]


def _credentials(url: URL) -> str:
    # A socket asks for no password; dlt insists on one.
    return url.set(drivername="postgresql", password="none").render_as_string(hide_password=False)
