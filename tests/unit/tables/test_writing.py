"""What we write can be opened in a spreadsheet without harm, and is read back as it was said."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import InvalidInput
from hub.tables import Row, escaped, open_table, write_csv


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1", "-", "+a"])
def test_what_a_spreadsheet_would_evaluate_stands_behind_an_apostrophe(text: str) -> None:
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ana", "-5.00", "+1 (512) 555-0100", "1=1", "a@b.example", "'quoted"])
def test_names_amounts_and_phone_numbers_stay_as_they_are(text: str) -> None:
    assert escaped(text) == text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), min_size=1, max_size=5))
def test_what_was_written_is_read_as_it_was_but_for_the_apostrophe(texts: list[str]) -> None:
    stream = io.BytesIO()
    columns = [f"c{number}" for number in range(len(texts))]
    assert write_csv(stream, ["id", *columns], [{"id": "1", **dict(zip(columns, texts, strict=True))}]) == 1
    (row,) = open_table(stream, "a.csv").rows()
    assert isinstance(row, Row)
    assert [row.values[name] for name in columns] == [escaped(text) for text in texts]


def test_a_character_that_the_encoding_has_not_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidInput) as caught:
        write_csv(io.BytesIO(), ["name"], [{"name": "Ana"}, {"name": "王"}], encoding="cp1252")
    assert "row 2" in str(caught.value)
    assert "王" not in str(caught.value)
