"""An SFTP server that nobody here wrote: Debian's sshd, for one folder, with a host key and a client key of its own."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.processes import free_port

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


@dataclass(frozen=True)
class SftpServer:
    """Where it listens and how it is known."""

    port: int
    user: str
    host_key: str
    """As ssh-keyscan prints it, without the host's name."""
    client_key: str
    """The private key that may sign in."""
    folder: Path


@contextmanager
def sftp_server(folder: Path, *, keys_of: SftpServer | None = None, denied: str = "") -> Iterator[SftpServer]:
    """Runs until the block ends; files are the test's own user's.

    Args:
        folder: for its keys and its log.
        keys_of: another server for which this one stands in.
        denied: requests that it permits nobody, by their names in `sftp-server -Q requests`.
    """
    if not Path(SSHD).exists():
        pytest.skip("openssh-server is not installed: apt-get install openssh-server")
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True)
    for name in ("host", "client"):
        if keys_of is not None:
            for file in (keys_of.folder / "keys").glob(f"{name}*"):
                shutil.copy2(file, keys)
            continue
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    port = free_port()
    config = keys / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys / 'host'}\nAuthorizedKeysFile {keys / 'client.pub'}\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"Subsystem sftp internal-sftp\nForceCommand internal-sftp{f' -P {denied}' if denied else ''}\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of root asks for it
    log = (keys / "log").open("wb")
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
    try:
        _wait(port, server)
        kind, key, *_ = (keys / "host.pub").read_text().split()
        yield SftpServer(port, getpass.getuser(), f"{kind} {key}", (keys / "client").read_text(), folder)
    finally:
        server.terminate()
        server.wait(120)
        log.close()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Until it takes connections."""
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return
    raise AssertionError("sshd did not start")
