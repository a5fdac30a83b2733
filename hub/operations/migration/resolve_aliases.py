"""What the aliases of a migration lead to: records that are here, or rows of the export that are still to come."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from hub.canonical.ids import Kind, derive
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, Problem
from hub.operations.adopt_money import product_names
from hub.operations.migration.history import History
from hub.ports import UnitOfWork

OF_ROWS = (Kind.PROVIDER, Kind.SERVICE, Kind.PATIENT)
"""Kinds of which the export's own rows may be meant; a place or a product must be here before."""


def resolve_aliases(history: History, work: UnitOfWork, landings: Mapping[Kind, int]) -> History:
    """The history with aliases that lead to ids of the hub alone.

    Args:
        history: as it was written.
        work: of the database into which it moves.
        landings: kind → the batch in which its rows landed.

    Raises:
        InvalidInput: with a problem for each alias that leads nowhere.
    """
    found: dict[Kind, dict[str, str]] = {}
    problems: list[Problem] = []
    for kind, aliases in history.decisions.aliases.items():
        targets = _find_targets(history, work, kind, landings.get(kind), set(aliases.values()))
        problems += [_unknown(history, kind, name) for name, target in aliases.items() if target not in targets]
        found[kind] = {name: targets[target] for name, target in aliases.items() if target in targets}
    if problems:
        raise InvalidInput(*problems)
    return replace(history, decisions=replace(history.decisions, aliases=found))


def _find_targets(
    history: History, work: UnitOfWork, kind: Kind, landing: int | None, wanted: Collection[str]
) -> dict[str, str]:
    """What may be written as a target → the hub's id; an id of the hub goes before one of the export."""
    if kind is Kind.PRODUCT:
        return {id_: id_ for id_ in product_names(work).values()}
    rows = dict(_rows(history, work, kind, landing)) if landing is not None and kind in OF_ROWS else {}
    here = work.records.load(kind, wanted)
    return rows | {id_: id_ for id_ in rows.values()} | {id_: id_ for id_ in here}


def _rows(history: History, work: UnitOfWork, kind: Kind, landing: int) -> Iterator[tuple[str, str]]:
    """Row id → the record that it is, or will be."""
    for rows in work.migrations.read_rows(landing, ""):
        links = work.links.find({row.record.ref for row in rows})
        for row in rows:
            ref: SourceRef = row.record.ref
            yield ref.id, links[ref].canonical_id if ref in links else derive(kind, history.system, ref.id)


def _unknown(history: History, kind: Kind, name: str) -> Problem:
    own = f", or the id of one of the export's {kind} rows" if kind in OF_ROWS else ""
    hint = f"Write the id of a {kind} that the hub has{own}"
    target = history.decisions.aliases[kind][name]
    keys = ("aliases", str(kind), name)
    return history.decisions.problem(keys, f"there is no {kind} {target!r}", "unknown_alias", hint)
