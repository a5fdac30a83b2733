"""Three FHIR servers behind real HTTP around the real hub: changes in any order and answers that get lost on the way.

As test_three_systems.py, but each server shows only what it holds now, refuses what is made onto an old version, and
stops in the middle of an answer. What only a person can decide is left out of the comparison, and counted.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from random import Random

import pytest
import stamina
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.connectors.fhir_r4.source import FhirSource
from hub.errors import RetryLater
from hub.mapping.apply import decode
from hub.operations.linked_system import LinkedSystem, SystemLinks
from hub.operations.pull_changes import pull_changes
from hub.operations.push_changes import push_changes
from hub.store.unit_of_work import SqlStore
from hub.sync.system_of_record import read_record_rules
from tests.integration.operations.fhir_practice import ehr
from tests.peers.fhir import FhirDesk
from tests.peers.sandbox import sandbox

NAMES = ("a", "b", "c")
FIELDS = ("phone", "city", "family_name")
RULES = ("patient: {system_of_record: a}", "patient: {system_of_record: latest, fields: {phone: b}}")
WORDS = {"city": ("Austin", "Waco", "Dallas"), "phone": ("+15125550100", "+15125550111"), "family": ("Ames", "Ochs")}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_waits_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=1, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FhirDesk]]:
    with ExitStack() as stack:
        urls = {name: stack.enter_context(sandbox(tmp_path_factory.mktemp(name))) for name in NAMES}
        yield {name: stack.enter_context(closing(FhirDesk(url))) for name, url in urls.items()}


class Three:
    """The servers, and the hub between them."""

    def __init__(self, store: SqlStore, engine: Engine, desks: dict[str, FhirDesk], random: Random) -> None:
        self.store, self.engine, self.desks, self.random = store, engine, desks, random
        self.lost = 0
        rules = read_record_rules(random.choice(RULES), "records.yaml", NAMES)
        told = {Kind.PATIENT: frozenset(NAMES)}
        self.systems = {name: replace(ehr(), name=name, aliases={}, rules=rules, told=told) for name in NAMES}
        for desk in desks.values():
            desk.clear()

    def carry_on(self, name: str, *, lossy: bool) -> None:
        """Pull and push; now and then answers stop coming after the first few."""
        desk, system = self.desks[name], self.systems[name]
        with FhirClient(desk.url) as client:
            self._pull(client, system)
            if lossy and self.random.random() < 0.7:
                desk.fault(kind="drop", after=self.random.choice((0, 1, 1)))
            with suppress(RetryLater):
                push_changes(system, FhirSink(client, name), self.store)
                self.lost -= 1
            self.lost += 1
        desk.fault()
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE outbox_delivery SET next_try_at = now() WHERE state = 'pending'"))

    def _pull(self, client: FhirClient, system: LinkedSystem) -> None:
        pull_changes(system, Kind.PATIENT, FhirSource(client, system.name), self.store)

    def change(self, name: str) -> None:
        """Somebody edits the record there, if it is there yet."""
        for record in self.desks[name].all("Patient")[:1]:
            what = self.random.choice(list(WORDS))
            word = self.random.choice(WORDS[what])
            if what == "phone":
                record["telecom"] = [{"system": "phone", "value": word}]
            elif what == "city":
                record["address"] = [{"city": word}]
            else:
                record["name"] = [{"family": word, "given": ["Ann"]}]
            self.desks[name].put(record)

    @property
    def versions(self) -> dict[str, str]:
        return {name: desk.all("Patient")[0]["meta"]["versionId"] for name, desk in self.desks.items()}

    def told(self, name: str) -> dict[str, object]:
        """What the server holds, in the hub's words."""
        [record] = self.desks[name].all("Patient")
        system = self.systems[name]
        with self.store.begin("test") as work:
            source = SourceRecord(SourceRef(name, Kind.PATIENT, record["id"]), record)
            read = decode(system.mapping(Kind.PATIENT), source, system.context(SystemLinks(system, work), work.now))
        return {field: getattr(read.record, field) for field in FIELDS}


@pytest.mark.parametrize("seed", range(4))
def test_three_servers_end_alike_and_come_to_rest(
    store: SqlStore, engine: Engine, desks: dict[str, FhirDesk], seed: int
) -> None:
    three = Three(store, engine, desks, Random(seed))
    desks["a"].put({"resourceType": "Patient", "id": "1", "name": [{"family": "Ames", "given": ["Ann"]}]})
    for name in NAMES:
        three.carry_on(name, lossy=False)
    for _ in range(14):
        name = three.random.choice(NAMES)
        three.carry_on(name, lossy=True)
        three.change(name)
    assert three.lost > 0
    for _ in range(4):
        for name in NAMES:
            three.carry_on(name, lossy=False)
    with store.begin("test") as work:
        [ann] = work.records.load_all(Kind.PATIENT).values()
        assert set(work.outbox.count()) == {"sent"}
        undecided = {(one.system, one.field) for one in work.conflicts.find_all()}
        assert {one.rule for one in work.conflicts.find_all()} <= {"manual"}
    for name in NAMES:
        held = three.told(name)
        agreed = {field for field in FIELDS if (name, field) not in undecided}
        assert {field: held[field] for field in agreed} == {field: getattr(ann, field) for field in agreed}
    before = three.versions
    for name in NAMES:
        three.carry_on(name, lossy=False)
    assert three.versions == before, "rest is rest"
