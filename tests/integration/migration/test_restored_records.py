"""What was here before a history was moved is afterwards, when the history is taken back, as it was: to the column."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import yaml
from sqlalchemy import Engine, text

from hub.canonical.ids import LocationId, PatientId, ProviderId, ResourceId, ServiceId, VisitId
from hub.canonical.records import Location, Patient, Provider, Resource, Service, Visit, VisitState
from hub.operations.migration.roll_back import Standing, TakenBack, list_batches, roll_back
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import FOLDER, dump_of, run_of
from tests.legacy.generate import generate

WHO = ("Dr. Lee", "another table is wanted")
WAS_HERE = ("patient", "provider", "service", "location", "resource", "visit", "source_link", "claim")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def aliased(tmp_path: Path) -> Callable[..., Path]:
    """The example's folder with these aliases."""

    def write(**aliases: object) -> Path:
        folder = tmp_path / "migration"
        folder.mkdir(exist_ok=True)
        for file in FOLDER.iterdir():
            if file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
        (folder / "decisions.yaml").write_text(yaml.safe_dump({"aliases": aliases}), encoding="utf-8")
        return folder

    return write


CLIENT = "C77777,Ada,Here,07/14/1985,5125550100,ada.here@example.com,1 Oak St,Austin,TX,78701,01/02/2023,,yes,Y"


def add_whom_we_know(export: Path) -> None:
    """A client whom the hub knows already, and a visit of hers."""
    with (export / "clients.csv").open("a", encoding="utf-8") as file:
        file.write(f"{CLIENT}\n")
    visits = export / "appointments.csv"
    head, row, *_ = visits.read_text("utf-8").splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=False)) | {"ApptID": "A777777", "ClientID": "C77777"}
    with visits.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, head.split(",")).writerow(cells)


def whole(engine: Engine) -> dict[str, list[str]]:
    """Every column of every row, moments and numbers included."""
    with engine.connect() as connection:
        return {
            table: list(
                connection.execute(text(f"SELECT CAST(to_jsonb(t) AS text) FROM {table} t ORDER BY 1")).scalars()
            )
            for table in WAS_HERE
        }


def loads(store: SqlStore) -> list[int]:
    return [one.id for one in list_batches(store) if one.state == "loaded" and one.partition.kind is not None]


def be_here_before(store: SqlStore) -> None:
    """A provider and a service of whom little is known, a patient who is in the export, too, and what she booked."""
    patient = Patient(
        id=PatientId("pat_here"),
        given_name="Ada",
        family_name="Here",
        born_on=date(1985, 7, 14),
        email="ada.here@example.com",
        registered_on=date(2001, 1, 1),
    )
    at = datetime(2098, 3, 3, 15, tzinfo=UTC)
    visit = Visit(
        id=VisitId("vis_here"),
        patient_id=patient.id,
        location_id=LocationId("loc_here"),
        provider_id=ProviderId("pro_here"),
        room_id=ResourceId("res_here"),
        start=at,
        end=at + timedelta(minutes=30),
        state=VisitState.BOOKED,
    )
    provider = Provider(id=ProviderId("pro_here"), name="Here")
    service = Service(id=ServiceId("svc_here"), sku="HERE", name="Here")
    room = Resource(id=ResourceId("res_here"), kind="room", name="One")
    with store.begin("be_here") as work:
        work.records.save([Location(id=LocationId("loc_here"), name="Here"), provider, room, service, patient, visit])
        work.claims.place_facts([visit.id])


def test_blanks_are_empty_again_and_two_who_were_made_one_are_two(
    export: Path, aliased: Callable[..., Path], store: SqlStore, engine: Engine
) -> None:
    be_here_before(store)
    add_whom_we_know(export)
    (export / "inventory.csv").write_text("Product,Lot,Expiry,On Hand,Unit,Location\n", encoding="utf-8")
    before = whole(engine)
    folder = aliased(provider={"E1": "pro_here"}, service={"S122": "svc_here"})
    run_of(store, export, folder).run()
    first = dump_of(engine)
    moved = whole(engine)
    for table in ("provider", "service", "patient"):
        assert not set(before[table]) <= set(moved[table]), f"something was filled in of the {table}"
    assert any('"pat_here"' in line for line in first if line.startswith("person_merge"))
    done = roll_back(store, loads(store), *WHO)
    assert isinstance(done, TakenBack), done
    assert whole(engine) == before
    run_of(store, export, folder).run()
    assert dump_of(engine) == first


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_whatever_is_taken_back_with_what_stands_on_it_comes_again_alike(
    seed: int, export: Path, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export).run()
    first, rng = dump_of(engine), Random(seed)
    for _ in range(3):
        wanted = rng.sample(loads(store), rng.randint(1, 4))
        done = roll_back(store, wanted, *WHO)
        if isinstance(done, Standing):
            assert {one.kind for one in done.dependants} == {"batch"}
            done = roll_back(store, [*wanted, *(int(one.id) for one in done.dependants)], *WHO)
        assert isinstance(done, TakenBack), done
        assert dump_of(engine) != first
        run_of(store, export).run()
        assert dump_of(engine) == first
