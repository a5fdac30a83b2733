"""A first synchronization that can be killed anywhere: the feed, the process, and what it leaves behind."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.connectors.kit.read_ahead import ReadAhead
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import pull_changes
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import ehr

PATIENTS, VISITS, PAGE = 60, 90, 20
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
EACH = timedelta(seconds=10)
Resource = dict[str, object]

# What stands, without numbers that the database gives and moments at which it was written.
_DUMP = {
    "patients": """
        SELECT to_jsonb(p) - '{created_at,updated_at,source_record_id,lineage,revision}'::text[] FROM patient p""",
    "visits": """
        SELECT to_jsonb(v) - '{created_at,updated_at,source_record_id,lineage,revision}'::text[] FROM visit v""",
    "lineage": """
        SELECT t.id, e.key, r.source_id, e.value ->> 1 FROM (SELECT id, lineage FROM patient
            UNION ALL SELECT id, lineage FROM visit) t CROSS JOIN jsonb_each(t.lineage) e
        LEFT JOIN source_record r ON r.id = (e.value ->> 0)::bigint""",
    "landed": "SELECT system, kind, source_id, version, content_hash FROM source_record",
    "links": """
        SELECT l.system, l.kind, l.source_id, l.canonical_id, r.content_hash
        FROM source_link l JOIN source_record r ON r.id = l.source_record_id""",
    "claims": """
        SELECT u.owner_kind, u.owner_id, u.number, c.visit_id, c.need, c.during, c.firm
        FROM claim c JOIN resource_unit u ON u.id = c.unit_id""",
    "people": """
        SELECT survivor_id, merged_id, rule FROM person_merge
        UNION ALL SELECT first_id, second_id, state FROM person_pair""",
    "issues": "SELECT kind, subject_kind, subject_id, codes, state FROM review_issue",
    "deliveries": "SELECT connection, kind, canonical_id, sequence, state FROM outbox_delivery",
    "events": "SELECT name, subject_kind, subject_id FROM domain_event",
    "places": "SELECT system, kind, cursor FROM stream_cursor",
}


def system() -> LinkedSystem:
    """The EMR; somebody else is told of its patients."""
    return replace(ehr(), told={Kind.PATIENT: frozenset({"crm"})})


def patients() -> list[Resource]:
    """Every tenth is the one before once more, with less said of them."""
    return [_patient(n) for n in range(PATIENTS)]


def _patient(n: int) -> Resource:
    who = n - 1 if n % 10 == 9 else n
    telecom = [{"system": "phone", "value": f"+1512555{1000 + who:04}"}]
    if who == n:
        telecom.append({"system": "email", "value": f"p{n}@example.com"})
    name = {"family": f"Family{who}", "given": [f"Given{who}"]}
    born = f"{1950 + who % 40}-03-{1 + who % 28:02}"
    return {"resourceType": "Patient", "id": f"p{n}", "name": [name], "birthDate": born, "telecom": telecom}


def visits() -> list[Resource]:
    """Every seventh overlaps the one before, and every eleventh is of a patient whom nobody knows."""
    return [_visit(n) for n in range(VISITS)]


def _visit(n: int) -> Resource:
    start = datetime(2024, 3, 4, 15, tzinfo=UTC) + timedelta(minutes=30 * n - (15 if n % 7 == 6 else 0))
    patient = f"Patient/{'nobody' if n % 11 == 10 else f'p{n % PATIENTS}'}"
    actors = (patient, "Practitioner/lee", "Location/room-1")
    return {
        "resourceType": "Appointment",
        "id": f"a{n}",
        "status": "fulfilled",
        "serviceType": [{"coding": [{"code": "BTX-FOREHEAD"}]}],
        "start": _text(start),
        "end": _text(start + timedelta(minutes=30)),
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in actors],
    }


@contextmanager
def served(each: timedelta = EACH) -> Iterator[str]:
    """Both as a FHIR server that only has searches, each record so much younger than the one before."""
    feeds = {"Patient": _stamped(patients(), each), "Appointment": _stamped(visits(), each)}

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            params = {name: values[0] for name, values in parse_qs(asked.query).items()}
            since = params.get("_lastUpdated", "ge")[2:]
            found = [(at, one) for at, one in feeds[asked.path.strip("/")] if at >= since]
            first, size = int(params.get("_from", "0")), int(params["_count"])
            links = []
            if first + size < len(found):
                kept = f"_count={size}&_from={first + size}" + (f"&_lastUpdated=ge{since}" if since else "")
                links = [{"relation": "next", "url": f"{url}{asked.path}?{kept}"}]
            entry = [{"resource": one} for _, one in found[first : first + size]]
            bundle = {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entry}
            body = json.dumps(bundle).encode()
            self.send_response(200)
            self.send_header("content-type", "application/fhir+json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()


def _stamped(resources: list[Resource], each: timedelta) -> list[tuple[str, Resource]]:
    at = [_text(SINCE + n * each) for n in range(len(resources))]
    return [
        (when, {**one, "meta": {"versionId": "1", "lastUpdated": when}})
        for when, one in zip(at, resources, strict=True)
    ]


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def synchronize(url: str, server: str, last_point: int | None) -> None:
    """As a process of its own: pull everything; die by SIGKILL at the checkpoint of this number."""
    passed = 0

    def pass_by(_point: str) -> None:
        nonlocal passed
        passed += 1
        if passed == last_point:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = application_engine(url)
    pull_all(SqlStore(engine, pass_by), server)
    engine.dispose()


def pull_all(store: SqlStore, server: str, kinds: tuple[Kind, ...] = (Kind.PATIENT, Kind.VISIT)) -> None:
    """Twenty records on a page."""
    with FhirClient(server) as client:
        source = ReadAhead(FhirSource(client, system().name, page_size=PAGE, overlap=2 * EACH))
        for kind in kinds:
            pull_changes(system(), kind, source, store)


def dump(owner: Engine) -> dict[str, list[str]]:
    """Everything that stands, in order."""
    with owner.connect() as connection:
        return {
            name: sorted(str(tuple(row)) for row in connection.execute(text(statement)))
            for name, statement in _DUMP.items()
        }
