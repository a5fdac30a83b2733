"""Of the records that carry an id of the hub's: which are here, and what was sent of them."""

from collections.abc import Collection

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.ports import UnitOfWork
from hub.sync.echo import payload_hash


class Echoes:
    """What one page brings back of what the hub wrote; `ids`: those that records carry, and whose they are by now."""

    def __init__(self, uow: UnitOfWork, system: str, kind: Kind, ids: Collection[str]) -> None:
        self._here = frozenset(uow.records.load(kind, ids)) if ids else frozenset[str]()
        self._tried = frozenset(uow.outbox.find_tries(system, kind, ids))
        self._sent = uow.outbox.find_last_sent(system, kind, ids)
        strange = set(ids) - self._here if kind is Kind.VISIT else set[str]()
        self._released = frozenset(one for one in strange if uow.pendings.find_released([one]))

    def is_ours(self, record: SourceRecord) -> bool:
        """Whether the hub has the record whose id it carries."""
        return record.hub_id in self._here

    def is_released(self, record: SourceRecord) -> bool:
        """Whether it is a booking that did not come about, and stands there all the same."""
        return record.hub_id in self._released

    def is_as_sent(self, record: SourceRecord, id_: str, *, is_linked: bool) -> bool:
        """Whether it is what was sent there last of whose it is by now.

        What a try may have left there is not: somebody may have changed it since. What is linked to a state of it and
        was never sent, its system confirmed: another state is that system's word.
        """
        sent = self._sent.get(id_)
        if sent is None:
            return not is_linked and id_ not in self._tried
        return sent.of(record.ref.id).payload_hash == payload_hash(record.payload)
