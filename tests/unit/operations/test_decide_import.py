"""What an export means, decided without a database."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.records import Location, Patient, Resource, Service, Visit
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.kit.mapping_files import load_mappings
from hub.mapping.apply import TwoWay
from hub.operations.decide_import import ImportPlan, Setting, decide_import
from hub.operations.export_links import Ids
from hub.sync.export import ExportFile

T = TypeVar("T")
ZONE = ZoneInfo("America/Chicago")
CLIENT = dict.fromkeys(
    [
        "First Name",
        "Last Name",
        "DOB",
        "Mobile",
        "Email",
        "Address",
        "City",
        "State",
        "Zip",
        "Created",
        "Notes",
        "SMS OK",
    ],
    "",
)
SERVICE = {"Name": "Peel - light", "Category": "Skin", "Duration (min)": "30", "Price": "100.00", "Active": "Y"}
STAFF = {"Name": "Dr. O", "Title": "MD", "License": "L1", "License Exp": "2027-01-01", "Active": "Y"}
VISIT = {
    "ClientID": "C1",
    "Service": "PEEL LIGHT",
    "Staff": "E1",
    "Room": "Room 1",
    "Date": "2026-01-05",
    "Start": "09:00",
    "End": "09:30",
    "Status": "Done",
    "Price": "100",
    "Booked By": "Online",
    "Booked On": "2025-12-01",
    "Notes": "",
    "Location": "Main",
}


@cache
def mappings() -> dict[str, TwoWay]:
    return dict(load_mappings(Path(__file__).parents[3] / "mappings", "legacy-export"))


def rows(kind: Kind, *payloads: dict[str, str]) -> ExportFile:
    names = {Kind.PATIENT: "clients", Kind.SERVICE: "services", Kind.PROVIDER: "staff", Kind.VISIT: "visits"}
    records = tuple(
        SourceRecord(
            SourceRef("old", kind, payload["id"]),
            payload,
            modified_at=datetime.fromisoformat(payload["modified"]) if "modified" in payload else None,
            file=names[kind],
            line=line,
        )
        for line, payload in enumerate(payloads, 2)
    )
    return ExportFile(names[kind], kind, "hash", records)


def plan(*visits: dict[str, str], known: Ids | None = None, aliases: Ids | None = None, **more: Any) -> ImportPlan:
    files = [
        rows(Kind.PATIENT, *more.get("clients", [{"id": "C1", **CLIENT}])),
        rows(Kind.SERVICE, *more.get("services", [{"id": "S1", **SERVICE}])),
        rows(Kind.PROVIDER, {"id": "E1", **STAFF}),
        rows(Kind.VISIT, *({"id": f"A{number}", **VISIT, **visit} for number, visit in enumerate(visits))),
    ]
    setting = Setting("old", ZONE, date(2026, 3, 2), mappings(), aliases or {}, known or {})
    return decide_import(files, setting, lambda _what, _rows: None)


def verdicts(made: ImportPlan, file: str = "visits") -> list[tuple[int | None, str, str | None]]:
    return [(one.row.line, one.verdict.value, one.reason) for one in made.outcomes if one.row.file == file]


def of_type(made: ImportPlan, kind: type[T]) -> list[T]:
    return [record for record in made.records if isinstance(record, kind)]


def test_a_clean_visit_refers_to_everything_it_names() -> None:
    made = plan({})
    (visit,) = of_type(made, Visit)
    ids = {record.id for record in made.records}
    assert {visit.patient_id, visit.service_id, visit.provider_id, visit.room_id, visit.location_id} <= ids
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ClientID": "C2"}, "orphan_patient"),
        ({"ClientID": ""}, "orphan_patient"),
        ({"Service": ""}, "unknown_service"),
        ({"Service": "Peel"}, "unknown_service"),
        ({"Date": ""}, "bad_date"),
        ({"Date": "05.01.2026"}, "bad_date"),
        ({"Date": "1900-01-01"}, "implausible_date"),
        ({"Date": "2126-01-05"}, "implausible_date"),
        ({"Start": ""}, "bad_times"),
        ({"End": "25:00"}, "bad_times"),
        ({"End": "09:00"}, "bad_times"),
        ({"Price": "1,2,3"}, "bad_money"),
        ({"Status": ""}, "unknown_code"),
        ({"Status": "Maybe"}, "unknown_code"),
        ({"Booked By": "Carrier pigeon"}, "unknown_code"),
        ({"Location": ""}, "unknown_code"),
    ],
)
def test_every_kind_of_dirt_has_its_one_reason(change: dict[str, str], reason: str) -> None:
    made = plan(change)
    assert verdicts(made) == [(2, "quarantined", reason)]
    assert of_type(made, Visit) == []


def test_of_several_reasons_the_first_in_the_order_of_the_table_counts() -> None:
    assert verdicts(plan({"Status": "?", "Price": "?", "ClientID": "?"}))[0][2] == "orphan_patient"


@pytest.mark.parametrize("change", [{"Staff": "E9"}, {"Booked On": "soon"}])
def test_what_a_visit_can_do_without_is_left_empty_with_a_warning(change: dict[str, str]) -> None:
    made = plan(change)
    assert verdicts(made) == [(2, "loaded", None)]
    assert [(warning.file, warning.line) for warning in made.warnings] == [("visits", 2)]


def test_older_versions_follow_the_one_that_counts_even_into_quarantine() -> None:
    old, new = {"modified": "2026-01-01T00:00+00:00"}, {"modified": "2026-02-01T00:00+00:00"}
    made = plan({"id": "A0", **old}, {"id": "A0", **new, "Price": "?"}, {"id": "A0", **new, "Price": "?"})
    assert verdicts(made) == [
        (2, "merged", "superseded"),
        (3, "quarantined", "bad_money"),
        (4, "merged", "repeated"),
    ]


def test_a_client_without_a_readable_birthday_or_phone_is_still_a_client() -> None:
    odd = {"id": "C1", **CLIENT, "DOB": "31/31/1990", "Mobile": "ask", "Email": "none", "State": "Tejas"}
    made = plan({}, clients=[odd])
    (patient,) = of_type(made, Patient)
    assert (patient.born_on, patient.phone, patient.email, patient.state) == (None, None, None, "Tejas")
    assert [warning.code for warning in made.warnings] == ["bad_date", "bad_phone", "invalid"]


@pytest.mark.parametrize("dob", ["2039-12-17", "1900-01-01"])
def test_a_birthday_that_cannot_be_is_left_empty(dob: str) -> None:
    made = plan({}, clients=[{"id": "C1", **CLIENT, "DOB": dob}])
    assert of_type(made, Patient)[0].born_on is None
    assert [warning.code for warning in made.warnings] == ["implausible_date"]


def test_a_client_of_an_earlier_export_is_no_orphan() -> None:
    made = plan({"ClientID": "C7"}, known={Kind.PATIENT: {"C7": "pat_seven"}})
    assert of_type(made, Visit)[0].patient_id == "pat_seven"


def test_a_visit_means_the_kept_service_whichever_writing_it_names() -> None:
    services = [{"id": "S1", **SERVICE, "Name": "PEEL LIGHT"}, {"id": "S2", **SERVICE, "Active": "N"}]
    made = plan({"Service": "PEEL LIGHT"}, {"Service": "peel \u2013 Light"}, services=services)
    kept = next(service for service in of_type(made, Service) if not service.archived)
    assert (kept.name, kept.sku) == ("Peel - light", "Peel - light")
    assert {visit.service_id for visit in of_type(made, Visit)} == {kept.id}


def test_one_location_in_three_writings_is_one_and_has_its_usual_name() -> None:
    made = plan({"Location": "MAIN "}, {"Location": "Main"}, {"Location": "main"}, {"Location": "Main"})
    assert [location.name for location in of_type(made, Location)] == ["Main"]


def test_rooms_of_one_name_at_two_locations_are_two_and_do_not_conflict() -> None:
    other = {"id": "C2", **CLIENT}
    made = plan(
        {"Room": "Room 1", "Staff": ""},
        {"Room": "room 1", "Staff": "", "Location": "North", "ClientID": "C2"},
        clients=[{"id": "C1", **CLIENT}, other],
    )
    assert len(of_type(made, Resource)) == 2
    assert made.overlaps == ()


def test_a_room_that_only_a_quarantined_row_names_is_not_made() -> None:
    assert [room.name for room in of_type(plan({}, {"Room": "Rm 9", "Status": "?"}), Resource)] == ["Room 1"]


def test_overlaps_are_of_loaded_visits_only() -> None:
    assert len(plan({}, {}).overlaps) == 3
    assert plan({}, {"Status": "Cxl"}).overlaps == ()
    assert plan({}, {"Price": "?"}).overlaps == ()


def test_an_alias_is_the_hubs_id_and_a_room_may_be_named_with_its_location() -> None:
    aliases: Ids = {
        Kind.PROVIDER: {"E1": "dr-o"},
        Kind.RESOURCE: {"MAIN/room 1": "room-1"},
        Kind.LOCATION: {"main": "austin"},
    }
    (visit,) = of_type(plan({}, aliases=aliases), Visit)
    assert (visit.provider_id, visit.room_id, visit.location_id) == ("dr-o", "room-1", "austin")


def test_the_same_export_gives_the_same_plan() -> None:
    assert plan({}, {"Status": "?"}, {}) == plan({}, {"Status": "?"}, {})
