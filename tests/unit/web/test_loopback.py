"""Who counts as this machine itself."""

import pytest

from hub.web.loopback import is_loopback, is_loopback_authority


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "10.0.0.1", "", "hub.example", "localhost.example"])
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "[::1]"])
def test_a_host_header_may_name_this_machine_with_or_without_a_port(host: str) -> None:
    assert is_loopback_authority(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "127.0.0.1:x", "localhost@evil", "::1:1"],
)
def test_a_host_header_that_names_anything_else_is_refused(host: str) -> None:
    assert not is_loopback_authority(host)
