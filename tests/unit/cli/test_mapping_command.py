"""`hub map`: a table at work on a sample, and what is wrong with the tables. No database, no system."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.canonical.records import MODELS
from hub.cli.mapping import Mapped, app
from hub.errors import InvalidInput

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / "examples" / "juniper" / "legacy-export" / "clients.csv"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"use": "official", "family": "Zyxwen", "given": ["Ana", "M"]}],
    "birthDate": "soon",
    "telecom": [{"system": "phone", "value": "512 555 0100"}, {"system": "fax", "value": "512 555 0199"}],
    "gender": "female",
}


@pytest.fixture
def practice(tmp_path, monkeypatch):
    folder = tmp_path / "practice"
    shutil.copytree(ROOT / "examples" / "juniper", folder)
    monkeypatch.setenv("HUB_PRACTICE", str(folder))
    monkeypatch.setenv("COLUMNS", "100")
    return folder


@pytest.fixture
def sample(tmp_path):
    file = tmp_path / "patients.json"
    bundle = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": {**PATIENT, "id": "p2"}}]}
    file.write_text(json.dumps(bundle), encoding="utf-8")
    return file


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_every_kind_that_has_tables_can_be_previewed():
    assert {kind.value for kind in Mapped} == set(MODELS)


def test_a_sample_is_shown_side_by_side_and_personal_values_are_not(practice, sample):
    result = run("preview", "juniper-ehr", "patient", "--sample", sample, "--limit", 1)
    assert result.exit_code == 0, result.output
    assert "name[use=official].family" in result.stdout
    assert "<identity>" in result.stdout
    assert "<contact>" in result.stdout
    assert "Zyxwen" not in result.stdout
    assert "soon" not in result.stdout
    assert "555" not in result.stdout
    assert "warning: born_on is not a date. Expected: %Y-%m-%d" in result.stdout
    assert "Written back: nothing changes there." in result.stdout
    assert "gender (text of 6)" in result.stdout.replace("\n", " ")
    assert "telecom[1].value" in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines()[2:])
    assert "p2" not in result.stdout


def test_personal_values_are_shown_to_who_asks_for_them(practice, sample):
    result = run("preview", "juniper-ehr", "patient", "--sample", sample, "--show-personal")
    assert "Zyxwen" in result.stdout
    assert "+15125550100" in result.stdout


def test_json_masks_likewise_and_says_what_is_sound(practice, sample):
    told = json.loads(run("preview", "juniper-ehr", "patient", "--sample", sample, "--json").stdout)
    assert (told["ok"], len(told["records"])) == (True, 2)
    phone = next(field for field in told["records"][0]["fields"] if field["field"] == "phone")
    assert (phone["there"], phone["here"], phone["phi"]) == ("<contact>", "<contact>", "contact")
    assert "Zyxwen" not in json.dumps(told)


def test_a_record_that_cannot_be_read_is_exit_1_with_its_problem(practice, tmp_path):
    file = tmp_path / "visit.json"
    visit = {"resourceType": "Appointment", "id": "a1", "status": "maybe", "start": "2026-03-02T09:00:00-06:00"}
    file.write_text(json.dumps(visit), encoding="utf-8")
    result = run("preview", "juniper-ehr", "visit", "--sample", file)
    assert result.exit_code == 1
    assert "visit a1 cannot be read" in result.stdout
    assert "unknown" not in result.stdout
    assert "problem: state is a code that nobody has given a meaning: 'maybe'. Add it to" in result.stdout


def test_rows_of_a_file_are_shown_too(practice):
    result = run("preview", "juniper-legacy", "patient", "--sample", CLIENTS, "--limit", 2)
    assert result.exit_code == 0
    assert "There and not mapped: ClientID (text of 6)" in result.stdout


def test_a_sample_of_another_shape_is_said_not_to_be_a_record(practice, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps({"data": {"clients": [{"first": "Ana"}]}}), encoding="utf-8")
    result = run("preview", "juniper-ehr", "patient", "--sample", tmp_path / "s.json")
    assert result.exit_code == 1
    assert "nothing that the table names stands in it" in result.stdout
    [record] = json.loads(run("preview", "juniper-ehr", "patient", "--sample", tmp_path / "s.json", "--json").stdout)[
        "records"
    ]
    assert (record["ok"], record["holds_nothing"]) == (False, True)


@pytest.mark.parametrize(
    ("reading", "saved"),
    [
        ({"records": "rows", "keyed_as": "id"}, {"rows": {"p1": PATIENT}}),
        ({"records": "days", "each": {"path": "people", "parent": "day"}}, {"days": [{"on": 1, "people": [PATIENT]}]}),
        ({"records": "days", "each": {"path": "people", "parent": "day"}}, PATIENT),
        ({"paging": {"by": "relay", "connection": "data.all"}}, {"data": {"all": {"edges": [{"node": PATIENT}]}}}),
    ],
    ids=["keyed", "inside others", "one by itself", "relay"],
)
def test_a_saved_answer_is_read_as_the_stream_is(practice, tmp_path, reading, saved):
    streams = {"patient": {"read": {"path": "all", "id": "id", **reading}}}
    said = {"system": "odd", "connector": "rest", "base_url": "http://127.0.0.1:9", "mappings": "fhir-r4"}
    (practice / "connections" / "odd.yaml").write_text(json.dumps(said | {"streams": streams}), encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps(saved), encoding="utf-8")
    told = json.loads(run("preview", "odd", "patient", "--sample", tmp_path / "s.json", "--json").stdout)
    assert [(one["id"], one["holds_nothing"]) for one in told["records"]] == [("p1", False)]


def test_records_of_another_kind_are_counted_and_left_out(practice, tmp_path):
    file = tmp_path / "places.jsonl"
    places = [
        {"resourceType": "Location", "id": "a", "name": "A"},
        {"id": "b", "name": "B", "partOf": {"reference": "x"}},
    ]
    file.write_text("\n".join(map(json.dumps, places)), encoding="utf-8")
    told = json.loads(run("preview", "juniper-ehr", "location", "--sample", file, "--json").stdout)
    assert (told["other_kind"], [one["id"] for one in told["records"]]) == (1, ["a"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "patient", "--sample", "x.json"), "there is no connection 'nobody'"),
        (("juniper-ehr", "patient", "--sample", "not-there.json"), "cannot be read: No such file"),
        (("juniper-legacy", "location", "--sample", "x.json"), "has no mapping table for location"),
    ],
)
def test_what_is_not_there_is_one_clear_message(practice, arguments, message):
    result = run("preview", *arguments)
    assert isinstance(result.exception, InvalidInput)
    (problem,) = result.exception.problems
    assert message in str(problem)
    assert problem.hint


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ("[]", "no records"), ("", "no records")])
def test_a_file_without_records_says_so(practice, tmp_path, text, message):
    file = tmp_path / "odd.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        raise run("preview", "juniper-ehr", "patient", "--sample", file).exception


def test_the_shipped_tables_have_nothing_to_mend(practice):
    result = run("lint")
    assert result.exit_code == 0, result.stdout
    assert "0 to mend" in result.stdout


STATELESS = """
record: visit
fields:
  patient_id: {path: p, codec: reference, kind: patient, required: true}
  location_id: {path: l, codec: reference, kind: location}
  start: {path: s, codec: instant}
  end: {path: e, codec: instant}
