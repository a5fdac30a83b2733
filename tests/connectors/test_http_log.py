"""The log of HTTP, errors, reprs and tracebacks: no value of a patient is in any of them, wherever it stood."""

import json
import shutil
import traceback
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from hub.canonical.ids import Kind
from hub.canonical.records import Patient, Visit
from hub.connectors.kit.connection import read_connection
from hub.connectors.kit.http import Seen
from hub.connectors.kit.http_log import HttpLog
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.redaction import redaction_of
from hub.connectors.registry import Surroundings, open_sink, open_source
from hub.errors import HubError
from hub.ports import Write
from tests.peers.scripted import answer, scripted
from tests.peers.unseen.veloura.server import Veloura
from tests.processes import start

ROOT = Path(__file__).parents[2]
VELOURA = ROOT / "tests" / "peers" / "unseen" / "veloura" / "practice"
SENTINELS = ("Zyxwen", "Quillfeather", "5550177", "1971", "allergic", "zy@x.example", "pa55", "ticket-")


def mappings_of(folder: Path):
    """Connection → its mapping files."""
    return lambda one: load_mappings(ROOT / "mappings", one.mappings, folder)


@pytest.fixture
def desk():
    return Veloura()


@pytest.fixture
def logged(tmp_path, desk):
    """The connection to a running desk, its surroundings, and the log's file."""
    folder = tmp_path / "practice"
    shutil.copytree(VELOURA, folder)
    (folder / "secrets.yaml").write_text("veloura: {secret: pa55}", encoding="utf-8")
    (folder / "secrets.yaml").chmod(0o600)
    file = tmp_path / "http.log"
    log = HttpLog(file, mappings_of(folder))
    with scripted(desk.serve) as server:
        text = (folder / "connections" / "veloura.yaml").read_text().replace("http://127.0.0.1:8000", server.url)
        around = Surroundings(folder, ZoneInfo("America/Chicago"), {}, witness_of=log.witness_of)
        yield read_connection(text, "veloura.yaml"), around, file


def no_sentinel(text: str) -> bool:
    return not [word for word in SENTINELS if word in text]


def fill(desk: Veloura) -> None:
    guest = desk.add_guest("Zyxwen", "Quillfeather", "+15125550177", birth="03/04/1971", memo="allergic", tattoo="1971")
    desk.guests[guest]["Zyxwen Quillfeather"] = {"zy@x.example": "1971"}
    line = desk.add_line(guest, "03/09/2026", "2:30 PM", "3:00 PM")
    desk.line(line)["remark"] = "allergic"


def test_a_log_tells_what_was_asked_and_said_and_nothing_of_a_patient(logged, desk):
    connection, around, file = logged
    fill(desk)
    with open_source(connection, around) as source:
        read = [record for kind in connection.pull for page in source.read(kind, None) for record in page.records]
        source.fetch(Kind.PATIENT, "G0001")
    assert len(read) == 2
    write = Write(Kind.PATIENT, "pat-1", "k", None, {"name": {"first": "Zyxwen"}, "shoe": "allergic"})
    assert no_sentinel(repr(write) + repr(read))
    with open_sink(connection, around) as sink, pytest.raises(HubError):
        sink.send(write)
    text = file.read_text(encoding="utf-8")
    assert no_sentinel(text), text
    lines = [json.loads(line) for line in text.splitlines()]
    asked = [(line["method"], line["path"].partition("?")[0], line["status"]) for line in lines]
    assert asked[:3] == [
        ("POST", "/gateway/session", 200),
        ("GET", "/gateway/guests", 200),
        ("GET", "/gateway/agenda", 200),
    ]
    assert asked[3][1].startswith("/gateway/guests/#")
    assert asked[-1] == ("POST", "/gateway/guests", 422)
    [guest], [sheet] = (lines[at]["received"]["payload"]["rows"] for at in (1, 2))
    assert guest["name"] == {"first": "<identity>", "last": "<identity>"}
    assert (guest["status"], guest["tattoo"], guest["memo"]) == ("ACTIVE", "<text of 4>", "<clinical>")
    assert (sheet["lines"][0]["svc"], sheet["lines"][0]["remark"]) == ("TX-9", "<text of 8>")
    assert sheet["guestNo"] == guest["guestNo"], "the same id is the same mark"
    assert guest["guestNo"].startswith("#")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 422, 429, 500])
