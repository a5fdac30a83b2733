"""Lots that the hub had counted before a history brought them, too: its number stands, and the difference is named."""

from collections.abc import Iterable, Iterator

from hub.canonical.ids import Kind
from hub.canonical.lots import Lot
from hub.operations.migration.decide_rows import DecidedRow, decide_rows
from hub.operations.migration.load_rows import Loader
from hub.ports import UnitOfWork
from hub.ports.migrations import Partition


def find_own_lots(work: UnitOfWork, loader: Loader, partitions: Iterable[Partition]) -> list[str]:
    """`inventory.csv:3 on hand 40 (here 35)` for each row of theirs that such a lot does not agree with."""
    mapping, right = loader.history.mappings[Kind.LOT], loader.history.decisions.of_kind(Kind.LOT)
    context = loader.dated_context(work)
    found: list[str] = []
    for partition in partitions:
        for rows in work.migrations.read_rows(loader.landings[Kind.LOT], partition.month):
            found += _differing(work, loader.history.system, decide_rows(rows, mapping, context, right))
    return found


def _differing(work: UnitOfWork, system: str, decided: Iterable[DecidedRow]) -> Iterator[str]:
    said = {str(one.record.id): (one, one.record) for one in decided if isinstance(one.record, Lot)}
    own = work.stock.find_own(said, system)
    for id_, here in work.records.load(Kind.LOT, own).items():
        one, lot = said[id_]
        assert isinstance(here, Lot)
        pairs = (("on hand", lot.on_hand, here.on_hand), ("expires", lot.expires_on, here.expires_on))
        parts = [f"{name} {there} (here {kept})" for name, there, kept in pairs if there != kept]
        if parts:
            yield f"{one.row.record.file}:{one.row.record.line} {' and '.join(parts)}"
