"""A newer export costs what changed in it, and leaves what a first run of it would have made."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.operations.migration.roll_back import list_batches
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import fresh_database
from tests.integration.migration.moved import dump_of, fates_of, one_row, run_of
from tests.legacy.generate import generate


@pytest.fixture
def small(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "small")
    return tmp_path / "small"


def test_new_client_has_only_the_months_loaded_again_whose_rows_name_them(
    small: Path, store: SqlStore, engine: Engine, database_server: EmbeddedServer
) -> None:
    run_of(store, small).run()
    fates = fates_of(store)
    orphan, named = next(
        (row["ApptID"], row["ClientID"])
        for row in rows_of(small / "appointments.csv")
        if one_row(fates["appointments.csv"][row["ApptID"]])["reason"] == "orphan_patient"
    )
    with (small / "clients.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([named, "Nova", "Newcomer", *[""] * 11])
    done = run_again(store, small)
    assert one_row(fates_of(store)["appointments.csv"][orphan])["verdict"] == "loaded"
    clients = [row["ClientID"] for row in rows_of(small / "appointments.csv")]
    assert 0 < len([one for one in done if one.startswith("load visit")]) <= clients.count(named)
    assert_as_if_new(small, engine, database_server)


def test_corrected_visit_has_its_month_loaded_again_and_of_the_payments_none(
    small: Path, store: SqlStore, engine: Engine, database_server: EmbeddedServer
) -> None:
    run_of(store, small).run()
    rows = rows_of(small / "appointments.csv")
    fates = fates_of(store)["appointments.csv"]
    one = next(row for row in rows if len(fates[row["ApptID"]]) == 1 and fates[row["ApptID"]][0]["verdict"] == "loaded")
    one |= {"Notes": "asked for a blanket", "Modified": "2026-12-31 09:00"}
    write_rows(small / "appointments.csv", rows)
    done = run_again(store, small)
    names = [name.rpartition(" 2")[0] or name for name in done]
    assert names == ["land visit", "load visit", "replay", "claim", "account"]
    month = done[1].split()[-1]
    attempts = [batch for batch in list_batches(store) if str(batch.partition) == f"load visit {month}"]
    assert [batch.state for batch in attempts] == ["superseded", "loaded"]
    with engine.connect() as connection:
        kept = text("SELECT count(*) FROM disposition WHERE batch_id = :id")
        rows_then = [connection.execute(kept, {"id": batch.id}).scalar_one() for batch in attempts]
    assert rows_then == [batch.counts["rows"] for batch in attempts]
    assert_as_if_new(small, engine, database_server)


def test_deposit_that_was_loaded_before_counts_for_a_visit_that_is_to_come_only_now(
    small: Path, store: SqlStore, engine: Engine, database_server: EmbeddedServer
) -> None:
    rows = rows_of(small / "appointments.csv")
    ids = [row["ApptID"] for row in rows]
    one = next(row for row in rows if row["Status"] == "Completed" and ids.count(row["ApptID"]) == 1)
    with (small / "payments.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["P99998", one["ApptID"], "2026-01-02", "30.00", "Deposit", "Visa"])
    run_of(store, small).run()
    with store.begin("look") as work:
        day = work.now + timedelta(days=40)
    one |= {"Status": "Booked", "Date": f"{day:%Y-%m-%d}", "Modified": "2026-12-31 09:00"}
    write_rows(small / "appointments.csv", rows)
    run_of(store, small).run()
    visit = one_row(fates_of(store)["appointments.csv"][one["ApptID"]])["canonical_id"]
    with engine.connect() as connection:
        deposit = connection.execute(text("SELECT deposit_minor FROM visit WHERE id = :id"), {"id": visit})
        assert deposit.scalar_one() == 3000
    assert_as_if_new(small, engine, database_server)


def run_again(store: SqlStore, export: Path) -> list[str]:
    """The partitions that were done."""
    done: list[str] = []
    run_of(store, export).run(lambda partition, counts: done.append(str(partition)) if counts is not None else None)
    return done


def write_rows(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def assert_as_if_new(export: Path, engine: Engine, server: EmbeddedServer) -> None:
    """What counts is what a first run of the same export makes."""
    with fresh_database(server) as other:
        run_of(SqlStore(other.engine), export).run()
        new, found = (
            [line for line in dump_of(one) if not line.startswith("source_record ")] for one in (other.engine, engine)
        )
    assert found == new
