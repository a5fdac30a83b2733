"""What one page of a feed means: decided as a whole before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Problem, only_reasons
from hub.operations.match_records import Matches
from hub.ports import Awaiting, Issue, Landed, Link
from hub.ports.conflicts import FieldConflict
from hub.sync.lineage import Lineage, Origin
from hub.sync.merge import Merge

REJECTED = "rejected_record"
INCOMPLETE = "incomplete_record"

Fresh = tuple[SourceRecord, int]
"""A record that is not applied yet, and the number under which it landed."""


@dataclass(slots=True)
class Known:
    """What a plan starts from, and goes on with: records as they stand once all before is applied."""

    links: dict[SourceRef, Link] = field(default_factory=dict)
    records: dict[str, Canonical] = field(default_factory=dict)
    lineage: dict[str, Lineage] = field(default_factory=dict)


@dataclass(slots=True)
class PagePlan:
    """What is to be written, and what it amounts to."""

    kind: Kind
    read: int = 0
    recognised: int = 0
    """What the hub itself had written there."""
    accepted: int = 0
    """Of the records that broke no contract of their own system."""
    before: dict[str, Canonical] = field(default_factory=dict)
    """The records as they stand, of those that are known."""
    wanted: dict[str, Canonical] = field(default_factory=dict)
    """The records as they shall stand, where that is new or another."""
    sources: dict[str, int] = field(default_factory=dict)
    origins: dict[str, dict[str, Origin]] = field(default_factory=dict)
    links: dict[SourceRef, Link] = field(default_factory=dict)
    conflicts: dict[tuple[str, str], FieldConflict] = field(default_factory=dict)
    """(canonical id, field) → what the system says otherwise."""
    agreed: dict[str, frozenset[str]] = field(default_factory=dict)
    """Canonical id → fields in which the system and the hub are of one mind."""
    owed: set[str] = field(default_factory=set)
    """Records that the system itself must be told of, since it says otherwise."""
    released: dict[str, bool] = field(default_factory=dict)
    """Bookings that did not come about and stand there all the same; whether that state of them is new."""
    gone: list[str] = field(default_factory=list)
    """Records that are not there any more."""
    partly_gone: list[str] = field(default_factory=list)
    """The same, of which the system still has another one, or which only said more of them."""
    merged: dict[SourceRef, tuple[str, str]] = field(default_factory=dict)
    """A record that became part of another: the canonical ids before and now."""
    one_person: list[tuple[str, str]] = field(default_factory=list)
    """Patients whom their system made one: who stays, and who becomes part of them."""
    maybe_one: list[tuple[str, str]] = field(default_factory=list)
    """The same, where another system still tells the two apart: a person decides."""
    rejected: list[Issue] = field(default_factory=list)
    incomplete: list[Issue] = field(default_factory=list)
    awaiting: list[Awaiting] = field(default_factory=list)
    """Records that say more of one that is not known yet."""
    over: list[SourceRef] = field(default_factory=list)
    """Records that await nothing any more, had they done so."""
    taken: set[str] = field(default_factory=set)
    """Subjects of the records that could be read."""
    standing: set[str] = field(default_factory=set)
    """Subjects of the records that are told of as they were taken last: what came in between is over."""
    matches: Matches = field(default_factory=Matches)
    """Who of those that are met for the first time is who."""
    landed: Sequence[Landed] = ()
    broken: frozenset[int] = frozenset()
    """Numbers of the records that break their own system's contract."""

    @property
    def inserted(self) -> list[str]:
        """Ids of records that are new to the hub."""
        return [one for one in self.wanted if one not in self.before]

    @property
    def updated(self) -> list[str]:
        """Ids of records that change."""
        return [one for one in self.wanted if one in self.before]

    def take(self, ref: SourceRef, id_: str, number: int, merge: Merge) -> None:
        """Note what came of one record that is known already."""
        self.origins.setdefault(id_, {}).update(merge.origins)
        self.agreed[id_] = self.agreed.get(id_, frozenset()) | merge.agreed
        self.links[ref] = Link(ref, id_, number)
        self.sources[id_] = number
        if merge.is_to_be_told:
            self.owed.add(id_)


def issue_of(
    kind: str, source: SourceRecord, number: int, problems: Sequence[Problem], *, may_pass: bool = False
) -> Issue:
    """What a person must look at in a record; `may_pass`: it is tried again with the next pull."""
    detail = {
        "source_record_id": number,
        "hub_id": source.hub_id,
        "problems": [str(problem) for problem in problems],
        "may_pass": may_pass,
    }
    return Issue(kind, source.ref.kind, subject_of(source), only_reasons(problems), detail)


def subject_of(source: SourceRecord) -> str:
    """As issues name a record: `system/id`."""
    return f"{source.ref.system}/{source.ref.id}"
