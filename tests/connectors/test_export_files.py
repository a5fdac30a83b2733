"""A folder of exported tables is read however it is plausibly written, or refused in one message."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.export_files.layout import FileLayout, Layout
from hub.connectors.export_files.source import FilesSource
from hub.errors import InvalidInput

LAYOUT = Layout(
    records={
        "patient": FileLayout(files="clients.csv", key=("ClientID",), columns=("First Name", "Notes")),
        "payment": FileLayout(files="payments*.csv", key=("PaymentID",), columns=("Amount",), optional=True),
    }
)
CLIENTS = 'ClientID,First Name,Notes\nC1,Zoë,\nC2,Ann,"says ""no, never""\nand more"\n'


def keys(folder: Path) -> list[tuple[str, str]]:
    source = FilesSource(folder, "legacy", ZoneInfo("America/Chicago"), LAYOUT)
    return [(row.record.ref.id, row.record.file or "") for kind in source.kinds for row in source.read(kind)]


@pytest.mark.parametrize(
    "content",
    [
        CLIENTS.encode("utf-8-sig"),
        CLIENTS.encode("utf-16"),
        CLIENTS.replace("\n", "\r\n").encode(),
        f"{CLIENTS}\n  \n\t\n".encode(),
        "Extra,Notes,ClientID,First Name\n1,,C1,Zoë\n2,,C2,Ann\n".encode(),
        CLIENTS.replace("ClientID,First", "CLIENTID,first").encode(),
    ],
    ids=["mark", "utf-16", "crlf", "blank lines", "other columns", "other capitals"],
)
def test_a_file_that_another_program_saved_is_the_same_rows(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_bytes(content)
    assert [key for key, _ in keys(tmp_path)] == ["C1", "C2"]


def test_a_file_is_found_whatever_its_capitals_and_its_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "Alte Übersicht 2024"
    folder.mkdir()
    (folder / "Clients.CSV").write_text(CLIENTS, "utf-8")
    (folder / "PAYMENTS-1.CSV").write_text("PaymentID,Amount\nX1,5\n", "utf-8")
    assert keys(folder) == [("C1", "Clients.CSV"), ("C2", "Clients.CSV"), ("X1", "PAYMENTS-1.CSV")]


def test_of_two_spellings_the_one_that_the_layout_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "CLIENTS.csv").write_text(CLIENTS, "utf-8")
    (tmp_path / "clients.csv").write_text("ClientID,First Name,Notes\nC9,Bo,\n", "utf-8")
    assert keys(tmp_path) == [("C9", "clients.csv")]


def test_a_column_in_other_capitals_stands_under_its_name_unless_two_might_be_meant(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text("CLIENTID,first name,Notes,NOTES,fax\nC1,Ann,a,b,c\n", "utf-8")
    source = FilesSource(tmp_path, "legacy", ZoneInfo("America/Chicago"), LAYOUT)
    (row,) = source.read(Kind.PATIENT)
    values = {"ClientID": "C1", "First Name": "Ann", "Notes": "a", "NOTES": "b", "fax": "c"}
    assert (row.record.ref.id, row.record.payload) == ("C1", values)
    assert source.columns(Kind.PATIENT) == tuple(values)


@pytest.mark.parametrize(
    ("delimiter", "said"),
    [(";", r"""';' stands .* `delimiter: ";"`"""), ("\t", r"""'\\t' stands .* `delimiter: "\\t"`""")],
)
def test_another_delimiter_is_named_with_what_to_say_and_read_when_it_is_said(
    delimiter: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "clients.csv").write_text(CLIENTS.replace(",", delimiter), "utf-8")
    with pytest.raises(InvalidInput, match=rf"{said} of these files in migration.yaml"):
        keys(tmp_path)
    layout = Layout(records={"patient": LAYOUT.records[Kind.PATIENT].model_copy(update={"delimiter": delimiter})})
    source = FilesSource(tmp_path, "legacy", ZoneInfo("America/Chicago"), layout)
    assert next(iter(source.read(Kind.PATIENT))).record.ref.id == "C1"


@pytest.mark.parametrize(
    "header", ["Client;First;Notes", "Client,First,Notes", "clientid,CLIENTID,First Name,Notes", "ClientID,First;Notes"]
)
def test_a_header_without_the_columns_is_refused_in_one_message(header: str, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(f"{header}\n", "utf-8")
    with pytest.raises(InvalidInput) as caught:
        keys(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file, problem.line) == ("bad_header", "clients.csv", 1)
    assert "The file has: " in str(problem)
    assert "delimiter" not in str(problem)


def test_a_file_that_must_be_there_is_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"clients\.csv: the file is not there"):
        keys(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "clients.csv"])
def test_a_source_that_is_no_folder_is_refused_in_one_message(name: str, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(CLIENTS, "utf-8")
    with pytest.raises(InvalidInput, match="--source names the folder") as caught:
        keys(tmp_path / name)
    assert [problem.file for problem in caught.value.problems] == [str(tmp_path / name)]


def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clients.csv")
    with pytest.raises(InvalidInput, match=r"clients\.csv: this is no plain file"):
        keys(tmp_path)
