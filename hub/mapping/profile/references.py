"""Which columns probably name the rows of another table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.mapping.profile.column import MOST_KEPT, ColumnProfile
from hub.mapping.profile.table import TableProfile

ENOUGH = 0.9
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose values are another table's ids."""

    file: str
    column: str
    to_file: str
    to_column: str
    share: float
    """Of the values looked at that are among the ids; the rest name nothing."""


def find_references(profiles: Sequence[TableProfile]) -> tuple[Reference, ...]:
    """For each column the table in which most of its values are ids, if nearly all are."""
    keys = [(profile, one) for profile in profiles for one in _keys(profile)]
    found = (_best(profile, column, keys) for profile in profiles for column in profile.columns)
    return tuple(one for one in found if one is not None)


def _keys(profile: TableProfile) -> Iterator[ColumnProfile]:
    """The first columns that can be ids."""
    names = profile.keys
    yield from (one for one in profile.columns if one.name in names[:3] and one.kind != "date")


def _best(
    profile: TableProfile, column: ColumnProfile, keys: Sequence[tuple[TableProfile, ColumnProfile]]
) -> Reference | None:
    if len(column.hashes) < _FEWEST or column.kind in ("date", "yes or no"):
        return None
    found = [
        Reference(profile.name, column.name, other.name, key.name, _share(column, key))
        for other, key in keys
        if other is not profile and len(key.hashes) < MOST_KEPT
    ]
    best = max(found, key=lambda one: one.share, default=None)
    return best if best is not None and best.share >= ENOUGH else None


def _share(column: ColumnProfile, key: ColumnProfile) -> float:
    return len(column.hashes & key.hashes) / len(column.hashes)
