"""Months that several processes load side by side stand as if one had loaded them, one after the other."""

from pathlib import Path

import pytest

from hub.bootstrap.migration_team import open_team
from hub.settings import Settings
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, dump_of, run_of
from tests.legacy.generate import generate


@pytest.mark.slow
def test_a_team_moves_a_history_as_one_process_does(
    tmp_path: Path, database: Database, database_server: EmbeddedServer
) -> None:
    export = tmp_path / "export"
    generate(22, 1500, export)
    run_of(SqlStore(database.engine), export).run()
    with fresh_database(database_server) as other:
        with open_team(FOLDER, export, Settings(), other.engine.url, workers=3) as team:
            run_of(SqlStore(other.engine), export).run(team=team)
        assert dump_of(other.engine) == dump_of(database.engine)
