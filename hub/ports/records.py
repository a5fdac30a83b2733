"""What the store keeps of records: as they came, as they are, and what became of imported rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.sync.drift import Contract
from hub.sync.lineage import Lineage, Origin


@dataclass(frozen=True, slots=True)
class Landed:
    """Where a source record stands in the store."""

    id: int
    is_new: bool
    """False: the same content of the same record had landed before."""


class Landing(Protocol):
    """What other systems sent, unchanged."""

    def land(self, records: Sequence[SourceRecord], *, batch_id: int | None = None) -> tuple[Landed, ...]:
        """Store what is not there yet; the answer is in the order of `records`. Landing twice equals once."""
        ...

    def load(self, ids: Sequence[int]) -> dict[int, SourceRecord]:
        """The records of these numbers, as they landed."""
        ...

    def find_batches(self, ids: Sequence[int]) -> dict[int, int]:
        """The batches of moved histories in which the records of these numbers landed; a pulled one is in none."""
        ...

    def find(self, records: Sequence[SourceRecord]) -> tuple[int | None, ...]:
        """Where the same content of the same record landed before, in the order of `records`; writes nothing."""
        ...

    def find_between(self, system: str, kind: Kind, first: datetime, last: datetime) -> tuple[int, ...]:
        """The numbers of what landed in [first, last), the oldest first; without rows of imports and migrations."""
        ...

    def count_imported(self, system: str, kind: Kind, first: datetime, last: datetime) -> int:
        """How many landed in [first, last) as rows of an import or a migration."""
        ...


class Link(NamedTuple):
    """That a record of another system is this canonical one."""

    ref: SourceRef
    canonical_id: str
    source_record_id: int | None = None
    """The state of it that was applied last."""


class Awaiting(NamedTuple):
    """That a record of another system says more of one that is not known yet."""

    ref: SourceRef
    source_record_id: int
    """The state of it that came last."""
    key: str
    """The id of that other record, in the system that its own joins."""


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A part of another system's record, by its own id."""

    id: str
    canonical_id: str | None
    is_standing: bool
    """Not known to be gone."""


