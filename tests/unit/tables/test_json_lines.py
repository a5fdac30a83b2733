"""JSON Lines as a table: every line an object, unchanged, or a bad row; nothing is guessed."""

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import InvalidInput
from hub.tables import BadRow, Row, TableForm, open_table
from hub.tables.form import LONGEST_LINE, MOST_COLUMNS


def read(text: str | bytes, form: TableForm | None = None) -> tuple[tuple[str, ...], list[Row | BadRow]]:
    content = text.encode() if isinstance(text, str) else text
    table = open_table(BytesIO(content), "visits.ndjson", form)
    return table.columns, list(table.rows())


def codes(text: str | bytes) -> list[str]:
    return [row.problem.code if isinstance(row, BadRow) else "ok" for row in read(text)[1]]


def test_what_lies_inside_an_object_is_a_column_by_its_path():
    columns, rows = read('{"id": 7, "name": [{"given": ["Ann", "B"]}], "active": true}\n')
    assert columns == ("id", "name[0].given[0]", "name[0].given[1]", "active")
    assert rows == [Row(1, dict(zip(columns, ("7", "Ann", "B", "true"), strict=True)))]


def test_a_row_that_lacks_a_column_says_nothing_in_it():
    columns, rows = read('{"id": "1"}\n\n{"id": "2", "note": null, "price": 1.50}\n')
    assert columns == ("id", "note", "price")
    assert rows == [
        Row(1, {"id": "1", "note": "", "price": ""}),
        Row(3, {"id": "2", "note": "", "price": "1.50"}),
    ]


def test_a_number_is_told_to_the_letter():
    _, [row] = read('{"a": 1e3, "b": 0.10, "c": 12345678901234567890123}\n')
    assert row.values == {"a": "1e3", "b": "0.10", "c": "12345678901234567890123"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"id": ', "bad_json"),
        ("[1, 2]", "bad_json"),
        ('{"id": 1, "id": 2}', "bad_json"),
        ('{"id": NaN}', "bad_json"),
        ("[" * 100_000, "bad_json"),
        ('{"id": "a\\u0000b"}', "nul_byte"),
        ('{"id": "\\ud800"}', "nul_byte"),
        ('{"id": "a\0b"}', "nul_byte"),
    ],
)
def test_a_line_that_cannot_be_trusted_is_a_bad_row_and_the_next_is_read(line: str, code: str):
    assert codes(f'{{"id": 1}}\n{line}\n{{"id": 3}}\n') == ["ok", code, "ok"]


def test_bytes_that_are_no_utf_8_are_a_bad_row():
    assert codes(b'{"id": "1"}\n{"id": "\xe9"}\n') == ["ok", "wrong_encoding"]


def test_a_byte_order_mark_is_none_of_the_text():
    assert read(b'\xef\xbb\xbf{"id": "1"}\n')[1] == [Row(1, {"id": "1"})]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"id": "' + "x" * LONGEST_LINE + '"}\n', "endless_line"),
        (json.dumps(dict.fromkeys(map(str, range(MOST_COLUMNS + 1)), 0)) + "\n", "too_many_columns"),
        ("{}\n", "bad_header"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(text: str, code: str):
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert [problem.code for problem in refused.value.problems] == [code]


def test_a_file_that_was_cut_off_is_refused_where_it_must_have_an_end():
    with pytest.raises(InvalidInput, match="the last line has no end"):
        read('{"id": 1}\n{"id": 2}', TableForm(ends_with_newline=True))


def test_a_file_that_changes_while_it_is_read_is_refused():
    stream = BytesIO(b'{"id": 1}\n')
    table = open_table(stream, "visits.ndjson")
    stream.seek(0)
    stream.write(b'{"id": 2}\n')
    with pytest.raises(InvalidInput, match="changed while it was read"):
        list(table.rows())


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=3), texts, min_size=1), min_size=1, max_size=5))
def test_what_was_written_is_read(objects: list[dict[str, str]]):
    columns, rows = read("".join(json.dumps(one) + "\n" for one in objects))
    assert [row.values for row in rows if isinstance(row, Row)] == [dict.fromkeys(columns, "") | one for one in objects]
