"""Decode and encode around the edges: reasons, warnings, directions, shared columns, alternatives."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import RecordRejected, only_reasons
from hub.mapping.apply import Decoded, TwoWay, decode, encode, read_mapping
from hub.mapping.context import Context, KnownLinks

LINKS = KnownLinks({Kind.PATIENT: {"1": "pat_1"}}, {Kind.LOCATION: {"Main": "loc_1"}})
CONTEXT = Context(ZoneInfo("America/Chicago"), date(2026, 3, 2), LINKS)
VISIT = """
record: visit
shape: row
invalid: bad_times
fields:
  patient_id: {path: Client, codec: reference, kind: patient, unknown: orphan_patient, required: true}
  location_id: {path: Site, codec: reference, kind: location, by: name, required: true, code: unknown_code}
  start: {paths: {date: Date, time: Start}, codec: wall_time, dates: ["%Y-%m-%d", "%m/%d/%Y"], required: true}
  end: {paths: {date: Date, time: End}, codec: wall_time, dates: ["%Y-%m-%d", "%m/%d/%Y"], required: true}
  state: {default: booked}
  price: {path: Price, codec: money, problem: blank}
  note: {path: Note, write: if_new}
  booked_via: {path: Via, direction: read}
"""
ROW = {
    "Client": "1",
    "Site": "Main",
    "Date": "03/02/2026",
    "Start": "09:00",
    "End": "09:30",
    "Price": "$5",
    "Note": "n",
}


@pytest.fixture(scope="module")
def visits() -> TwoWay:
    return read_mapping(VISIT, "visit.yaml", {})


def read(mapping: TwoWay, payload: dict[str, Any], context: Context = CONTEXT) -> Decoded:
    return decode(mapping, SourceRecord(SourceRef("s", mapping.kind, "7"), payload, file="a.csv", line=9), context)


def test_the_reasons_stand_in_the_order_of_the_fields(visits: TwoWay) -> None:
    decoded = read(visits, {**ROW, "Client": "2", "Site": "?", "Date": "soon"})
    assert decoded.record is None
    assert only_reasons(decoded.problems) == ("orphan_patient", "unknown_code", "bad_date")
    assert [(p.file, p.line, p.field) for p in decoded.problems][:3] == [
        ("a.csv", 9, "Client"),
        ("a.csv", 9, "Site"),
        ("a.csv", 9, "Date + Start"),
    ]


def test_a_text_that_comes_again_means_what_its_surroundings_make_of_it(visits: TwoWay) -> None:
    elsewhere = replace(CONTEXT, zone=ZoneInfo("America/New_York"), currency="CAD")
    found = [read(visits, {**ROW, "Price": "5"}, context).record for context in (CONTEXT, elsewhere, CONTEXT) * 2]
    hours = [one.start.hour for one in found if isinstance(one, Visit)]
    currencies = [one.price.currency for one in found if isinstance(one, Visit) and one.price]
    assert (hours, currencies) == ([15, 14, 15] * 2, ["USD", "CAD", "USD"] * 2)


def test_what_is_wrong_or_remarkable_is_said_each_time_it_comes(visits: TwoWay) -> None:
    skipped = {**ROW, "Date": "2026-03-08", "Start": "02:30", "End": "04:00", "Price": "much"}
    for _ in range(2):
        decoded = read(visits, skipped)
        assert decoded.record is not None
        assert [one.code for one in decoded.warnings] == ["skipped_time", "bad_money"]
        assert only_reasons(read(visits, {**ROW, "Date": "soon"}).problems)[0] == "bad_date"


def test_a_value_that_is_no_text_is_not_taken_for_one(visits: TwoWay) -> None:
    prices = ["5", 5, True, [5], {}, None, "5"]
    found = [read(visits, {**ROW, "Price": one}).record for one in prices]
    assert [one.price.amount_minor if isinstance(one, Visit) and one.price else None for one in found] == [
        500, 500, None, None, None, None, 500,
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["09:00", "08:30"])
def test_an_end_that_is_not_after_its_start_has_the_tables_reason(visits: TwoWay, end: str) -> None:
    assert only_reasons(read(visits, {**ROW, "End": end}).problems) == ("bad_times",)


def test_a_blank_field_is_left_empty_with_a_warning(visits: TwoWay) -> None:
    decoded = read(visits, {**ROW, "Price": "TBD"})
    assert isinstance(decoded.record, Visit)
    assert decoded.record.price is None
    assert only_reasons(decoded.warnings) == ("bad_money",)


def test_a_missing_column_reads_as_nothing(visits: TwoWay) -> None:
    decoded = read(visits, {key: value for key, value in ROW.items() if key != "Client"})
    assert [(p.code, p.message) for p in decoded.problems] == [("missing", "is missing")]


def test_the_linked_id_is_kept_and_the_first_sight_derives_one(visits: TwoWay) -> None:
    linked = replace(CONTEXT, links=KnownLinks({**LINKS.ids, Kind.VISIT: {"7": "vis_known"}}, LINKS.names))
    first, known = read(visits, ROW).record, read(visits, ROW, linked).record
    assert first is not None
    assert first.id.startswith("vis_")
    assert read(visits, ROW).record == first
    assert known is not None
    assert known.id == "vis_known"


def visit(visits: TwoWay, **changes: Any) -> Visit:
    record = read(visits, ROW).record
    assert isinstance(record, Visit)
    return record.model_copy(update=changes)


def test_a_moved_end_leaves_the_date_as_the_vendor_wrote_it(visits: TwoWay) -> None:
    moved = visit(visits, end=datetime(2026, 3, 2, 16, tzinfo=UTC))
    assert encode(visits, moved, CONTEXT, onto=ROW) == {**ROW, "End": "10:00"}


def test_two_fields_of_one_column_must_agree(visits: TwoWay) -> None:
    across = visit(visits, end=datetime(2026, 3, 3, 16, tzinfo=UTC))
    with pytest.raises(RecordRejected) as caught:
        encode(visits, across, CONTEXT)
    assert only_reasons(caught.value.problems) == ("conflict",)


def test_create_only_is_written_once_and_read_is_never_written(visits: TwoWay) -> None:
    record = visit(visits, note="new", booked_via="desk")
    assert encode(visits, record, CONTEXT)["Note"] == "new"
    assert "Via" not in encode(visits, record, CONTEXT)
    assert encode(visits, record, CONTEXT, onto=ROW)["Note"] == "n"


def test_what_the_hub_could_not_read_is_not_wiped_out(visits: TwoWay) -> None:
    row = {**ROW, "Price": "to be discussed"}
    assert encode(visits, visit(visits, price=None), CONTEXT, onto=row)["Price"] == "to be discussed"


def test_what_the_hub_read_and_then_emptied_is_emptied(visits: TwoWay) -> None:
    assert encode(visits, visit(visits, price=None), CONTEXT, onto=ROW)["Price"] == ""


def test_a_patient_the_vendor_does_not_know_is_refused_not_dropped(visits: TwoWay) -> None:
    with pytest.raises(RecordRejected) as caught:
        encode(visits, visit(visits, patient_id="pat_9"), CONTEXT)
    assert only_reasons(caught.value.problems) == ("orphan_patient",)


def test_the_payload_that_was_seen_is_not_touched(visits: TwoWay) -> None:
    row = dict(ROW)
    encode(visits, visit(visits, state=VisitState.CANCELLED, price=None), CONTEXT, onto=row)
    assert row == ROW


PERSON = """
record: patient
fields:
  family_name: name[use=official].family | name[0].family
  active: {path: active, codec: boolean, default: true}
