"""The folder of mapping tables is read whole, and everything that is wrong in it is said at once."""

from pathlib import Path

import pytest

from hub.connectors.kit.mapping_files import load_mappings
from hub.errors import InvalidInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "codes").mkdir()
    (tmp_path / "vendor").mkdir()
    (tmp_path / "codes" / "status.yaml").write_text("codes: {booked: [Booked]}\n")
    (tmp_path / "vendor" / "visit.yaml").write_text(
        "record: visit\nfields: {state: {path: s, codec: code, table: status}}\n"
    )
    (tmp_path / "vendor" / "patient.yaml").write_text("record: patient\nfields: {city: town}\n")
    return tmp_path


def refusal(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load_mappings(folder, "vendor")
    return [f"{Path(problem.file or '').name}:{problem.line}" for problem in caught.value.problems]


def test_tables_are_found_by_the_names_of_their_files(folder: Path) -> None:
    assert set(load_mappings(folder, "vendor")) == {"visit", "patient"}


def test_what_is_wrong_in_several_files_is_said_at_once(folder: Path) -> None:
    (folder / "vendor" / "visit.yaml").write_text("record: visit\nfields:\n  satte: s\n  note: {path: n, codec: txt}\n")
    (folder / "vendor" / "patient.yaml").write_text("record: patient\nfeilds: {}\n")
    assert refusal(folder) == ["patient.yaml:1", "patient.yaml:2", "visit.yaml:3", "visit.yaml:4"]


def test_a_wrong_code_table_is_named(folder: Path) -> None:
    (folder / "codes" / "status.yaml").write_text("codes:\n  booked: [1]\n")
    assert refusal(folder) == ["status.yaml:2"]


def test_a_system_without_tables_is_named(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="no mapping tables here"):
        load_mappings(folder, "vender")


def test_a_table_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "vendor" / "visit.yaml").write_bytes(b"about: Zo\xeb\n")
    assert refusal(folder) == ["visit.yaml:None"]
