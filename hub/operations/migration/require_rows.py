"""Decisions about rows that an export does not have: a slip in an id or a column would be passed over in silence."""

from collections.abc import Iterator

from hub.canonical.ids import Kind
from hub.errors import InvalidInput, Problem
from hub.operations.migration.history import History
from hub.ports import UnitOfWork


def require_rows(history: History, work: UnitOfWork, kind: Kind, landing_id: int) -> None:
    """Refuse corrections, merges and separations that speak of no row of a kind; one that came earlier is one, too.

    Raises:
        InvalidInput: with a problem for each of them, where it was written.
    """
    named = list(_named(history, kind))
    if not named:
        return
    ids = sorted({source_id for source_id, _ in named})
    known = work.migrations.find_month_of(landing_id, ids).keys() | work.links.find_all(history.system, kind, set(ids))
    problems = [_unknown(history, kind, id_, keys) for id_, keys in named if id_ not in known]
    if problems := problems + list(_misspelt(history, kind)):
        raise InvalidInput(*problems)


def _named(history: History, kind: Kind) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Row id, and where a decision speaks of it."""
    decisions = history.decisions
    for source_id in decisions.of_kind(kind):
        yield source_id, ("corrections", str(kind), source_id)
    if kind is Kind.PATIENT:
        for name, pairs in (("merge", decisions.merge), ("never_merge", decisions.never_merge)):
            for place, pair in enumerate(pairs):
                yield from ((source_id, (name, place)) for source_id in pair)


def _unknown(history: History, kind: Kind, source_id: str, keys: tuple[str | int, ...]) -> Problem:
    hint = "Write the id as it stands in the export, or take the decision out"
    return history.decisions.problem(keys, f"no {kind} row has the id {source_id!r}", "unknown_row", hint)


def _misspelt(history: History, kind: Kind) -> Iterator[Problem]:
    right = history.decisions.of_kind(kind)
    columns = history.source.columns(kind) if right else ()
    for source_id, said in right.items():
        for column in said:
            if column not in columns:
                keys = ("corrections", str(kind), source_id, column)
                hint = f"The {kind} rows have: {', '.join(columns[:60])}"
                yield history.decisions.problem(keys, "there is no such column", "unknown_column", hint)
