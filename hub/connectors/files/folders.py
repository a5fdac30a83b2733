"""A folder of files, here or elsewhere."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from hub.errors import NeedsAttention, Problem, RetryLater

HIDDEN = ".hub-"
"""What our own unfinished files begin with: no glob finds them."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A file, as it stood when the folder was listed."""

    name: str
    size: int
    modified: int
    """Nanoseconds or seconds: only for comparing."""

    @property
    def mark(self) -> str:
        """Another one when the file was written anew."""
        return f"{self.size}:{self.modified}"


class Folder(Protocol):
    """What the connector does with files. Paths are relative, with `/`.

    Every method raises RetryLater for what may pass, and NeedsAttention for what a person must mend.
    """

    def find_entries(self, below: str) -> list[Entry]:
        """The files directly in it, by name; none where there is no such folder."""
        ...

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Seekable."""
        ...

    def put(self, path: str, content: bytes) -> None:
        """Whole or not there: under another name first, then renamed. The folder is made if it is not there."""
        ...

    def remove(self, path: str) -> None:
        """Gone already is as good."""
        ...


class LocalFolder:
    """On this machine, or mounted here."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find_entries(self, below: str) -> list[Entry]:
        """See the protocol."""
        with self._told(below), os.scandir(self._root / below) if self._is_there(below) else _nothing() as found:
            return sorted(Entry(one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in found if one.is_file())

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """See the protocol."""
        with self._told(path):
            stream = (self._root / path).open("rb")
        with stream:
            yield stream

    def put(self, path: str, content: bytes) -> None:
        """See the protocol."""
        target = self._root / path
        unfinished = target.with_name(f"{HIDDEN}{uuid4().hex}")
        with self._told(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)

    def remove(self, path: str) -> None:
        """See the protocol."""
        with self._told(path):
            (self._root / path).unlink(missing_ok=True)

    def _is_there(self, below: str) -> bool:
        if not self._root.is_dir():
            hint = "The key 'folder' of the connection says where the files lie"
            raise NeedsAttention(Problem("the folder is not there", "missing_folder", str(self._root), hint=hint))
        return (self._root / below).is_dir()

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise RetryLater(Problem("the file is gone", "missing_file", path, hint="It is looked for again")) from None
        except PermissionError:
            hint = "Give the user that runs the hub the right to it"
            raise NeedsAttention(Problem("not allowed", "forbidden", path, hint=hint)) from None
        except OSError as error:
            raise RetryLater(Problem(f"cannot be used: {error.strerror}", "folder_error", path)) from None


@contextmanager
def _nothing() -> Iterator[Iterator["os.DirEntry[str]"]]:
    yield iter(())
