"""Rows of a table, page by page after the last id; what no page could go on behind is told by itself."""

import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.sql.opened import open_database
from hub.connectors.sql.source import TableSource
from hub.errors import NeedsAttention


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize("what", [{"table": "line"}, {"query": "SELECT * FROM line"}], ids=["table", "query"])
def test_a_row_without_a_whole_id_hides_nobody_at_the_edge_of_a_page_and_ends_nobody(
    tmp_path: Path, what: dict[str, str], size: int
):
    file = tmp_path / "till.db"
    other = sqlite3.connect(file)
    other.executescript(
        "CREATE TABLE line (sheet, no, first);"
        "INSERT INTO line VALUES (1, NULL, 'x'), (1, 1, 'a'), (1, 2, 'b'), (2, NULL, 'y'), (2, 1, 'c'), (NULL, 1, 'z')"
    )
    stream = Stream.model_validate({"table": {"read": {**what, "id": ["sheet", "no"], "size": size}}})
    engine = open_database(f"sqlite:///{file}", "till", LimitsSpec())
    pages = list(TableSource("till", {Kind.PATIENT: stream}, engine, ZoneInfo("UTC")).read(Kind.PATIENT, None))
    assert [one.ref.id for page in pages for one in page.records] == ["1/1", "1/2", "2/1"]
    rejected = [one for page in pages for one in page.rejected]
    assert {one.problems[0].code for one in rejected} == {"no_id"}
    assert len(rejected) == min(size, 3)
    assert pages[-1].listed is None, "who is missing may stand in such a row"


def test_a_file_of_sqlite_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NeedsAttention, match="there is no such file of SQLite"):
        open_database(f"sqlite:///{tmp_path / 'mistyped.db'}", "legacy", LimitsSpec())
    assert not list(tmp_path.iterdir())
