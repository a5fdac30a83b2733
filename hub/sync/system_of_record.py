"""Whose word counts for a field, as the practice declares it in `records.yaml`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field, RootModel

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.documents import Document, parse
from hub.errors import InvalidInput, Problem

HUB, LATEST, MANUAL = "hub", "latest", "manual"
WORDS = (HUB, LATEST, MANUAL)
"""What may stand in place of a system's name."""

TOGETHER: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    Kind.VISIT: (("start", "end"),),
    Kind.SLOT: (("start", "end"),),
}
"""Fields that mean nothing apart: they come from one system, or from none."""


class _KindRules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    system_of_record: str = LATEST
    fields: dict[str, str] = Field(default_factory=dict)


class _RecordsFile(RootModel[dict[Kind, _KindRules]]):
    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class FieldRules:
    """Of one record kind: field → a system's name, `hub`, `latest` or `manual`."""

    otherwise: str = LATEST
    fields: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    """Systems whose word counts no more, whatever the rule says."""

    def of(self, name: str) -> str:
        """The rule of a field; where it names a silent system, the hub's word counts."""
        rule = self.fields.get(name, self.otherwise)
        return HUB if rule in self.silent else rule


@dataclass(frozen=True, slots=True)
class RecordRules:
    """The practice's rules; of a kind that the file does not name, the newest change of every field wins."""

    kinds: Mapping[Kind, FieldRules] = field(default_factory=dict)

    def of(self, kind: Kind) -> FieldRules:
        """The rules of a kind."""
        return self.kinds.get(kind, FieldRules())

    def without(self, silent: Mapping[str, Collection[Kind]]) -> "RecordRules":
        """The same after these systems were cut over: for these kinds their word counts no more."""
        concerned = {kind for kinds in silent.values() for kind in kinds}
        mute = {kind: frozenset(name for name, kinds in silent.items() if kind in kinds) for kind in concerned}
        return RecordRules({**self.kinds, **{kind: replace(self.of(kind), silent=mute[kind]) for kind in concerned}})


def read_record_rules(text: str, file: str, systems: Collection[str]) -> RecordRules:
    """The rules of a `records.yaml`.

    Args:
        text: the file's; without anything but comments it declares nothing.
        file: its name for problems.
        systems: the connections that there are.

    Raises:
        InvalidInput: with a problem (file, line, key) for each kind, field and system that there is not.
    """
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return RecordRules()
    document = parse(text, file)
    declared = document.read_as(_RecordsFile).root
    problems = [one for kind, rules in declared.items() for one in _problems(document, kind, rules, systems)]
    if problems:
        raise InvalidInput(*problems)
    return RecordRules({kind: FieldRules(rules.system_of_record, rules.fields) for kind, rules in declared.items()})


def _problems(document: Document, kind: Kind, rules: _KindRules, systems: Collection[str]) -> Iterator[Problem]:
    if kind not in MODELS:
        yield document.problem((kind,), f"the hub has no canonical {kind} yet", f"Known: {', '.join(MODELS)}")
        return
    known = [name for name in MODELS[kind].model_fields if name != "id"]
    hint = f"A connection ({', '.join(sorted(systems)) or 'there is none'}), or {', '.join(WORDS)}"
    if rules.system_of_record not in (*systems, *WORDS):
        message = f"there is no system {rules.system_of_record!r}"
        yield document.problem((kind, "system_of_record"), message, hint)
    for name, rule in rules.fields.items():
        place = (kind, "fields", name)
        if name not in known:
            yield document.problem(place, f"a {kind} has no field {name!r}", f"Its fields: {', '.join(known)}")
        elif rule not in (*systems, *WORDS):
            yield document.problem(place, f"there is no system {rule!r}", hint)
    for group in TOGETHER.get(kind, ()):
        said = {rules.fields.get(name, rules.system_of_record) for name in group}
        if len(said) > 1:
            names = " and ".join(group)
            yield document.problem((kind, "fields"), f"{names} have one rule together", "Give both the same")
