"""A first table from a sample: held against the tables that people wrote for the same vendors' records."""

import copy
import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.canonical.source import SourceRecord, SourceRef
from hub.mapping.apply import TwoWay, decode, read_mapping, records_of
from hub.mapping.context import Context, KnownLinks
from hub.mapping.profile import profile_table
from hub.mapping.proposal import Proposal, propose
from hub.mapping.spec import read_codes
from hub.tables import Row
from tests.legacy.value import FILES
from tests.properties.mapping_strategies import code_tables, shipped
from tests.unit.mapping.test_vendor_shapes import CONTEXT
from tests.unit.mapping.vendor_shapes import vendor_codes, vendor_record, vendor_tables

EXPORT = Path(__file__).parents[3] / "examples" / "juniper" / "legacy-export"


def read(proposal: Proposal) -> TwoWay:
    codes = {name: read_codes(text, name) for name, text in proposal.codes.items()}
    return read_mapping(proposal.table, "proposed.yaml", {**code_tables(), **vendor_codes(), **codes})


def varied(record: Mapping[str, Any], count: int = 12) -> list[dict[str, Any]]:
    """The record again and again, with other text in what is text."""

    def change(value: Any, number: int) -> Any:
        if isinstance(value, dict):
            return {key: change(inner, number) for key, inner in value.items()}
        if isinstance(value, list):
            return [change(inner, number) for inner in value]
        if value == "Tentative":
            return "Booked"
        if isinstance(value, str) and value.isalpha() and value.istitle():
            return f"{value}{'abcdefghijkl'[number]}"
        return f"{value[:-1]}{number % 10}" if isinstance(value, str) and value.endswith("0100") else value

    return [change(copy.deepcopy(record), number) for number in range(count)]


def agreeing(
    name: str, records: list[dict[str, Any]], proposed: TwoWay, written: TwoWay, context: Context = CONTEXT
) -> dict[str, bool]:
    """By canonical field that both fill, whether they read the same from all records."""
    names = [one for one in written.names if one in proposed.names]
    agree = dict.fromkeys(names, True)
    for record in records:
        source = SourceRecord(SourceRef("v", written.kind, "1"), record)
        pairs = zip(records_of(written, source), records_of(proposed, source), strict=True)
        for mine, theirs in pairs:
            one, other = decode(written, mine, context).record, decode(proposed, theirs, context).record
            assert one is not None
            assert other is not None, (name, decode(proposed, theirs, context).problems)
            for field in names:
                agree[field] &= getattr(one, field) == getattr(other, field)
    return agree