@pytest.mark.parametrize("body", ['{"Zyxwen": "allergic', "<p>Zyxwen Quillfeather</p>", '["Zyxwen", {"x": "1971"}]'])
def test_no_error_nor_its_traceback_quotes_what_a_system_said(logged, status, body):
    connection, around, file = logged
    with scripted(lambda _: answer(body, status, content_type="application/json", x_reason="Zyxwen")) as server:
        moved = connection.model_copy(update={"base_url": server.url, "auth": ()})
        with open_source(moved, around) as source, pytest.raises(HubError) as caught:
            list(source.read(Kind.PATIENT, None))
    assert no_sentinel("".join(traceback.format_exception(caught.value)))
    assert no_sentinel(file.read_text(encoding="utf-8"))


def test_a_fhir_bundle_shows_codes_and_states_and_no_element_that_no_table_knows():
    text = "system: ehr\nconnector: fhir_r4\nbase_url: https://e.example/fhir\nmappings: fhir-r4\n"
    connection = read_connection(text + "streams: {patient: {}, visit: {direction: both}}", "ehr.yaml")
    redaction = redaction_of(connection, load_mappings(ROOT / "mappings", "fhir-r4"))
    patient = {"resourceType": "Patient", "id": "1971", "name": [{"family": "Zyxwen", "given": ["Quillfeather"]}]}
    patient |= {"identifier": [{"system": "ssn", "value": "1971"}], "active": True}
    visit = {"resourceType": "Appointment", "id": "a", "status": "booked", "comment": "allergic"}
    shown = redaction.body(json.dumps({"entry": [{"resource": patient}, {"resource": visit}]}).encode())
    assert no_sentinel(json.dumps(shown))
    assert shown["entry"][1]["resource"]["status"] == "booked"
    path = redaction.path("https://e.example/fhir/Patient/1971?name=Zyxwen&_count=50")
    assert path.startswith("/fhir/Patient/#")
    assert path.endswith("?name&_count")


def test_nothing_says_a_personal_value_when_it_is_printed():
    patient = Patient(id="pat-1", given_name="Zyxwen", family_name="Quillfeather", note="allergic", active=True)
    assert no_sentinel(repr(patient) + str(patient))
    assert "given_name='<identity>'" in repr(patient)
    assert "family_name=None" in repr(Patient(id="pat-2"))
    seen = Seen("GET", "http://h/Zyxwen", b"Zyxwen", 200, {"x": "Zyxwen"}, b"Zyxwen", 0.1)
    assert no_sentinel(repr(seen))
    with pytest.raises(ValidationError) as caught:
        Visit.model_validate({"id": "v", "patient_id": "Zyxwen", "start": "allergic", "state": "Quillfeather"})
    assert no_sentinel(str(caught.value))


def write_often(file: Path, folder: Path) -> None:
    """In a process of its own."""
    connection = read_connection((folder / "connections" / "veloura.yaml").read_text(), "veloura.yaml")
    witness = HttpLog(file, mappings_of(folder)).witness_of(connection)
    for _ in range(50):
        witness(Seen("GET", "http://h/gateway/guests", b"", 200, {}, b'{"payload": {"rows": []}}', 0.1))


def test_several_processes_write_whole_lines_into_one_log(tmp_path):
    file = tmp_path / "http.log"
    children = [start(write_often, file, VELOURA) for _ in range(3)]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert [json.loads(line)["status"] for line in file.read_text().splitlines()] == [200] * 150
