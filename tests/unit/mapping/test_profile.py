"""A profile says what is in a table, in one pass and bounded memory, and shows nothing personal."""

import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.errors import Problem
from hub.mapping.profile import ColumnProfile, find_references, profile_table
from hub.mapping.profile.column import MOST_MASKS, MOST_VALUES
from hub.mapping.profile.table import as_json
from hub.tables import BadRow, Row


def column(*texts: str, name: str = "Thing") -> ColumnProfile:
    profile = ColumnProfile(name)
    for text in texts:
        profile.take([text])
    return profile


def rows(*lines: dict[str, str]) -> Iterator[Row]:
    return (Row(number, values) for number, values in enumerate(lines, start=2))


def test_fill_and_length_do_not_count_blanks() -> None:
    found = column("a", "", "  ", "abc ")
    assert (found.rows, found.filled, found.longest, found.has_outer_blanks) == (4, 2, 4, True)


def test_mixed_forms_of_dates_are_told_with_their_counts() -> None:
    found = column(*["2026-01-05"] * 3, "1/31/2026", "5-Jan-2026", name="Date")
    assert found.kind == "date"
    assert found.date_forms == {"YYYY-MM-DD": 3, "M/D/YYYY": 1, "D-Mon-YYYY": 1}
    assert found.doubts == ("dates in 3 ways: YYYY-MM-DD, M/D/YYYY, D-Mon-YYYY",)


def test_the_order_of_day_and_month_is_told_only_where_a_number_tells_it() -> None:
    assert list(column("31/1/2026", "02/01/2026").date_forms) == ["D/M/YYYY"]
    assert list(column("1/31/2026", "02/01/2026").date_forms) == ["M/D/YYYY"]
    unsure = column("01/02/2026", "03/04/2026")
    assert list(unsure.date_forms) == ["?/?/YYYY"]
    assert unsure.doubts == ("dates whose day and month nobody can tell apart",)
    both = column("31/1/2026", "1/31/2026")
    assert both.doubts == ("day and month in both orders (1 day first, 1 month first)",)


def test_decimal_commas_are_told_and_mixed_with_points_more_so() -> None:
    assert column("12,50", "1.234,00").doubts == ("decimal commas",)
    assert column("12,50", "12.50").doubts == ("decimal commas and decimal points",)
    assert column("1,234.50", "$12.50", "7").kind == "number"


def test_a_column_of_few_values_lists_them_and_of_many_its_shapes() -> None:
    few = column(*["Done", "Done", "Open"] * 5)
    assert (few.kind, few.shown()) == ("code", {"Done": 10, "Open": 5})
    many = column(*[f"A{number}" for number in range(MOST_VALUES + 1)])
    assert many.values is None
    assert set(many.shown()) == {"a9", "a99"}


def test_no_value_of_a_personal_column_gets_out() -> None:
    lines = [
        {"First Name": "Zebulon", "e": "zeb@x.example", "m": "512-555-0100", "Comment": "knee", "Status": "Done"}
        for _ in range(20)
    ]
    said = json.dumps(as_json(profile_table("a.csv", tuple(lines[0]), rows(*lines))))
    assert not {word for word in ("Zebulon", "zeb@", "555", "knee") if word in said}
    assert '"Done": 20' in said


def test_a_key_is_filled_and_new_in_every_row_and_versions_of_a_row_do_not_hide_it() -> None:
    lines = [{"id": f"A{number}", "on": "2026-01-05", "who": f"C{number % 7}"} for number in range(200)]
    lines = [line | {"text": f"{number} {'long ' * 20}"} for number, line in enumerate(lines)]
    assert profile_table("a.csv", tuple(lines[0]), rows(*lines)).keys == ("id",)
    found = profile_table("a.csv", tuple(lines[0]), rows(*lines, *lines[:5]))
    assert (found.keys, found.repeated, found.rows) == (("id",), 5, 205)


def test_rows_that_are_repeated_to_the_letter_hide_no_key_however_many_they_are() -> None:
    lines = [{"id": f"A{number}", "who": f"C{number % 7}"} for number in range(200)]
    found = profile_table("a.csv", ("id", "who"), rows(*lines, *lines, *lines[:90]))
    assert (found.keys, found.repeated) == (("id",), 290)
    others = [line | {"who": "nobody"} for line in lines[:50]]
    assert profile_table("a.csv", ("id", "who"), rows(*lines, *lines, *others)).keys == ()


def test_a_column_that_names_rows_of_another_table_is_told_with_its_share() -> None:
    clients = [{"ClientID": f"C{number}"} for number in range(50)]
    visits = [{"ApptID": f"A{number}", "Client": f"C{number % 50}", "Room": "1"} for number in range(99)]
    visits.append({"ApptID": "A99", "Client": "gone", "Room": "1"})
    profiles = [profile_table(name, tuple(lines[0]), rows(*lines)) for name, lines in (("c", clients), ("v", visits))]
    (found,) = find_references(profiles)
    assert (found.file, found.column, found.to_file, found.to_column) == ("v", "Client", "c", "ClientID")
    assert 0.97 < found.share < 1


def test_bad_rows_are_counted_by_code_with_the_first_of_each() -> None:
    bad = [BadRow(line, Problem("the row is not UTF-8", "wrong_encoding", "a.csv", line)) for line in (3, 4)]
    found = profile_table("a.csv", ("id",), [Row(2, {"id": "1"}), *bad])
    assert (found.rows, dict(found.bad), found.first_bad) == (1, {"wrong_encoding": 2}, (str(bad[0].problem),))


def test_a_first_mapping_is_proposed_for_what_the_table_is_called() -> None:
    lines = [{"Name": f"Peel {number}", "Price": "12.50", "Duration": "30"} for number in range(5)]
    proposed = profile_table("services.csv", tuple(lines[0]), rows(*lines)).propose(system="old")
    assert proposed is not None
    assert (proposed[0], "record: service" in proposed[1].table) == (Kind.SERVICE, True)
    stock = [{"Shelf": "3", "Weight": "12"}]
    assert profile_table("x.csv", ("Shelf", "Weight"), rows(*stock)).propose(system="old") is None


def test_what_is_kept_of_a_column_does_not_grow_with_it() -> None:
    found = ColumnProfile("Thing")
    found.take([f"{'-' * (number % 40)}{number}{'.' * (number % 37)}" for number in range(20_000)] * 2)
    assert len(found.masks) <= MOST_MASKS + 1
    assert found.values is None
    assert len(found.hashes) <= 1_000


@settings(max_examples=60)
@given(st.lists(st.text(max_size=30), max_size=30))
def test_any_texts_can_be_profiled_and_counts_add_up(texts: list[str]) -> None:
    found = ColumnProfile("Thing")
    found.take(texts)
    assert sum(found.masks.values()) == found.filled == sum(1 for text in texts if text.strip())
    assert found.kind in {"empty", "date", "number", "yes or no", "code", "text"}
    assert json.dumps([found.shown(), found.doubts])
