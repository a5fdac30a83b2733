"""What real vendors send can be said in tables: read, written back as it was, changed only where the hub did."""

import copy
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import only_reasons
from hub.mapping.apply import Decoded, decode, decode_all, encode, records_of
from hub.mapping.context import Context, KnownLinks
from tests.unit.mapping.vendor_shapes import vendor_record, vendor_tables

IDS = {
    kind: {**{f"{kind}-{n}": f"{kind}_{n}" for n in range(3)}, **{str(n): f"{kind}_n{n}" for n in range(9)}}
    for kind in Kind
}
LINKS = KnownLinks(IDS, {Kind.PATIENT: {"The patient 1": "patient_1"}})
CONTEXT = Context(ZoneInfo("America/Chicago"), date(2026, 3, 2), LINKS)


def parts(name: str, payload: dict[str, Any] | None = None) -> tuple[SourceRecord, ...]:
    table = vendor_tables()[name]
    return records_of(table, SourceRecord(SourceRef("v", table.kind, "A1"), payload or vendor_record(name)))


def read(name: str, payload: dict[str, Any] | None = None) -> tuple[Decoded, ...]:
    table = vendor_tables()[name]
    return tuple(decode(table, part, CONTEXT) for part in parts(name, payload))


def says(found: Decoded, **expected: Any) -> bool:
    return {key: getattr(found.record, key) for key in expected} == expected


@pytest.mark.parametrize("name", sorted(vendor_tables()))
def test_what_was_read_is_written_back_as_it_was(name: str) -> None:
    table, whole = vendor_tables()[name], vendor_record(name)
    for part, found in zip(parts(name), read(name), strict=True):
        assert found.record is not None, found.problems
        part_id = part.ref.id if table.table.each else None
        assert encode(table, found.record, CONTEXT, onto=whole, part=part_id) == whole


def test_an_appointment_of_several_services_is_several_visits() -> None:
    first, second = read("boulevard/visit")
    assert says(first, service_id="service_1", provider_id="provider_1", patient_id="patient_1", state="no_show")
    assert says(second, service_id="service_2", start=datetime(2026, 3, 2, 15, 30, tzinfo=UTC))
    assert first.record is not None
    assert second.record is not None
    assert first.record.id != second.record.id


def test_writing_into_one_service_leaves_the_others() -> None:
    table, whole = vendor_tables()["boulevard/visit"], vendor_record("boulevard/visit")
    second, found = parts("boulevard/visit")[1], read("boulevard/visit")[1]
    assert found.record is not None
    moved = found.record.model_copy(update={"end": datetime(2026, 3, 2, 17, tzinfo=UTC)})
    expected = copy.deepcopy(whole)
    expected["appointmentServices"][1]["endAt"] = "2026-03-02T17:00:00Z"
    assert encode(table, moved, CONTEXT, onto=whole, part=second.ref.id) == expected
    assert whole == vendor_record("boulevard/visit")


def test_a_part_that_is_not_there_yet_is_added() -> None:
    table, whole = vendor_tables()["boulevard/visit"], vendor_record("boulevard/visit")
    found = read("boulevard/visit")[0]
    assert found.record is not None
    third = found.record.model_copy(update={"service_id": "service_0", "note": None})
    written = encode(table, third, CONTEXT, onto=whole, part="A1#urn:blvd:Service:service-0")
    assert written["appointmentServices"][:2] == whole["appointmentServices"]
    assert written["appointmentServices"][2]["serviceId"] == "urn:blvd:Service:service-0"
    assert written["notes"] == whole["notes"]


def test_a_code_that_nobody_gave_a_meaning_stops_the_run_where_the_table_says_so() -> None:
    odd = {**vendor_record("boulevard/visit"), "cancellation": {"reason": "OFFBOARDED"}}
    assert [found.must_stop for found in read("boulevard/visit", odd)] == [True, True]
    assert "'OFFBOARDED'" in read("boulevard/visit", odd)[0].problems[0].message


def test_a_phone_in_two_values_is_one_number_and_goes_back_as_two() -> None:
    table, whole = vendor_tables()["zenoti/patient"], vendor_record("zenoti/patient")
    (found,) = read("zenoti/patient")
    assert says(
        found, phone="+15125550100", family_name="de la Cruz", street="1 Main St, Apt 2", born_on=date(1990, 5, 1)
    )
    assert found.record is not None
    moved = found.record.model_copy(update={"phone": "+442079460958", "street": "2 Oak St"})
    written = encode(table, moved, CONTEXT, onto=whole)
    assert written["personal_info"]["mobile_phone"] == {
        "country_code": 224,
        "number": "2079460958",
        "display_number": "+1 512-555-0100",
    }
    assert written["address_info"]["address_1"] == "2 Oak St"
    assert "address_2" not in written["address_info"]


