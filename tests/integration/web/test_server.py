"""Binding: on this machine only, and a taken port is said, not crashed on."""

import gc
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hub.errors import NeedsAttention
from hub.web.app import create_app
from hub.web.server import open_socket, serve
from tests.board_day import MadeUpQueries
from tests.peers.processes import free_port

ROOT = Path(__file__).parents[3]
SERVE = """
import sys
from hub.web.app import create_app
from hub.web.server import serve
from tests.board_day import MadeUpQueries, a_day
serve(create_app(MadeUpQueries(a_day())), "127.0.0.1", int(sys.argv[1]))
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "hub.example"])
def test_without_sign_in_the_hub_serves_this_machine_only(host: str) -> None:
    with pytest.raises(NeedsAttention, match=r"no sign-in yet.*Serve on 127\.0\.0\.1"):
        serve(create_app(MadeUpQueries()), host, 0)


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NeedsAttention, match=rf"port {port} on 127\.0\.0\.1 is taken.*choose another port") as said:
            serve(create_app(MadeUpQueries()), "127.0.0.1", port)
    assert len(said.value.problems) == 1


def test_a_number_that_is_no_port_is_said() -> None:
    with pytest.raises(NeedsAttention, match="a number from 0 to 65535"), open_socket("127.0.0.1", 70_000):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_a_free_port_is_found_and_given_back(host: str) -> None:
    with open_socket(host, 0) as listening:
        name, port = listening.getsockname()[:2]
        assert name.startswith("127.")
    with open_socket(host, port) as again:
        assert again.getsockname()[1] == port


def test_a_server_never_looks_through_what_it_has_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    spared = []

    class Server:
        def run(self, sockets: list[socket.socket]) -> None:
            spared.append((len(sockets), gc.get_freeze_count()))

    monkeypatch.setattr("hub.web.server.make_server", lambda _: Server())
    try:
        serve(create_app(MadeUpQueries()), "127.0.0.1", 0)
        ((sockets, objects),) = spared
        assert sockets == 1
        assert objects > 10_000
    finally:
        gc.unfreeze()


def test_it_serves_until_ctrl_c_and_then_ends_without_a_word() -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVE, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        with httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=180) as patient:
            page = patient.get(f"http://127.0.0.1:{port}/board")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert page.status_code == 200
    assert (process.returncode, said) == (0, b"")
