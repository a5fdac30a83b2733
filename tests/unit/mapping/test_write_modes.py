"""What each write mode does to what stands there."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.records import Patient
from hub.mapping.apply import TwoWay, encode, read_mapping
from hub.mapping.context import Context

CONTEXT = Context(ZoneInfo("America/Chicago"), date(2026, 3, 2))


def table(write: str) -> TwoWay:
    return read_mapping(f"record: patient\nfields: {{note: {{path: a.note, write: {write}}}}}", "p.yaml", {})


def written(write: str, note: str | None, onto: dict[str, Any] | None) -> dict[str, Any]:
    return encode(table(write), Patient.model_validate({"id": "pat_1", "note": note}), CONTEXT, onto=onto)


@pytest.mark.parametrize(
    ("write", "note", "there", "after"),
    [
        ("overwrite", "ours", "theirs", "ours"),
        ("overwrite", None, "theirs", None),
        ("if_empty", "ours", "theirs", "theirs"),
        ("if_empty", "ours", " ", "ours"),
        ("if_empty", None, "theirs", "theirs"),
        ("if_new", "ours", "theirs", "theirs"),
        ("if_new", "ours", None, None),
        ("if_new", None, "theirs", "theirs"),
        ("append", "ours", "theirs", "theirs\nours"),
        ("append", "ours", "theirs\nours\nmore", "theirs\nours\nmore"),
        ("append", "our", "ours", "ours\nour"),
        ("append", "ours", None, "ours"),
        ("append", None, "theirs", "theirs"),
    ],
)
def test_a_write_mode_does_as_it_says(write: str, note: str | None, there: str | None, after: str | None) -> None:
    onto = {"a": {"note": there, "x": 1}} if there is not None else {"a": {"x": 1}}
    expected = {"a": {"note": after, "x": 1}} if after is not None else {"a": {"x": 1}}
    once = written(write, note, onto)
    assert once == expected
    assert written(write, note, once) == expected


@pytest.mark.parametrize("write", ["overwrite", "if_empty", "if_new", "append"])
def test_a_record_that_is_made_says_what_the_hub_says(write: str) -> None:
    assert written(write, "ours", None) == {"a": {"note": "ours"}}
    assert written(write, None, None) == {}


def test_a_constant_for_new_records_leaves_the_others_alone() -> None:
    text = "record: patient\nconstants: {k: {value: ro, write: if_new}, t: P}\nfields: {note: note}"
    made = read_mapping(text, "p.yaml", {})
    patient = Patient.model_validate({"id": "pat_1"})
    assert encode(made, patient, CONTEXT) == {"k": "ro", "t": "P"}
    assert encode(made, patient, CONTEXT, onto={"k": "bd"}) == {"k": "bd", "t": "P"}
