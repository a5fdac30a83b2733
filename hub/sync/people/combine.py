"""One record of two that are one person: whose value stands, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.canonical.records import Patient
from hub.sync.blanks import fill_blanks
from hub.sync.lineage import Lineage, Origin, Rule
from hub.sync.merge import STRICTEST, strictest
from hub.sync.system_of_record import HUB, LATEST, MANUAL, FieldRules

_NOT_CONTESTED = STRICTEST | {"id", "active"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, as it stands."""

    patient: Patient
    lineage: Lineage


@dataclass(frozen=True, slots=True)
class Lost:
    """A value that does not stand, though a system says it."""

    rule: str
    """The field's."""
    said: Any
    """The value, in JSON's types. Personal."""
    system: str
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Combined:
    """What the survivor becomes."""

    patient: Patient
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Of the fields that change."""
    lost: Mapping[str, Lost] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """Whose word counts where both say something."""

    rules: FieldRules
    history: Collection[int] = ()
    """Source records of moved histories: what an old system left fills blanks and overrules nobody."""

    def is_over(self, origin: Origin) -> bool:
        """Whether who said it has no say any more."""
        return origin.source_record_id in self.history or origin.system in self.rules.silent

    def prevails(self, rule: str, theirs: Origin, ours: Origin) -> bool:
        """Whether the other value takes the survivor's place."""
        if self.is_over(theirs) or self.is_over(ours):
            return not self.is_over(theirs)
        owner = None if rule == HUB else rule
        if rule != LATEST and (theirs.system == owner) != (ours.system == owner):
            return theirs.system == owner
        return (theirs.at, theirs.system or "") > (ours.at, ours.system or "")


def combine(survivor: Patient, other: Patient) -> Patient:
    """The survivor, its blanks filled from the other; of what they allow the strictest holds. Twice equals once."""
    allowed = {name: strictest(getattr(survivor, name), getattr(other, name)) for name in STRICTEST}
    active = survivor.active or other.active
    return fill_blanks(survivor, other).model_copy(update={**allowed, "active": active})


def combine_sides(survivor: Side, other: Side, words: Words | None = None) -> Combined:
    """The same, with the origin of each value; where both say something, by the practice's rules.

    Without `words` the survivor's stand.
    """
    whole = combine(survivor.patient, other.patient)
    origins: dict[str, Origin] = {}
    lost: dict[str, Lost] = {}
    for name in type(whole).model_fields:
        ours, theirs = getattr(survivor.patient, name), getattr(other.patient, name)
        if ours == theirs or name == "id":
            continue
        ours_from, theirs_from = survivor.lineage.of(name), other.lineage.of(name)
        if getattr(whole, name) != ours:
            origins[name] = replace(theirs_from, rule=Rule.STRICTEST) if name in STRICTEST else theirs_from
        elif words is not None and name not in _NOT_CONTESTED and theirs is not None:
            rule, loser, loses = words.rules.of(name), other, theirs_from
            if rule != MANUAL and words.prevails(rule, theirs_from, ours_from):
                why = Rule.OWNER if theirs_from.system == rule else Rule.LATEST
                origins[name], loser, loses = replace(theirs_from, rule=why), survivor, ours_from
                whole = whole.model_copy(update={name: theirs})
            if loses.system is not None and loses.source_record_id is not None and not words.is_over(loses):
                said = loser.patient.model_dump(mode="json", include={name})[name]
                lost[name] = Lost(rule, said, loses.system, loses.source_record_id)
    return Combined(whole, origins, lost)
