"""Paths read, write and clear."""

from typing import Any

import pytest

from hub.mapping.paths import BadPath, parse_place

PATIENT = "participant[actor.reference^=Patient/].actor.reference"


@pytest.mark.parametrize(
    ("path", "record", "value"),
    [
        ("a.b", {"a": {"b": 1}}, 1),
        ("a.b", {"a": [1]}, None),
        ("given[1]", {"given": ["x", "y"]}, "y"),
        ("given[1]", {"given": ["x"]}, None),
        ("given[0]", {"given": "x"}, None),
        (
            "name[use=official].family",
            {"name": [{"use": "old", "family": "x"}, {"use": "official", "family": "y"}]},
            "y",
        ),
        ("id[system=urn:a][use=usual].value", {"id": [{"system": "urn:a", "value": 1}]}, None),
        (
            "extension[url=http://a.b/c.d].valueString",
            {"extension": [{"url": "http://a.b/c.d", "valueString": "x"}]},
            "x",
        ),
        (PATIENT, {"participant": [{"actor": {}}, "odd", {"actor": {"reference": "Patient/1"}}]}, "Patient/1"),
    ],
)
def test_a_path_reads_what_stands_there_and_nothing_else(path: str, record: dict[str, Any], value: object) -> None:
    assert parse_place(path).read(record) == value


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("a.b.c", {"a": {"b": {"c": "v"}}}),
        ("given[0]", {"given": ["v"]}),
        ("given[1]", {"given": [None, "v"]}),
        ("name[use=official].given[0]", {"name": [{"use": "official", "given": ["v"]}]}),
        ("p[actor.type=Patient].actor.reference", {"p": [{"actor": {"type": "Patient", "reference": "v"}}]}),
        ("id[system=urn:a][use=usual].value", {"id": [{"system": "urn:a", "use": "usual", "value": "v"}]}),
    ],
)
def test_writing_makes_what_is_missing_and_reads_back(path: str, made: dict[str, Any]) -> None:
    record: dict[str, Any] = {}
    place = parse_place(path)
    place.write(record, "v")
    assert record == made
    assert place.read(record) == "v"


def test_writing_takes_the_element_that_is_there_and_leaves_the_rest_of_it() -> None:
    record = {"name": [{"use": "old"}, {"use": "official", "family": "x", "id": 7}]}
    parse_place("name[use=official].family").write(record, "y")
    assert record == {"name": [{"use": "old"}, {"use": "official", "family": "y", "id": 7}]}


def test_also_fills_only_what_the_element_does_not_say() -> None:
    place = parse_place(PATIENT, also={"status": "accepted", "actor.type": "Patient"})
    made: dict[str, Any] = {}
    place.write(made, "Patient/1")
    assert made["participant"] == [{"status": "accepted", "actor": {"type": "Patient", "reference": "Patient/1"}}]
    theirs = {"participant": [{"actor": {"reference": "Patient/1"}, "status": "tentative"}]}
    place.write(theirs, "Patient/2")
    assert theirs["participant"][0]["status"] == "tentative"


def test_what_stands_beside_a_value_and_speaks_of_it_goes_when_it_changes() -> None:
    place = parse_place("subject.reference", forget=("display",))
    record = {"subject": {"reference": "Patient/1", "display": "A", "id": 3}}
    place.write(record, "Patient/1")
    assert record["subject"]["display"] == "A"
    place.write(record, "Patient/2")
    assert record == {"subject": {"reference": "Patient/2", "id": 3}}
    place.write(record := {"subject": {"reference": "Patient/1", "display": "A", "id": 3}}, None)
    assert record == {"subject": {"id": 3}}


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.b.c", {"a": {"b": {"c": 1}}, "z": 1}, {"z": 1}),
        ("a.b.c", {"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"d": 2}}}),
        ("given[0]", {"given": ["x", "y"]}, {"given": [None, "y"]}),
        ("given[1]", {"given": ["x", "y"]}, {"given": ["x"]}),
        (
            "t[system=phone].value",
            {"t": [{"system": "phone", "value": 1}, {"system": "email"}]},
            {"t": [{"system": "email"}]},
        ),
        (
            "t[system=phone].value",
            {"t": [{"system": "phone", "value": 1, "use": "home"}]},
            {"t": [{"system": "phone", "use": "home"}]},
        ),
        (PATIENT, {"participant": [{"actor": {"reference": "Patient/1"}, "period": 1}]}, {}),
        ("a.b", {"a": {"c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_clearing_takes_away_the_value_and_what_then_says_nothing(
    path: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    parse_place(path).write(before, None)
    assert before == after


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a]", "a[b]", "a[use=x]", "a[-1]", "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        parse_place(path)


def test_also_without_a_list_is_refused() -> None:
    with pytest.raises(BadPath):
        parse_place("a.b", also={"x": 1})
