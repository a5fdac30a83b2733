"""A connection is opened by its connector's name, or refused with the key that is wrong."""

from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection, ConnectorName
from hub.connectors.registry import CONNECTORS, Surroundings, open_export, open_sink, open_source, zone_of
from hub.errors import HubError, InvalidInput, NeedsAttention
from tests.peers.scripted import answer, bundle, scripted

CHICAGO = ZoneInfo("America/Chicago")
BEARER = {"scheme": "bearer", "token": {"env": "EHR_TOKEN"}}


def connection(**fields: object) -> Connection:
    whole = {"system": "ehr", "connector": "fhir_r4", "base_url": "http://127.0.0.1:9", "mappings": "fhir-r4"}
    return Connection.model_validate({**whole, **fields})


def surroundings(**environment: str) -> Surroundings:
    return Surroundings(Path("/nowhere"), CHICAGO, environment)


def refused(
    link: Connection, error: type[HubError], *, to_write: bool = False, **environment: str
) -> tuple[str | None, str]:
    opening = open_sink if to_write else open_source
    with pytest.raises(error) as caught, opening(link, surroundings(**environment)):
        pass
    [problem] = caught.value.problems
    assert problem.file == "connections/ehr.yaml"
    return problem.field, problem.message


def test_every_connector_that_a_file_may_name_can_be_opened():
    assert set(get_args(ConnectorName)) == set(CONNECTORS)


def test_a_token_that_is_not_there_is_named_by_its_variable_and_nothing_is_sent_without_it():
    for environment in ({}, {"EHR_TOKEN": " "}):
        field, message = refused(connection(auth=BEARER), NeedsAttention, **environment)
        assert (field, "EHR_TOKEN" in message) == ("auth", True)


def test_the_token_travels_with_every_request():
    with scripted(lambda _asked: answer(bundle())) as server:
        link = connection(base_url=server.url, auth=BEARER)
        with open_source(link, surroundings(EHR_TOKEN="secret")) as source:
            list(source.read(Kind.PATIENT, None))
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer secret"}


def test_an_export_is_imported_and_neither_pulled_nor_written():
    link = connection(connector="legacy_export", folder="exports", base_url=None)
    assert open_export(link, surroundings()).system == "ehr"
    assert refused(link, InvalidInput)[0] == "connector"
    assert refused(link, InvalidInput, to_write=True)[0] == "streams"


def test_a_connection_has_its_own_zone_or_the_practice_s():
    assert zone_of(connection(), surroundings()) == CHICAGO
    assert zone_of(connection(zone="Europe/Berlin"), surroundings()).key == "Europe/Berlin"
