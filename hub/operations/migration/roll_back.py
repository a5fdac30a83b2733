"""Take batches of a moved history back, as if they had never been loaded; the next run loads their rows again.

All of it is one transaction. What was made or changed since, and stands on a batch, keeps it: then nothing is done and
everything of that is listed. Nobody is told anything: no event, no delivery, no offer comes of it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.operations.merge_people import MATCHING, tell_of_reviews
from hub.operations.migration.frozen import last_step
from hub.operations.migration.judge_history import signer
from hub.operations.place_facts import place_facts
from hub.ports import AuditEntry, Store, UnitOfWork
from hub.ports.migrations import Stage
from hub.ports.rollbacks import Batch, Dependant

WRITE = (Stage.LAND, Stage.LOAD)
"""What can be taken back: a replay and an account only say what they found, and are void when that changes."""

_IDLE = "It is done again after what it speaks of was taken back"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was done."""

    batches: tuple[Batch, ...]
    """Those that were taken back now, the latest first; none: all had been before."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """Table → rows that are gone; of lots the lines of the ledger that take back what was brought."""
    restored: Mapping[str, int] = field(default_factory=dict)
    """Table → rows that stand as they did before."""
    revived: tuple[int, ...] = ()
    """Earlier attempts that count again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Nothing was done: this stands on the batches."""

    dependants: tuple[Dependant, ...]


def list_batches(store: Store) -> tuple[Batch, ...]:
    """All batches of all migrations, in the order in which they were done."""
    with store.begin("list_batches") as work:
        return work.rollbacks.find_batches()


def roll_back(store: Store, batch_ids: Collection[int], by: str, reason: str) -> TakenBack | Standing:
    """Take these back together, or none of them; those that were taken back before stay so.

    Raises:
        InvalidInput: there is no such batch, or it writes nothing of its own; no name or no reason is given.
        NeedsAttention: it was loaded before the hub kept what batches change.
    """
    by, reason = signer(by, "--by"), _reason(reason)
    with store.begin("roll_back") as work:
        _lock(work, batch_ids)
        known = work.rollbacks.find_batches()
        batches = _chosen(known, batch_ids)
        dependants = _find_dependants(work, batches)
        if dependants:
            return Standing(_in_order(dependants, known))
        return _take_back(work, batches, by, reason) if batches else TakenBack(())


def _lock(work: UnitOfWork, batch_ids: Collection[int]) -> None:
    """No partition is loaded, nobody books and nobody edits a record meanwhile; in the order in which loads lock."""
    known = work.rollbacks.find_batches()
    systems = {one.system for one in known if one.id in set(batch_ids)}
    keys = {f"migrate {one.system} {one.partition}" for one in known if one.system in systems}
    for key in sorted(keys | {f"cutover {system}" for system in systems}):
        work.bookings.lock_key(key)
    work.bookings.lock_key(MATCHING)
    work.visits.lock()
    work.rollbacks.lock_records()


def _chosen(known: Sequence[Batch], batch_ids: Collection[int]) -> tuple[Batch, ...]:
    """Those that are not taken back yet, the latest first."""
    by_id = {one.id: one for one in known}
    hint = "`hub migrate rollback` lists them"
    unknown = [Problem(f"there is no batch {id_}", "unknown_batch", hint=hint) for id_ in batch_ids if id_ not in by_id]
    idle = [
        Problem(f"batch {one.id} ({one.partition}) writes no records", "writes_nothing", hint=_IDLE)
        for one in known
        if one.id in set(batch_ids) and one.partition.stage not in WRITE
    ]
    if unknown or idle:
        raise InvalidInput(*unknown, *idle)
    chosen = [by_id[id_] for id_ in sorted(set(batch_ids), reverse=True) if by_id[id_].state != "reversed"]
    blind = [one for one in chosen if one.partition.stage is Stage.LOAD and not one.is_noted]
    if blind:
        hint = "Restore the database from before it, or mend the records one by one"
        raise NeedsAttention(
            *(
                Problem(f"what batch {one.id} changed is not kept, or not any more", "not_noted", hint=hint)
                for one in blind
            )
        )
    return tuple(chosen)


def _find_dependants(work: UnitOfWork, batches: Sequence[Batch]) -> tuple[Dependant, ...]:
    """With what stands on those in turn: whoever takes all of it back together has named enough."""
    ids = {one.id for one in batches}
    found: list[Dependant] = []
    later = set(ids)
    while later:
        now = work.rollbacks.find_dependants(ids)
        found += now
        later = {int(one.id) for one in now if one.kind == "batch"} - ids
        ids |= later
    for system in sorted({one.system for one in batches}):
        step = last_step(work.cutovers.find_steps(system))
        if step is not None:
            found.append(Dependant("cutover", system, f"a cut-over is in force ({step})"))
    return (*found, *_find_on_merges(work, work.rollbacks.find_led(ids)))


def _find_on_merges(work: UnitOfWork, led: Sequence[int]) -> Iterator[Dependant]:
    with_it = {f"merge:{number}" for number in led}
    for merge_id in led:
        merge = work.people.find_merge(merge_id)
        for one in work.people.find_dependants(merge) if merge is not None else ():
            if one not in with_it:
                kind, _, id_ = one.partition(":")
                yield Dependant(kind, id_, f"it stands on merge {merge_id}")


def _in_order(dependants: Sequence[Dependant], known: Sequence[Batch]) -> tuple[Dependant, ...]:
    """Batches first, as they were done and by name; of one that has several reasons the first is told."""
    first: dict[tuple[str, str], Dependant] = {}
    for one in dependants:
        first.setdefault((one.kind, one.id), one)
    batches = [
        first[key]._replace(why=f"{one.partition}: {first[key].why}")
        for one in known
        if (key := ("batch", str(one.id))) in first
    ]
    return (*batches, *(one for one in first.values() if one.kind != "batch"))


def _take_back(work: UnitOfWork, batches: tuple[Batch, ...], by: str, reason: str) -> TakenBack:
    ids = [one.id for one in batches]
    work.rollbacks.begin(ids, by, reason)
    for merge_id in work.rollbacks.find_led(ids):
        merge = work.people.find_merge(merge_id)
        if merge is not None:
            work.people.unmerge(merge, None, actor=by, reason=reason)
    claiming = work.rollbacks.find_claiming(ids)
    if claiming:
        work.visits.vacate(claiming)
    restored = work.rollbacks.restore(ids)
    removed = work.rollbacks.remove(ids, by, reason)
    place_facts(work, work.rollbacks.find_restored_visits(ids))
    tell_of_reviews(work)
    revived = work.rollbacks.end(ids)
    for one in batches:
        detail = {"batch": one.id, "partition": str(one.partition), "removed": removed, "restored": restored}
        kind = one.partition.kind or Kind.VISIT
        work.journal.record_audit(AuditEntry(by, "roll_back", kind, one.system, reason=reason, detail=detail))
    return TakenBack(batches, removed, restored, revived)


def _reason(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise InvalidInput(Problem("say why", "no_reason", field="--reason"))
    return said
