"""Whatever a system does: a pull ends, nothing is half written, others go on; once it behaves the hub has the truth."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.read_ahead import ReadAhead
from hub.connectors.registry import Surroundings, open_source
from hub.errors import HubError, SafetyStop
from hub.operations.guard_feed import MASS_CHANGE
from hub.operations.page_plan import REJECTED
from hub.operations.pull_changes import pull_changes
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.scripted_systems import Vendor, linked, pull
from tests.peers.hostile import MOODS, PATIENCE, Hostile
from tests.peers.scripted import scripted

READ = {
    "path": "people", "records": "people", "id": "id", "modified": "changed", "modified_format": "unix",
    "paging": {"by": "cursor", "param": "after", "next": "next"},
    "since": {"param": "since", "format": "unix", "overlap": "1s"},
}  # fmt: skip
STREAM = {"read": READ, "one": {"path": "people/{id}"}, "sees": {"sweep": {"every": 0}}}
LIMITS = {"attempts": 1, "timeout_seconds": 300, "give_up_after": 10_000}
"""A busy machine may take its time for an answer."""
IN_A_HURRY = {"timeout_seconds": 0.1}
"""Less than a system that stalls takes: while it may misbehave, whatever comes later counts as that."""
numbers = count()


@dataclass
class Bench:
    """The hub before a hostile system, and another system that behaves."""

    hostile: Hostile
    connection: Connection
    store: SqlStore
    engine: Engine
    folder: Path
    other: Vendor = field(default_factory=lambda: Vendor(f"o{next(numbers)}"))

    def pull(self, **limits: float) -> HubError | None:
        """One pull, with these limits in place of the connection's; what it ended with."""
        self.hostile.asked = 0
        around = Surroundings(self.folder, ZoneInfo("UTC"), {})
        held_to = self.connection.limits.model_copy(update=limits)
        try:
            with open_source(self.connection.model_copy(update={"limits": held_to}), around) as source:
                system = linked(self.connection.system, aliases=False)
                pull_changes(system, Kind.PATIENT, ReadAhead(source), self.store)
        except HubError as error:
            return error
        finally:
            assert self.hostile.asked < PATIENCE, "it went on and on"
        return None

    def known(self) -> dict[str, str]:
        """Id there → name here, of all who are active."""
        with self.store.begin("test") as work:
            links = work.links.find_all(self.connection.system, Kind.PATIENT)
            found = work.records.load(Kind.PATIENT, set(links.values()))
        assert set(found) == set(links.values()), "what is linked is there"
        people = {id_: found[to] for id_, to in links.items()}
        return {id_: str(one.given_name) for id_, one in people.items() if isinstance(one, Patient) and one.active}

    def check_sound(self) -> None:
        """Nothing is half written: whoever is known was told of in one piece, and each link leads to what landed."""
        for id_, name in self.known().items():
            assert name in self.hostile.told[id_]
        with self.engine.connect() as connection:
            loose = connection.execute(
                text(
                    "SELECT count(*) FROM source_link l LEFT JOIN source_record r ON r.id = l.source_record_id "
                    "WHERE l.system = :system AND (r.id IS NULL OR r.source_id <> l.source_id)"
                ),
                {"system": self.connection.system},
            )
            assert loose.scalar() == 0

    def rejected(self) -> list[str]:
        """Which of its records wait for a person, of those that it still has."""
        with self.store.begin("test") as work:
            waiting = {issue.subject_id for issue in work.issues.find_open(REJECTED)}
        return [id_ for id_ in self.hostile.rows if f"{self.connection.system}/{id_}" in waiting]

    def check_others_go_on(self) -> None:
        self.other.put(f"x{next(numbers)}", {"first": f"O{next(numbers)}", "last": "Other", "active": True})
        assert pull(self.other, linked(self.other.system, aliases=False), self.store).inserted == 1


