"""No test of a connector waits between two attempts: stamina's test mode takes the waits out and keeps the attempts."""

from collections.abc import Iterator

import pytest
import stamina

from tests.peers.fixtures import _medplum_process, medplum_server  # noqa: F401


@pytest.fixture(autouse=True)
def _no_waits_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)
