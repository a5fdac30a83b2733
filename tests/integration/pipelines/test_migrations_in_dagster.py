"""The migration folders that a deployment names are assets of its Dagster, beside those of its connections."""

import json
from pathlib import Path
from shutil import copytree

import dagster as dg
import pytest
from sqlalchemy import text

from hub.errors import InvalidInput, NeedsAttention
from hub.pipelines import definitions as deployed
from hub.pipelines.__main__ import serve
from hub.pipelines.definitions import JOB, definitions
from hub.pipelines.migrating import define_migrations
from hub.ports.verifications import CheckState
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import FOLDER, run_of
from tests.legacy.generate import generate

ASSETS = """\
migration/legacy/account
migration/legacy/claim
migration/legacy/landed_lots
migration/legacy/landed_packages
migration/legacy/landed_patients
migration/legacy/landed_payments
migration/legacy/landed_providers
migration/legacy/landed_services
migration/legacy/landed_visits
migration/legacy/lots
migration/legacy/packages
migration/legacy/patients
migration/legacy/payments
migration/legacy/proof
migration/legacy/providers
migration/legacy/replay
migration/legacy/services
migration/legacy/visits
"""
PROOF = dg.AssetKey(["migration", "legacy", "proof"])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    generate(7, 10, tmp_path / "export")
    chosen = Settings(migrations={FOLDER: tmp_path / "export"})
    monkeypatch.setattr(deployed, "read_settings", lambda: chosen)
    return chosen


def of_migrations(defined: dg.Definitions) -> list[str]:
    keys = (key.to_user_string() for key in defined.resolve_asset_graph().get_all_asset_keys())
    return sorted(key for key in keys if key.startswith("migration/"))


def test_migration_that_is_named_has_its_assets_and_checks_in_the_deployment(settings: Settings) -> None:
    graph = definitions().resolve_asset_graph()
    assert of_migrations(definitions()) == ASSETS.split()
    checks = {key.asset_key.to_user_string(): key.name for key in sorted(graph.asset_check_keys, key=str)}
    assert checks["migration/legacy/account"] == "every_row_has_a_verdict"
    proof = [key.name for key in graph.asset_check_keys if key.asset_key.path[-1] == "proof"]
    assert {"visit_totals_agree", "every_field_says_what_its_row_says"} < set(proof)


def test_what_is_divided_by_months_waits_for_all_months_of_what_it_refers_to(settings: Settings) -> None:
    graph = definitions().resolve_asset_graph()
    payments = graph.get(dg.AssetKey(["migration", "legacy", "payments"]))
    assert dg.AssetKey(["migration", "legacy", "visits"]) in payments.parent_keys
    assert isinstance(payments.partitions_def, dg.DynamicPartitionsDefinition)
    assert graph.get(dg.AssetKey(["migration", "legacy", "patients"])).partitions_def is None


def test_daily_round_moves_no_history(settings: Settings) -> None:
    chosen = definitions().resolve_job_def(JOB).asset_layer.selected_asset_keys
    assert chosen
    assert not {key.path[0] for key in chosen} & {"migration"}


def test_migration_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NeedsAttention, match=r"nowhere/migration\.yaml"):
        list(define_migrations(Settings(migrations={tmp_path / "nowhere": tmp_path})))


def test_two_folders_that_move_one_system_are_named_with_what_to_do(tmp_path: Path) -> None:
    again = tmp_path / "again"
    copytree(FOLDER, again)
    twice = Settings(migrations={FOLDER: tmp_path, again: tmp_path})
    with pytest.raises(InvalidInput, match="both move the history of 'legacy'") as refused:
        list(define_migrations(twice))
    (problem,) = refused.value.problems
    assert str(FOLDER) in problem.message
    assert str(again) in problem.message
    assert "Name the one that counts" in (problem.hint or "")


def test_export_that_is_not_there_is_told_before_anything_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setenv("HUB_MIGRATIONS", json.dumps({str(FOLDER): str(tmp_path / "gone")}))
    with pytest.raises(InvalidInput, match=r"--source names the folder of the export"):
        serve()


@pytest.mark.slow
def test_proof_of_a_history_is_an_asset_with_the_checks_of_the_verification_that_it_keeps(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = settings.model_copy(update={"database_url": database.text_url})
    monkeypatch.setattr(deployed, "read_settings", lambda: named)
    store = SqlStore(database.engine)
    run_of(store, settings.migrations[FOLDER]).run()
    assert set(prove_in_dagster(store).values()) == {True}

    with database.owner.begin() as connection:
        connection.execute(text("UPDATE visit SET price_minor = price_minor + 1 WHERE price_minor > 0"))
    found = prove_in_dagster(store)
    assert not found["visit_totals_agree"]
    assert not found["every_field_says_what_its_row_says"]


def prove_in_dagster(store: SqlStore) -> dict[str, bool]:
    """Each check of the proof, as Dagster keeps it; which is as the hub does."""
    job = definitions().resolve_implicit_job_def_def_for_assets([PROOF])
    assert job is not None
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=[PROOF])
        assert result.success
        found = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    with store.begin("read") as work:
        kept = work.verifications.find_last("legacy")
    assert kept is not None
    assert found == {check.name: check.state == CheckState.OK for check in kept.checks}
    return found
