"""FHIR servers as fixtures: import those you need. One process of each serves a whole run, empty for each test."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.peers.fhir import FhirDesk
from tests.peers.medplum.peer import medplum
from tests.peers.sandbox import sandbox


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirDesk]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as url, closing(FhirDesk(url)) as desk:
        yield desk


@pytest.fixture(scope="session")
def _medplum_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirDesk]:
    with medplum(tmp_path_factory.mktemp("medplum") / "server.log") as url, closing(FhirDesk(url)) as desk:
        yield desk


@pytest.fixture
def sandbox_server(_sandbox_process: FhirDesk) -> FhirDesk:
    """The hub's own sandbox, empty."""
    _sandbox_process.clear()
    return _sandbox_process


@pytest.fixture
def medplum_server(_medplum_process: FhirDesk) -> FhirDesk:
    """Medplum's router, which nobody here wrote, empty."""
    _medplum_process.clear()
    return _medplum_process


@pytest.fixture(params=["sandbox_server", "medplum_server"])
def fhir_server(request: pytest.FixtureRequest) -> FhirDesk:
    """Each of the two in turn."""
    server: FhirDesk = request.getfixturevalue(request.param)
    return server