"""


@pytest.fixture(scope="module")
def people() -> TwoWay:
    return read_mapping(PERSON, "patient.yaml", {})


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({}, {"name": [{"use": "official", "family": "new"}]}),
        ({"name": [{"family": "old"}]}, {"name": [{"family": "new"}]}),
        (
            {"name": [{"family": "old"}, {"use": "official", "family": "old"}]},
            {"name": [{"family": "old"}, {"use": "official", "family": "new"}]},
        ),
        ({"name": [{"use": "official", "family": " "}, {}]}, {"name": [{"use": "official", "family": "new"}, {}]}),
    ],
)
def test_the_alternative_that_was_read_is_the_one_written(people: TwoWay, payload: Any, written: Any) -> None:
    record = read(people, payload).record
    assert isinstance(record, Patient)
    changed = record.model_copy(update={"family_name": "new"})
    assert encode(people, changed, CONTEXT, onto=payload) == written


def test_an_emptied_field_is_emptied_in_every_alternative(people: TwoWay) -> None:
    payload = {"name": [{"family": "a", "id": 1}, {"use": "official", "family": "b"}]}
    record = Patient.model_validate({"id": "pat_1"})
    assert encode(people, record, CONTEXT, onto=payload) == {"name": [{"id": 1}]}


def test_a_default_that_the_vendor_leaves_unsaid_stays_unsaid(people: TwoWay) -> None:
    record = read(people, {"name": [{"family": "a"}]}).record
    assert record is not None
    assert encode(people, record, CONTEXT, onto={"name": [{"family": "a"}]}) == {"name": [{"family": "a"}]}


def test_the_fingerprint_changes_with_the_table_and_with_its_codes() -> None:
    assert read_mapping(PERSON, "a", {}).fingerprint == read_mapping(PERSON, "b", {}).fingerprint
    assert read_mapping(PERSON, "a", {}).fingerprint != read_mapping(PERSON + "  city: city\n", "a", {}).fingerprint