@contextmanager
def bench(engine: Engine, folder: Path, people: int) -> Iterator[Bench]:
    hostile, number = Hostile(), next(numbers)
    with scripted(hostile.serve) as server:
        whole = {"system": f"h{number}", "connector": "rest", "base_url": server.url, "mappings": "h", "limits": LIMITS}
        connection = Connection.model_validate({**whole, "streams": {"patient": STREAM}})
        assert not list(connection.find_problems())
        opened = Bench(hostile, connection, SqlStore(engine), engine, folder)
        for each in range(people):
            hostile.add(f"H{number}N{each}")
        yield opened


def converge(one: Bench) -> None:
    """It behaves; the truth is there once a list was read from its beginning.

    That takes three pulls at most: the first may only find the kept place no good, the second goes on with a list whose
    first pages were read while it misbehaved.
    """
    one.hostile.behave()
    ends = [one.pull() for _ in range(3)]
    assert ends[1:] == [None, None]
    assert one.known() == one.hostile.people()
    assert not one.rejected(), "what was refused was told of anew"


def slow(mood: str) -> Any:
    """One for the long tests."""
    return pytest.param(mood, marks=pytest.mark.slow)


moods = st.lists(st.sampled_from(MOODS), max_size=12)
happenings = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["add", "rename", "silently", "delete"]), st.integers(0, 20)),
    max_size=5,
)


def happen(one: Hostile, what: str, number: int) -> None:
    standing = sorted(one.rows)
    if what == "add" or not standing:
        one.add(f"N{next(numbers)}x")
        return
    id_ = standing[number % len(standing)]
    if what == "delete":
        del one.rows[id_]
    else:
        one.rename(id_, f"R{next(numbers)}", silently=what == "silently")


def play(engine: Engine, folder: Path, people: int, pulls: list[Any]) -> None:
    with bench(engine, folder, people) as one:
        for its_moods, sticky, happened in pulls:
            one.hostile.moods, one.hostile.sticky = list(its_moods), sticky
            one.hostile.happenings = {
                turn: (lambda w=what, n=number: happen(one.hostile, w, n)) for turn, what, number in happened
            }
            one.pull(**IN_A_HURRY)
            one.check_sound()
        one.check_others_go_on()
        converge(one)


PULLS = st.lists(st.tuples(moods, st.none() | st.sampled_from(MOODS), happenings), min_size=1, max_size=3)


@settings(max_examples=3, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(people=st.integers(0, 13), pulls=PULLS)
def test_whatever_it_does_the_hub_ends_sound_and_has_the_truth_once_it_behaves(
    engine: Engine, tmp_path: Path, people: int, pulls: list[Any]
):
    play(engine, tmp_path, people, pulls)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(people=st.integers(0, 13), pulls=PULLS)
def test_the_same_for_long(engine: Engine, tmp_path: Path, people: int, pulls: list[Any]):
    play(engine, tmp_path, people, pulls)


@pytest.mark.parametrize(
    "mood", [each if each == "circles" else pytest.param(each, marks=pytest.mark.slow) for each in MOODS]
)
def test_a_system_that_stays_so_is_left_and_the_truth_comes_when_it_behaves(engine: Engine, tmp_path: Path, mood: str):
    with bench(engine, tmp_path, 12) as one:
        assert one.pull() is None
        one.hostile.sticky = mood
        one.hostile.rename("p002", "Zoe")
        del one.hostile.rows["p003"]
        for _ in range(2):
            one.pull(**IN_A_HURRY)
            one.check_sound()
        one.check_others_go_on()
        converge(one)


def test_a_system_that_says_that_nobody_is_left_stops_and_keeps_everybody(engine: Engine, tmp_path: Path):
    with bench(engine, tmp_path, 70) as one:
        assert one.pull() is None
        one.hostile.sticky = "lies"
        assert isinstance(one.pull(), SafetyStop)
        assert len(one.known()) == 70
        with one.store.begin("test") as work:
            assert [issue.subject_id for issue in work.issues.find_open(MASS_CHANGE)] == [one.connection.system]
        assert one.hostile.asked < 10, "nobody was asked for"
        converge(one)
        with one.store.begin("test") as work:
            assert work.issues.find_open(MASS_CHANGE) == ()
