"""What becomes of a record when a system says something about it: field by field, by the practice's rules.

Only a change counts as a word: a system that says again what it said when it was last applied has nothing against what
stands. So what comes back of the hub's own writing, in the vendor's way of writing or cut to the vendor's size, changes
nothing, and three systems that are told of one change come to rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.sync.lineage import Lineage, Origin, Rule
from hub.sync.system_of_record import HUB, LATEST, MANUAL, FieldRules

Values = Mapping[str, Any]
STRICTEST = frozenset({"texts_allowed", "marketing_allowed"})
"""What a patient allows: of two records that turn out to be one person the strictest word holds, whoever says it."""


@dataclass(frozen=True, slots=True)
class Said:
    """One record of a system, as it was read."""

    system: str
    source_record_id: int
    at: datetime
    """When it changed there, as the system says; else when it landed."""
    values: Values
    """Canonical field → value, of the fields that the system has."""
    last: Values | None = None
    """The same as it was last applied; None: it is met for the first time."""
    own: frozenset[str] = frozenset()
    """Fields that hold what the hub said there without an answer: it is no word of the system's."""
    doubted: frozenset[str] = frozenset()
    """Fields that the hub may have written there, of which something else comes back: nobody knows what was first."""
    is_matched: bool = False
    """It was met as a person of its own, and found to be one who is known."""


@dataclass(frozen=True, slots=True)
class Stands:
    """The canonical record as it stands."""

    values: Values
    lineage: Lineage
    is_shared: bool
    """Whether other systems have it, too."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of it."""

    changes: Mapping[str, Any]
    """Field → its new value."""
    origins: Mapping[str, Origin]
    """Of the changed fields."""
    lost: Mapping[str, str]
    """Field → the rule, where what the system changed does not stand: it waits for a delivery, or for a person."""
    agreed: frozenset[str]
    """Fields in which the system and the hub are of one mind now."""

    @property
    def is_to_be_told(self) -> bool:
        """Whether the system has something to learn: what only a person decides stays as it is everywhere."""
        return any(rule != MANUAL for rule in self.lost.values())


def decide_merge(said: Said, stands: Stands, rules: FieldRules, together: Iterable[tuple[str, ...]] = ()) -> Merge:
    """Judge every field that the system has; `together`: fields that are judged as one."""
    changes: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    lost: dict[str, str] = {}
    agreed: set[str] = set()
    for names in _units(said.values, together):
        theirs, ours = _pick(said.values, names), _pick(stands.values, names)
        if theirs == ours:
            agreed.update(names)
        elif said.is_matched and STRICTEST.issuperset(names) and False in (*theirs, *ours):
            if theirs[0] is False:
                changes[names[0]] = False
                origins[names[0]] = Origin(Rule.STRICTEST, said.at, said.source_record_id, said.system)
        elif _is_change(said, names, theirs):
            is_silent = said.system in rules.silent
            rule = HUB if is_silent else rules.of(names[0])
            why = None if is_silent else decide_field(said, stands, names[0], rule)
            if why is None:
                lost |= dict.fromkeys(names, rule)
            elif why is not Rule.OWNER and not said.doubted.isdisjoint(names):
                lost |= dict.fromkeys(names, MANUAL)
            else:
                origin = Origin(why, said.at, said.source_record_id, said.system)
                changes |= dict(zip(names, theirs, strict=True))
                origins |= dict.fromkeys(names, origin)
    return Merge(changes, origins, lost, frozenset(agreed | changes.keys()))


def strictest(*words: bool | None) -> bool | None:
    """No beats never asked, and that beats yes."""
    return False if False in words else None if None in words else True


def decide_field(said: Said, stands: Stands, name: str, rule: str) -> Rule | None:
    """Why a changed value shall stand; None: it shall not."""
    held = stands.lineage.of(name)
    if stands.values[name] is None and held.rule in (Rule.HUB, Rule.ONLY):
        return Rule.ONLY
    if rule == MANUAL:
        return Rule.ONLY if held.system == said.system and not stands.is_shared else None
    if rule == LATEST:
        return Rule.LATEST if _is_newer(said, held) else None
    owner = None if rule == HUB else rule
    if said.system == owner:
        return Rule.OWNER
    if held.system == owner:
        return None
    return Rule.LATEST if _is_newer(said, held) else None


def _is_newer(said: Said, held: Origin) -> bool:
    """A system's own word counts in the order in which it came; between systems the time says, and then the name."""
    return said.system == held.system or (said.at, said.system) > (held.at, held.system or "")


def _is_change(said: Said, names: tuple[str, ...], theirs: tuple[Any, ...]) -> bool:
    if said.own.issuperset(names):
        return False
    if said.last is None:
        return any(value is not None for value in theirs)
    return theirs != _pick(said.last, names)


def _units(values: Values, together: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    groups = [group for group in together if all(name in values for name in group)]
    grouped = {name for group in groups for name in group}
    yield from groups
    yield from ((name,) for name in values if name not in grouped)


def _pick(values: Values, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(values[name] for name in names)
