"""A system that leaves files and takes files: in a folder here, and on an SFTP server behind a line."""

import ctypes
import errno
import io
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hub.connectors.files.folders import HIDDEN, LocalFolder
from tests.conformance.line import Line
from tests.peers.scripted import Asked
from tests.peers.sftp import SftpServer
from tests.peers.unseen.harborline.vendor import GUEST, Harborline
from tests.peers.wire import Wire, wired

NOBODY = 65534


class HarborlineFiles:
    """It leaves a new file of everybody before the hub looks, where something changed."""

    name, page, most = "harborline", 500, 1001
    line: Line
    changes: Mapping[str, Any]

    def __init__(self, folder: Path) -> None:
        self.vendor = Harborline(folder)
        self.made = 0
        self.is_left = False
        self.on_leaving: Callable[[Path], None] = lambda _file: None
        """What a test does to each new file before the hub sees it."""

    def serve(self, asked: Asked) -> bytes:
        raise AssertionError(f"nobody is asked over HTTP: {asked.target}")

    def people(self) -> dict[str, str]:
        if list((self.vendor.folder / "in").glob("*.csv")):
            self.vendor.take_in()
            self.is_left = False
        return {number: guest["First"] for number, guest in self.vendor.guests.items()}

    def add(self, name: str) -> str:
        self.made += 1
        number = f"H{self.made:04}"
        self.vendor.guests[number] = dict.fromkeys(GUEST, "") | {"Guest No": number, "Last": "Roe"}
        self.rename(number, name)
        return number

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        changed = {} if silently else {"Changed": f"{self.line.now():%d.%m.%Y %H:%M}"}
        self.vendor.guests[id_] |= {"First": name, **changed}
        self.is_left = False

    def delete(self, id_: str) -> None:
        del self.vendor.guests[id_]
        self.is_left = False

    def hear(self) -> None:
        """The hub asks; what it finds is what stands there now."""
        self.line.hear()
        if self.is_left:
            return
        self.is_left = True
        for old in sorted((self.vendor.folder / "out").glob("guests_*.csv"))[:-2]:
            old.unlink()
        left = self.vendor.leave_guests()
        at = self.line.now().timestamp()
        os.utime(left, (at, at))
        self.on_leaving(left)


class HarborlineFolder(HarborlineFiles):
    """A folder of this machine."""

    secret = "n0-secret"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir()
        self.changes = {"folder": str(folder)}
        self.is_denied = False
        self.on_read: Callable[[], None] = lambda: None
        """What a test does when the hub has read a file to its end, for the first of two times."""

    @contextmanager
    def joined(self) -> Iterator[None]:
        """What the hub asks of the folder is heard, and then done by the folder itself; its word may get lost."""

        def heard(method: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(method)
            def asks(*said: Any) -> Any:
                self.hear()
                with _as_nobody(self.is_denied):
                    return method(*said)

            return asks

        @contextmanager
        def opens(folder: LocalFolder, path: str) -> Iterator[Any]:
            self.hear()
            with _as_nobody(self.is_denied), opened(folder, path) as stream:
                yield _Read(io.FileIO(stream.fileno(), closefd=False), self.on_read)

        def moves(file: Path, target: Path) -> Path:
            done = moved(file, target)
            if file.name.startswith(HIDDEN) and self.line.loses():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return done

        opened, moved = LocalFolder.open, Path.replace
        with (
            patch.object(Path, "replace", moves),
            patch.object(LocalFolder, "find_entries", heard(LocalFolder.find_entries)),
            patch.object(LocalFolder, "put", heard(LocalFolder.put)),
            patch.object(LocalFolder, "open", opens),
        ):
            yield


class _Read(io.BufferedReader):
    """A file that tells when it was read to its end."""

    def __init__(self, raw: io.RawIOBase, on_end: Callable[[], None]) -> None:
        super().__init__(raw)
        self.on_end = on_end

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self.on_end()
        return piece


@contextmanager
def _as_nobody(is_denied: bool) -> Iterator[None]:
    """As a user without rights, in this thread alone: root may read what nobody may."""
    if not is_denied:
        yield
        return
    system = ctypes.CDLL(None)
    before = system.setfsuid(NOBODY)
    try:
        yield
    finally:
        system.setfsuid(before)


class HarborlineSftp(HarborlineFiles):
    """OpenSSH's server, over a wire."""

    wire: Wire

    def __init__(self, folder: Path, server: SftpServer, strict: SftpServer) -> None:
        super().__init__(folder)
        folder.mkdir()
        self.server, self.strict = server, strict
        self.secret = server.client_key
        self.listener = socket.create_server(("127.0.0.1", 0))
        sftp = {"host": "127.0.0.1", "port": self.listener.getsockname()[1], "user": server.user}
        sftp |= {"key": {"file": "secrets.yaml", "key": "harborline.secret"}, "host_key": server.host_key}
        self.changes = {"folder": None, "sftp": {**sftp, "folder": str(folder)}}

    @contextmanager
    def joined(self) -> Iterator[None]:
        with wired(self.listener, lambda: socket.create_connection(("127.0.0.1", self.server.port))) as self.wire:
            self.wire.on_question, self.wire.cut_when = self.hear, self.line.loses
            yield
