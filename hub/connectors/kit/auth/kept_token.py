"""The newest refresh token, kept in a file of the practice folder that its owner alone may read."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from hub.errors import NeedsAttention, Problem


@dataclass(slots=True)
class KeptToken:
    """Where it is kept."""

    path: Path | None
    """None: only in memory, for servers that never replace it, or to try one."""
    _memory: dict[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def alone(self) -> Iterator["KeptToken"]:
        """Keep other processes out while the token is exchanged.

        Raises:
            NeedsAttention: the file cannot be written, so that a new token would be lost.
        """
        if self.path is None:
            yield self
            return
        try:
            lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "Make the folder of 'keep' writable for the hub"
            raise NeedsAttention(
                Problem(f"cannot be written: {error.strerror}", file=str(self.path), hint=hint)
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self
        finally:
            os.close(lock)

    def newest(self, first: str) -> str:
        """The kept one, unless somebody put another first one where the secrets are: then that."""
        held = self._read()
        return held["newest"] if held.get("first") == _mark(first) and held.get("newest") else first

    def save(self, first: str, newest: str) -> None:
        """Keep it, whole or not at all."""
        self._memory = {"first": _mark(first), "newest": newest}
        if self.path is None:
            return
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(json.dumps(self._memory))
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(self.path)

    def _read(self) -> dict[str, str]:
        try:
            held = json.loads(self.path.read_text(encoding="utf-8")) if self.path else self._memory
        except (OSError, ValueError):
            return {}
        return held if isinstance(held, dict) else {}


def _mark(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
