"""Delimited text is read row by row; what cannot be trusted is a bad row with its line, or one refusal."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import InvalidInput, Problem
from hub.tables import ANY_FORM, BadRow, Row, TableForm, open_table
from hub.tables.delimited import DelimitedTable
from hub.tables.form import LONGEST_LINE, MOST_COLUMNS


def read(content: bytes, form: TableForm | None = None) -> list[Row | BadRow]:
    return list(open_table(io.BytesIO(content), "a.csv", form).rows())


def refusal(content: bytes, form: TableForm | None = None) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        read(content, form)
    (problem,) = caught.value.problems
    assert problem.file == "a.csv"
    assert problem.hint
    return problem


def test_a_row_is_kept_unchanged_with_the_line_it_starts_on() -> None:
    rows = read(b'id,note\r\n1," say ""a""\nb"\r\n\r\n2,=1+1\r\n')
    assert rows == [Row(2, {"id": "1", "note": ' say "a"\nb'}), Row(5, {"id": "2", "note": "=1+1"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_the_first_that_fits_the_whole_file(encoding: str) -> None:
    content = ("id,name\n" + "1,plain\n" * 20_000 + "2,Zoë\n").encode(encoding)
    table = open_table(io.BytesIO(content), "a.csv", ANY_FORM)
    assert list(table.rows())[-1] == Row(20_002, {"id": "2", "name": "Zoë"})
    assert table.encoding == ("utf-8-sig" if encoding == "utf-8-sig" else encoding)


def test_bytes_of_another_encoding_make_one_row_bad_and_not_the_file() -> None:
    good, bad, after = read(b"id,name\n1,Zo\xc3\xab\n2,Zo\xeb\n3,x\n")
    assert (good, after) == (Row(2, {"id": "1", "name": "Zoë"}), Row(4, {"id": "3", "name": "x"}))
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.problem.code, bad.problem.line) == (3, "wrong_encoding", 3)
    assert bad.fields == ("2", "Zo\N{REPLACEMENT CHARACTER}")
    assert "Zo" not in str(bad.problem)


def test_a_file_that_holds_utf_8_is_that_and_its_other_bytes_are_broken() -> None:
    good, bad = read(b"id,name\n1,Zo\xc3\xab\n2,Zo\xeb\n", TableForm(encodings=("utf-8", "cp1252")))
    assert good == Row(2, {"id": "1", "name": "Zoë"})
    assert isinstance(bad, BadRow)
    (other,) = read(b"id,name\n2,Zo\xeb\n", TableForm(encodings=("utf-8", "cp1252")))
    assert other == Row(2, {"id": "2", "name": "Zoë"})


def test_a_nul_byte_makes_its_row_bad_and_does_not_reach_the_fields() -> None:
    bad, after = read(b"id,name\n1,a\0b\n2,x\n")
    assert isinstance(bad, BadRow)
    assert (bad.problem.code, bad.fields) == ("nul_byte", ("1", "ab"))
    assert after == Row(3, {"id": "2", "name": "x"})


def test_a_broken_byte_within_a_note_of_several_lines_is_named_at_its_own_line() -> None:
    (bad,) = read(b'id,note\n1,"a\nb\xff\nc"\n')
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.problem.line) == (2, 3)


@pytest.mark.parametrize(("row", "message"), [(b"1", "1 fields, the header 2"), (b"1,2,3", "3 fields, the header 2")])
def test_a_row_of_another_width_is_bad(row: bytes, message: str) -> None:
    bad, after = read(b"id,price\n" + row + b"\n2,5\n")
    assert isinstance(bad, BadRow)
    assert message in bad.problem.message
    assert isinstance(after, Row)


def test_a_stray_quotation_mark_makes_its_row_bad() -> None:
    bad, after = read(b'id,name\n1,"a" b\n2,x\n')
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.problem.code) == (2, "bad_csv")
    assert after == Row(3, {"id": "2", "name": "x"})


def test_a_broken_quotation_over_several_lines_refuses_the_file_at_the_row_it_opens_in() -> None:
    assert refusal(b'id,name\n1,x\n2,"a\nb" c\n3,y\n').line == 3


def test_a_quotation_that_is_never_closed_refuses_the_file() -> None:
    problem = refusal(b'id,name\n1,x\n2,"a\n3,y\n')
    assert (problem.code, problem.line) == ("cut_off", 3)


def test_a_last_line_without_an_end_is_refused_where_files_have_one() -> None:
    assert len(read(b"id\n1\n2")) == 2
    assert refusal(b"id\n1\n2", TableForm(ends_with_newline=True)).code == "cut_off"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_header"),
        (b"\n\n", "bad_header"),
        (b" , \n1,2\n", "bad_header"),
        (b"id,id\n", "bad_header"),
        (b"id,n\xffme\n", "wrong_encoding"),
        (b"\xff\xfei", "wrong_encoding"),
        (b"%PDF-1.7", "not_a_table"),
        (b"\x1f\x8b\x08", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1", "not_a_table"),
        (b"PK\x03\x04", "not_a_table"),
    ],
)
def test_what_is_no_table_is_refused_in_one_message(content: bytes, code: str) -> None:
    assert refusal(content).code == code


def test_more_columns_than_a_spreadsheet_has_are_refused_and_thousands_are_read() -> None:
    header = ",".join(f"c{number}" for number in range(MOST_COLUMNS))
    (row,) = read(f"{header}\n{',' * (MOST_COLUMNS - 1)}\n".encode())
    assert isinstance(row, Row)
    assert len(row.values) == MOST_COLUMNS
    assert refusal(f"{header},more\n".encode()).code == "too_many_columns"


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    assert read(b"id,,\n1,2,3\n") == [Row(2, {"id": "1", "column 2": "2", "column 3": "3"})]


def test_names_stand_where_they_are_said_to_stand() -> None:
    content = b"Export of 2026-01-05\nkey;what\n1;a\n"
    form = TableForm(delimiter=";", header_line=2)
    assert read(content, form) == [Row(3, {"key": "1", "what": "a"})]
    assert read(b"1;a\n2;b\n", TableForm(delimiter=";", header_line=0, columns=("id", "name")))[0] == Row(
        1, {"id": "1", "name": "a"}
    )
    named = TableForm(delimiter=";", header_line=2, columns=("id", "name"))
    assert read(content, named) == [Row(3, {"id": "1", "name": "a"})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_rows_as_wide_as_the_header(delimiter: str) -> None:
    lines = [["id", "name, first", "price"], ["1", "A; B", "1,50"], ["2", "C | D", "2,50"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    rows = read(text.getvalue().encode(), ANY_FORM)
    assert [list(row.values.values()) for row in rows if isinstance(row, Row)] == lines[1:]


class Endless(io.RawIOBase):
    """A large file, made while it is read."""

    def __init__(self, start: bytes, again: bytes, size: int) -> None:
        self._start, self._unit, self._size, self._at = start, again, size, 0
        self._again = again * ((1 << 18) // len(again) + 2)
        self.most = 0

    def read(self, size: int = -1) -> bytes:
        if self._at >= self._size:
            return b""
        chunk = self._start[self._at :] or self._again[(self._at - len(self._start)) % len(self._unit) :]
        chunk = chunk[: min(size, 1 << 18)]
        self._at += len(chunk)
        self.most = max(self.most, self._at)
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset


@pytest.mark.parametrize(
    ("start", "again", "code"),
    [
        (b"id\n1", b"1", "endless_line"),
        (b'id\n"1', b"1\n", "bad_csv"),
        (b'id\n"1', b'",""', "endless_line"),
        (b'id\n"1', b'\n","\n', "endless_line"),
    ],
)
def test_a_line_or_row_without_an_end_is_refused_in_little_memory(start: bytes, again: bytes, code: str) -> None:
    stream = Endless(start, again, size=1 << 25)
    table = open_table(cast("BinaryIO", stream), "a.csv")
    stream.most = 0
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput) as caught:
            list(table.rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.problems[0].code == code
    assert stream.most < 1 << 24, "the rest of it is not read"
    assert peak < 1 << 26


def test_a_file_that_changes_while_it_is_read_is_refused() -> None:
    stream = io.BytesIO(b"id\n" + (b"1" * 999 + b"\n") * 1_000)
    rows = open_table(stream, "a.csv").rows()
    next(rows)
    stream.getbuffer()[-2:-1] = b"2"
    with pytest.raises(InvalidInput, match="changed while it was read"):
        list(rows)


def test_a_file_that_grows_while_it_is_read_is_refused() -> None:
    stream = io.BytesIO(b"id\n1\n")
    table = open_table(stream, "a.csv")
    stream.seek(0, io.SEEK_END)
    stream.write(b"2\n")
    with pytest.raises(InvalidInput, match="changed while it was read"):
        list(table.rows())


def test_the_stream_stays_open_and_every_reading_begins_anew() -> None:
    stream = io.BytesIO(b"id\n1\n")
    table = open_table(stream, "a.csv")
    assert list(table.rows()) == list(table.rows()) == [Row(2, {"id": "1"})]
    assert not stream.closed


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=50)
@given(st.lists(st.lists(FIELDS, min_size=2, max_size=2), max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_csv_writer_wrote_is_read_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    found = read(text.getvalue().encode(), TableForm(delimiter=delimiter))
    assert [list(row.values.values()) for row in found if isinstance(row, Row)] == rows


JUNK = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"\xc3\xab", b";"]), max_size=60).map(
        b"".join
    ),
)


def outcome(content: bytes, form: TableForm | None) -> Iterator[Row | BadRow]:
    refusals: tuple[Problem, ...] = ()
    try:
        yield from open_table(io.BytesIO(content), "a.csv", form).rows()
    except InvalidInput as error:
        refusals = error.problems
    assert all(problem.hint and problem.file == "a.csv" for problem in refusals)


@settings(max_examples=150)
@given(JUNK, st.sampled_from([None, ANY_FORM, TableForm(header_line=0, columns=("a", "b")), TableForm(header_line=3)]))
def test_no_bytes_do_more_than_make_rows_bad_rows_or_one_refusal(content: bytes, form: TableForm | None) -> None:
    rows = list(outcome(content, form))
    assert [row.line for row in rows] == sorted({row.line for row in rows}), "lines rise, and none is given twice"
    for row in rows:
        told = row.values.values() if isinstance(row, Row) else row.fields
        assert "\0" not in "".join(told).encode().decode(), "what is given can be stored"


@given(JUNK)
def test_every_line_that_holds_something_is_a_row_a_bad_row_or_part_of_one(content: bytes) -> None:
    """Nothing is dropped in silence: the rows, blank lines and continued lines add up to the lines of the file."""
    whole = b"a,b\n" + content.replace(b'"', b"").replace(b"\0", b"").replace(b"\r", b"")
    lines = [line for line in whole.split(b"\n")[1:] if line.strip(b" \t")]
    assert len(read(whole)) == len(lines)


def test_a_table_of_delimited_text_says_what_it_found() -> None:
    table = open_table(io.BytesIO("a;b\n1;ü\n".encode("cp1252")), "a.csv", ANY_FORM)
    assert isinstance(table, DelimitedTable)
    assert (table.columns, table.delimiter, table.encoding) == (("a", "b"), ";", "cp1252")


def test_a_line_up_to_the_bound_is_read() -> None:
    fields = ["x" * 100_000] * 10
    (row,) = read(f"{','.join('abcdefghij')}\n{','.join(fields)}\n".encode())
    assert isinstance(row, Row)
    assert len("".join(fields)) < LONGEST_LINE
