"""What workers and whoever hands out their work are told when something is not there, and how a lost run is known."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
import pytest
from celery.backends.redis import RedisBackend
from dagster._core.launcher import WorkerStatus
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from sqlalchemy import Engine

from hub.errors import NeedsAttention
from hub.pipelines.broker import WorkerLauncher, require_broker
from hub.pipelines.instance import CONFIGURATION
from hub.pipelines.workers import require_named
from hub.settings import Settings, read_settings
from hub.store.life_signs import sign_of_life
from tests.database import Database
from tests.peers.redis_broker import redis_broker

LAUNCHER = """
run_launcher: {module: hub.pipelines.broker, class: WorkerLauncher}
"""
NOBODY = "redis://:a-secret@127.0.0.1:1/0"


def test_broker_that_does_not_answer_is_told_without_its_address() -> None:
    with pytest.raises(NeedsAttention, match="the broker does not answer") as told:
        require_broker(Settings(broker_url=NOBODY))
    assert "HUB_BROKER_URL" in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("address", ["amqp://guest:a-secret@localhost//", "localhost:6379", ""])
def test_address_of_something_else_is_refused_and_not_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_BROKER_URL", address)
    with pytest.raises(NeedsAttention, match="HUB_BROKER_URL") as told:
        read_settings()
    assert "secret" not in str(told.value)


def test_worker_without_a_broker_is_told_what_to_set() -> None:
    with pytest.raises(NeedsAttention, match="there is no broker") as told:
        require_broker(Settings(broker_url=None))
    assert "redis://HOST:6379/0" in str(told.value)


def test_migration_that_workers_do_not_know_is_not_handed_out(tmp_path: Path) -> None:
    known = Settings(migrations={tmp_path / "moving": tmp_path / "export"})
    require_named(known, tmp_path / "moving", tmp_path / "export")
    for folder, source in ((tmp_path / "other", tmp_path / "export"), (tmp_path / "moving", tmp_path / "newer")):
        with pytest.raises(NeedsAttention, match="HUB_MIGRATIONS"):
            require_named(known, folder, source)


@pytest.fixture
def instance(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """One whose web UI hands out runs as docs/migration.md says."""
    (tmp_path / "dagster.yaml").write_text(CONFIGURATION + LAUNCHER)
    with redis_broker(tmp_path) as broker:
        monkeypatch.setenv("HUB_BROKER_URL", broker)
        monkeypatch.setenv("HUB_DATABASE_URL", database.text_url)
        with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
            yield opened


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # celery 5.7 of redis 8.1
@pytest.mark.parametrize(
    ("is_over", "is_in_hand", "status", "health"),
    [
        (False, True, dg.DagsterRunStatus.STARTED, WorkerStatus.RUNNING),
        (False, False, dg.DagsterRunStatus.STARTED, WorkerStatus.FAILED),
        (False, False, dg.DagsterRunStatus.STARTING, WorkerStatus.RUNNING),
        (True, True, dg.DagsterRunStatus.STARTED, WorkerStatus.RUNNING),
        (True, False, dg.DagsterRunStatus.STARTED, WorkerStatus.FAILED),
        (True, False, dg.DagsterRunStatus.SUCCESS, WorkerStatus.SUCCESS),
    ],
)
def test_run_is_lost_when_it_was_begun_and_has_no_end_and_nobody_does_it_whatever_celery_says(
    instance: dg.DagsterInstance,
    engine: Engine,
    *,
    is_over: bool,
    is_in_hand: bool,
    status: dg.DagsterRunStatus,
    health: WorkerStatus,
) -> None:
    @dg.job
    def nothing() -> None: ...

    tags = {DAGSTER_CELERY_TASK_ID_TAG: "task-1"}
    run = instance.create_run_for_job(nothing, status=status, tags=tags)
    launcher = instance.run_launcher
    assert isinstance(launcher, WorkerLauncher)
    results = launcher.celery.backend
    assert isinstance(results, RedisBackend)
    results.store_result("task-1", None, "SUCCESS" if is_over else "STARTED")
    with sign_of_life(engine, run.run_id) if is_in_hand else nullcontext():
        assert launcher.check_run_worker_health(run).status is health
