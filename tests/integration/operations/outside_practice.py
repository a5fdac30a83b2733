"""A practice whose calendar is partly made elsewhere, and visits that come from there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlalchemy import Engine, text

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient, Visit, VisitState
from hub.operations.apply_practice import apply_practice
from hub.operations.ask_outside import Outside
from hub.operations.place_facts import place_facts
from hub.ports import Placed
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.store.unit_of_work import SqlStore

PRACTICE = """
zone: America/Chicago
grid_minutes: 30
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "12:00"}]}]
resources:
  - id: dr-lee
    kind: provider
    certifications: [{code: laser-3, until: 2098-03-31}]
  - {id: dr-kim, kind: provider}
  - {id: dr-ray, kind: provider}
  - {id: room-1, kind: room, skills: [quiet]}
  - {id: room-2, kind: room}
  - {id: lounge, kind: lounge, capacity: 2}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: G1, on_hand: 1, expires: 2099-12-31}]
services:
  - {id: consult, steps: [{name: talk, minutes: 30, needs: [{kind: provider}, {kind: room}]}]}
  - {id: massage, steps: [{name: rest, minutes: 30, needs: [{kind: provider}, {kind: room, skills: [quiet]}]}]}
  - {id: gel-mask, uses: [{product: gel, quantity: 1}], steps: [{name: rest, minutes: 30, needs: [{kind: provider}]}]}
  - id: laser
    requires: [{before: consult}]
    steps:
      - {name: numb, minutes: 25, needs: [{kind: room}]}
      - {name: shoot, minutes: 20, needs: [{kind: room}, {kind: provider, certification: laser-3}]}
      - {name: clean, minutes: 15, patient: false, needs: [{kind: room}]}
"""
# 9:00 in Chicago, far ahead of any clock.
NINE = datetime(2098, 3, 3, 15, 0, tzinfo=UTC)


def open_practice(store: SqlStore, practice: str = PRACTICE) -> None:
    apply_practice(store, practice, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(30)])


def fact(
    name: str, minutes: int = 0, length: int = 30, *, patient: int = 20, service: str | None = "consult", **named: str
) -> Visit:
    """A visit so many minutes after nine, with what its record names: `provider_id`, `room_id`, `device_id`."""
    start = NINE + timedelta(minutes=minutes)
    fields = {"id": name, "patient_id": f"pat-{patient}", "location_id": "main", "service_id": service}
    times = {"start": start, "end": start + timedelta(minutes=length), "state": VisitState.BOOKED}
    return Visit.model_validate(fields | times | named)


def arrive(store: SqlStore, *visits: Visit) -> Placed:
    """Take visits in as a pull does."""
    with store.begin("test") as work:
        work.records.save(list(visits), origin="ehr")
        return place_facts(work, [visit.id for visit in visits])


def wanted(
    service: str = "consult", minutes: int = 0, *, patient: int = 0, resources: dict[str, str] | None = None
) -> BookingRequest:
    """A visit so many minutes after nine."""
    part = Part(service, f"pat-{patient}", resources=resources or {})
    return BookingRequest(Trip((part,), "main"), NINE + timedelta(minutes=minutes))


def openings(request: BookingRequest) -> OpeningsRequest:
    """Of the same trip, on the day of `NINE`."""
    return OpeningsRequest(request.trip, NINE.date(), NINE.date())


def taken(owner: Engine, visit_id: str) -> list[tuple[str, str, str | None, int, int, bool, bool]]:
    """(resource, need, step, from, until, firm, reassignable) in minutes after nine."""
    query = text("""
        SELECT u.owner_id, c.need, c.step, lower(c.during) AS first, upper(c.during) AS last, c.firm, c.reassignable
        FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        WHERE c.visit_id = :id AND u.owner_kind = 'resource' ORDER BY lower(c.during), c.need""")
    with owner.connect() as connection:
        return [
            (row.owner_id, row.need, row.step, _minutes(row.first), _minutes(row.last), row.firm, row.reassignable)
            for row in connection.execute(query, {"id": visit_id})
        ]


def flagged(store: SqlStore, kind: str = "breaks_rules") -> dict[str, tuple[str, ...]]:
    """Visit → codes of its open issue."""
    with store.begin("test") as work:
        return {issue.subject_id: issue.codes for issue in work.issues.find_open(kind)}


def rooms(owner: Engine, *visit_ids: Sequence[str]) -> list[str]:
    """The room of each."""
    return [next(one[0] for one in taken(owner, str(each)) if one[1] == "room") for each in visit_ids]


def _minutes(at: datetime) -> int:
    return int((at - NINE).total_seconds()) // 60


def nobody_outside() -> Outside:
    """Who tends a book in which no connection has a say."""

    def unknown(system: str) -> NoReturn:
        raise AssertionError(f"{system} was asked")

    return Outside(unknown, unknown)
