"""Which records of a stream are of a table's kind."""

from typing import Any

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.mapping.apply import read_mapping, records_of


def taken(only: str, payload: Any, shape: str = "tree") -> bool:
    mapping = read_mapping(f"record: location\nshape: {shape}\nonly: {only}\nfields: {{name: name}}", "l.yaml", {})
    return bool(records_of(mapping, SourceRecord(SourceRef("v", Kind.LOCATION, "1"), payload)))


@pytest.mark.parametrize(
    ("only", "payload", "expected"),
    [
        ("{type: site}", {"type": "site"}, True),
        ("{type: site}", {"type": "Site"}, False),
        ("{type: site}", {}, False),
        ("{type: [site, clinic]}", {"type": " clinic "}, True),
        ("{n: 3}", {"n": "3"}, True),
        ("{open: true}", {"open": True}, True),
        ("{open: true}", {"open": "true"}, True),
        ("{a.b: {present: true}}", {"a": {"b": 0}}, True),
        ("{a.b: {present: true}}", {"a": {"b": " "}}, False),
        ("{a.b: {present: false}}", {"a": [3]}, True),
        ("{a.b: {present: false}}", {"a": {"b": []}}, True),
        ("{a.code: {in: [x], not_in: [y]}}", {"a": [{"code": "x"}, {"code": "z"}]}, True),
        ("{a.code: {in: [x], not_in: [y]}}", {"a": [{"code": "x"}, {"code": "y"}]}, False),
        ("{a: x, b: y}", {"a": "x"}, False),
        ("[{a: x}, {b: y}]", {"b": "y"}, True),
        ("[{a: x}, {b: y}]", {"a": "z"}, False),
    ],
)
def test_a_filter_takes_what_it_asks_for(only: str, payload: dict[str, Any], expected: bool) -> None:
    assert taken(only, payload) is expected


def test_in_a_row_a_path_is_a_column() -> None:
    assert taken("{Is a site?: [Y]}", {"Is a site?": "Y"}, "row")
    assert not taken("{Is a site?: [Y]}", {"Is": "Y"}, "row")


ROOM = {"coding": [{"code": "ro"}]}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({}, Kind.LOCATION),
        ({"partOf": {"reference": "Location/1"}}, Kind.RESOURCE),
        ({"physicalType": ROOM}, Kind.RESOURCE),
        ({"physicalType": {"coding": [{"code": "si"}, {"code": "bd"}]}}, Kind.RESOURCE),
        ({"physicalType": {"coding": [{"code": "si"}]}, "partOf": {"reference": "Location/1"}}, Kind.LOCATION),
        ({"physicalType": {"coding": [{"code": "odd"}]}}, Kind.LOCATION),
        ({"physicalType": {"coding": [{"code": "odd"}]}, "partOf": {"reference": "Location/1"}}, Kind.RESOURCE),
        ({"physicalType": "odd", "partOf": None}, Kind.LOCATION),
    ],
)
def test_a_fhir_location_is_a_site_or_a_room_and_never_both(payload: dict[str, Any], kind: Kind) -> None:
    from tests.properties.mapping_strategies import shipped

    for one in (Kind.LOCATION, Kind.RESOURCE):
        source = SourceRecord(SourceRef("v", one, "1"), {"resourceType": "Location", "name": "x", **payload})
        assert bool(records_of(shipped()[f"fhir-r4/{one}"], source)) is (one is kind)
