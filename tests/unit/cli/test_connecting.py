"""`hub connect`: exit codes for scripts, and what is discovered of a system without a personal value."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.connecting import app
from hub.connectors.kit.mapping_files import load_mappings
from hub.errors import RetryLater
from tests.peers.scripted import answer, scripted
from tests.peers.unseen.veloura.server import Veloura

VELOURA = Path(__file__).parents[2] / "peers" / "unseen" / "veloura" / "practice"


@pytest.fixture
def desk():
    made = Veloura()
    guest = made.add_guest(
        "Zyxwen", "Quillfeather", "+15125550177", birth="03/04/1971", memo="allergic", alias="Zyxwen"
    )
    made.add_line(guest, "03/09/2026", "2:30 PM", "3:00 PM")
    return made


@pytest.fixture
def practice(tmp_path, monkeypatch, desk):
    folder = tmp_path / "practice"
    shutil.copytree(VELOURA, folder)
    (folder / "secrets.yaml").write_text("veloura: {secret: pa55}", encoding="utf-8")
    (folder / "secrets.yaml").chmod(0o600)
    monkeypatch.setenv("HUB_PRACTICE", str(folder))
    with scripted(desk.serve) as server:
        file = folder / "connections" / "veloura.yaml"
        file.write_text(file.read_text().replace("http://127.0.0.1:8000", server.url), encoding="utf-8")
        yield folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_check_says_each_thing_on_a_line_and_its_exit_code_how_it_stands(practice):
    done = run("check", "veloura")
    assert done.exit_code == 0, done.output
    assert [line[:4].strip() for line in done.stdout.splitlines()[:-1]] == ["ok"] * 8
    (practice / "secrets.yaml").chmod(0o644)
    opened = run("check", "veloura", "--json")
    told = json.loads(opened.stdout)
    assert (opened.exit_code, told["ok"]) == (1, False)
    assert next(one["hint"] for one in told["checks"] if one["level"] == "fail").endswith("chmod 600 secrets.yaml")


def test_a_system_that_is_down_is_to_be_tried_later(practice):
    file = practice / "connections" / "veloura.yaml"
    text = file.read_text()
    base = next(line for line in text.splitlines() if line.startswith("base_url"))
    file.write_text(
        text.replace(base, "base_url: http://127.0.0.1:9").replace(
            text[text.index("auth:") : text.index("limits:")], ""
        )
    )
    assert run("check", "veloura").exit_code == 75
    asked = run("discover", "veloura", "--json")
    assert isinstance(asked.exception, RetryLater)
    assert asked.output == "", "nothing of the retries stands where a program reads JSON"


@pytest.mark.parametrize("has_tables", [True, False])
def test_fields_are_shown_with_examples_only_where_they_are_not_personal(practice, has_tables):
    if not has_tables:
        shutil.rmtree(practice / "mappings")
    done = run("discover", "veloura", "--json")
    assert done.exit_code == 0, done.output
    for word in ("Zyxwen", "Quillfeather", "5550177", "1971", "allergic"):
        assert word not in done.stdout
    patient, visit = json.loads(done.stdout)["streams"]
    shown = {field["path"]: field["shown"] for field in patient["fields"]}
    assert (shown["name.first"], shown["alias"]) == ("<identity>", "<text of 6>")
    assert not [text for path, text in shown.items() if path.startswith("contact") and not text.startswith("<")]
    assert {field["path"]: field["shown"] for field in visit["fields"]}["state"] == "OPEN"


def test_a_stream_of_whose_fields_nobody_knows_one_is_shown_like_the_others(practice):
    with scripted(lambda _asked: answer([{"zq": 1, "wx": [{"vy": "A"}]}], content_type="application/json")) as server:
        streams = {kind: {"read": {"path": "all", "id": "zq"}} for kind in ("patient", "location")}
        said = {"system": "odd", "connector": "rest", "base_url": server.url, "mappings": "odd", "streams": streams}
        (practice / "connections" / "odd.yaml").write_text(json.dumps(said), encoding="utf-8")
        done = run("discover", "odd", "--json")
    assert done.exit_code == 0, done.output
    for stream in json.loads(done.stdout)["streams"]:
        assert [field["path"] for field in stream["fields"]] == ["zq", "wx[0].vy"]


def test_first_tables_are_written_where_one_asks_for_them_and_never_over_others(practice, tmp_path):
    folder = practice / "mappings" / "first"
    done = run("discover", "veloura", "--write", folder)
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in folder.glob("*.yaml")) == ["patient.yaml", "visit.yaml"]
    (folder / "patient.yaml").write_text("mine", encoding="utf-8")
    again = run("discover", "veloura", "--write", folder)
    assert "is there already; nothing was written" in str(again.exception)
    assert (folder / "patient.yaml").read_text() == "mine"


def test_a_written_table_is_one_that_the_hub_reads(practice):
    done = run("discover", "veloura", "--write", practice / "mappings" / "first")
    assert done.exit_code == 0, done.output
    tables = load_mappings(practice, "first", practice)
    assert set(tables) == {"patient", "visit"}
