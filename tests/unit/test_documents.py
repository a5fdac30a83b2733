"""Files that people write: what is wrong is said with file, line and key."""

import pytest
from pydantic import BaseModel, ConfigDict

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
