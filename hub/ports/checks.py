"""What a look at a part of the hub found: one line each, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hub.errors import HubError, RetryLater


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, and a person should look at it."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line. Nothing in it is personal or secret."""

    about: str
    """What was looked at: `reach`, `clock`, `read patient`."""
    level: Level
    message: str
    hint: str | None = None
    """What to do."""
    may_pass: bool = False
    """A failure that the same look may not find later: the other side is down or busy."""


def ok(about: str, message: str) -> Check:
    """All is well."""
    return Check(about, Level.OK, message)


def warn(about: str, message: str, hint: str) -> Check:
    """A person should look at it."""
    return Check(about, Level.WARN, message, hint)


def fail(about: str, message: str, hint: str) -> Check:
    """It does not work."""
    return Check(about, Level.FAIL, message, hint)


def failures(about: str, error: HubError) -> tuple[Check, ...]:
    """An error as lines, one for each of its problems."""
    may_pass = isinstance(error, RetryLater)
    return tuple(
        Check(about, Level.FAIL, ": ".join(filter(None, (_place(one.file, one.line), one.message))), one.hint, may_pass)
        for one in error.problems
    )


def worst(checks: Iterable[Check]) -> Level:
    """The worst level among them."""
    found = {check.level for check in checks}
    return Level.FAIL if Level.FAIL in found else Level.WARN if Level.WARN in found else Level.OK


def _place(file: str | None, line: int | None) -> str:
    return ":".join(str(part) for part in (file, line) if part is not None)
