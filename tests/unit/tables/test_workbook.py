"""A sheet of a workbook is read as text, row by row; nothing is evaluated, and no workbook unpacks without bounds."""

import io
import random
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook

from hub.errors import InvalidInput, Problem
from hub.tables import BadRow, Row, TableForm, open_table

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[Any], more: dict[str, list[list[Any]]] | None = None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in (more or {}).items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with other words in one of its parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        assert part in before.namelist()
        for name in before.namelist():
            inner = before.read(name)
            if name == part:
                assert old in inner
                inner = inner.replace(old, new)
            after.writestr(name, inner)
    return stream.getvalue()


def read(content: bytes, form: TableForm | None = None) -> list[Row | BadRow]:
    return list(open_table(io.BytesIO(content), "a.xlsx", form).rows())


def refusal(content: bytes, form: TableForm | None = None) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        read(content, form)
    (problem,) = caught.value.problems
    assert problem.hint
    return problem


def test_cells_are_read_as_csv_would_have_them_with_their_row_number() -> None:
    content = workbook(
        ["id", "on", "at", "wall", "price", "ok", "note"],
        [7, date(2026, 1, 5), datetime(2026, 1, 5, 16, 30), time(9, 15), 12.5, True, None],
        [],
        [8.0, None, None, None, "1,50", False, "a\nb"],
    )
    first, second = read(content)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert list(first.values.values()) == ["7", "2026-01-05", "2026-01-05 16:30:00", "09:15:00", "12.5", "true", ""]
    assert (second.line, second.values["id"], second.values["price"]) == (4, "8", "1,50")


def test_a_formula_is_not_evaluated_and_its_row_is_bad() -> None:
    bad, good = read(workbook(["id", "name"], [1, '=HYPERLINK("http://x","y")'], [2, "'=no formula"]))
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.problem.code) == (2, "formula_cell")
    assert good == Row(3, {"id": "2", "name": "'=no formula"})


def test_the_sheet_that_is_asked_for_is_read_and_one_that_is_not_there_is_named() -> None:
    content = workbook(["other"], more={"Clients": [["id"], ["C1"]]})
    assert read(content, TableForm(sheet="Clients")) == [Row(2, {"id": "C1"})]
    problem = refusal(content, TableForm(sheet="Guests"))
    assert (problem.code, problem.hint) == ("no_sheet", "There are: Sheet, Clients")


def test_a_row_wider_than_the_header_is_bad_and_a_shorter_one_has_blanks() -> None:
    bad, short = read(workbook(["a", "b"], [1, 2, 3], [1]))
    assert isinstance(bad, BadRow)
    assert short == Row(3, {"a": "1", "b": ""})


def test_a_sheet_that_lies_about_its_size_costs_nothing() -> None:
    content = changed(workbook(["id"], ["1"]), SHEET, b'ref="A1:A2"', b'ref="A1:XFD1048576"')
    assert read(content) == [Row(2, {"id": "1"})]


@pytest.mark.slow
def test_a_row_number_beyond_every_spreadsheet_is_refused() -> None:
    content = changed(workbook(["id"], ["1"]), SHEET, b'<row r="2"', b'<row r="900000000"')
    assert refusal(content).code == "too_large"


def test_a_part_that_unpacks_to_a_thousand_times_its_size_is_refused_before_it_is_unpacked() -> None:
    content = changed(workbook(["id"], ["1"]), SHEET, b"</sheetData>", b"</sheetData>" + b" " * (1 << 24))
    assert refusal(content).code == "zip_bomb"


def test_entities_that_grow_are_refused() -> None:
    laughs = b'<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><worksheet'
    whole = workbook(["id"], ["1"])
    assert refusal(changed(whole, SHEET, b"<worksheet", laughs)).code == "not_a_table"


def test_an_archive_that_is_no_workbook_is_refused_and_is_to_be_unpacked() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("clients.csv", "id\n1\n")
    told = refusal(stream.getvalue())
    assert (told.code, told.hint) == ("not_a_table", "Unpack it first")


def test_a_workbook_that_changes_while_it_is_read_is_refused() -> None:
    stream = io.BytesIO(workbook(["id"], ["1"]))
    table = open_table(stream, "a.xlsx")
    stream.seek(0, io.SEEK_END)
    stream.write(b"\0")
    with pytest.raises(InvalidInput):
        list(table.rows())


def test_no_damage_to_a_workbook_does_more_than_one_refusal() -> None:
    whole = workbook(["id", "name"], *([number, f"name {number}"] for number in range(20)))
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            damaged[chance.randrange(4, len(damaged))] = chance.randrange(256)
        try:
            rows = read(bytes(damaged))
        except InvalidInput as error:
            rows = []
            assert error.problems[0].file == "a.xlsx"  # noqa: PT017
        assert len(rows) <= 20
