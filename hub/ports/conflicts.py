"""What systems disagree about, as the store keeps it."""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hub.canonical.ids import Kind

CONFLICT = "conflict"
"""The kind of issue that stands for the disagreements about one record with one system; its codes are the fields."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A value that a system changed and the hub did not take."""

    kind: Kind
    canonical_id: str
    system: str
    field: str
    rule: str
    """The field's rule: a system's name, `hub`, `latest`, `manual`."""
    theirs: Any = dataclasses.field(repr=False)
    """The system's value as JSON has it. Personal: for the people who decide, never for logs, errors or issues."""
    source_record_id: int
    """Which of its records says so."""
    opened_at: datetime | None = None
    """None: now."""


class Conflicts(Protocol):
    """Open disagreements; at most one a record, system and field."""

    def save(self, conflicts: Sequence[FieldConflict]) -> None:
        """Write or rewrite."""
        ...

    def find(self, kind: Kind, canonical_ids: Collection[str]) -> tuple[FieldConflict, ...]:
        """Those about these records, sorted by record, system and field."""
        ...

    def find_all(self) -> tuple[FieldConflict, ...]:
        """All of them, the oldest first."""
        ...

    def close(self, conflicts: Collection[FieldConflict]) -> None:
        """The two agree, or a person decided."""
        ...