class Links(Protocol):
    """Which canonical record a source record is."""

    def find(self, refs: Collection[SourceRef]) -> dict[SourceRef, Link]:
        """The links of these refs; a ref without one is absent."""
        ...

    def find_all(self, system: str, kind: Kind, among: Collection[str] | None = None) -> dict[str, str]:
        """Source id → canonical id of all that is linked, or of what is linked among these source ids."""
        ...

    def find_standing(
        self, system: str, kind: Kind, *, roll: str | None = None, within: Span | None = None
    ) -> frozenset[str]:
        """Source ids that are linked and not known to be gone; of visits those that did not fall through.

        Args:
            system: whose records.
            kind: of them.
            roll: without those that were named in it.
            within: only visits that begin in it.
        """
        ...

    def find_parts(self, system: str, kind: Kind, wholes: Collection[str]) -> dict[str, tuple[KnownPart, ...]]:
        """By the id of a record, the parts of it that are linked; a record of which none is is absent."""
        ...

    def note_named(self, system: str, kind: Kind, ids: Collection[str], roll: str) -> None:
        """These were named in a roll; ids that are not linked are passed over."""
        ...

    def find_refs(self, kind: Kind, canonical_id: str) -> tuple[SourceRef, ...]:
        """The records of other systems that are this one: sorted, those that still stand first."""
        ...

    def find_several(self, system: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Of those that are several records of a system which are not known to be gone: their ids there."""
        ...

    def find_systems(self, kind: Kind, canonical_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Canonical id → the systems that have it; an id that none has is absent."""
        ...

    def count(self, system: str, kind: Kind) -> int:
        """How many records of a system are linked and not known to be gone."""
        ...

    def save(self, links: Sequence[Link], *, batch_id: int | None = None) -> None:
        """Write or rewrite; the last of a ref wins."""
        ...

    def save_loaded(self, batch_id: int) -> None:
        """Of the rows that the batch's dispositions call loaded, each of which is another of its system's records."""
        ...

    def save_awaiting(self, awaiting: Sequence[Awaiting], *, over: Sequence[SourceRef]) -> None:
        """Write or rewrite; those that are `over` await nothing any more."""
        ...

    def find_awaiting(self, system: str, kind: Kind, ids: Collection[str]) -> tuple[int, ...]:
        """Numbers, in order: what of a system awaits one of these ids of the system that it joins."""
        ...

    def find_awaited(self, system: str, kind: Kind, joined: str, *, after: int, limit: int) -> tuple[int, ...]:
        """Numbers beyond `after`, in order: what of a system awaited a record of `joined` that is linked by now."""
        ...


@dataclass(frozen=True, slots=True)
class Saved:
    """What a bulk save did, by canonical id in the order given."""

    inserted: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def changed(self) -> tuple[str, ...]:
        """New and updated ids."""
        return self.inserted + self.updated


class Records(Protocol):
    """The canonical records."""

    def save(
        self,
        records: Sequence[Canonical],
        *,
        sources: Mapping[str, int] | None = None,
        modified: Mapping[str, datetime | None] | None = None,
        origins: Mapping[str, Mapping[str, Origin]] | None = None,
        origin: str = "hub",
        batch_id: int | None = None,
        claims_time: bool = True,
    ) -> Saved:
        """Insert or update, and leave alone what is the same; of an id that stands twice the last counts.

        Args:
            records: of any kinds; patients, providers, locations, resources and services are written before visits.
            sources: canonical id → the source record each came from.
            modified: canonical id → when its source says that it was modified there; of others it is looked up.
            origins: canonical id → field → where its new value comes from, and why; `*`: all fields of a new record.
                None: a changed value comes from the record's source, or is the hub's own.
            origin: the system that new visits were made in.
            batch_id: the import that new rows belong to.
            claims_time: the operation goes on to claim the visits' time, and nobody else may meanwhile.
        """
        ...

    def load(self, kind: Kind, ids: Collection[str]) -> dict[str, Canonical]:
        """The records of these ids; an unknown id is absent."""
        ...

    def load_lineage(self, kind: Kind, ids: Collection[str]) -> dict[str, Lineage]:
        """Where the values of these records come from; an unknown id is absent."""
        ...

    def note_origin(self, kind: Kind, id_: str, origins: Mapping[str, Origin]) -> None:
        """Say anew why values stand that do not change."""
        ...

    def note_growth(self) -> None:
        """Have the database look at each table that has doubled since it last did: old plans read all of it."""
        ...

    def find_visits_to_come(self, patient_ids: Collection[str]) -> dict[str, list[str]]:
        """Patient → visits that are booked and to come; who has none is absent."""
        ...

    def find_paid_ahead(self, patient_id: str) -> dict[Kind, list[str]]:
        """Kind → the packages, gift cards and memberships of a patient, in order of their ids."""
        ...

    def count_taken_sessions(self, package_ids: Collection[str]) -> dict[str, int]:
        """Package → sessions that are booked, held or used here; one of which none is is absent."""
        ...

    def find_documents(self, patient_id: str) -> tuple[str, ...]:
        """Documents about a patient that count, the newest first."""
        ...

    def find_doses(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """What was given at these visits, by the ledger: ids of doses."""
        ...

    def load_all(self, kind: Kind) -> dict[str, Canonical]:
        """Every record of a kind."""
        ...


class Cursors(Protocol):
    """Where each stream goes on."""

    def find(self, system: str, kind: Kind) -> str | None:
        """None: from the beginning."""
        ...

    def save(self, system: str, kind: Kind, cursor: str | None) -> None:
        """In the same transaction as the page it ends."""
        ...

    def find_contract(self, system: str, kind: Kind) -> Contract | None:
        """What is known of the shape of a stream's records."""
        ...

    def save_contract(self, system: str, kind: Kind, contract: Contract) -> None:
        """In place of the one before."""
        ...


class Verdict(StrEnum):
    """What becomes of an imported row."""

    LOADED = "loaded"
    MERGED = "merged"
    QUARANTINED = "quarantined"
    REVIEW = "review"
    """A record of its own, until a person decides whether it is somebody else's."""


class Disposition(NamedTuple):
    """What became of one row of an imported file."""

    file: str
    line: int
    verdict: Verdict
    reason: str | None = None
    """Of a quarantined row its reason code."""
    source_key: str | None = None
    source_record_id: int | None = None
    canonical_id: str | None = None
    field: str | None = None
    """Of a quarantined row the columns in which it was, where it was in some: `Date + Start`."""


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row of an import or a migration that could not be taken, by the last attempt that counts."""

    file: str
    line: int
    kind: Kind | None
    """None: of a row that could not even be kept as a record."""
    key: str | None
    """The row's own id, where it has a readable one."""
    reason: str
    field: str | None = None
    """The columns in which it was, where it was in some: `Date + Start`."""


class Imports(Protocol):
    """What became of the rows of imported files."""

    def save_dispositions(self, batch_id: int, dispositions: Sequence[Disposition]) -> None:
        """In bulk; one for each row."""
        ...

    def find_quarantined(self, system: str) -> tuple[QuarantinedRow, ...]:
        """Rows of its imports and of its migration that could not be taken, by file and line."""
        ...
