"""Files that people write: what is wrong is said with file, line and key."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from hub.documents import meant, parse
from hub.errors import InvalidInput


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    minutes: int


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    steps: list[Step] = []


def problems_of(text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(InvalidInput) as caught:
        parse(text, "plan.yaml").read_as(Plan)
    assert all(problem.file == "plan.yaml" for problem in caught.value.problems)
    return [(p.line, p.field, p.message) for p in caught.value.problems]


def test_an_unknown_key_is_named_with_its_line():
    assert problems_of("title: a\nsteps:\n  - name: x\n    minutes: 5\n    colour: red\n") == [
        (5, "steps[0].colour", "unknown key 'colour'")
    ]


def test_all_that_is_wrong_is_said_at_once():
    found = problems_of("steps:\n  - name: x\n    minutes: soon\n")
    assert [(line, field) for line, field, _ in found] == [(1, "title"), (3, "steps[0].minutes")]


def test_a_key_that_stands_twice_is_refused():
    assert problems_of("title: a\ntitle: b\n") == [(2, "title", "this key stands twice")]


def test_a_key_that_is_no_word_is_refused():
    assert problems_of("title: a\n? [b]\n: c\n") == [(2, None, "a key is a word, not a list or a table")]


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_is_refused(text):
    assert problems_of(text)[0][2] == "the file is empty"


@pytest.mark.parametrize(("text", "line"), [("title: [a\n", 2), ("title: a\n\tsteps: []\n", 2)])
def test_broken_yaml_names_the_line(text, line):
    found = problems_of(text)
    assert found[0][0] == line
    assert found[0][2].startswith("not valid YAML")


def test_an_alias_is_refused_because_it_would_hide_where_a_value_stands():
    assert "alias" in problems_of("title: &t a\nsteps: *t\n")[0][2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2026-03-02T09:00", "2026-03-02T09:00"),
        ("a: 2026-03-02", "2026-03-02"),
        ("a: 10:30", "10:30"),
        ("a: 09:30", "09:30"),
        ("a: 010", "010"),
        ("a: 10", 10),
        ("a: -1.5", -1.5),
        ("a: yes", True),
        ('{"a": null}', None),
    ],
)
def test_times_and_dates_stay_text_and_plain_numbers_become_numbers(text, value):
    assert parse(text, "x").value == {"a": value}


def test_lists_without_end_are_refused_before_they_are_read():
    assert problems_of("title: a\nsteps: " + "[" * 100_000)[0][::2] == (
        2,
        "more than 50 lists and tables in one another",
    )


@pytest.mark.parametrize(
    ("wrong", "known", "hint"),
    [
        ("lazer", ["dana", "laser"], "Did you mean 'laser'? Known: dana, laser"),
        ("x", [], "Known: none"),
        ("x", [f"room-{n}" for n in range(40)], "Known: " + ", ".join(f"room-{n}" for n in range(30)) + " and 10 more"),
    ],
)
def test_of_a_word_that_nobody_knows_is_said_what_it_was_to_be(wrong, known, hint):
    assert meant(wrong, known) == hint


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Annotated[int, Field(strict=True)] = 1


class Everything(BaseModel):
    """A key for each kind of value that files have."""

    model_config = ConfigDict(extra="forbid")
    whole: Annotated[int, Field(strict=True, ge=1, le=9)] = 1
    between: Annotated[float, Field(gt=0, lt=1)] = 0.5
    amount: Decimal = Decimal(1)
    truth: Annotated[bool, Field(strict=True)] = True
    word: Annotated[str, Field(min_length=2, max_length=4)] = "ab"
    code: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    words: tuple[str, ...] = ()
    some: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    named: frozenset[str] = frozenset()
    table: dict[str, int] = {}
    part: Part = Part()
    state: Literal["booked", "completed"] = "booked"
    kind: StrEnum("Kind", ["ROOM", "DEVICE"]) = "room"  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("whole: ten", "not a whole number. Write it in digits, without quotes and decimal point"),
        ("whole: 1.5", "not a whole number. Write it in digits, without quotes and decimal point"),
        ("whole: yes", "not a whole number. Write it in digits, without quotes and decimal point"),
        ("whole: 0", "less than 1. Write 1 or more"),
        ("whole: 10", "more than 9. Write 9 or less"),
        ("whole:", "there is no value. Write one behind the colon, or remove the key"),
        ("between: 0", "not more than 0.0. Write more than 0.0"),
        ("between: 1", "not less than 1.0. Write less than 1.0"),
        ("between: half", "not a number. Write it in digits, without quotes, as 12 or 0.5"),
        ("amount: many", "not a number. Write it in digits, without quotes, as 12 or 0.5"),
        ("amount: .nan", "not a number. Write it in digits, without quotes, as 12 or 0.5"),
        ("truth: maybe", "neither true nor false. Write true or false, without quotes"),
        ("word: 12", "not text. Put it into quotation marks"),
        ("word: a", "too short. Write 2 or more characters"),
        ("word: abcde", "too long. Write 4 characters or less"),
        ("code: usd", "not of the form that is asked for. It matches ^[A-Z]{3}$"),
        ("words: a", "not a list. Write it as [a, b], or each entry on a line of its own behind a dash"),
        ("named: a", "not a list. Write it as [a, b], or each entry on a line of its own behind a dash"),
        ("some: {a: b}", "not a list. Write it as [a, b], or each entry on a line of its own behind a dash"),
        ("some: []", "too few entries. Write 1 or more"),
        ("some: [a, b, c]", "too many entries. Write 2 or less"),
        ("table: [a]", "not a table of keys. Write it as {key: value}, or each key on a line of its own"),
        ("part: large", "not a table of keys. Write it as {key: value}, or each key on a line of its own"),
        ("state: boked", "not one of the words that may stand here. Did you mean 'booked'? Known: booked, completed"),
        ("kind: chair", "not one of the words that may stand here. Known: room, device"),
        ("part: {size: 1, colour: red}", "unknown key 'colour'. Remove it or mend its spelling"),
    ],
)
def test_each_kind_of_mistake_says_what_to_do(text, said):
    with pytest.raises(InvalidInput) as caught:
        parse(f"truth: true\n{text}\n" if "truth" not in text else f"\n{text}\n", "x.yaml").read_as(Everything)
    field = text.partition(":")[0] if "colour" not in text else "part.colour"
    assert [str(problem) for problem in caught.value.problems] == [f"x.yaml:2: {field}: {said}"]
