"""Keep the issues that stand for what systems disagree about true to the disagreements that are open."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.ports import Issue, UnitOfWork
from hub.ports.conflicts import CONFLICT, FieldConflict


def close_conflicts(uow: UnitOfWork, over: Collection[FieldConflict], new: Collection[FieldConflict] = ()) -> None:
    """Take out what is over, write what is new, and bring their issues up to date."""
    if not over and not new:
        return
    uow.conflicts.close(over)
    uow.conflicts.save(list(new))
    pairs: dict[Kind, set[tuple[str, str]]] = defaultdict(set)
    for one in (*over, *new):
        pairs[one.kind].add((one.canonical_id, one.system))
    for kind, touched in pairs.items():
        _retell(uow, kind, touched)


def _retell(uow: UnitOfWork, kind: Kind, touched: set[tuple[str, str]]) -> None:
    left: dict[tuple[str, str], list[FieldConflict]] = defaultdict(list)
    for one in uow.conflicts.find(kind, {id_ for id_, _ in touched}):
        left[one.canonical_id, one.system].append(one)
    uow.issues.open([_issue(kind, *pair, left[pair]) for pair in sorted(touched) if pair in left])
    over = [_subject(*pair) for pair in touched if pair not in left]
    if over:
        uow.issues.close(CONFLICT, str(kind), over)


def _issue(kind: Kind, id_: str, system: str, conflicts: Iterable[FieldConflict]) -> Issue:
    """Names of fields and numbers of records; the values stand in the conflicts, for those who may see them."""
    listed = sorted(conflicts, key=lambda one: one.field)
    detail = {
        "canonical_id": id_,
        "system": system,
        "fields": {one.field: {"rule": one.rule, "source_record_id": one.source_record_id} for one in listed},
    }
    return Issue(CONFLICT, str(kind), _subject(id_, system), tuple(one.field for one in listed), detail)


def _subject(id_: str, system: str) -> str:
    return f"{system}/{id_}"


def shown(record: Canonical, name: str) -> Any:
    """A field's value as JSON has it."""
    return record.model_dump(mode="json", include={name})[name]
