"""Tell other systems of a history, on purpose: nothing of it was sent when it was moved."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.canonical.records import IN_ORDER
from hub.errors import NeedsAttention, Problem
from hub.operations.migration.judge_history import signer
from hub.ports import AuditEntry, Store, UnitOfWork

TO_COME = (Kind.PATIENT, Kind.VISIT)
"""What is told of unless all is asked for: the bookings to come, and whose they are."""


@dataclass(frozen=True, slots=True)
class Untold:
    """Records of a history that one system was never told of and does not know."""

    connection: str
    kind: Kind
    ids: tuple[str, ...]


def find_untold(
    work: UnitOfWork, system: str, told: Mapping[Kind, Collection[str]], *, whole: bool = False
) -> tuple[Untold, ...]:
    """Changes nothing.

    Args:
        work: the book.
        system: whose history it is.
        told: kind → the connections that take its records.
        whole: all records of it, not only bookings to come and their patients.

    Raises:
        NeedsAttention: the system's history is not here.
    """
    if system not in {head.system for head in work.migrations.find_heads()}:
        hint = "`hub migrate run FOLDER --source DIR` moves it"
        raise NeedsAttention(Problem(f"the history of {system} is not here yet", "not_moved", hint=hint))
    asked = [(to, kind) for kind in IN_ORDER for to in sorted(told.get(kind, ())) if to != system]
    found = (
        Untold(to, kind, work.migrations.find_untold(system, kind, to, since=None if whole else work.now))
        for to, kind in asked
        if whole or kind in TO_COME
    )
    return tuple(one for one in found if one.ids)


def tell_others(
    store: Store, system: str, told: Mapping[Kind, Collection[str]], by: str, *, whole: bool = False
) -> tuple[Untold, ...]:
    """Leave word of what `find_untold` lists, for the next push; again it finds nothing more to tell.

    Raises:
        NeedsAttention: the system's history is not here.
        InvalidInput: there is no name.
    """
    by = signer(by, "--by")
    with store.begin("tell_others") as work:
        work.bookings.lock_key(f"cutover {system}")
        found = find_untold(work, system, told, whole=whole)
        for one in found:
            work.outbox.enqueue_all([one.connection], one.kind, one.ids)
            detail = {"connection": one.connection, "records": len(one.ids)}
            work.journal.record_audit(AuditEntry(by, "tell_of_history", one.kind, system, detail=detail))
    return found
