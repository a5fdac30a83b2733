"""A history moved in this process, and what became of it against its truth."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hub.bootstrap.migration_folder import read_migration_folder
from hub.cli.migrating_run import row_fate
from hub.operations.migration.run_history import Run
from hub.settings import Settings
from hub.store.canonical_dump import dump_canonical
from hub.store.unit_of_work import SqlStore

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "examples" / "legacy-export"
Decide = Callable[..., Path]
"""Writes the example's folder with these decisions, and gives it."""
Fates = dict[str, dict[str, list[dict[str, Any]]]]


def run_of(store: SqlStore, source: Path, folder: Path = FOLDER) -> Run:
    """A run of the example's folder on an export."""
    return Run(read_migration_folder(folder, Settings()).history(source), store)


def keep_year(export: Path, year: int) -> None:
    """Of what is divided by months leave only one year's rows: so few partitions that each may be a run of its own."""
    for name in ("appointments.csv", "payments.csv"):
        with (export / name).open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        date = head.index("Date")
        with (export / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *(row for row in rows if str(year) in row[date])])


def fates_of(store: SqlStore) -> Fates:
    """File → key → what `hub migrate dispositions --json` says of its rows."""
    found: Fates = defaultdict(lambda: defaultdict(list))
    with store.begin("read") as work:
        for head in work.migrations.find_heads():
            for fate in work.migrations.read_fates(head.system):
                found[fate.file][fate.key].append(row_fate(fate, head.zone))
    return found


def dump_of(engine: Engine) -> list[str]:
    """Everything that a migration leaves."""
    with engine.connect() as connection:
        return list(dump_canonical(connection))


def one_row(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the rows of one record the one that counts."""
    (row,) = [row for row in rows if row["verdict"] != "merged" or row["reason"] == "same_person"]
    return row


def visits_told(truth: Mapping[str, Any], fates: Fates) -> dict[str, dict[str, Any]]:
    """Every visit as it should be told; who it is for as the person behind the client's row."""
    person = {told["person"]: one_row(fates["clients.csv"][id_])["person"] for id_, told in truth["clients"].items()}
    return {
        id_: {**told, "person": person[told["person"]]} if told["verdict"] == "loaded" else dict(told)
        for id_, told in truth["appointments"].items()
    }


def visits_found(truth: Mapping[str, Any], fates: Fates) -> dict[str, dict[str, Any]]:
    """The same as it is told, by the same keys."""
    return {
        id_: {key: one_row(fates["appointments.csv"][id_])[key] for key in told}
        for id_, told in truth["appointments"].items()
    }


def merged_rows(fates: Fates) -> Counter[str]:
    """Why → how many rows."""
    rows = (row for of_file in fates.values() for rows in of_file.values() for row in rows)
    return Counter(row["reason"] for row in rows if row["verdict"] == "merged")