CASES = {
    "hubspot/patient": (set(), {"state"}),
    "klaviyo/patient": (set(), set()),
    "mindbody/patient": ({"street"}, set()),
    "square/patient": ({"born_on"}, set()),
    "zenoti/patient": (set(), {"street", "phone"}),
    "zenoti/visit": ({"note"}, {"state"}),
    "boulevard/visit": (set(), {"state"}),
    "mindbody/visit": (set(), {"state"}),
    "square/service": (set(), {"name", "sku"}),
    "acuity/patient": (set(), set()),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_proposal_reads_what_a_person_would_have_it_read(name: str) -> None:
    """Beside each: what the sample does not show, and what a person must still say."""
    unseen, left = CASES[name]
    written = vendor_tables()[name]
    records = varied(vendor_record(name))
    proposal = propose(records, written.kind, system="theirs")
    codes = {
        key: text if "codes: {}" not in text else "codes: {booked: ['4', Tentative]}"
        for key, text in proposal.codes.items()
    }
    proposed = read(Proposal(proposal.table, codes, proposal.not_found, proposal.unmapped))
    assert set(written.names) - set(proposed.names) == unseen
    assert {field for field, same in agreeing(name, records, proposed, written).items() if not same} <= left


@pytest.mark.parametrize(
    ("file", "kind", "left"),
    [
        ("clients.csv", Kind.PATIENT, {"state", "born_on"}),
        ("staff.csv", Kind.PROVIDER, set()),
        ("services.csv", Kind.SERVICE, set()),
    ],
)
def test_a_proposal_reads_an_old_export_as_its_shipped_table_does(file: str, kind: Kind, left: set[str]) -> None:
    rows = list(csv.DictReader((EXPORT / file).read_text("cp1252").splitlines()))[:120]
    proposal = propose(rows, kind, system="old", row=True)
    proposed, written = (
        read(Proposal(_with_sku(proposal.table), proposal.codes, (), ())),
        shipped()[f"legacy-export/{kind}"],
    )
    agree = agreeing(file, [row for row in rows if _is_plain(row, written)], proposed, written)
    assert len(agree) >= len(written.names) - 1
    assert {field for field, same in agree.items() if not same} <= left


IDS = {
    Kind.PATIENT: {one: one for one in ("C1", "C2")},
    Kind.VISIT: {one: one for one in ("A1", "A2")},
    Kind.PRODUCT: {one: one for one in ("Botox", "Juvederm")},
    Kind.LOCATION: {"Main": "main"},
}
EXPORTED = replace(CONTEXT, links=KnownLinks(IDS, {**IDS, Kind.SERVICE: {"Chemical peel - light": "peel"}}))
"""What the export names elsewhere."""


@pytest.mark.parametrize(
    ("file", "kind", "loaded"),
    [
        ("payments.csv", Kind.PAYMENT, 3),
        ("packages.csv", Kind.PACKAGE, 2),
        ("giftcards.csv", Kind.GIFT_CARD, 3),
        ("memberships.csv", Kind.MEMBERSHIP, 3),
        ("invoices.csv", Kind.INVOICE, 3),
        ("inventory.csv", Kind.LOT, 2),
    ],
)
def test_a_proposal_reads_what_was_paid_ahead_as_the_shipped_table_does(file: str, kind: Kind, loaded: int) -> None:
    rows = list(csv.DictReader(FILES[file].splitlines()))
    found = profile_table(file, tuple(rows[0]), (Row(n, row) for n, row in enumerate(rows, start=2))).propose(
        system="old"
    )
    assert found is not None
    assert found[0] is kind, "its name says it"
    proposed, written = read(found[1]), shipped()[f"legacy-export/{kind}"]
    plain = [row for row in rows if _is_plain(row, written, EXPORTED)]
    assert len(plain) == loaded
    agree = agreeing(file, plain, proposed, written, EXPORTED)
    assert set(agree) == set(written.names)
    assert {field for field, same in agree.items() if not same} <= {"method", "unit"}, "words are kept as they stand"


def test_an_amount_that_cannot_be_read_is_no_blank_in_a_proposal() -> None:
    rows = [{"Code": f"G{n}", "Value": "100.00", "Balance": "40.00", "Client": f"C{n}"} for n in range(20)]
    proposed = read(propose(rows, Kind.GIFT_CARD, system="old", row=True))
    for wrong in ({"Balance": "much"}, {"Value": "?"}):
        source = SourceRecord(SourceRef("v", Kind.GIFT_CARD, "1"), rows[0] | wrong)
        assert decode(proposed, source, CONTEXT).record is None


def _with_sku(table: str) -> str:
    return table.replace("  # sku: not found", "  sku: {path: Name, direction: read, required: true}")


def _is_plain(row: dict[str, str], table: TwoWay, context: Context = CONTEXT) -> bool:
    found = decode(table, SourceRecord(SourceRef("v", table.kind, "1"), row), context)
    return found.record is not None and not found.warnings


def test_an_export_of_visits_is_read_by_date_and_time_of_day() -> None:
    rows = list(csv.DictReader((EXPORT / "appointments.csv").read_text("utf-8-sig").splitlines()))[:200]
    proposal = propose(rows, Kind.VISIT, system="old", row=True)
    assert "start: {paths: {date: Date, time: Start}, codec: wall_time" in proposal.table
    assert "service_id: {path: Service, codec: reference, kind: service, by: name" in proposal.table
    codes = read_codes(proposal.codes["old-visit-state"], "c")
    assert codes.meanings[codes.key_of("Cancelled by client")] == "cancelled"
    assert codes.meanings[codes.key_of("No-Show")] == "no_show"
    assert '# no meaning yet: "Zzz"' in proposal.codes["old-visit-state"]
    assert set(read(proposal).names) >= {"patient_id", "start", "end", "state", "location_id", "price", "room_id"}


def test_a_proposal_for_records_that_say_more_of_others_asks_where_the_other_ones_id_stands() -> None:
    proposal = propose([{"id": 1, "owner": 7, "phone": "5125550101"}], Kind.PATIENT, system="cards", joins="clients")
    assert "\n# joins: PATH, where clients's id of the patient stands\nfields:\n" in proposal.table
    assert "joins" not in propose([{"id": 1}], Kind.PATIENT, system="clients").table


def test_no_personal_value_gets_into_the_text() -> None:
    people = [
        {
            "id": n,
            "name": name,
            "city": "Zyxville",
            "note": "Qwerty",
            "contacts": [{"name": name, "phone": f"512555010{n}"}],
            "state": f"Nowhere{n % 2}",
        }
        for n, name in enumerate(["Wilhelmina", "Bartholomew", "Persephone", "Wilhelmina"])
    ]
    proposal = propose(people, Kind.PATIENT)
    said = proposal.table + "".join(proposal.codes.values())
    for word in ("Wilhelmina", "Bartholomew", "Zyxville", "Qwerty", "512555", "Nowhere"):
        assert word not in said
    read(proposal)


@pytest.mark.parametrize("kind", [Kind.PATIENT, Kind.PROVIDER, Kind.LOCATION, Kind.RESOURCE, Kind.SERVICE, Kind.VISIT])
@pytest.mark.parametrize(
    "records",
    [
        [{"id": 1}],
        [{"id": None, "yes": "no", "a b": "x", "1st": "?", "ü": "é", "odd[key]": 1}],
        [{"name": {"name": [1, {"name": []}]}, "email": 5, "start": True, "price": "much", "status": {}}],
        [{"start": "soon", "active": "maybe", "duration": "-", "phone": "12", "birthdate": "19900101"}],
    ],
)
def test_a_proposal_can_always_be_read_whatever_the_records_hold(kind: Kind, records: list[dict[str, Any]]) -> None:
    proposal = propose(records, kind)
    if proposal.found:
        read(proposal)
    assert set(proposal.not_found) == set(MODELS[kind].model_fields) - {"id", *proposal.found}


def test_a_mere_value_is_named_by_what_chooses_it_and_a_key_by_whose_it_is() -> None:
    people = [
        {
            "key": str(n),
            "contacts": [{"kind": "mobile", "val": f"512 555 01{n:02}"}, {"kind": "mail", "val": f"a{n}@b.io"}],
        }
        for n in range(12)
    ]
    table = propose(people, Kind.PATIENT).table
    assert 'phone: {path: "contacts[kind=mobile].val", codec: phone' in table
    assert 'email: {path: "contacts[kind=mail].val", codec: email' in table
    visits = [{"key": str(n), "customer": {"key": f"C{n}"}, "start": "2026-03-02T10:00:00Z"} for n in range(12)]
    assert "patient_id: {path: customer.key, codec: reference, kind: patient" in propose(visits, Kind.VISIT).table


def test_short_words_are_known_too() -> None:
    visits = [
        {"guest": {"ref": f"C{n}"}, "svc": {"code": "BTX"}, "day": "03/14/2026", "from": "02:30 PM", "till": "03:15 PM"}
        for n in range(12)
    ]
    table = propose(visits, Kind.VISIT).table
    for start in ("patient_id: {path: guest.ref,", "service_id: {path: svc.code,"):
        assert f"  {start} codec: reference" in table
    assert "start: {paths: {date: day, time: from}, codec: wall_time" in table
    assert "end: {paths: {date: day, time: till}, codec: wall_time" in table


@pytest.mark.parametrize(
    ("keys", "line"), [(("a", "b"), 'id: "treatments[*].key"'), (("a", "a"), "add an id of theirs")]
)
def test_what_tells_the_elements_of_a_list_apart_is_proposed_where_nothing_stands_twice(keys, line):
    treatments = [
        {"key": key, "start": f"2026-03-02T1{n}:00:00Z", "end": f"2026-03-02T1{n}:30:00Z"} for n, key in enumerate(keys)
    ]
    records = [{"ref": "B1", "guest": "G1", "status": "set", "treatments": treatments}]
    [each] = [one for one in propose(records, Kind.VISIT).table.splitlines() if one.startswith("each:")]
    assert line in each
