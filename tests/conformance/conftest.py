from tests.peers.fixtures import (  # noqa: F401
    _medplum_process,
    _sandbox_process,
    fhir_server,
    medplum_server,
    sandbox_server,
)
