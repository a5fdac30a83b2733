"""A look at a connection: a line for each thing, on servers that a test scripts; nothing secret or personal in it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest

from hub.connectors.kit.connection import read_connection
from hub.connectors.registry import Surroundings, check_connection
from hub.ports.checks import Check, Level
from tests.peers.scripted import answer, scripted
from tests.peers.token_server import token_desk

READ = "streams: {patient: {read: {path: people, id: id}}, visit: {read: {path: visits, id: id}}}"
BEARER = "auth: {scheme: bearer, token: {env: GLOW_TOKEN}}"
PERSON = {"id": "1", "name": "Zyxwen Quill"}


def look(url: str, tmp_path, *more: str, **environment: str) -> dict[str, Check]:
    text = "\n".join(("system: glow", "connector: rest", f"base_url: {url}", "mappings: glow", READ, *more))
    connection = read_connection(text, "glow.yaml")
    return {
        one.about: one for one in check_connection(connection, Surroundings(tmp_path, ZoneInfo("UTC"), environment))
    }


def levels(found: dict[str, Check]) -> dict[str, str]:
    return {about: check.level.value for about, check in found.items() if check.level is not Level.OK}


def test_all_is_well_where_it_is_and_no_value_is_shown(tmp_path):
    with scripted(lambda _: answer([PERSON], x_ratelimit_limit="100", x_ratelimit_remaining="93")) as server:
        limits = "limits: {rate: {requests: 50, per_seconds: 1}}"
        found = look(server.url, tmp_path, BEARER, limits, GLOW_TOKEN="tok-1")
    assert levels(found) == {}
    assert found["read patient"].message == "1 record on the first page"
    assert found["rate limit"].message == "it says 100, 93 left; the connection keeps to 50 requests per 1 s"
    assert "Zyxwen" not in str(found)
    assert "tok-1" not in str(found)


def test_a_missing_secret_is_said_and_nothing_is_asked(tmp_path):
    with scripted(lambda _: answer([])) as server:
        found = look(server.url, tmp_path, BEARER)
        assert server.asked == []
    assert levels(found) == {"secrets": "fail"}
    assert found["secrets"].hint == "Set GLOW_TOKEN"


def test_a_file_of_secrets_that_others_may_read_is_named_once(tmp_path):
    (tmp_path / "secrets.yaml").write_text("{user: u, key: k}", encoding="utf-8")
    (tmp_path / "secrets.yaml").chmod(0o644)
    user, key = ({"file": "secrets.yaml", "key": name} for name in ("user", "key"))
    text = f"system: glow\nconnector: rest\nbase_url: http://127.0.0.1:9\nmappings: glow\n{READ}\n"
    connection = read_connection(f"{text}auth: {{scheme: basic, user: {user}, password: {key}}}", "glow.yaml")
    [only] = check_connection(connection, Surroundings(tmp_path, ZoneInfo("UTC"), {}))
    assert (only.about, only.level) == ("secrets", Level.FAIL)


def test_a_server_that_is_not_there_is_asked_once_and_may_be_there_later(tmp_path):
    with scripted(lambda _: b"") as server:
        url = server.url
    found = look(url, tmp_path)
    assert levels(found) == {"reach": "fail"}
    assert found["reach"].may_pass


def test_refused_credentials_are_told_from_a_stream_that_is_not_allowed(tmp_path):
    with scripted(lambda _: answer({}, 401)) as server:
        assert levels(look(server.url, tmp_path, BEARER, GLOW_TOKEN="no")) == {"authenticate": "fail"}
    with scripted(lambda asked: answer([], 403 if asked.target.startswith("/visits") else 200)) as server:
        found = look(server.url, tmp_path, BEARER, GLOW_TOKEN="yes")
    assert levels(found) == {"read visit": "fail"}
    assert found["read visit"].message == "we are known and not allowed to"


@pytest.mark.parametrize(("minutes", "level"), [(0, None), (0.75, "warn"), (10, "fail"), (-10, "fail")])
def test_a_clock_that_is_off_is_seen_by_the_date_header(tmp_path, minutes, level):
    def script(_asked):
        date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)  # noqa: TID251
        plain = answer([]).split(b"\r\n")
        return b"\r\n".join(b"date: " + date.encode() if one.startswith(b"date:") else one for one in plain)

    with scripted(script) as server:
        assert levels(look(server.url, tmp_path)) == ({} if level is None else {"clock": level})


def test_a_limit_that_the_system_tells_and_the_connection_does_not_is_to_be_looked_at(tmp_path):
    with scripted(lambda _: answer([], ratelimit_limit="60")) as server:
        assert levels(look(server.url, tmp_path)) == {"rate limit": "warn"}
    with scripted(lambda _: answer({}, 429)) as server:
        found = look(server.url, tmp_path)
    assert levels(found)["rate limit"] == "fail"
    assert found["read patient"].may_pass


def test_scopes_that_were_asked_for_and_not_granted_are_named(tmp_path):
    with token_desk(granted="people.read") as (_, server):
        scheme = f"scheme: oauth2_client_credentials, token_url: {server.url}/token, client_id: hub"
        auth = f"auth: {{{scheme}, client_secret: {{env: S}}, scope: people.read visits.read}}"
        found = look(server.url, tmp_path, auth, S="s3cret")
    assert found["scopes"].message == "asked for and not granted: visits.read"
    assert "token-1" not in str(found)


def fhir(url: str, tmp_path, streams: str) -> list[Check]:
    text = f"system: ehr\nconnector: fhir_r4\nbase_url: {url}\nmappings: fhir-r4\nstreams: {streams}"
    return list(check_connection(read_connection(text, "ehr.yaml"), Surroundings(tmp_path, ZoneInfo("UTC"), {})))


def statement(**interactions: list[str] | None) -> dict[str, object]:
    named = {
        type_: {"type": type_} | ({"interaction": [{"code": code} for code in codes]} if codes is not None else {})
        for type_, codes in interactions.items()
    }
    software = {"name": "Clinic FHIR", "version": "7.1"}
    rest = [{"mode": "server", "operation": [{"name": "export"}], "resource": list(named.values())}]
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": software, "rest": rest}


ALL_OF_IT = ["read", "search-type", "create", "update"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            statement(Patient=["read", "search-type"], Appointment=ALL_OF_IT),
            ["ok FHIR 4.0.1, Clinic FHIR 7.1; it says all that the streams need: Patient, Appointment"],
        ),
        (
            statement(Patient=None, Appointment=None),
            ["ok FHIR 4.0.1, Clinic FHIR 7.1; it says all that the streams need"],
        ),
        (
            statement(Patient=["read"], Appointment=["read", "search-type"]),
            [
                "warn FHIR 4.0.1, Clinic FHIR 7.1; it says nothing of Patient: search-type",
                "warn FHIR 4.0.1, Clinic FHIR 7.1; it says nothing of Appointment: create, update",
            ],
        ),
        (statement(Patient=ALL_OF_IT), ["warn FHIR 4.0.1, Clinic FHIR 7.1; it says nothing of Appointment at all"]),
        (statement(), ["warn FHIR 4.0.1, Clinic FHIR 7.1; it names no resources"]),
        ({**statement(), "fhirVersion": "5.0.0"}, ["fail"]),
        ({"resourceType": "OperationOutcome", "issue": []}, ["fail"]),
    ],
)
def test_what_a_fhir_server_says_that_it_can_do_is_held_against_what_the_streams_need(tmp_path, said, expected):
    def script(asked):
        return answer(said if asked.target == "/metadata" else {"resourceType": "Bundle", "type": "searchset"})

    with scripted(script) as server:
        found = fhir(server.url, tmp_path, "{patient: {}, visit: {direction: both}}")
        assert not [one for one in server.asked if "export" in one.target], "a look orders no export of everybody"
    told = [f"{one.level.value} {one.message}" for one in found if one.about == "capabilities"]
    assert len(told) == len(expected)
    assert all(line.startswith(start) for line, start in zip(told, expected, strict=True)), told


def test_an_export_tells_its_files_or_what_is_wrong_in_them(tmp_path):
    text = "system: old\nconnector: legacy_export\nfolder: files\nmappings: m\nstreams: {patient: {}}"
    around = Surroundings(tmp_path, ZoneInfo("UTC"), {})
    found = list(check_connection(read_connection(text, "old.yaml"), around))
    assert {one.level for one in found} == {Level.FAIL}
