"""Systems in memory that say and hold what a test wants; the hub between them is the real one, on PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import RetryLater
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import Accepted, PullResult, pull_changes
from hub.operations.push_changes import PushResult, push_changes
from hub.ports import Page, Store, Write
from hub.sync.drift import DriftRules
from hub.sync.mass_change import MassChangeLimit
from hub.sync.system_of_record import RecordRules, read_record_rules

PATIENT = """
record: patient
fields:
  given_name: first
  family_name: last
  phone: {path: phone, codec: phone, problem: blank}
  city: city
  note: note
  active: {path: active, codec: boolean, default: true}
"""
VISIT = """
record: visit
fields:
  patient_id: {path: patient, codec: reference, kind: patient, required: true, unknown: orphan_patient}
  location_id: {path: site, codec: reference, kind: location, required: true}
  provider_id: {path: with, codec: reference, kind: provider}
  start: {path: start, codec: instant, required: true}
  end: {path: end, codec: instant, required: true}
  state: {path: status, codec: code, table: states, required: true}
  note: note
"""
START = datetime(2026, 1, 5, 12, tzinfo=UTC)


@cache
def tables() -> dict[str, TwoWay]:
    states = {"booked": ("booked",), "arrived": ("arrived",), "fulfilled": ("done",), "cancelled": ("off",)}
    codes = {"states": CodeTable(codes=states)}
    return {"patient": read_mapping(PATIENT, "patient.yaml", codes), "visit": read_mapping(VISIT, "visit.yaml", codes)}


def linked(
    name: str,
    *,
    told: tuple[str, ...] = (),
    rules: str = "",
    systems: tuple[str, ...] = ("a", "b", "c"),
    limit: MassChangeLimit | None = None,
    aliases: bool = True,
    drift: DriftRules | None = None,
) -> LinkedSystem:
    """The system as operations see it; `rules` is the text of a `records.yaml`."""
    named = {Kind.LOCATION: {"main": "main"}, Kind.PROVIDER: {"lee": "dr-lee"}}
    declared = read_record_rules(rules, "records.yaml", systems) if rules else RecordRules()
    return LinkedSystem(
        name,
        tables(),
        ZoneInfo("UTC"),
        named if aliases else {},
        rules=declared,
        told={kind: frozenset(told) for kind in Kind},
        limit=limit or MassChangeLimit(),
        drift={Kind.PATIENT: drift} if drift else {},
    )


@dataclass
class Vendor:
    """A system in memory; its clock goes on a second with every change. Reading gives all that ever changed."""

    system: str
    normal: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload
    """How it writes down what it is given."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    feed: list[SourceRecord] = field(default_factory=list)
    listed: frozenset[str] | None = None
    written: list[str] = field(default_factory=list)
    """The ids that it wrote for the hub, one for each write that changed something."""
    by_hub: dict[str, str] = field(default_factory=dict)
    lose_answers: int = 0
    """So many of the next writes happen and are not answered."""
    ticks: int = 0
    answers: bool = False
    """Whether it can be asked for one record."""
    asked: list[str] = field(default_factory=list)

    def put(self, id_: str, payload: dict[str, Any], *, at: datetime | None = None, kind: Kind = Kind.PATIENT) -> None:
        """Somebody changes a record there."""
        self.ticks += 1
        self.records[id_] = self.normal(payload)
        when = at or START + timedelta(seconds=self.ticks)
        self.feed.append(self._record(kind, id_, when))

    def end(self, id_: str, *, merged_into: str | None = None, kind: Kind = Kind.PATIENT) -> None:
        """A record is gone, or became part of another."""
        self.ticks += 1
        self.records.pop(id_, None)
        ref = SourceRef(self.system, kind, id_)
        self.feed.append(SourceRecord(ref, {}, gone=merged_into is None, merged_into=merged_into))

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`, in pages of five."""
        since = int(cursor or 0)
        fresh = [one for one in self.feed[since:] if one.ref.kind is kind]
        for start in range(0, len(fresh), 5):
            yield Page(tuple(fresh[start : start + 5]), str(since))
        yield Page((), str(len(self.feed)), listed=self.listed)

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`, of a system that can be asked."""
        if not self.answers:
            return None
        self.asked.append(record_id)
        when = START + timedelta(seconds=self.ticks)
        ref = SourceRef(self.system, kind, record_id)
        there = record_id in self.records
        return Page((self._record(kind, record_id, when) if there else SourceRecord(ref, {}, gone=True),), None)

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`: the hub's id finds the record again."""
        id_ = (
            write.target.id if write.target else self.by_hub.setdefault(write.id, f"{self.system}{len(self.records)}n")
        )
        payload = self.normal(dict(write.payload))
        self.ticks += 1
        if self.records.get(id_) != payload:
            self.records[id_] = payload
            self.written.append(id_)
            self.feed.append(self._record(write.kind, id_, START + timedelta(seconds=self.ticks), write.id))
        if self.lose_answers:
            self.lose_answers -= 1
            raise RetryLater("the answer was lost", after_seconds=0.0)
        return self._record(write.kind, id_, START + timedelta(seconds=self.ticks), self._hub_id(id_))

    def _hub_id(self, id_: str) -> str | None:
        return next((hub for hub, mine in self.by_hub.items() if mine == id_), None)

    def _record(self, kind: Kind, id_: str, at: datetime, hub_id: str | None = None) -> SourceRecord:
        made = hub_id if hub_id in self.by_hub else self._hub_id(id_)
        return SourceRecord(SourceRef(self.system, kind, id_), dict(self.records[id_]), modified_at=at, hub_id=made)


def pull(
    vendor: Vendor, system: LinkedSystem, store: Store, kind: Kind = Kind.PATIENT, accepted: Accepted | None = None
) -> PullResult:
    return pull_changes(system, kind, vendor, store, accepted=accepted)


def push(vendor: Vendor, system: LinkedSystem, store: Store) -> PushResult:
    return push_changes(system, vendor, store)
