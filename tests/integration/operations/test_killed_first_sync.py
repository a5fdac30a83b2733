"""A first synchronization, killed again and again, ends as one that nobody disturbed: nothing lost or repeated."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from random import Random
from signal import SIGKILL
from time import monotonic

import pytest

from hub.canonical.ids import Kind
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.operations.fhir_practice import open_practice
from tests.integration.operations.first_sync import PATIENTS, VISITS, dump, pull_all, served, synchronize
from tests.processes import start

pytestmark = pytest.mark.slow
Dump = dict[str, list[str]]
CHECKPOINTS_A_LIFE = 16
"""Room for two or three of the five pages."""
NO_STAMPS = ("patients", "visits", "lineage", "claims", "people", "issues", "deliveries", "events")
"""What does not hold the records' stamps."""


@pytest.fixture(scope="module")
def feed() -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture(scope="module")
def undisturbed(database_server: EmbeddedServer, feed: str) -> Dump:
    with fresh_database(database_server) as database:
        open_practice(SqlStore(database.engine))
        assert run(database, feed) == 0
        return dump(database.owner)


@pytest.fixture(scope="module")
def seconds(database_server: EmbeddedServer, feed: str, undisturbed: Dump) -> float:
    """So long one takes here that nobody disturbs, all being loaded."""
    with fresh_database(database_server) as database:
        open_practice(SqlStore(database.engine))
        began = monotonic()
        assert run(database, feed) == 0
        return monotonic() - began


@pytest.fixture
def opened(database: Database) -> Database:
    open_practice(SqlStore(database.engine))
    return database


def run(database: Database, feed: str, point: int | None = None, seconds: float | None = None) -> int | None:
    """The exit code of one try, killed at that checkpoint or after so long."""
    process = start(synchronize, database.text_url, feed, point)
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode


def test_the_feed_has_whom_it_takes_to_show_something(undisturbed: Dump) -> None:
    assert len(undisturbed["landed"]) == PATIENTS + VISITS
    assert len(undisturbed["people"]) == PATIENTS // 10
    assert any("'overlap'" in one for one in undisturbed["issues"])
    assert any("'rejected_record'" in one for one in undisturbed["issues"])


def test_killed_at_every_checkpoint_it_ends_as_if_undisturbed(opened: Database, feed: str, undisturbed: Dump) -> None:
    """Each try dies one checkpoint later than the one before: on all of them in turn, with more and more done."""
    killed = 0
    while (ended := run(opened, feed, killed + 1)) == -SIGKILL:
        killed += 1
    assert ended == 0
    assert killed > 10
    assert dump(opened.owner) == undisturbed


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_it_ends_as_if_undisturbed(
    opened: Database, feed: str, undisturbed: Dump, seconds: float, seed: int
) -> None:
    """Lives grow longer: the first are too short for all of it, and one is long enough, however busy the machine is."""
    moments, killed = Random(seed), 0
    while (ended := run(opened, feed, seconds=seconds * moments.uniform(0.01, 0.04) * 1.1**killed)) == -SIGKILL:
        killed += 1
    assert ended == 0
    assert killed > 2
    assert dump(opened.owner) == undisturbed


class Died(BaseException):
    """A process ends, and nobody catches it."""


def test_ended_after_every_page_it_comes_to_its_end_though_all_records_have_one_stamp(
    opened: Database, undisturbed: Dump
) -> None:
    """As an import leaves them: a reading that went on by their stamps would begin again each time."""
    lives = 1
    with served(timedelta()) as feed:
        pull_all(SqlStore(opened.engine), feed, (Kind.PATIENT,))
        while not lived_through(opened, feed):
            lives += 1
            assert lives < 10, "it does not come any further"
    assert lives > 1
    left = dump(opened.owner)
    assert [left[name] for name in NO_STAMPS] == [undisturbed[name] for name in NO_STAMPS]
    assert len(left["landed"]) == PATIENTS + VISITS


def lived_through(database: Database, feed: str) -> bool:
    """Whether all visits were pulled before so many checkpoints had passed."""
    passed = 0

    def pass_by(_point: str) -> None:
        nonlocal passed
        passed += 1
        if passed == CHECKPOINTS_A_LIFE:
            raise Died

    with suppress(Died):
        pull_all(SqlStore(database.engine, pass_by), feed, (Kind.VISIT,))
        return True
    return False
