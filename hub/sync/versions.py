"""Which of several rows of one record counts: the one modified last; the others are merged into it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hub.canonical.source import SourceRecord, SourceRef

NEVER = datetime.min.replace(tzinfo=UTC)


class Why(StrEnum):
    """Why a row is merged into the one that is kept."""

    REPEATED = "repeated"
    """The same to the letter as a row before it."""
    SUPERSEDED = "superseded"
    """An older version."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A row that adds nothing."""

    record: SourceRecord
    why: Why


@dataclass(frozen=True, slots=True)
class Versions:
    """All rows of one record: the one that counts and the rest."""

    kept: SourceRecord
    merged: tuple[Merged, ...]


def decide_versions(records: Iterable[SourceRecord]) -> tuple[Versions, ...]:
    """One decision for each id, in order of first appearance.

    The latest `modified_at` wins; a row that does not say comes before all that do, and of equals the later row wins,
    unless it repeats the other to the letter: then the first stays.
    """
    by_ref: dict[SourceRef, list[SourceRecord]] = defaultdict(list)
    for record in records:
        by_ref[record.ref].append(record)
    return tuple(_decide(rows) for rows in by_ref.values())


def _decide(rows: list[SourceRecord]) -> Versions:
    if len(rows) == 1:
        return Versions(rows[0], ())
    distinct: list[SourceRecord] = []
    merged: list[Merged] = []
    for row in rows:
        if any(row.payload == other.payload for other in distinct):
            merged.append(Merged(row, Why.REPEATED))
        else:
            distinct.append(row)
    place = max(range(len(distinct)), key=lambda i: (distinct[i].modified_at or NEVER, i))
    older = (Merged(row, Why.SUPERSEDED) for i, row in enumerate(distinct) if i != place)
    return Versions(distinct[place], (*merged, *older))