"""
LINTED = {
    "no-state.yaml": (STATELESS, "no visit can be without 'state'"),
    "clash.yaml": (
        "record: patient\nfields:\n  given_name: name\n  family_name: name\n",
        "two fields say different things about 'name'",
    ),
    "untaken.yaml": (
        "record: location\nonly: {type: site}\nfields:\n  name: {path: name, required: true}\n",
        "what it writes 'only' does not take",
    ),
    "unread.yaml": ("record: patient\nfields:\n  born_on: {path: b, codec: dte}\n", "unknown codec 'dte'"),
    "unread.2.yaml": ("record: patient\nfields:\n  born_on: b\n", "the codec 'text' reads no born_on of a patient"),
}


@pytest.mark.parametrize("name", sorted(LINTED))
def test_a_table_with_a_mistake_is_named_with_its_line(practice, name):
    text, message = LINTED[name]
    folder = practice / "mappings" / "own"
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    result = run("lint", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    (wrong,) = [one for one in told["findings"] if one["level"] == "error"]
    assert message in wrong["message"]
    assert wrong["file"].endswith(f"mappings/own/{name}")
    assert wrong["line"]


@pytest.mark.parametrize("words", ["{}", "{booked: []}"])
def test_a_code_table_that_was_proposed_and_not_filled_in_yet_is_to_be_mended(practice, words):
    for folder, name, text in (
        ("codes", "stage", f"codes: {words}\n"),
        ("own", "visit", f"{STATELESS}  state: {{path: t, codec: code, table: stage, required: true}}\n"),
    ):
        (practice / "mappings" / folder).mkdir(parents=True)
        (practice / "mappings" / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    told = json.loads(run("lint", "--json").stdout)
    (wrong,) = [one for one in told["findings"] if one["level"] == "error"]
    assert wrong["message"] == "the table 'stage' holds no words"
    assert wrong["line"]


def test_shipped_tables_that_nobody_uses_give_no_hints(practice):
    told = json.loads(run("lint", "--json").stdout)
    shipped = {Path(one["file"]).name for one in told["findings"] if "mappings/fhir-r4" in one["file"]}
    assert "patient.yaml" in shipped
    assert "service.yaml" not in shipped, "juniper-ehr has no such stream"


def test_hints_say_what_is_not_mapped_and_which_codes_nobody_uses(practice):
    codes = practice / "mappings" / "codes"
    codes.mkdir(parents=True)
    (codes / "lonely.yaml").write_text("codes: {a: [b]}", encoding="utf-8")
    told = json.loads(run("lint", "--json").stdout)
    hints = [f"{Path(one['file']).name}: {one['message']}" for one in told["findings"]]
    assert "lonely.yaml: no table uses these codes" in hints
    assert any(hint.startswith("patient.yaml: not mapped:") for hint in hints)
