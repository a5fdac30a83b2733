"""A system that is held to the suite, and the line to it: what a test lets happen to answers, and between them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol

from tests.peers.scripted import Asked


class Sandbox(Protocol):
    """A system with people in it; names are given names, ids are the system's."""

    name: str
    """Of its connection, and of its practice folder."""
    page: int
    """So many people fit on one of its pages."""
    secret: str
    most: int
    """So many people are made there by a test: more takes too long."""
    changes: Mapping[str, Any]
    """What its connection says otherwise than the practice's file."""
    line: "Line"
    """Given to it before the hub comes."""

    def joined(self) -> AbstractContextManager[object]:
        """Within it the line hears what the hub asks."""
        ...

    def serve(self, asked: Asked) -> bytes:
        """Its own answer, where it is asked over HTTP."""
        ...

    def people(self) -> dict[str, str]:
        """Id → name of all whom it has."""
        ...

    def add(self, name: str) -> str:
        """Somebody at its own screen adds a person."""
        ...

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        """Somebody is renamed there; `silently`: without a stamp, where the system can forget that."""
        ...

    def delete(self, id_: str) -> None:
        """Taken away without a trace."""
        ...


@dataclass
class Line:
    """Between the hub and the system: what a test lets happen to answers, and between them."""

    sandbox: Sandbox
    fault: Callable[[bytes], bytes] | None = None
    before: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What happens there before the n-th question is answered, counted from 0."""
    lose_writes: int = 0
    """So many writes are done, and not answered."""
    skew_seconds: int = 0
    asked: int = 0

    there: int = 0
    """So many people were there when the last question came."""

    def serve(self, asked: Asked) -> bytes:
        """The answer to a question over HTTP, as it arrives."""
        if asked.target.endswith("/session"):
            return self.sandbox.serve(asked)
        self.hear()
        said = self.sandbox.serve(asked)
        if self.loses():
            return truncated(said)
        return self.fault(said) if self.fault is not None else _skewed(said, self.skew_seconds)

    def hear(self) -> None:
        """The hub asks something."""
        self.before.pop(self.asked, lambda: None)()
        self.asked += 1
        self.there = len(self.sandbox.people()) if self.lose_writes else 0

    def loses(self) -> bool:
        """Whether the answer gets lost: it is that to a write, which is done."""
        lost = self.lose_writes > 0 and len(self.sandbox.people()) > self.there
        self.lose_writes -= int(lost)
        return lost

    def now(self) -> datetime:
        """By the clock over there."""
        return datetime.now(UTC) + timedelta(seconds=self.skew_seconds)  # noqa: TID251 - a clock that may be wrong


def truncated(said: bytes) -> bytes:
    """The answer with its length, and half of its body."""
    head, _, body = said.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: len(body) // 2]


def _skewed(said: bytes, seconds: int) -> bytes:
    if not seconds:
        return said
    head, _, body = said.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
    there = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)  # noqa: TID251
    return b"\r\n".join([*lines, b"date: " + there.encode()]) + b"\r\n\r\n" + body
