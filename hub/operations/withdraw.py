"""What a record said of another one, and what is left of that when it does not say it any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.mapping.joins import blank


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Fields of a record, by name: as one said them that says no more of it, and as they are left."""

    id: str
    said: Mapping[str, Any]
    left: Mapping[str, Any]


def decide_withdrawal(
    kind: Kind, names: Collection[str], id_: str, last: Canonical, others: Sequence[Canonical]
) -> Withdrawal:
    """What `last` said is blank, but where one of the `others` says something: the later one counts.

    Args:
        kind: of all.
        names: the fields of their table.
        id_: the record that they say more of.
        last: what is withdrawn.
        others: what else of their kind says more of the same record, the oldest first.
    """
    nothing = blank(kind, names)
    left = dict(nothing)
    for other in others:
        left |= {name: getattr(other, name) for name in nothing if getattr(other, name) != nothing[name]}
    said = {name: getattr(last, name) for name in nothing if getattr(last, name) != nothing[name]}
    return Withdrawal(id_, said, {name: left[name] for name in said})
