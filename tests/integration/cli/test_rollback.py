"""`hub migrate rollback`: batches are found, taken back with a name and a reason, or kept with every reason why."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from hub.errors import NeedsAttention
from hub.operations.migration.forget_notes import forget_notes
from hub.operations.migration.roll_back import list_batches, roll_back
from hub.store.checkpoint import KILL_AT
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import ROOT, dump_of, run_of
from tests.legacy.generate import generate

WHO = ("--by", "Dr. Lee", "--reason", "loaded by mistake")


@pytest.fixture
def moved(database: Database, tmp_path: Path) -> Path:
    """An export that is in the database."""
    generate(4, 30, tmp_path / "export")
    run_of(SqlStore(database.engine), tmp_path / "export").run()
    return tmp_path / "export"


def rollback(database: Database, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hub.cli", "migrate", "rollback", *arguments]
    known = {**os.environ, "HUB_DATABASE_URL": database.owner_url.render_as_string(hide_password=False)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**known, **environment}, timeout=900
    )


@pytest.mark.slow
def test_batches_are_listed_taken_back_and_refused_with_what_stands_on_them(moved: Path, database: Database) -> None:
    listed = json.loads(rollback(database, "--json").stdout)["batches"]
    lots = next(one for one in listed if one["name"] == "load lot")
    patients = next(one for one in listed if one["name"] == "load patient")
    refused = rollback(database, str(patients["batch"]), *WHO)
    assert refused.returncode == 1
    assert "load visit" in refused.stdout
    assert json.loads(rollback(database, str(patients["batch"]), *WHO, "--json").stdout)["dependants"]
    assert rollback(database, str(lots["batch"]), "--by", "Dr. Lee").returncode == 2
    done = rollback(database, str(lots["batch"]), *WHO)
    assert done.returncode == 0, done.stderr
    shown = rollback(database, "--kind", "lot").stdout
    assert "taken back" in shown
    assert "Dr. Lee: loaded by mistake" in shown
    assert rollback(database, "4711", *WHO).returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("point", ["roll_back:before_commit", "roll_back:after_commit"])
def test_killed_it_is_done_whole_or_not_at_all_and_a_second_call_ends_alike(
    point: str, moved: Path, database: Database
) -> None:
    before = dump_of(database.engine)
    batches = json.loads(rollback(database, "--json").stdout)["batches"]
    loads = [str(one["batch"]) for one in batches if one["stage"] in ("land", "load")]
    assert rollback(database, *loads, *WHO, **{KILL_AT: point}).returncode == -signal.SIGKILL
    assert (dump_of(database.engine) == before) is (point == "roll_back:before_commit")
    assert rollback(database, *loads, *WHO).returncode == 0
    run_of(SqlStore(database.engine), moved).run()
    assert dump_of(database.engine) == before


def test_what_a_batch_changed_is_forgotten_after_its_time_and_then_it_stays(moved: Path, database: Database) -> None:
    store = SqlStore(database.engine)
    lots = next(one.id for one in list_batches(store) if str(one.partition) == "load lot")
    assert forget_notes(store, "Dr. Lee", timedelta(days=1)) == 0
    with database.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE import_batch SET finished_at = finished_at - interval '2 days'")
        assert connection.exec_driver_sql("SELECT count(*) FROM batch_note").scalar_one() > 0
    assert forget_notes(store, "Dr. Lee", timedelta(days=1)) > 0
    with database.owner.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM batch_note").scalar_one() == 0
        audited = connection.exec_driver_sql("SELECT actor FROM audit_entry WHERE action = 'forget_notes'")
        assert audited.scalars().all() == ["Dr. Lee"]
    with pytest.raises(NeedsAttention):
        roll_back(store, [lots], "Dr. Lee", "too late")
    with pytest.raises(ProgrammingError), database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM batch_note")
