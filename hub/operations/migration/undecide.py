"""Merges by a decision that is in `decisions.yaml` no more: they are taken back before people are matched again."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from hub.canonical.ids import Kind
from hub.errors import InvalidInput, Problem
from hub.operations.merge_people import Word, take_back_merge
from hub.operations.migration.history import History
from hub.ports import UnitOfWork
from hub.ports.people import Merged

DECIDED = "decided"
"""The rule of a merge that a person decided."""


def undecide_merges(work: UnitOfWork, history: History, word: Word) -> frozenset[str]:
    """Part again whom earlier runs merged by decisions, where what is decided now does not hold them together.

    All merges of such a person by decisions go; what is still decided is merged again after the matching. Gives the
    patients.

    Raises:
        InvalidInput: something stands on such a merge.
    """
    parted: set[str] = set()
    for merge in _undecided(work, history, word.actor):
        dependants = work.people.find_dependants(merge)
        if dependants:
            raise InvalidInput(_in_use(merge, dependants))
        take_back_merge(work, merge, word)
        parted |= {merge.survivor_id, merge.merged_id}
    return frozenset(parted)


def _undecided(work: UnitOfWork, history: History, actor: str) -> list[Merged]:
    """The latest first: it may stand on an earlier one."""
    merges = [one for one in work.people.find_merges_by(actor) if one.rule == DECIDED]
    if not merges:
        return []
    last = work.people.find_survivors([one.merged_id for one in merges])
    of: dict[str, list[Merged]] = defaultdict(list)
    for one in merges:
        of[last[one.merged_id]].append(one)
    rows: dict[str, list[str]] = defaultdict(list)
    for source_id, patient_id in work.links.find_all(history.system, Kind.PATIENT).items():
        rows[patient_id].append(source_id)
    undecided = [
        one
        for person, theirs in of.items()
        if not _are_one(rows[person], [_led(one, history.system) for one in theirs], history.decisions.merge)
        for one in theirs
    ]
    return sorted(undecided, key=lambda one: -one.id)


def _led(merge: Merged, system: str) -> frozenset[str]:
    """The rows that it led to the survivor."""
    return frozenset(source_id for said, source_id in merge.moved.get("source_link", ()) if said == system)


def _are_one(rows: Collection[str], led: Sequence[frozenset[str]], decided: Collection[tuple[str, str]]) -> bool:
    """Whether the decisions hold together what those merges made one of: rows that none of them parts are one."""
    group = {row: [row in one for one in led] for row in rows}
    left = {tuple(parts) for parts in group.values()}
    joined = {left.pop()}
    ways = [(tuple(group[a]), tuple(group[b])) for a, b in decided if a in group and b in group]
    while reached := {there for way in ways for here, there in (way, way[::-1]) if here in joined} - joined:
        joined |= reached
    return left <= joined


def _in_use(merge: Merged, dependants: Sequence[str]) -> Problem:
    message = f"merge {merge.id} is decided no more, but {', '.join(dependants)} stand on it"
    hint = (
        f"`hub people merges {merge.survivor_id}` lists why they are one. Take back what stands on it "
        "(`hub people unmerge NUMBER`, `hub cancel VISIT`), or decide the merge again"
    )
    return Problem(message, "merge_in_use", field="merge", hint=hint)
