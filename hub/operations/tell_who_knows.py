"""Leave word of records for the systems that have them, or were to have them: nobody gets a history by it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.canonical.ids import Kind
from hub.ports import UnitOfWork

_MOVED = (Kind.VISIT, Kind.CONSENT, Kind.PACKAGE, Kind.INVOICE, Kind.PAYMENT, Kind.GIFT_CARD, Kind.MEMBERSHIP)
"""What changes hands with a patient and may be told of, by the names of their tables."""


def tell_who_knows(
    work: UnitOfWork,
    told: Collection[str],
    kind: Kind,
    known_as: Mapping[str, Collection[str]],
    *,
    before: datetime | None = None,
) -> None:
    """One delivery of each record for each of the systems that knows it.

    Args:
        work: the operation.
        told: the systems that are told of records of this kind.
        kind: of the records.
        known_as: canonical id → the ids under which a system may know it: linked, told, or waiting to be told.
        before: what was told since does not count.
    """
    ids = {one for names in known_as.values() for one in names}
    if not told or not ids:
        return
    linked = work.links.find_systems(kind, ids)
    waiting = work.outbox.find_told(told, kind, ids, before=before)
    nobody = frozenset[str]()
    for system in sorted(told):
        knows = {id_ for id_ in ids if system in linked.get(id_, nobody) | waiting.get(id_, nobody)}
        work.outbox.enqueue_all([system], kind, [id_ for id_, names in known_as.items() if not knows.isdisjoint(names)])


def tell_of_moved(work: UnitOfWork, told: Mapping[Kind, Collection[str]], moved: Mapping[str, Sequence[Any]]) -> None:
    """Of what was led from one patient to another: table → ids. A consent that holds no more is told of, too."""
    for kind in _MOVED:
        ids = [*moved.get(str(kind), ()), *(moved.get("withdrawn", ()) if kind is Kind.CONSENT else ())]
        tell_who_knows(work, told.get(kind, ()), kind, {id_: (id_,) for id_ in ids})
