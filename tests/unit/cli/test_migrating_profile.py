"""`hub migrate profile` reads what it is given and says what is in it; it needs neither database nor practice."""

import json
from pathlib import Path

from typer.testing import CliRunner

from hub.cli import app
from hub.errors import InvalidInput
from tests.legacy.generate import generate

RUN = CliRunner()


def test_a_whole_export_is_profiled_with_keys_references_and_first_mappings(tmp_path: Path) -> None:
    generate(3, 60, tmp_path / "export")
    told = RUN.invoke(
        app, ["migrate", "profile", str(tmp_path / "export"), "--json", "--mappings", str(tmp_path / "m")]
    )
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    files = {one["file"]: one for one in answer["files"]}
    assert files["clients.csv"]["keys"][0] == "ClientID"
    assert files["staff.csv"]["encoding"] == "cp1252"
    assert files["appointments.csv"]["mapping"]["kind"] == "visit"
    points = {(*one["from"], *one["to"]) for one in answer["references"]}
    assert ("appointments.csv", "ClientID", "clients.csv", "ClientID") in points
    assert (tmp_path / "m" / "legacy" / "patient.yaml").read_text().startswith("about: Proposed from")


def test_a_file_that_is_no_table_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"%PDF-1.7")
    (tmp_path / "aa.csv").mkdir()
    (tmp_path / "b.csv").write_text("id;price\n1;2,50\n2;3,50\n")
    told = RUN.invoke(app, ["migrate", "profile", str(tmp_path)])
    assert told.exit_code == 3
    assert "error: a.csv: this is a PDF, not a table" in told.stderr
    assert "aa.csv: this is no plain file" in told.stderr
    assert 'b.csv: 2 rows, 2 columns, utf-8, `delimiter: ";"`\n' in told.stdout
    assert "! decimal commas" in told.stdout
    told = RUN.invoke(app, ["migrate", "profile", str(tmp_path), "--json"])
    assert told.exit_code == 3
    answer = json.loads(told.stdout)
    assert ([one["file"] for one in answer["files"]], [one["file"] for one in answer["unread"]]) == (
        ["b.csv"],
        ["a.csv", "aa.csv"],
    )


def test_where_no_file_is_a_table_nothing_is_profiled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"%PDF-1.7")
    (tmp_path / "aa.csv").mkdir()
    told = RUN.invoke(app, ["migrate", "profile", str(tmp_path)])
    assert (told.exit_code, told.stdout) == (1, "")
    assert isinstance(told.exception, InvalidInput)
    assert [one.file for one in told.exception.problems] == ["a.csv", "aa.csv"]


def test_values_and_names_stand_on_one_line_whatever_is_in_them(tmp_path: Path) -> None:
    rows = "".join(f'"north\r\n\x1b[2J",{n}\n' for n in range(9))
    (tmp_path / "a.csv").write_text('"Room\nname",id\n' + rows, newline="")
    told = RUN.invoke(app, ["migrate", "profile", str(tmp_path)])
    (said,) = (line for line in told.stdout.splitlines() if "name" in line and "likely" not in line)
    assert said.split() == ["Room\\nname", "100%", "code", "north\\r\\n\\x1b[2J", "(9)"]
    assert "\x1b" not in told.stdout
