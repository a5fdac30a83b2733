"""What a migration is told: where the history comes from, how it is read, what was decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from json import dumps
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.errors import Problem
from hub.mapping.apply import TwoWay
from hub.operations.export_links import Ids
from hub.ports.migrations import HistorySource
from hub.ports.people import Matcher

Correction = Mapping[str, str]
"""Column → what should stand there."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided about a history."""

    aliases: Ids = field(default_factory=dict)
    """By kind: the system's id or name → the hub's id, or the id of another of its own rows."""
    merge: tuple[tuple[str, str], ...] = ()
    """Source ids of patients who are one person: the second is merged into the first."""
    never_merge: tuple[tuple[str, str], ...] = ()
    """Source ids of patients who are two."""
    corrections: Mapping[Kind, Mapping[str, Correction]] = field(default_factory=dict)
    """By kind: row id → what stands there instead."""
    place: Callable[[tuple[str | int, ...]], Problem] = lambda keys: Problem("", field=".".join(map(str, keys)))
    """Where one of them was written: a problem that says the file, the line and the key."""

    def of_kind(self, kind: Kind) -> Mapping[str, Correction]:
        """What was put right in the rows of a kind, by row id."""
        return self.corrections.get(kind, {})

    def problem(self, keys: tuple[str | int, ...], message: str, code: str, hint: str) -> Problem:
        """What is wrong with one of them, where it was written."""
        return replace(self.place(keys), message=message, code=code, hint=hint)


@dataclass(frozen=True, slots=True)
class History:
    """A system's history as it is to be moved here."""

    system: str
    folder: str
    """As it should stand in the record of each attempt."""
    zone: ZoneInfo
    source: HistorySource
    mappings: Mapping[Kind, TwoWay]
    today: date | None = None
    """What all attempts take for today; None: the day on which it was begun."""
    decisions: Decisions = field(default_factory=Decisions)
    matcher: Matcher = field(default_factory=Matcher)

    def reading(self, *kinds: Kind) -> str:
        """A fingerprint of how the rows of these kinds are read."""
        tables = {kind: self.mappings[kind].fingerprint for kind in kinds if kind in self.mappings}
        aliases = {kind: dict(ids) for kind, ids in self.decisions.aliases.items()}
        return mark(self.zone.key, tables, aliases)


def mark(*parts: object) -> str:
    """One fingerprint of several."""
    return sha256(dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
