"""An imported history is held to every expectation, and nothing is told to anybody until it meets them."""

import csv
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from hub.bootstrap import PracticeFolder
from hub.pipelines.expectations import Telling, history_expectations, reading_queries, telling
from hub.ports.verifications import CheckState
from hub.settings import PROJECT
from tests.database import Database
from tests.integration.pipelines.conftest import LEGACY, Pipelines, failed_checks, hub_on, materialized
from tests.legacy.generate import generate

A_CANCELLED = "(SELECT min(id) FROM visit WHERE state = 'cancelled' AND origin = 'juniper-legacy')"
CHANGED_BY_THE_HUB = "updated_at = now() + interval '1 hour'"
MOVED = f"""
    UPDATE visit SET start = start + interval '40 days', "end" = "end" + interval '40 days', {CHANGED_BY_THE_HUB}
    WHERE id = {A_CANCELLED}"""


def told() -> Telling:
    return telling(LEGACY, "America/Chicago", (PROJECT / "mappings" / "legacy-export", None))


def test_a_defect_fails_its_expectation_and_stops_what_is_downstream(imported: Database, pipelines: Pipelines) -> None:
    with imported.owner.begin() as connection:
        spoilt = f"UPDATE visit SET state = 'no_show' WHERE id = {A_CANCELLED}"
        assert connection.exec_driver_sql(spoilt).rowcount == 1
    with dg.DagsterInstance.ephemeral() as instance:
        ran = pipelines.run(imported, instance)
        assert not ran.success
        assert "a_status_word_means_one_state" in failed_checks(instance, ran.run_id)
        made = materialized(instance, ran.run_id)
    assert "juniper-legacy/visits" in made
    assert "juniper-ehr/deliveries" not in made
    assert "    FAIL a_status_word_means_one_state" in pipelines.lines


def test_clean_history_meets_every_expectation_and_lets_the_push_go_on(
    imported: Database, pipelines: Pipelines
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        ran = pipelines.run(imported, instance)
        assert failed_checks(instance, ran.run_id) == set()
        assert ran.success
        assert "juniper-ehr/deliveries" in materialized(instance, ran.run_id)
    assert "    ok   visit_totals_agree" in pipelines.lines


def unmet(database: Database) -> set[str]:
    from hub.pipelines.validation import Judge

    with Judge(database.url, reading_queries(told())) as judge:
        outcomes = judge.validate(history_expectations(told()))
    return {name for name, outcome in outcomes.items() if outcome.state is not CheckState.OK}


def import_from(export: Path, database: Database, folder: PracticeFolder) -> None:
    here = folder.connection(LEGACY).model_copy(update={"folder": export, "aliases": {}})
    hub_on(database, replace(folder, connections={LEGACY: here})).import_export(LEGACY)


@pytest.mark.parametrize("seed", [3, 20])
def test_other_exports_with_other_dirt_meet_every_expectation(
    seed: int, database: Database, folder: PracticeFolder, tmp_path: Path
) -> None:
    generate(seed, 900, tmp_path)
    import_from(tmp_path, database, folder)
    assert unmet(database) == set()


def test_later_export_of_fewer_rows_meets_every_expectation_beside_what_the_hub_moved(
    database: Database, folder: PracticeFolder, tmp_path: Path
) -> None:
    generate(5, 300, tmp_path)
    import_from(tmp_path, database, folder)
    with database.owner.begin() as connection:
        connection.execute(text(MOVED.replace(CHANGED_BY_THE_HUB, "updated_at = now()")))
        moved = connection.execute(
            text(f"SELECT source_id FROM source_link WHERE canonical_id = {A_CANCELLED}")
        ).scalar()
    appointments = tmp_path / "appointments.csv"
    with appointments.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    kept = {row[0] for row in rows[:200]} - {moved}  # with all their versions
    with appointments.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row for row in rows if row[0] in kept)])
    import_from(tmp_path, database, folder)
    assert unmet(database) == set()


def test_history_that_was_never_imported_is_no_clean_history(database: Database) -> None:
    assert unmet(database) == {"an_import_ended_well"}


def test_visit_that_the_hub_moved_is_not_held_against_the_import(imported: Database) -> None:
    with imported.owner.begin() as connection:
        connection.execute(text(MOVED))
    assert unmet(imported) == set()
