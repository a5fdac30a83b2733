from collections.abc import Iterator

import pytest

from tests.peers.fixtures import (  # noqa: F401
    _medplum_process,
    _sandbox_process,
    fhir_server,
    medplum_server,
    sandbox_server,
)
from tests.peers.sftp import SftpServer, sftp_server


@pytest.fixture(scope="session")
def sftp_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SftpServer, SftpServer]]:
    """OpenSSH's server, and one under the same keys that lets nobody open a file."""
    with (
        sftp_server(tmp_path_factory.mktemp("sftp")) as server,
        sftp_server(tmp_path_factory.mktemp("strict"), keys_of=server, denied="open") as strict,
    ):
        yield server, strict