@pytest.mark.parametrize("change", [{"guest": None}, {"guest": {"id": " "}}, {"status": 10}, {"status": "20"}])
def test_block_outs_in_a_list_of_appointments_are_not_visits(change: dict[str, Any]) -> None:
    assert len(parts("zenoti/visit")) == 1
    assert parts("zenoti/visit", {**vendor_record("zenoti/visit"), **change}) == ()


def test_times_in_utc_without_saying_so_are_read_and_written_so() -> None:
    table, whole = vendor_tables()["zenoti/visit"], vendor_record("zenoti/visit")
    (found,) = read("zenoti/visit")
    assert says(found, start=datetime(2026, 3, 2, 15, tzinfo=UTC), state="booked", room_id="resource_2")
    assert found.record is not None
    moved = found.record.model_copy(update={"start": datetime(2026, 3, 2, 15, 15, tzinfo=UTC), "state": "arrived"})
    written = encode(table, moved, CONTEXT, onto=whole)
    assert written["start_time_utc"] == "2026-03-02T15:15:00"
    assert "start_time" not in written
    assert (written["end_time"], written["status"]) == (whole["end_time"], 2)


def test_wall_times_of_the_site_and_ids_that_are_numbers() -> None:
    table, whole = vendor_tables()["mindbody/visit"], vendor_record("mindbody/visit")
    (found,) = read("mindbody/visit")
    assert says(found, start=datetime(2026, 3, 2, 15, tzinfo=UTC), provider_id="provider_n5", room_id="resource_n2")
    assert says(found, state="booked")
    assert only_reasons(found.warnings) == ("unknown_code",)
    assert found.record is not None
    changed = found.record.model_copy(
        update={
            "provider_id": "provider_n4",
            "start": datetime(2026, 7, 1, 14, tzinfo=UTC),
            "end": datetime(2026, 7, 1, 15, tzinfo=UTC),
            "state": "cancelled",
        }
    )
    written = encode(table, changed, CONTEXT, onto=whole)
    assert (written["StaffId"], written["StartDateTime"], written["Status"]) == (4, "2026-07-01T09:00:00", "Cancelled")
    assert "Duration" not in written


def test_times_stand_in_the_zone_that_the_record_names() -> None:
    table, whole = vendor_tables()["acuity/visit"], vendor_record("acuity/visit")
    (found,) = read("acuity/visit")
    assert says(found, start=datetime(2026, 3, 2, 14, tzinfo=UTC), end=datetime(2026, 3, 2, 14, 30, tzinfo=UTC))
    assert says(found, location_id="location_n1", state="booked")
    assert found.record is not None
    later = found.record.model_copy(update={"end": datetime(2026, 3, 2, 15, tzinfo=UTC), "state": "cancelled"})
    written = encode(table, later, CONTEXT, onto=whole)
    assert (written["datetime"], written["endDatetime"]) == ("2026-03-02T09:00:00", "2026-03-02T10:00:00")
    assert written["canceled"] is True
    (lost,) = read("acuity/visit", {**whole, "timezone": "Mars/Olympus"})
    assert only_reasons(lost.problems) == ("unknown_zone",)


def test_a_catalog_item_is_a_service_for_each_variation() -> None:
    first, second = read("square/service")
    assert says(first, name="Botox - Forehead", sku="V1", minutes=30, active=True)
    assert says(second, name="Botox - Full face", sku="V2", minutes=60)
    retail = vendor_record("square/service")
    retail["item_data"]["product_type"] = "REGULAR"
    assert parts("square/service", retail) == ()


def test_a_birthday_without_a_year_is_left_empty_and_stays_at_the_vendor() -> None:
    (found,) = read("square/patient")
    assert says(found, born_on=None, registered_on=date(2020, 1, 5))
    assert only_reasons(found.warnings) == ("bad_date",)
    assert "0000" not in str(found.warnings[0])


def test_a_full_name_in_one_value_is_two_fields() -> None:
    table, whole = vendor_tables()["acuity/patient"], vendor_record("acuity/patient")
    (found,) = read("acuity/patient")
    assert says(found, given_name="Ana Maria", family_name="Lopez", phone="+15125550100")
    assert found.record is not None
    wed = found.record.model_copy(update={"family_name": "de la Cruz"})
    assert encode(table, wed, CONTEXT, onto=whole) == {**whole, "name": "de la Cruz, Ana Maria"}
    new = encode(table, wed, CONTEXT)
    assert new["phones"] == [{"type": "mobile", "primary": True, "number": "+15125550100"}]


def test_a_mobile_number_comes_before_the_one_at_home() -> None:
    payload = vendor_record("hubspot/patient")
    assert says(read("hubspot/patient")[0], phone="+15125550100", state="TX")
    payload["properties"]["mobilephone"] = "512 555 0199"
    assert says(read("hubspot/patient", payload)[0], phone="+15125550199")


def test_decode_all_gives_one_answer_a_record() -> None:
    table = vendor_tables()["square/service"]
    record = SourceRecord(SourceRef("v", table.kind, "I1"), vendor_record("square/service"))
    assert [found.record is not None for found in decode_all(table, record, CONTEXT)] == [True, True]
