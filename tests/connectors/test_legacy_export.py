"""A folder of CSV files is read whole or not at all, and what is wrong with it is said by file and line."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.legacy_export.source import LegacyExportSource
from hub.errors import InvalidInput, Problem
from tests.legacy.generate import HEADERS, generate

ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generate(3, 40, tmp_path / "the export")
    return tmp_path / "the export"


def source(folder: Path) -> LegacyExportSource:
    return LegacyExportSource(folder, "legacy", ZONE)


def refusal(folder: Path) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        source(folder).read_files()
    (problem,) = caught.value.problems
    assert problem.hint
    return problem


def edit(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = folder / name
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before


def test_every_file_is_read_in_the_order_in_which_they_refer_to_each_other(folder: Path) -> None:
    files = source(folder).read_files()
    assert [file.kind for file in files] == [
        Kind.PATIENT, Kind.SERVICE, Kind.PROVIDER, Kind.VISIT, Kind.PAYMENT, Kind.PACKAGE, Kind.LOT,
    ]  # fmt: skip


def test_the_mark_at_the_start_and_windows_letters_are_understood(folder: Path) -> None:
    clients, _, staff = source(folder).read_files()[:3]
    assert "ClientID" in clients.records[0].payload
    assert "Dr. Renée Okafor" in [record.payload["Name"] for record in staff.records]


def test_staff_that_is_saved_as_utf_8_is_understood_too(folder: Path) -> None:
    edit(folder, "staff.csv", lambda content: content.decode("cp1252").encode())
    assert "Dr. Renée Okafor" in [record.payload["Name"] for record in source(folder).read_files()[2].records]


def test_a_row_knows_the_line_it_starts_on_also_after_notes_of_several_lines(folder: Path) -> None:
    text = (folder / "appointments.csv").read_bytes().decode()
    lines = text.replace("\r\n", "\n").split("\n")
    visits = next(file for file in source(folder).read_files() if file.kind is Kind.VISIT)
    assert any("\n" in record.payload["Notes"] for record in visits.records)
    assert all(lines[(record.line or 0) - 1].startswith(record.ref.id) for record in visits.records)


def test_a_row_is_kept_unchanged_with_its_version(folder: Path) -> None:
    header = (
        "ApptID,ClientID,Service,Staff,Room,Date,Start,End,Status,Price,Booked By,Booked On,Modified,Notes,Location"
    )
    row = 'A7,C1," Peel ",E1,,1/1/2026,9:00,9:30,Done,$5,Online,,2026-01-05 16:00,"say ""a""","MAIN "'
    (folder / "appointments.csv").write_text(f"{header}\n{row}\n")
    (record,) = next(file for file in source(folder).read_files() if file.kind is Kind.VISIT).records
    assert (record.payload["Service"], record.payload["Notes"], record.payload["Location"]) == (
        " Peel ",
        'say "a"',
        "MAIN ",
    )
    assert record.modified_at == datetime(2026, 1, 5, 22, tzinfo=UTC)
    assert (record.ref.id, record.version, record.file, record.line) == (
        "A7",
        "2026-01-05 16:00",
        "appointments.csv",
        2,
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-05 16:00", datetime(2026, 1, 5, 22, tzinfo=UTC)),
        ("01/05/2026 04:00 PM", datetime(2026, 1, 5, 22, tzinfo=UTC)),
        ("05-Jan-2026", datetime(2026, 1, 5, 6, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("2026-02-30 16:00", None),
        ("0001-01-01 00:00", datetime(1, 1, 1, 5, 50, 36, tzinfo=UTC)),
    ],
)
def test_the_moment_of_a_change_is_read_in_its_usual_forms(folder: Path, written: str, read: datetime | None) -> None:
    row = f"A7,C1,Peel,E1,,1/1/2026,9:00,9:30,Done,$5,Online,,{written},,Main"
    (folder / "appointments.csv").write_text(f"{HEADERS['appointments.csv']}\n{row}\n")
    (record,) = next(file for file in source(folder).read_files() if file.kind is Kind.VISIT).records
    assert record.modified_at == read


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "staff.csv").unlink()
    problem = refusal(folder)
    assert (problem.code, problem.file) == ("missing_file", str(folder / "staff.csv"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not there"):
        source(tmp_path / "nowhere").read_files()


def test_money_and_stock_may_be_absent(folder: Path) -> None:
    for name in ("payments.csv", "packages.csv", "inventory.csv"):
        (folder / name).unlink()
    assert len(source(folder).read_files()) == 4


def test_a_missing_column_is_named(folder: Path) -> None:
    edit(folder, "appointments.csv", lambda content: content.replace(b"Modified", b"Changed", 1))
    problem = refusal(folder)
    assert (problem.code, problem.file, problem.line, problem.field) == (
        "bad_header",
        "appointments.csv",
        1,
        "Modified",
    )
    assert "'Modified' is missing" in problem.message
    assert "Changed" in (problem.hint or "")


def test_a_column_that_stands_twice_is_named(folder: Path) -> None:
    edit(folder, "clients.csv", lambda content: content.replace(b"Marketing OK", b"Marketing OK,Email", 1))
    assert (refusal(folder).field, refusal(folder).code) == ("Email", "bad_header")


def test_a_file_of_another_table_lacks_every_column(folder: Path) -> None:
    (folder / "services.csv").write_bytes(b"Colour\n")
    with pytest.raises(InvalidInput) as caught:
        source(folder).read_files()
    assert {problem.field for problem in caught.value.problems} >= {"Service ID", "Name", "Price"}


def test_an_empty_file_is_refused(folder: Path) -> None:
    (folder / "services.csv").write_bytes(b"")
    assert (refusal(folder).code, refusal(folder).message) == ("bad_header", "the file has no header")


def test_an_extra_column_is_kept(folder: Path) -> None:
    edit(folder, "staff.csv", lambda content: content.replace(b"\r\n", b",x\r\n").replace(b",x", b",Extra", 1))
    assert source(folder).read_files()[2].records[0].payload["Extra"] == "x"


@pytest.mark.parametrize(("encoding", "code", "line"), [("cp1252", "wrong_encoding", 3), ("utf-16-le", "nul_byte", 1)])
def test_clients_in_another_encoding_are_refused_at_their_line(
    folder: Path, encoding: str, code: str, line: int
) -> None:
    text = "\n".join([HEADERS["clients.csv"], "C1" + "," * 13, "C2,Zoë" + "," * 12, ""])
    (folder / "clients.csv").write_bytes(text.encode(encoding))
    problem = refusal(folder)
    assert (problem.code, problem.file, problem.line) == (code, "clients.csv", line)


def test_clients_in_utf_16_are_understood_by_their_mark(folder: Path) -> None:
    before = source(folder).read_files()[0].records
    edit(folder, "clients.csv", lambda content: content.decode("utf-8-sig").encode("utf-16"))
    assert source(folder).read_files()[0].records == before


def test_staff_that_is_neither_utf_8_nor_windows_is_refused(folder: Path) -> None:
    edit(folder, "staff.csv", lambda content: content.decode("cp1252").replace("Okafor", "\x81").encode("latin-1"))
    assert refusal(folder).code == "wrong_encoding"


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_file_that_is_cut_off_anywhere_is_never_taken(folder: Path, cut: int) -> None:
    edit(folder, "appointments.csv", lambda content: content.removesuffix(b"\r\n")[:-cut])
    problem = refusal(folder)
    assert problem.file == "appointments.csv"
    assert "cut off" in (problem.hint or "")


def test_a_quotation_that_is_never_closed_is_refused_at_the_row_it_opens_in(folder: Path) -> None:
    lines = len((folder / "payments.csv").read_bytes().splitlines())
    edit(folder, "payments.csv", lambda content: content + b'X1,A1,2026-01-01,5,payment,"Vi\r\n')
    problem = refusal(folder)
    assert (problem.code, problem.line) == ("cut_off", lines + 1)


def test_a_row_with_too_many_fields_is_refused_at_its_line(folder: Path) -> None:
    edit(folder, "services.csv", lambda content: content.replace(b"\r\n", b",,\r\n", 3).replace(b",,\r\n", b"\r\n", 2))
    problem = refusal(folder)
    assert (problem.file, problem.line) == ("services.csv", 3)
    assert "8 fields, the header 6" in problem.message


def test_a_row_without_an_id_is_refused_at_its_line(folder: Path) -> None:
    edit(folder, "staff.csv", lambda content: content.replace(b"E2,", b" ,", 1))
    assert (refusal(folder).line, refusal(folder).field) == (3, "StaffID")


def test_blank_lines_are_passed_over_and_counted(folder: Path) -> None:
    edit(folder, "staff.csv", lambda content: content.replace(b"\r\n", b"\r\n\r\n", 1))
    assert [record.line for record in source(folder).read_files()[2].records] == [3, 4, 5, 6, 7]


def test_all_files_are_looked_at_before_anything_is_said(folder: Path) -> None:
    (folder / "staff.csv").unlink()
    (folder / "services.csv").write_bytes(b"\xff\n")
    with pytest.raises(InvalidInput) as caught:
        source(folder).read_files()
    assert [problem.code for problem in caught.value.problems] == ["wrong_encoding", "missing_file"]


def test_an_unchanged_file_gives_no_rows_to_who_has_seen_it(folder: Path) -> None:
    (page,) = source(folder).read(Kind.PROVIDER, None)
    (again,) = source(folder).read(Kind.PROVIDER, page.cursor)
    assert len(page.records) == 5
    assert again.records == ()
