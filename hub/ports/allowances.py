"""The allowance of a connection, as all processes of one hub share it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True)
class Spent:
    """What of one connection's allowance is spent; held by one caller at a time."""

    state: dict[str, Any]
    """As JSON has it; whoever holds it changes it, and it is kept."""
    now: float
    """Seconds since 1970, by the one clock that all processes share."""


class Allowances(Protocol):
    """Where they are kept."""

    def held(self, name: str) -> AbstractContextManager[Spent]:
        """That of the connection `name`; others wait until the block ends. Who dies in it has spent nothing."""
        ...
