"""A practice in the database whose EMR is a FHIR server: what tests of pulling and pushing start from."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind, ServiceId, VisitId, mint
from hub.canonical.records import Service, Visit, VisitState
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.connectors.fhir_r4.source import OVERLAP, FhirSource
from hub.connectors.kit.connection import Connection, read_connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import PullResult, pull_changes
from hub.operations.push_changes import PushResult, push_changes
from hub.ports import BookableResource, Site, Store
from tests.peers.fhir import FhirDesk, valid_seed
from tests.peers.processes import PROJECT

KINDS = (Kind.LOCATION, Kind.RESOURCE, Kind.PROVIDER, Kind.PATIENT, Kind.VISIT)
ZONE = ZoneInfo("America/Chicago")
PROVIDERS = ("dr-lee", "maria-lopez", "kim-tran", "zoe-adams")
ROOMS = ("room-1", "room-2", "facial-room", "laser-suite")


@cache
def connection() -> Connection:
    """The demo practice's own connection file."""
    file = PROJECT / "examples" / "juniper" / "connections" / "juniper-ehr.yaml"
    return read_connection(file.read_text(), str(file))


@cache
def ehr() -> LinkedSystem:
    """The EMR as the operations see it."""
    link = connection()
    return LinkedSystem(link.system, load_mappings(PROJECT / "mappings", link.mappings), ZONE, link.aliases)


def open_practice(store: Store) -> None:
    """What the practice file would put into the database."""
    services = [Service(id=ServiceId(id_), sku=id_, name=id_) for id_ in connection().aliases[Kind.SERVICE].values()]
    providers = [BookableResource(id_, "provider", id_, "main", 1) for id_ in PROVIDERS]
    rooms = [BookableResource(id_, "room", id_, "main", 1) for id_ in ROOMS]
    with store.begin("test") as work:
        work.practices.save_sites([Site("main", "Juniper Austin", ZONE.key)])
        work.practices.save_resources([*providers, *rooms])
        work.records.save(services)


def fill(desk: FhirDesk) -> None:
    """Put the sandbox's practice into any FHIR server, without its broken appointment."""
    for resource in valid_seed():
        desk.put(resource)


def fill_a_little(desk: FhirDesk) -> None:
    """The practice with four of its visits (two of them overlap in Room 1) and nine of its patients."""
    kept = {"a001", "a057", "a058", "a059", *(f"p{n:03}" for n in (1, 7, 15, 19, 26, 33, 38, 39, 40))}
    for resource in valid_seed():
        if resource["resourceType"] in ("Location", "Practitioner") or resource["id"] in kept:
            desk.put(resource)


def pull(
    url: str, store: Store, kinds: tuple[Kind, ...] = KINDS, overlap: timedelta = OVERLAP
) -> dict[Kind, PullResult]:
    """Everything that changed, in the order of references."""
    with FhirClient(url) as client:
        source = FhirSource(client, ehr().name, page_size=20, overlap=overlap)
        return {kind: pull_changes(ehr(), kind, source, store) for kind in kinds}


def push(url: str, store: Store) -> PushResult:
    """Everything that waits."""
    with FhirClient(url) as client:
        return push_changes(ehr(), FhirSink(client, ehr().name), store)


def book(store: Store, start: datetime, patient: str = "p001") -> Visit:
    """A visit made by the hub, with its delivery waiting."""
    with store.begin("test") as work:
        patient_id = work.links.find_all(ehr().name, Kind.PATIENT)[patient]
        visit = Visit(
            id=VisitId(mint(Kind.VISIT)),
            patient_id=patient_id,
            service_id="botox-forehead",
            location_id="main",
            provider_id="kim-tran",
            room_id="room-1",
            start=start,
            end=start + timedelta(minutes=30),
            state=VisitState.BOOKED,
            booked_via="desk",
        )
        work.records.save([visit])
        work.claims.place_facts([visit.id])
        work.outbox.enqueue(ehr().name, Kind.VISIT, visit.id)
    return visit


def log_file(folder: Path) -> Path:
    """Where a server of this test writes."""
    return folder / "server.log"
