"""Every error, classed by what the caller must do.

    HubError
    ├── InvalidInput      a file, a record or a request is wrong: show the problems, change nothing
    ├── RecordRejected    one record cannot be taken: quarantine it, go on with the next
    ├── RetryLater        the other side is down, slow or busy: try again, not before `after_seconds`
    ├── NeedsAttention    credentials, set-up or an environment that a person must mend: stop
    ├── Conflict          somebody else changed it first: read again, decide again
    └── SafetyStop        going on could do harm: stop, keep everything, ask a person

A business "no" (a refused booking) is a value, not an error. Messages never hold a personal value.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do about it."""

    message: str
    code: str = "invalid"
    """A stable word: a reason code of the import, a rule's name."""
    file: str | None = None
    line: int | None = None
    """Counted from 1, as editors do."""
    field: str | None = None
    """The path of the key, column or element."""
    hint: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = ": ".join(part for part in (where, self.field, self.message) if part)
        return f"{head}. {self.hint}" if self.hint else head


class HubError(Exception):
    """The root: carries problems that a person can act on."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidInput(HubError):
    """A file, a record or a request is wrong; nothing was changed."""


class RecordRejected(HubError):
    """One record cannot be taken; it goes to quarantine under its problems' codes."""


class RetryLater(HubError):
    """The other side did not answer as it should; the same call may work later."""

    def __init__(self, *problems: Problem | str, after_seconds: float | None = None) -> None:
        super().__init__(*problems)
        self.after_seconds = after_seconds


class NeedsAttention(HubError):
    """A person must mend something before the same call can work."""


class Conflict(HubError):
    """The record changed since it was read."""


class SafetyStop(HubError):
    """Going on could do harm; everything stands as it was."""


def only_reasons(problems: Sequence[Problem]) -> tuple[str, ...]:
    """The problems' codes, each once, in order of appearance."""
    return tuple(dict.fromkeys(problem.code for problem in problems))
