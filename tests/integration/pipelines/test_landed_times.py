"""A time of day is read from landed text by PostgreSQL as the mapping tables read it."""

from datetime import time

import pytest
from sqlalchemy import text

from hub.mapping.codecs.formats import time_reader
from hub.pipelines.landed_text import time_read
from tests.database import Database

FORMATS = ("%H:%M", "%I:%M %p", "%H:%M:%S")


@pytest.mark.parametrize(
    ("said", "is_at"),
    [("15:30", time(15, 30)), ("03:30 PM", time(15, 30)), (" 3:30 p.m. ", time(15, 30)), ("12:05 a.m.", time(0, 5))],
)
def test_both_paths_read_the_same_time(said: str, is_at: time, database: Database) -> None:
    with database.engine.connect() as connection:
        found = connection.execute(
            text(f"SELECT {time_read('said')} FROM (SELECT :said AS said) AS row"), {"said": said}
        )
        assert found.scalar_one() == time_reader(FORMATS)(said.strip()) == is_at
