"""Several processes book, some are killed at any moment: what stands is whole, and each key books once."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice, open_practice

BOOKER = """
import sys
from hub.operations.book_visit import Booked, book_visit
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import wanted

url, first, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
store = SqlStore(application_engine(url))
print("ready", flush=True)
for n in range(first, 60, step):
    request = wanted(["laser", "consult", "drip"][n % 3], 5 * (n % 36), patient=n)
    booked = book_visit(store, request, actor="test", key=f"k-{n}", push_to=["ehr"])
    print(n, booked.visits[0].id if isinstance(booked, Booked) else "-", flush=True)
"""
ROOT = Path(__file__).parents[3]


def _booker(database: Database, first: int, step: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", BOOKER, database.text_url, str(first), str(step)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _read_and_kill(process: subprocess.Popen[str], after: int, told: dict[int, str]) -> None:
    """Note what the process tells, and kill it after so many answers, wherever the next booking then is."""
    assert process.stdout is not None
    for number, line in enumerate(process.stdout):
        if number:
            key, visit_id = line.split()
            told[int(key)] = visit_id
        if number == after:
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killing_bookers_at_any_moment_loses_nothing_that_was_told(
    seed: int, store: SqlStore, owner: Engine, database: Database
) -> None:
    open_practice(store)
    dice = random.Random(seed)
    told: dict[int, str] = {}
    rounds = [[dice.randrange(1, 15) for _ in range(4)], [dice.randrange(1, 15) for _ in range(4)], [100] * 4]
    for deaths in rounds:
        bookers = [_booker(database, first, 4) for first in range(4)]
        before = dict(told)
        readers = [
            threading.Thread(target=_read_and_kill, args=(booker, after, told))
            for booker, after in zip(bookers, deaths, strict=True)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert {key: told[key] for key, visit_id in before.items() if visit_id != "-"} == {
            key: visit_id for key, visit_id in before.items() if visit_id != "-"
        }
    assert len(told) == 60
    assert_nobody_is_booked_twice(owner)
    whole = text("""
        SELECT (SELECT count(*) FROM visit) AS visits, (SELECT count(*) FROM booking_key) AS keys,
            (SELECT count(*) FROM outbox_delivery) AS deliveries,
            (SELECT count(DISTINCT subject_id) FROM domain_event WHERE name = 'visit_booked') AS events,
            (SELECT count(DISTINCT visit_id) FROM claim WHERE need = 'patient') AS patients""")
    with owner.connect() as connection:
        counts = set(connection.execute(whole).one())
    assert counts == {sum(visit_id != "-" for visit_id in told.values())}
