"""What is wrong with a mapping file is said with its file, line and key."""

import pytest

from hub.errors import InvalidInput, Problem
from hub.mapping.checking import read_table
from hub.mapping.spec import read_codes

CODES = {
    "status": read_codes("codes: {booked: [Booked, Set], no_show: [NS]}", "status.yaml"),
    "odd": read_codes("codes: {booked: [Booked], fullfilled: [Done]}", "odd.yaml"),
}
HEAD = "record: visit\nfields:\n"


def problems(text: str) -> list[Problem]:
    with pytest.raises(InvalidInput) as caught:
        read_table(text, "visit.yaml", CODES)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("line", "field", "message", "hint"),
    [
        ("  strt: {path: a}", "fields.strt", "a visit has no field 'strt'", "Did you mean 'start'? Known: patient_id"),
        (
            "  start: {path: a, codec: instnt}",
            "fields.start.codec",
            "unknown codec 'instnt'",
            "Did you mean 'instant'?",
        ),
        (
            "  start: {path: a, codec: instant, days_ahed: 3}",
            "fields.start.days_ahed",
            "unknown key 'days_ahed'",
            "days_ahead",
        ),
        ("  state: {path: a, codec: code}", "fields.state.table", "the codec 'code' needs 'table'", "Add it"),
        (
            "  state: {path: a, codec: code, table: stats}",
            "fields.state.table",
            "unknown code table 'stats'; known: odd, status",
            None,
        ),
        ("  note: {path: a..b}", "fields.note.path", "not a path from character 3 on", "README"),
        ("  start: {path: a, codec: wall_time}", "fields.start", "takes 'paths' with date, time", None),
        ("  start: {paths: {date: a}, codec: wall_time}", "fields.start", "takes 'paths' with date, time", None),
        ("  start: {paths: {date: a}, codec: instant}", "fields.start", "takes one 'path'", None),
        (
            "  start: {path: a, codec: instant, days_ahead: -1}",
            "fields.start.days_ahead",
            "less than 0",
            None,
        ),
        (
            "  booked_on: {path: a, codec: date, formats: ['%d/%q']}",
            "fields.booked_on.formats",
            "%q is not known",
            None,
        ),
        (
            "  booked_on: {path: a, codec: date, formats: ['%m/%Y']}",
            "fields.booked_on.formats",
            "does not say day",
            None,
        ),
        ("  note: {codec: text}", "fields.note", "give 'path', 'paths' or a 'default'", None),
        ("  note: {path: a, direction: up}", "fields.note.direction", "not one of the words", "both, read, write"),
    ],
)
def test_one_wrong_line_is_one_problem_at_its_place(line: str, field: str, message: str, hint: str | None) -> None:
    (problem,) = problems(f"{HEAD}  end: {{path: e, codec: instant}}\n{line}\n")
    assert (problem.file, problem.line) == ("visit.yaml", 4)
    assert (problem.field or "").startswith(field)
    assert message in problem.message
    assert hint is None or hint in (problem.hint or "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  state: {path: s, codec: code, table: odd}", "'fullfilled' is no state of a visit"),
        ("  state: {default: bookd}", "'bookd' is no state of a visit"),
        ("  booked_on: {default: soon}", "'soon' is no booked_on of a visit"),
    ],
)
def test_a_code_or_default_that_the_field_cannot_have_is_refused_when_the_table_is_read(
    line: str, message: str
) -> None:
    (problem,) = problems(f"{HEAD}{line}\n")
    assert (problem.line, problem.message) == (3, message)
    assert problem.hint


def test_several_wrong_lines_are_all_reported_at_once() -> None:
    found = problems(HEAD + "  strt: a\n  note: {path: x, codec: nope}\n  price: {path: 'a[', codec: money}\n")
    assert [problem.line for problem in found] == [3, 4, 5]


def test_an_unknown_key_of_the_table_is_refused() -> None:
    (problem,) = problems("record: visit\nfeilds: {}\nfields: {note: a}\n")
    assert (problem.line, problem.message) == (2, "unknown key 'feilds'")


def test_a_record_that_has_no_canonical_form_yet_is_refused() -> None:
    (problem,) = problems("record: product\nfields: {note: a}\n")
    assert "no canonical product yet" in problem.message


def test_a_boolean_in_a_column_needs_words() -> None:
    text = "record: patient\nshape: row\nfields: {active: {path: Active, codec: boolean}}\n"
    assert "needs a 'table'" in problems(text)[0].message


def test_a_word_with_two_meanings_is_refused() -> None:
    with pytest.raises(InvalidInput, match="means both 'a' and 'b'"):
        read_codes("codes: {a: [No-Show], b: [no show]}", "c.yaml")


def test_a_yes_that_yaml_made_a_boolean_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not text"):
        read_codes("codes: {'true': [yes]}", "c.yaml")


def test_exact_words_are_told_apart_by_case() -> None:
    assert set(read_codes("exact: true\ncodes: {a: [No-Show], b: [no show]}", "c.yaml").meanings) == {
        "No-Show",
        "no show",
    }
